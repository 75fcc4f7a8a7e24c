"""The Letter of Authorization: declined, failed, gone, withdrawn, and repaired while it is out."""

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.amendments import amendment_answer, amendment_settled
from hosted_numbers.contract import Amendment, Cancellation, OrderChanged, Resumption
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, next_step, starting
from hosted_numbers.order_state import OrderState
from hosted_numbers.standing import progress
from hosted_numbers.steps import OrderSnapshot, Trouble
from tests.orders import (
    DOCUMENT_SID,
    NOW,
    PACE,
    act,
    argument,
    doing,
    says,
    standing_at,
    told,
    waited,
)

TITLE = Amendment(contact_title="Owner")
FIXED = Trouble(kind="refused", code=22107, status=400)


def letter(status: str | None, order: str = "pending-loa") -> OrderSnapshot:
    """What a look finds: the order's status, and that of its letter."""
    sid = DOCUMENT_SID if status else None
    return says(order, authorization_document_sid=sid, authorization_document_status=status)


def out() -> OrderState:
    return standing_at("pending-loa")


def seen(*statuses: str, order: str = "pending-loa") -> OrderState:
    """An order after looks that found its letter in these states."""
    state = out()
    for status in statuses:
        state = act(state.but(stale=True), letter(status, order))
    return state


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        (["canceled"], "authorization-declined"),
        (["failed"], "authorization-failed"),
        (["missing", "missing"], "authorization-missing"),
    ],
)
@pytest.mark.parametrize("order", ["verified", "pending-loa"])
@pytest.mark.fault("F33")
def test_a_dead_letter_holds_until_a_new_one_goes_out(
    statuses: list[str], kind: str, order: str
) -> None:
    """A person decides; then the dead letter is done with and a new one is sent, once."""
    state = seen(*statuses, order=order)
    assert state.hold is not None
    assert state.hold.kind == kind
    assert doing(state) is None
    state = told(state, Resumption())
    state = act(state, letter(statuses[-1], order))
    assert state.hold is None
    assert doing(state) == steps.FIND_OR_CREATE_AUTHORIZATION
    new = {"authorization_document_sid": "PX" + "9" * 32}
    state = act(state, says("pending-loa", authorization_document_status="signing", **new))
    assert doing(state) is None
    assert progress(state).waiting_for == "signature"


def test_a_missing_letter_is_looked_for_once_more() -> None:
    """A letter that is not found once is more often a hiccup than a deletion."""
    state = seen("missing")
    assert state.hold is None
    assert state.letter_missing
    state = act(waited(state), letter("signing"))
    assert not state.letter_missing
    assert progress(state).waiting_for == "signature"


@pytest.mark.parametrize("act_of_a_person", [Resumption(), TITLE])
def test_a_letter_withdrawn_at_twilio_is_sent_again(act_of_a_person: Resumption) -> None:
    """Somebody set it to opened in the console: a person has it sent again, changed or not."""
    state = seen("opened")
    assert state.hold is not None
    assert state.hold.kind == "authorization-withdrawn"
    state = act(told(state, act_of_a_person), letter("opened"))
    assert doing(state) == steps.RESEND_AUTHORIZATION
    state = act(state, letter("signing"))
    assert state.letter_change is None
    assert progress(state).waiting_for == "signature"


@pytest.mark.parametrize("gone", [["opened"], ["missing", "missing"]])
def test_a_letter_that_is_out_again_needs_no_person(gone: list[str]) -> None:
    """Sent again in the console, or found again: the hold is past by itself."""
    state = seen(*gone)
    assert state.hold is not None
    state = act(state.but(stale=True), letter("signing"))
    assert state.hold is None
    assert progress(state).waiting_for == "signature"


@pytest.mark.parametrize("order", ["pending-loa", "verified"])
def test_a_letter_that_is_out_is_withdrawn_changed_and_sent(order: str) -> None:
    """An amendment of the letter reopens it and sends it again; its answer comes when it is out."""
    before = told(out(), TITLE)
    assert not amendment_settled(before, before)
    assert doing(before) == steps.REOPEN_AUTHORIZATION
    assert "withdrawn, changed" in progress(before).reason
    state = act(before, letter("opened", order))
    assert doing(state) == steps.RESEND_AUTHORIZATION
    assert argument(state).contact_title == "Owner"
    state = act(state, letter("signing"))
    assert amendment_settled(state, before)
    assert amendment_answer(state, before).taken
    assert doing(state) is None


