"""Where an order stands, in words: every hold that there is, and every view of the order."""

from datetime import timedelta

import pytest

from hosted_numbers import messages, playbook, steps
from hosted_numbers.contract import (
    Cancellation,
    HostedNumberOrderRequest,
    Resumption,
    SupportingDocumentRequest,
)
from hosted_numbers.lifecycle import elapsed
from hosted_numbers.order_state import OrderInput, OrderState, begin
from hosted_numbers.standing import details, progress
from hosted_numbers.steps import OrderSnapshot, Trouble
from tests.orders import (
    DOCUMENT_SID,
    NOW,
    PACE,
    PROOF,
    act,
    an_order,
    doing,
    says,
    standing_at,
    told,
)

CREDENTIALS = Trouble(kind="credentials", code=20003, status=401)


def looked(outcome: OrderSnapshot | Trouble, times: int = 1) -> OrderState:
    """An order whose letter is out, after looks that came to this."""
    state = standing_at("pending-loa")
    for _ in range(times):
        state = act(state.but(stale=True, hold=None), outcome)
    return state


def with_letter(status: str) -> OrderSnapshot:
    return says(
        "pending-loa", authorization_document_sid=DOCUMENT_SID, authorization_document_status=status
    )


def not_deletable() -> OrderState:
    refused = Trouble(kind="refused", code=20001, status=400)
    return act(told(standing_at("verified"), Cancellation()), refused)


def overdue() -> OrderState:
    state = standing_at("carrier-processing")
    return elapsed(state, state.deadline, PACE)


def no_access() -> OrderState:
    return act(standing_at(None), Trouble(kind="not-found", code=20404, status=404))


HOLDS = {
    "credentials": looked(CREDENTIALS),
    "unreachable": looked(Trouble(kind="unreachable")),
    "internal": looked(Trouble(kind="internal")),
    "no-access": no_access(),
    "refused-22111": looked(Trouble(kind="refused", code=22111)),
    "vanished": looked(Trouble(kind="not-found"), times=2),
    "not-deletable": not_deletable(),
    "overdue": overdue(),
    "authorization-declined": looked(with_letter("canceled")),
    "authorization-failed": looked(with_letter("failed")),
    "authorization-missing": looked(with_letter("missing"), times=2),
    "authorization-withdrawn": looked(with_letter("opened")),
    **{
        f"refused-{code}": act(standing_at(None), Trouble(kind="refused", code=code))
        for code in playbook._BY_CODE
    },
}


@pytest.mark.parametrize("kind", HOLDS)
@pytest.mark.fault("F36")
def test_every_hold_names_reason_and_next_step(kind: str) -> None:
    """Wherever an order is on hold, its progress says why and who does what."""
    state = HOLDS[kind]
    assert state.hold is not None
    assert state.hold.kind == kind
    seen = progress(state)
    assert seen.reason == state.hold.reason
    assert seen.next_step == state.hold.next_step
    assert seen.reason.strip()
    assert seen.next_step.strip()
    assert seen.waiting_for == ("nothing" if kind == "unreachable" else "operator")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Losing carrier rejected it", "wants something corrected. Twilio says: Losing carrier"),
        ("The sun stood too low", "The sun stood too low"),
        (None, "Twilio met a problem"),
    ],
)
@pytest.mark.fault("F36")
def test_action_required_is_explained(words: str | None, reason: str) -> None:
    """Twilio's own words are always shown, with what they mean where we know it."""
    state = act(
        standing_at("received").but(stale=True), says("action-required", failure_reason=words)
    )
    assert reason in progress(state).reason
    assert progress(state).waiting_for == "operator"
    assert "hostedsms@twilio.com" in progress(state).next_step


def test_documents_wanted_later_are_announced() -> None:
    """An order that waits for a code tells already of the documents that it will wait for."""
    state = standing_at("pending-verification", supporting_documents=(PROOF,))
    assert progress(state).waiting_for == "verification-code"
    assert "business_registration" in progress(state).next_step


def test_a_document_without_a_file_is_amended() -> None:
    """The next step names the command for what is wanted: a file, or other particulars."""
    plain = SupportingDocumentRequest(type="proof_of_address")
    state = standing_at("verified", supporting_documents=(plain,))
    state = act(state, steps.DocumentSnapshot(type="", reason="Unknown attribute."))
    assert "proof_of_address: Unknown attribute." in progress(state).reason
    assert "amend" in progress(state).next_step.lower()


def test_an_order_that_leaves_says_so() -> None:
    """While Twilio still checks it, nobody has anything to do."""
    state = told(standing_at("twilio-processing"), Cancellation())
    assert "taken back" in progress(state).reason
    assert progress(state).waiting_for == "nothing"


def test_an_order_not_found_once_says_so() -> None:
    """It is looked for once more."""
    assert "once more" in progress(looked(Trouble(kind="not-found"))).reason


def test_an_order_looks_back_at_the_one_before() -> None:
    """The run before, and Twilio's failed order before, are named."""
    order = OrderInput(**an_order().model_dump(), previous_run_id="run-1")
    state = order.state(NOW)
    assert type(state.order) is HostedNumberOrderRequest
    state = act(state, says("received", previous_sid="HR" + "9" * 32, operator_url="https://ops"))
    assert progress(state).previous_run_id == "run-1"
    assert "run `run-1`" in details(state)
    assert "[Act on this order](https://ops/orders/%2B15017122661)" in details(state)
    assert any("HR999" in entry.what for entry in state.timeline)


def test_a_state_that_was_carried_goes_on_as_it_was() -> None:
    """Continue-as-new takes the whole state along."""
    state = standing_at("verified")
    carried = OrderInput(**state.order.model_dump(), carried=state)
    assert carried.state(NOW + timedelta(days=1)) is state


def test_an_open_order_remembers_no_names_of_fields() -> None:
    """Neither in its state nor in the input, which the SDK keeps: 2 kB each."""
    order = OrderInput(**an_order().model_dump())
    state = order.state(NOW)
    assert not state.model_fields_set
    assert not order.model_fields_set


@pytest.mark.parametrize(
    ("letter", "words"), [("withdrawn", "withdrawn"), ("shared", "other orders"), ("none", None)]
)
@pytest.mark.fault("F52")
def test_a_cancelled_order_tells_of_its_letter(letter: str, words: str | None) -> None:
    """The signer's letter is withdrawn with it, unless other orders are on it."""
    state = told(standing_at("pending-loa"), Cancellation())
    gone = act(state, steps.OrderGone.model_validate({"letter": letter}))
    assert gone.ended == "cancelled"
    told_of = [entry.what for entry in gone.timeline if "Letter" in entry.what]
    assert bool(words) == any(words in what for what in told_of if words)
    assert progress(gone).waiting_for == "nothing"


def test_a_timeline_keeps_its_last_hundred_steps() -> None:
    """The oldest go, so that an order of many months stays small."""
    state = begin(an_order(), NOW)
    for number in range(150):
        state = state.noting(NOW, f"step {number}")
    assert len(state.timeline) == 100
    assert state.timeline[-1].what == "step 149"


def test_whoever_resumes_an_order_is_told_what_comes_next() -> None:
    """The order looks at Twilio first, whatever held it up."""
    state = told(HOLDS["vanished"], Resumption())
    answer = messages.going_on_answer(state)
    assert answer.taken
    assert answer.next_step
    assert doing(state) == steps.FETCH_ORDER
