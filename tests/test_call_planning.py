"""When the number is called: in business hours, after a busy line, and never behind a person."""

from datetime import datetime, timedelta

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.contract import VerificationCallRequest, VerificationCodeEntry
from hosted_numbers.lifecycle import Wait, elapsed, next_step
from hosted_numbers.order_state import CALLS_ALLOWED, OrderState, begin
from hosted_numbers.standing import progress
from hosted_numbers.steps import Trouble
from tests.orders import (
    NOW,
    ORDER_SID,
    PACE,
    act,
    an_order,
    argument,
    doing,
    says,
    standing_at,
    told,
)

CALL = VerificationCallRequest()
BUSY = Trouble(kind="refused", code=22123, status=400)
MORNING = NOW + timedelta(hours=5)


def planned(moment: datetime | None = MORNING) -> OrderState:
    """An order whose call waits for business hours, after the look that asked for them."""
    state = act(begin(an_order(call_when="business-hours"), NOW), says("received"))
    return act(state.but(stale=True), says("received", call_from=moment))


def test_a_call_is_planned_in_business_hours() -> None:
    """A look asks when they are; people read when the phone will ring, and it does."""
    state = act(begin(an_order(call_when="business-hours"), NOW), says("received"))
    assert doing(state) is None
    assert argument(state.but(stale=True)).call_after == NOW
    state = planned()
    assert "2026-03-02 14:00 UTC" in progress(state).reason
    assert progress(state).deadline == MORNING
    state = elapsed(state, MORNING, PACE)
    assert doing(state.but(stale=False)) == steps.PLACE_CALL


def test_within_business_hours_the_call_is_placed_at_once() -> None:
    """The look says that they are now."""
    assert doing(planned(NOW)) == steps.PLACE_CALL


def test_without_an_answer_the_next_look_asks_again() -> None:
    """Somebody may ask for the call meanwhile."""
    state = planned(None)
    assert state.call_after == NOW
    assert doing(told(state, CALL)) == steps.PLACE_CALL


def test_a_person_goes_before_the_plan() -> None:
    """Whoever asks for the call is not kept waiting for business hours, and it rings once."""
    state = act(told(planned(), CALL), says("pending-verification", calls_placed=1))
    assert state.call_at is None
    assert state.calls_placed == 1


def test_an_order_that_was_called_before_plans_no_call() -> None:
    """An order found at Twilio in pending-verification has had its call."""
    state = begin(an_order(call_when="business-hours"), NOW)
    state = act(state, says("pending-verification", calls_placed=1))
    assert state.call_after is None


@pytest.mark.parametrize("status", ["verified", "action-required"])
def test_a_plan_ends_when_the_order_moves_on(status: str) -> None:
    """Nobody is called for nothing."""
    state = act(planned().but(stale=True), says(status))
    assert state.call_at is None


def test_no_call_is_planned_where_none_is_left() -> None:
    """Somebody used them up in Twilio's console, before the plan or before its hour."""
    state = act(begin(an_order(call_when="business-hours"), NOW), says("received"))
    used_up = says("received", calls_placed=CALLS_ALLOWED, call_from=MORNING)
    assert act(state.but(stale=True), used_up).call_at is None
    state = act(planned().but(stale=True), says("received", calls_placed=CALLS_ALLOWED))
    state = elapsed(state, MORNING, PACE)
    assert doing(state.but(stale=False)) is None
    assert progress(state.but(stale=False)).waiting_for == "operator"


def refused(state: OrderState, at: datetime) -> OrderState:
    """A busy line, and the look that follows."""
    return act(act(state, BUSY, at), says("received"), at)


@pytest.mark.fault("F32")
def test_a_busy_line_is_tried_again_a_few_times() -> None:
    """22123: hours between the tries, which are told; then only a person asks for another."""
    state, at = act(begin(an_order(), NOW), says("received")), NOW
    for tries in range(1, PACE.calls_tried):
        state = refused(state, at)
        assert state.call_failures == tries
        assert state.call_at == at + PACE.next_call
        assert "22123" in progress(state).reason
        assert doing(state) is None
        at = state.call_at
        state = elapsed(state, at, PACE).but(stale=False)
        assert doing(state) == steps.PLACE_CALL
    state = refused(state, at)
    assert state.call_at is None
    assert progress(state).waiting_for == "verification-call"
    assert "order bill" in progress(state).next_step
    called = act(told(state, CALL), says("pending-verification", calls_placed=1), at)
    assert called.call_failures == 0


@pytest.mark.fault("F32")
def test_a_busy_line_is_tried_again_in_business_hours() -> None:
    """Where the order wants them, the next try waits for them too."""
    state = act(planned(NOW), BUSY)
    assert state.call_after == NOW + PACE.next_call
    assert argument(state).call_after == state.call_after
    state = act(state, says("received", call_from=MORNING))
    assert state.call_at == MORNING


def test_a_call_that_a_person_asked_for_is_not_tried_again() -> None:
    """They are told, and know when somebody is at the phone."""
    state = act(told(planned(), CALL), BUSY)
    assert state.call_at is None
    assert state.call_after is None
    assert not messages.call_answer(state).taken
    assert "22123" in messages.call_answer(state).reason


def test_a_call_asked_for_early_is_promised() -> None:
    """While Twilio checks the order the answer does not keep anybody waiting."""
    state = told(standing_at("twilio-processing"), CALL)
    assert messages.call_settled(state)
    assert "as soon as" in messages.call_answer(state).reason
    called = act(
        told(standing_at("received"), VerificationCallRequest(extension="12")),
        says("pending-verification", calls_placed=1),
    )
    assert messages.call_answer(called).reason == "Twilio is calling the number."
    assert called.order.extension == "12"


def test_back_from_a_bill_to_the_call() -> None:
    """Twilio has to be told that the call proves the ownership again."""
    state = act(standing_at("received").but(stale=True), says("received"))
    by_bill = says("received", verification_type="phone-bill")
    state = told(act(state.but(stale=True), by_bill), CALL)
    expected = steps.CallPlacement(sid=ORDER_SID, verification_type="phone-call")
    assert argument(state) == expected


@pytest.mark.fault("F34")
def test_reminders_before_the_deadline_of_what_people_must_do() -> None:
    """Seven days and one day before, in the timeline; a look does not repeat them."""
    state, at = standing_at("received"), NOW
    deadline = state.deadline
    while at < deadline - timedelta(hours=2):
        step = next_step(state, PACE)
        assert isinstance(step, Wait)
        at = step.until
        state = elapsed(state, at, PACE)
        state = act(state, says("received"), at) if state.stale else state
    given = [entry for entry in state.timeline if entry.what.startswith("Reminder")]
    assert [state.deadline - entry.at for entry in given] == list(PACE.reminders)
    assert "ready to call" in given[0].what


def test_reminders_that_were_slept_through_are_one_line() -> None:
    """An order that comes to wait for a person late is reminded of once."""
    state = standing_at("received")
    late = elapsed(state, state.deadline - timedelta(hours=1), PACE)
    assert late.reminders == len(PACE.reminders)
    assert sum(entry.what.startswith("Reminder") for entry in late.timeline) == 1


def test_every_code_that_was_taken_is_judged() -> None:
    """However many people enter one at once, each learns what became of it."""
    state = standing_at("pending-verification")
    for number in range(30):
        state = told(state, VerificationCodeEntry(code=f"{number:04d}"))
    state = act(state, says("verified", code_accepted=True))
    assert set(state.verdicts) == set(range(1, 31))
    state = act(state, says("pending-loa"))
    assert set(state.verdicts) == set(range(11, 31)), "only the latest are kept"
