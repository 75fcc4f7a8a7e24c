"""By the rules of an older release, an order does what its history says that it did."""

import pytest
from temporalio import workflow

from hosted_numbers import messages, steps
from hosted_numbers.contract import Amendment, Cancellation, Resumption
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, next_step, starting
from hosted_numbers.order_state import OrderState, begin
from hosted_numbers.steps import Outcome, Trouble
from tests.orders import DOCUMENT_SID, NOW, PACE, act, an_order, doing, says, standing_at, waited
from workflows import patches

DEAD = {"authorization_document_sid": DOCUMENT_SID, "authorization_document_status": "failed"}
LETTER = {"authorization_document_sid": DOCUMENT_SID, "authorization_document_status": "signing"}


@pytest.fixture(params=[False, True], ids=["0.1.0", "patched"])
def patched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the history was begun by a release that has the patch."""
    found: bool = request.param
    monkeypatch.setattr(workflow, "patched", lambda _: found)
    return found


def after(state: OrderState, outcome: Outcome) -> OrderState:
    """The state after its next activity, as the workflow folds it in."""
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    before = starting(state)
    return patches.outcome_learnt(before, step, outcome, learn(before, step, outcome, NOW, PACE))


def test_amendment_is_told_to_twilio(*, patched: bool) -> None:
    """Since 0.2; before, only the letter that was sent later said it."""
    before = standing_at("received")
    state = patches.message_taken(
        before, messages.taken(before, Amendment(email="a@example.com"), NOW)
    )
    assert state.order.email == "a@example.com"
    assert doing(state) == (steps.UPDATE_ORDER if patched else None)


def test_dead_letter_is_replaced_while_the_order_says_pending_loa(*, patched: bool) -> None:
    """Since 0.2; before, the order waited until Twilio moved it."""
    held = act(standing_at("pending-loa").but(stale=True), says("pending-loa", **DEAD))
    resumed = patches.message_taken(held, messages.taken(held, Resumption(), NOW))
    state = after(resumed, says("pending-loa", **DEAD))
    assert doing(state) == (steps.FIND_OR_CREATE_AUTHORIZATION if patched else None)


def test_amendment_while_the_letter_is_sent_changes_it(*, patched: bool) -> None:
    """Since 0.2; before, it was lost on the letter."""
    verified = standing_at("verified")
    step = next_step(verified, PACE)
    assert isinstance(step, Do)
    before = starting(messages.taken(verified, Amendment(contact_title="Director"), NOW))
    outcome = says("pending-loa", **LETTER)
    state = patches.outcome_learnt(before, step, outcome, learn(before, step, outcome, NOW, PACE))
    assert doing(state) == (steps.REOPEN_AUTHORIZATION if patched else None)


def test_busy_line_is_called_again(*, patched: bool) -> None:
    """Since 0.2; before, only a person asked."""
    state = after(
        act(begin(an_order(), NOW), says("received")), Trouble(kind="refused", code=22123)
    )
    assert (state.call_at is not None) == patched


def test_call_in_doubt_of_a_lost_order_waits(*, patched: bool) -> None:
    """Since 0.2; before, it was placed at once."""
    state = act(begin(an_order(), NOW), says("received"))
    state = after(waited(act(state, Trouble(kind="unreachable"))), Trouble(kind="not-found"))
    assert doing(state) == (None if patched else steps.PLACE_CALL)


def test_cancelled_order_that_turns_up_at_the_carrier_goes_on(*, patched: bool) -> None:
    """Since 0.2; before, it was to be cancelled until Twilio moved it."""
    state = standing_at("carrier-processing").but(stale=True)
    state = act(state, Trouble(kind="not-found"))
    state = act(waited(state), Trouble(kind="not-found"))
    state = messages.taken(state, Cancellation(), NOW)
    state = after(state.but(stale=True), says("carrier-processing"))
    assert state.leaving == (None if patched else "cancelled")


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        (standing_at("received"), None),
        (standing_at("received").but(notifies=False), None),
        (standing_at("received").but(notifies=True), patches.NOTIFICATIONS),
        (standing_at(None), patches.EARLY_NOTIFICATIONS),
        (standing_at(None).but(notifies=False), patches.EARLY_NOTIFICATIONS),
    ],
    ids=["older-worker", "nobody", "somebody", "not-at-twilio", "not-at-twilio-nobody"],
)
@pytest.mark.parametrize("patched", [False, True], ids=["0.2.0", "patched"])
def test_backend_is_told(
    state: OrderState, asked: str | None, monkeypatch: pytest.MonkeyPatch, *, patched: bool
) -> None:
    """Since 0.3; no history before it is asked, as no worker before it says that somebody listens.

    A patch that is found absent once is absent for good, so the question is put no earlier.
    """
    questions: list[str] = []

    def answer(name: str) -> bool:
        questions.append(name)
        return patched

    monkeypatch.setattr(workflow, "patched", answer)
    assert patches.tells(state) == (patched and asked is not None)
    assert questions == ([asked] if asked else [])
