"""The pure rules of an order's life, by table and by property."""

from datetime import timedelta

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.contract import (
    Amendment,
    Cancellation,
    OrderChanged,
    Resumption,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, Wait, elapsed, next_step, starting
from hosted_numbers.order_state import CALLS_ALLOWED, begin
from hosted_numbers.standing import details, progress, standing
from hosted_numbers.steps import Trouble
from tests.orders import (
    DOCUMENT_SID,
    NOW,
    PACE,
    STATUSES,
    act,
    an_order,
    doing,
    says,
    standing_at,
    waited,
)

CODE = VerificationCodeEntry(code="1234")
CALL = VerificationCallRequest()
AMENDMENT = Amendment(email="other@example.com")


def test_plain_order_goes_its_way() -> None:
    """Create, call, code, letter, carrier, completed: each step follows from what Twilio says."""
    state = begin(an_order(), NOW)
    assert doing(state) == steps.FIND_OR_CREATE_ORDER
    state = act(state, says("received"))
    assert doing(state) == steps.PLACE_CALL
    state = act(state, says("pending-verification", calls_placed=1, verification_code="0042"))
    assert doing(state) is None
    assert progress(state).waiting_for == "verification-code"
    assert progress(state).verification_code == "0042"
    assert progress(state).deadline == NOW + timedelta(minutes=10)
    state = messages.taken(state, CODE, NOW)
    assert doing(state) == steps.SUBMIT_CODE
    state = act(state, says("verified", calls_placed=1, code_accepted=True))
    assert state.verdicts[1].taken
    assert progress(state).verification_code is None
    assert doing(state) == steps.FIND_OR_CREATE_AUTHORIZATION
    out = {"authorization_document_sid": DOCUMENT_SID, "authorization_document_status": "signing"}
    state = act(state, says("pending-loa", calls_placed=1, **out))
    assert progress(state).waiting_for == "signature"
    state = messages.taken(state, OrderChanged(status="carrier-processing"), NOW)
    assert doing(state) == steps.FETCH_ORDER
    state = act(state, says("carrier-processing", calls_placed=1))
    assert progress(state).waiting_for == "carrier"
    state = messages.taken(state, OrderChanged(), NOW)
    state = act(state, says("completed", calls_placed=1))
    assert next_step(state, PACE) is None
    assert progress(state).phase == "completed"
    assert [entry.what for entry in state.timeline][-1] == "The number is hosted on Twilio."


@pytest.mark.parametrize("status", STATUSES)
def test_every_wait_names_reason_and_next_step(status: str) -> None:
    """Wherever an order stands, people read why and who does what."""
    state = standing_at(status)
    stands = standing(state)
    assert stands.reason
    assert stands.next_step
    assert state.order.phone_number in details(state)


@pytest.mark.parametrize(
    "code", ["", "123", "12345678901", "12 34", "12a4", "\uff11\uff12\uff13\uff14"]
)
def test_malformed_code_is_refused(code: str) -> None:
    """A code is 4 to 10 ASCII digits, whatever the order waits for."""
    refusal = messages.refusal(
        standing_at("pending-verification"), VerificationCodeEntry(code=code), NOW
    )
    assert refusal is not None
    assert "4 to 10 digits" in refusal.reason


@pytest.mark.fault("F27")
def test_wrong_code_tells_attempts_left() -> None:
    """A wrong code is said to be wrong, and the order goes on waiting for one."""
    state = messages.taken(standing_at("pending-verification"), CODE, NOW)
    state = act(state, says("pending-verification", calls_placed=1, code_accepted=False))
    assert not state.verdicts[1].taken
    assert "wrong" in state.verdicts[1].reason
    assert state.verdicts[1].attempts_left == CALLS_ALLOWED - 1
    assert progress(state).waiting_for == "verification-code"


@pytest.mark.fault("F28")
def test_expired_code_is_named_as_such_and_no_call_is_placed() -> None:
    """After ten minutes the code is dead; only a person asks for another call."""
    later = NOW + timedelta(minutes=11)
    state = elapsed(standing_at("pending-verification"), later, PACE)
    assert progress(state).waiting_for == "verification-call"
    state = messages.taken(state.but(stale=False), CODE, later)
    state = act(state, says("pending-verification", calls_placed=1, code_accepted=False), later)
    assert "expired" in state.verdicts[1].reason
    assert doing(state) is None


@pytest.mark.fault("F30")
def test_same_code_twice_at_once_is_one_entry() -> None:
    """Two people who enter the same code at once share one ticket, so one call to Twilio."""
    state = messages.taken(standing_at("pending-verification"), CODE, NOW)
    again = messages.taken(state, CODE, NOW)
    assert again is state
    assert messages.ticket_of(again, CODE) == 1


def test_two_different_codes_are_judged_in_turn() -> None:
    """The second is given back unjudged when the first was right."""
    state = messages.taken(standing_at("pending-verification"), CODE, NOW)
    state = messages.taken(state, VerificationCodeEntry(code="9999"), NOW)
    state = act(state, says("verified", calls_placed=1, code_accepted=True))
    assert state.verdicts[1].taken
    assert not state.verdicts[2].taken
    assert state.codes == ()


@pytest.mark.fault("F29")
def test_used_up_calls_stop_the_calling_and_name_the_way_out() -> None:
    """After three calls nobody can ask for a fourth; the mail address is shown."""
    state = standing_at("pending-verification").but(calls_placed=3, code_expires_at=None)
    assert progress(state).waiting_for == "operator"
    assert "hostedsms@twilio.com" in progress(state).next_step
    assert messages.refusal(state, CALL, NOW) is not None
    state = messages.taken(standing_at("received"), CALL, NOW)
    state = act(state, Trouble(kind="refused", code=22100, status=400))
    assert doing(state) == steps.FETCH_ORDER
    assert state.calls_left == 0


@pytest.mark.fault("F32")
def test_unplaceable_call_waits_for_a_person() -> None:
    """22123: the line is busy; the reason is told, and a person asks for the next call."""
    state = messages.taken(standing_at("received"), CALL, NOW)
    state = act(state, Trouble(kind="refused", code=22123, status=400))
    state = act(state, says("received"))
    assert progress(state).waiting_for == "verification-call"
    assert "22123" in progress(state).reason
    assert doing(state) is None
    assert doing(messages.taken(state, CALL, NOW)) == steps.PLACE_CALL


@pytest.mark.fault("F09")
@pytest.mark.parametrize(("calls", "expected"), [(1, None), (0, steps.PLACE_CALL)])
def test_call_in_doubt_is_looked_for_before_another(calls: int, expected: str | None) -> None:
    """After an unknown outcome the order is looked at; only a call that is not there is placed."""
    state = act(begin(an_order(), NOW), says("received"))
    state = act(state, Trouble(kind="unreachable"))
    assert doing(state) is None
    state = elapsed(state, NOW + timedelta(seconds=15), PACE)
    assert doing(state) == steps.FETCH_ORDER
    status = "pending-verification" if calls else "received"
    state = act(state, says(status, calls_placed=calls))
    assert doing(state) == expected


@pytest.mark.fault("F33")
def test_declined_letter_holds_until_amended() -> None:
    """The signer declined: the order holds, and an amendment sends a new letter."""
    dead = {"authorization_document_sid": DOCUMENT_SID, "authorization_document_status": "canceled"}
    state = messages.taken(standing_at("pending-loa"), OrderChanged(status="verified"), NOW)
    state = act(state, says("verified", **dead))
    assert progress(state).waiting_for == "operator"
    assert "declined" in progress(state).reason
    assert doing(state) is None
    state = act(messages.taken(state, AMENDMENT, NOW), says("verified", **dead))
    assert doing(state) == steps.UPDATE_ORDER
    state = act(state, says("verified", **dead))
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    assert step.activity == steps.FIND_OR_CREATE_AUTHORIZATION
    assert isinstance(step.argument, steps.AuthorizationRequest)
    assert step.argument.email == "other@example.com"


def test_failed_letter_holds_until_resumed() -> None:
    """The letter itself failed: resume sends the same one again."""
    dead = {"authorization_document_sid": DOCUMENT_SID, "authorization_document_status": "failed"}
    state = act(standing_at("pending-loa").but(stale=True), says("pending-loa", **dead))
    assert "failed" in progress(state).reason
    state = act(messages.taken(state, Resumption(), NOW), says("verified", **dead))
    assert doing(state) == steps.FIND_OR_CREATE_AUTHORIZATION


@pytest.mark.fault("F39")
def test_wrong_credentials_hold_and_heal_by_themselves() -> None:
    """The order holds with the reason, tries again at its pace, and goes on once they are right."""
    state = begin(an_order(), NOW)
    at = NOW
    for _ in range(3):
        state = act(state, Trouble(kind="credentials", code=20003, status=401), at)
        assert progress(state).waiting_for == "operator"
        assert "credentials" in progress(state).reason
        step = next_step(state, PACE)
        assert isinstance(step, Wait)
        assert step.until > at
        at = step.until
        state = elapsed(state, at, PACE)
    assert [entry.what for entry in state.timeline if "credentials" in entry.what][1:] == []
    state = act(state, says("received"), at)
    assert progress(state).waiting_for == "nothing"


@pytest.mark.fault("F35")
def test_vanished_order_is_looked_for_twice_and_never_created_again() -> None:
    """A 404 is looked at again after a minute; then a person decides."""
    state = act(standing_at("carrier-processing").but(stale=True), Trouble(kind="not-found"))
    step = next_step(state, PACE)
    assert isinstance(step, Wait)
    assert step.until == NOW + timedelta(seconds=60)
    state = act(elapsed(state, step.until, PACE), Trouble(kind="not-found"))
    assert progress(state).waiting_for == "operator"
    assert doing(state) is None
    assert messages.refusal(state, Cancellation(), NOW) is None
    gone = act(messages.taken(state, Cancellation(), NOW).but(status="verified"), None)
    assert gone.ended == "cancelled"
    found = act(state.but(stale=True), says("carrier-processing"))
    assert progress(found).waiting_for == "carrier"


@pytest.mark.fault("F18")
def test_unknown_status_is_kept_and_waited_on() -> None:
    """A status that Twilio invents is shown as it is, and the order goes on from the next one."""
    state = standing_at("quantum-review")
    assert progress(state).status == "quantum-review"
    assert "quantum-review" in progress(state).reason
    assert act(state.but(stale=True), says("completed")).ended == "completed"


@pytest.mark.fault("F36")
def test_action_required_shows_the_reason_and_resumes_by_itself() -> None:
    """Twilio's reason is shown for a person, escaped in Markdown; a move of Twilio's goes on."""
    state = act(begin(an_order(), NOW), says("action-required", failure_reason="<b>*bad*</b>"))
    assert progress(state).waiting_for == "operator"
    assert progress(state).reason == "<b>*bad*</b>"
    assert r"\<b\>\*bad\*\</b\>" in details(state)
    state = act(state.but(stale=True), says("carrier-processing"))
    assert progress(state).waiting_for == "carrier"


@pytest.mark.fault("F37")
def test_failure_at_the_carrier_ends_the_order_with_its_reason() -> None:
    """Twilio's failed is the end, and its reason is the result's."""
    state = standing_at("carrier-processing").but(stale=True)
    state = act(state, says("failed", failure_reason="SMS is enabled elsewhere"))
    assert progress(state).phase == "failed"
    assert progress(state).reason == "SMS is enabled elsewhere"


@pytest.mark.fault("F34")
@pytest.mark.parametrize("status", ["received", "pending-loa"])
def test_deadline_lets_the_order_go(status: str) -> None:
    """A day before Twilio's thirty idle ones end: a last look, then the order is deleted."""
    state = standing_at(status)
    assert state.deadline == NOW + timedelta(days=29)
    state = elapsed(state, state.deadline, PACE)
    assert doing(state) == steps.FETCH_ORDER
    state = act(state, says(status))
    assert doing(state) == steps.DELETE_ORDER
    state = act(state, None)
    assert progress(state).phase == "failed"
    assert "29 days" in (progress(state).failure_reason or "")


def test_deadline_is_no_end_where_twilio_keeps_the_order() -> None:
    """While the carrier has the order it cannot be taken back: a person is called."""
    state = standing_at("carrier-processing")
    state = act(elapsed(state, state.deadline, PACE), says("carrier-processing"))
    assert progress(state).waiting_for == "operator"
    assert act(state.but(stale=True), says("completed")).ended == "completed"


def test_move_at_the_deadline_saves_the_order() -> None:
    """The last look finds that Twilio moved the order: its deadline starts anew."""
    state = standing_at("received")
    at = state.deadline
    state = act(elapsed(state, at, PACE), says("verified"), at)
    assert doing(state) == steps.FIND_OR_CREATE_AUTHORIZATION
    assert state.deadline == at + timedelta(days=29)


@pytest.mark.fault("F52")
def test_cancel_deletes_the_order() -> None:
    """A cancelled order is deleted at Twilio and ends; one never created just ends."""
    state = messages.taken(standing_at("verified"), Cancellation(), NOW)
    assert doing(state) == steps.DELETE_ORDER
    assert act(state, None).ended == "cancelled"
    early = messages.taken(begin(an_order(), NOW), Cancellation(), NOW)
    assert doing(early) == steps.DELETE_ORDER
    assert act(early, None).ended == "cancelled"


def test_cancel_that_comes_too_late_is_told() -> None:
    """Twilio refuses the deletion: the order holds and goes on as Twilio moves it."""
    state = messages.taken(standing_at("pending-loa"), Cancellation(), NOW)
    state = act(state, Trouble(kind="refused", code=20001, status=400))
    assert not messages.cancel_answer(state).taken
    assert messages.cancel_settled(state)
    state = act(state, says("carrier-processing"))
    assert progress(state).waiting_for == "carrier"


def test_cancel_while_twilio_checks_is_carried_out_later() -> None:
    """An order in twilio-processing cannot be deleted; it is as soon as Twilio received it."""
    state = messages.taken(standing_at("twilio-processing"), Cancellation(), NOW)
    assert doing(state) is None
    assert messages.cancel_answer(state).taken
    state = act(state.but(stale=True), says("received"))
    assert doing(state) == steps.DELETE_ORDER
    late = act(
        messages.taken(standing_at("twilio-processing"), Cancellation(), NOW).but(stale=True),
        says("carrier-processing"),
    )
    assert late.leaving is None


@pytest.mark.fault("F20")
def test_hints_make_it_look_and_are_never_believed() -> None:
    """A hint changes nothing but that the order looks; one that is no news not even that."""
    state = standing_at("carrier-processing")
    assert messages.taken(state, OrderChanged(status="carrier-processing"), NOW) is state
    hinted = messages.taken(state, OrderChanged(status="completed"), NOW)
    assert hinted.status == "carrier-processing"
    assert act(hinted, says("testing")).status == "testing"


def test_hint_that_a_look_under_way_answered_needs_no_second_look() -> None:
    """One hint during an activity whose answer says the same is done with; two are not."""
    state = act(begin(an_order(call_when="asked"), NOW), says("received"))
    state = messages.taken(state, CALL, NOW)
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    under_way = messages.taken(starting(state), OrderChanged(status="pending-verification"), NOW)
    answer = says("pending-verification", calls_placed=1)
    assert doing(learn(under_way, step, answer, NOW, PACE)) is None
    under_way = messages.taken(under_way, OrderChanged(status="verified"), NOW)
    assert doing(learn(under_way, step, answer, NOW, PACE)) == steps.FETCH_ORDER


def test_adopted_order_that_was_called_is_not_called_again() -> None:
    """An order that was there before, in pending-verification, has had its call."""
    state = act(begin(an_order(), NOW), says("pending-verification", calls_placed=1))
    assert doing(state) is None
    assert progress(state).waiting_for == "verification-code"


def test_calls_that_twilio_does_not_count_are_bounded_by_ours() -> None:
    """Where Twilio's count stands still, three calls are all the same the most."""
    state = standing_at("received")
    for _ in range(CALLS_ALLOWED):
        state = act(messages.taken(state, CALL, NOW), says("pending-verification", calls_placed=0))
    assert state.calls_left == 0
    reset = act(state.but(calls_seen=3, stale=True), says("received", calls_placed=0))
    assert reset.calls_left == CALLS_ALLOWED


def test_looks_grow_from_fifteen_seconds_to_an_hour() -> None:
    """Without callbacks the order looks after 15 s, 30 s, … and then every hour."""
    state = standing_at("carrier-processing")
    at, waits = NOW, []
    for _ in range(11):
        step = next_step(state, PACE)
        assert isinstance(step, Wait)
        waits.append((step.until - at).total_seconds())
        at = step.until
        state = act(elapsed(state, at, PACE), says("carrier-processing"), at)
    assert waits[:4] == [15, 30, 60, 120]
    assert waits[-2:] == [3600, 3600]


def test_refused_create_holds_until_a_person_acts() -> None:
    """22110 on create: nothing is tried again until somebody resumes or cancels."""
    state = act(begin(an_order(), NOW), Trouble(kind="refused", code=22110, status=400))
    step = next_step(state, PACE)
    assert isinstance(step, Wait)
    assert step.until == state.deadline - timedelta(days=7)  # a reminder
    assert doing(messages.taken(state, Resumption(), NOW)) == steps.FIND_OR_CREATE_ORDER


def test_code_during_trouble_is_given_back() -> None:
    """A code that Twilio could not judge comes back with the reason; nothing hangs."""
    state = messages.taken(standing_at("pending-verification"), CODE, NOW)
    state = act(state, Trouble(kind="unreachable"))
    assert not state.verdicts[1].taken
    assert "Twilio does not answer" in state.verdicts[1].reason
    assert state.codes == ()


@pytest.mark.fault("F09")
@pytest.mark.parametrize(("calls", "expected"), [(1, None), (0, steps.PLACE_CALL)])
def test_call_in_doubt_waits_until_twilio_finds_the_order(calls: int, expected: str | None) -> None:
    """A 404 does not tell whether it rang: it is placed again only when it surely did not."""
    state = act(begin(an_order(), NOW), says("received"))
    state = waited(act(state, Trouble(kind="unreachable")))
    state = act(state, Trouble(kind="not-found"))
    assert doing(state) is None
    state = waited(state)
    assert doing(state) == steps.FETCH_ORDER
    status = "pending-verification" if calls else "received"
    assert doing(act(state, says(status, calls_placed=calls))) == expected


@pytest.mark.fault("F35")
def test_cancelled_order_that_turns_up_at_the_carrier_goes_on() -> None:
    """It was thought gone: whoever cancelled is told that it is too late."""
    state = act(standing_at("carrier-processing").but(stale=True), Trouble(kind="not-found"))
    state = act(waited(state), Trouble(kind="not-found"))
    state = messages.taken(state, Cancellation(), NOW)
    assert not messages.cancel_settled(state)
    state = act(waited(state), says("carrier-processing"))
    assert messages.cancel_settled(state)
    assert not messages.cancel_answer(state).taken
    assert progress(state).waiting_for == "carrier"


@pytest.mark.parametrize(
    ("reason", "phase"),
    [
        ("22100: maximum attempts", "verification"),
        ("The bill is unreadable", "verification"),
        ("The signer's name differs", "authorization"),
        ("The carrier wants a correction", "carrier"),
        (None, "carrier"),
    ],
)
def test_action_required_is_on_the_leg_that_it_is_about(reason: str | None, phase: str) -> None:
    """Told by Twilio's words on the problem."""
    state = act(begin(an_order(), NOW), says("action-required", failure_reason=reason))
    assert progress(state).phase == phase
