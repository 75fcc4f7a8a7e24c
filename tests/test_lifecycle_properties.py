"""The pure rules of an order's life, under whatever Twilio, people and time may do."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hosted_numbers import messages, steps
from hosted_numbers.contract import (
    Amendment,
    Cancellation,
    Message,
    OrderChanged,
    Resumption,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, Wait, elapsed, next_step, starting
from hosted_numbers.order_state import CALLS_ALLOWED, OrderState, begin
from hosted_numbers.standing import standing
from hosted_numbers.steps import OrderSnapshot, Trouble
from tests.orders import DOCUMENT_SID, NOW, ORDER_SID, PACE, STATUSES, an_order

CODE = VerificationCodeEntry(code="1234")
CALL = VerificationCallRequest()
AMENDMENT = Amendment(email="other@example.com")


@pytest.mark.fault("F09")
@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["ok", "ok", "ok", "lost", "lost", "away", "request", "code"]),
        min_size=15,
        max_size=60,
    )
)
@example(["ok", "lost", "ok", "lost", "ok", "ok", "ok"])
def test_no_phone_rings_unasked(fortunes: list[str]) -> None:
    """However many answers are lost, one wish for a call rings the phone once at most."""
    state, now = begin(an_order(), NOW), NOW
    wishes, calls, status = 1, 0, "received"
    for fortune in fortunes:
        if fortune == "request" and messages.refusal(state, CALL) is None:
            wishes += not state.call_wanted
            state = messages.taken(state, CALL, now)
        elif fortune == "code" and messages.refusal(state, CODE) is None:
            state = messages.taken(state, CODE, now)
        step = next_step(state, PACE)
        if isinstance(step, Wait):
            now = step.until
            state = elapsed(state, now, PACE)
        elif isinstance(step, Do):
            if step.activity == steps.PLACE_CALL and fortune != "away":
                calls, status = calls + 1, "pending-verification"
            answered = OrderSnapshot(
                sid=ORDER_SID, status=status, calls_placed=calls, code_accepted=False
            )
            lost = Trouble(kind="unreachable")
            gone = None if step.activity == steps.DELETE_ORDER else answered
            outcome = lost if fortune in {"lost", "away"} else gone
            state = learn(starting(state), step, outcome, now, PACE)
        assert calls <= min(wishes, CALLS_ALLOWED)


MESSAGES: list[Message] = [
    CODE,
    VerificationCodeEntry(code="777777"),
    VerificationCodeEntry(code="x"),
    CALL,
    VerificationCallRequest(extension="12", call_delay=3),
    AMENDMENT,
    Amendment(),
    Resumption(),
    Cancellation(),
]
TROUBLES = st.builds(
    Trouble,
    kind=st.sampled_from(["credentials", "not-found", "refused", "unreachable", "internal"]),
    code=st.sampled_from([None, 20003, 20404, 22100, 22101, 22110, 22113, 22123]),
    retry_after=st.sampled_from([None, 0.0, 30.0, 86400.0]),
)
SNAPSHOTS = st.builds(
    OrderSnapshot,
    sid=st.just(ORDER_SID),
    status=st.sampled_from(STATUSES[:7] * 3 + STATUSES),
    failure_reason=st.sampled_from([None, "because"]),
    calls_placed=st.integers(0, 4),
    verification_code=st.sampled_from([None, "0042", "4711"]),
    authorization_document_sid=st.sampled_from([None, DOCUMENT_SID]),
    authorization_document_status=st.sampled_from([None, "signing", "canceled", "failed"]),
    code_accepted=st.booleans(),
)
EVENTS = st.one_of(
    st.tuples(st.just("twilio"), st.one_of(SNAPSHOTS, TROUBLES)),
    st.tuples(st.just("person"), st.sampled_from(MESSAGES)),
    st.tuples(st.just("hint"), st.sampled_from([None, *STATUSES])),
    st.tuples(st.just("time"), st.integers(0, 60 * 60 * 24 * 40)),
)


@settings(max_examples=500)
@given(st.sampled_from(["now", "asked"]), st.lists(EVENTS, max_size=40))
def test_no_order_is_stuck_in_silence(call_when: str, events: list[tuple[str, Any]]) -> None:
    """Whatever Twilio, people, machines and time do, in any order.

    A wait always has a reason, a next step and an end in the future; a handler that waits is
    answered before the order rests; an end is final; the state survives its serialisation.
    """
    state, now = begin(an_order(call_when=call_when), NOW), NOW
    for kind, what in events:
        before = state
        step = next_step(state, PACE)
        if kind == "person" and messages.refusal(state, what) is None:
            state = messages.taken(state, what, now)
        elif kind == "hint":
            state = messages.taken(state, OrderChanged(status=what), now)
        elif kind == "twilio" and isinstance(step, Do):
            gone = step.activity == steps.DELETE_ORDER and isinstance(what, OrderSnapshot)
            state = learn(starting(state), step, None if gone else what, now, PACE)
        elif kind == "time" and isinstance(step, Wait):
            now = min(now + timedelta(seconds=what), step.until)
            if now == step.until:
                state = elapsed(state, now, PACE)
                assert state != before, "a wait that ran out must bring something"
        if before.ended is not None:
            assert state is before
        check(state, now)


def check(state: OrderState, now: datetime) -> None:
    """What holds at every moment."""
    stands = standing(state)
    assert stands.reason
    assert stands.next_step
    assert OrderState.model_validate_json(state.model_dump_json()) == state
    step = next_step(state, PACE)
    if step is None:
        assert state.ended is not None
    elif isinstance(step, Wait):
        assert step.until > now
        assert not state.codes
        assert messages.call_settled(state)
        assert messages.cancel_settled(state)
    elif step.activity == steps.PLACE_CALL:
        assert state.call_wanted
