"""A property of an order's life: no phone rings unasked. More of them: test_order_state_machine."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hosted_numbers import messages, steps
from hosted_numbers.contract import (
    Amendment,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, Wait, elapsed, next_step, starting
from hosted_numbers.order_state import CALLS_ALLOWED, begin
from hosted_numbers.steps import OrderSnapshot, Trouble
from tests.orders import NOW, ORDER_SID, PACE, an_order

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
        if fortune == "request" and messages.refusal(state, CALL, NOW) is None:
            wishes += not state.call_wanted
            state = messages.taken(state, CALL, now)
        elif fortune == "code" and messages.refusal(state, CODE, NOW) is None:
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