def test_an_amendment_during_the_resend_is_sent_too() -> None:
    """What was sent is compared with what the order says by then."""
    state = act(told(out(), TITLE), letter("opened"))
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    meanwhile = told(starting(state), Amendment(contact_title="President"))
    state = learn(meanwhile, step, letter("signing"), NOW, PACE)
    assert doing(state) == steps.REOPEN_AUTHORIZATION
    assert argument(state).contact_title == "President"


def test_a_letter_signed_meanwhile_is_not_changed() -> None:
    """The signer was faster: whoever amended it is told so."""
    before = told(out(), TITLE)
    state = act(before, says("carrier-processing"))
    assert state.letter_change is None
    assert amendment_settled(state, before)
    answer = amendment_answer(state, before)
    assert not answer.taken
    assert "signed before" in answer.reason


@pytest.mark.parametrize("outcome", [FIXED, letter("signed")])
def test_a_letter_that_twilio_fixed_is_looked_at_anew(outcome: OrderSnapshot | Trouble) -> None:
    """22107, or a letter that is no longer opened: the change is given up, and said to be."""
    before = told(out(), TITLE)
    state = act(before, outcome)
    assert doing(state) == steps.FETCH_ORDER
    state = act(state, letter("signed"))
    assert state.letter_change is None
    assert amendment_settled(state, before)
    assert not amendment_answer(state, before).taken


def test_a_letter_that_died_while_it_was_changed_holds() -> None:
    """The signer declined just then: nothing is sent behind that."""
    state = act(told(out(), TITLE), letter("canceled"))
    assert state.hold is not None
    assert state.letter_change is None
    assert doing(state) is None


def test_a_letter_that_is_no_more_takes_its_change_with_it() -> None:
    """Twilio dropped the order from its letter: the new one says what the order says by now."""
    state = told(out(), TITLE).but(stale=True)
    state = act(state, letter(None, "verified"))
    assert state.letter_change is None
    assert doing(state) == steps.FIND_OR_CREATE_AUTHORIZATION
    assert argument(state).contact_title == "Owner"


def test_a_change_of_the_order_does_not_lose_sight_of_the_letter() -> None:
    """The answer to an update of the order says nothing of the letter: the known one stays out."""
    state = told(out(), Amendment(email="other@example.com"))
    assert doing(state) == steps.UPDATE_ORDER
    state = act(state, says("pending-loa"))
    assert state.authorization_document_sid == DOCUMENT_SID
    assert doing(state) == steps.REOPEN_AUTHORIZATION


def test_a_change_is_dropped_when_the_order_moves_back() -> None:
    """Before verification there is no letter: nobody is told that one was signed."""
    before = told(out(), TITLE)
    state = act(before, says("received"))
    assert state.letter_change is None
    assert "signed" not in state.timeline[-1].what
    assert amendment_answer(state, before).next_step


def test_a_letter_given_up_that_turns_up_again_is_kept() -> None:
    """It was only not found: no second one is sent, and nothing runs in circles."""
    state = told(seen("missing", "missing"), Resumption())
    assert state.voided_document_sid == DOCUMENT_SID
    state = act(state, letter("signing"))
    assert state.authorization_document_sid == DOCUMENT_SID
    assert state.voided_document_sid is None
    assert doing(state) is None
    assert progress(state).waiting_for == "signature"


def test_a_change_of_an_order_that_leaves_is_not_taken() -> None:
    """A person cancelled while the letter was being changed: whoever amended it learns that."""
    before = told(out(), TITLE)
    state = told(before, Cancellation())
    assert amendment_settled(state, before)
    assert not amendment_answer(state, before).taken


def test_a_hint_during_a_change_is_followed_up() -> None:
    """A callback while the letter is open makes the order look before it sends it again."""
    state = act(told(out(), TITLE), letter("opened"))
    state = messages.taken(state, OrderChanged(status="carrier-processing"), NOW)
    assert doing(state) == steps.FETCH_ORDER
