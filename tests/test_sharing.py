"""An order whose letter is shared: when it joins its group, what it waits for, when it leaves."""

from datetime import timedelta

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.contract import Amendment, Message, OrderChanged, Resumption
from hosted_numbers.letter_groups.contract import group_key
from hosted_numbers.order_state import OrderState
from hosted_numbers.sharing import farewell, group_told, rejoins_at
from hosted_numbers.standing import progress
from hosted_numbers.steps import GroupTold, OrderGone
from tests.orders import (
    DOCUMENT_SID,
    NOW,
    PACE,
    PROOF,
    act,
    an_order,
    argument,
    doing,
    says,
    standing_at,
    told,
    waited,
)

GROUP = {"loa_group": "spring 2026", "loa_group_size": 3}
KEY = str(group_key(an_order(**GROUP)))
SIGNER = Amendment(email="right@example.com")
ONE_DAY = timedelta(days=1)


def joined() -> OrderState:
    """A verified order that waits for the others."""
    return act(standing_at("verified", **GROUP), GroupTold(group=KEY))


def letter(status: str, order: str = "pending-loa") -> steps.OrderSnapshot:
    """What a look finds: the order's status, and that of its letter."""
    return says(
        order, authorization_document_sid=DOCUMENT_SID, authorization_document_status=status
    )


def out(*statuses: str) -> OrderState:
    """An order on a letter that looks found so."""
    state = joined()
    for status in ("signing", *statuses):
        state = act(state.but(stale=True), letter(status))
    return state


def test_a_verified_order_joins_its_group_in_place_of_a_letter_of_its_own() -> None:
    """Then it waits, and says for whom."""
    state = standing_at("verified", **GROUP)
    assert doing(state) == steps.JOIN_LETTER_GROUP
    call = argument(state)
    assert (call.group, call.size, call.sid) == (KEY, 3, state.sid)
    assert (call.letter.email, call.joined) == ("owner@example.com", False)
    state = act(state, GroupTold(group=KEY))
    assert doing(state) is None
    shown = progress(state)
    assert (shown.waiting_for, shown.status) == ("signature", "verified")
    assert f"together with the others of {KEY}" in shown.reason
    assert f"hosted-numbers letter show '{KEY}'" in shown.next_step


def test_an_order_without_a_group_has_a_letter_of_its_own() -> None:
    """As ever."""
    assert doing(standing_at("verified")) == steps.FIND_OR_CREATE_AUTHORIZATION
    assert farewell(standing_at("verified").but(ended="failed")) is None


def test_it_joins_once_its_documents_are_approved() -> None:
    """A letter that goes out for an order is not held up by its documents."""
    state = standing_at("verified", supporting_documents=(PROOF,), **GROUP)
    assert doing(state) is None
    assert progress(state).waiting_for == "document"


def test_it_tells_its_group_again_should_that_be_lost() -> None:
    """A day later, and without a word in the timeline; not once its letter is out."""
    state = joined()
    assert rejoins_at(state, ONE_DAY) == NOW + ONE_DAY
    while doing(state) != steps.JOIN_LETTER_GROUP:
        state = act(state, says("verified"), at=state.looked_at) if doing(state) else waited(state)
    before = state.timeline
    assert argument(state).joined
    assert act(state, GroupTold(group=KEY)).timeline == before
    assert rejoins_at(out(), ONE_DAY) is None


def test_a_letter_that_is_out_is_waited_for_as_any_other() -> None:
    """Its own look finds it, after the group's hint."""
    state = messages.taken(joined(), OrderChanged(status="pending-loa"), NOW)
    state = act(state, letter("signing"))
    assert progress(state).authorization_document_sid == DOCUMENT_SID
    assert progress(state).reason == "The Letter of Authorization is out and not signed yet."


@pytest.mark.fault("F33")
@pytest.mark.parametrize("statuses", [["canceled"], ["failed"], ["missing", "missing"]])
def test_a_dead_letter_holds_and_says_what_mends_it_for_all(statuses: list[str]) -> None:
    """A letter that the group had issued anew ends the hold."""
    state = out(*statuses)
    assert progress(state).waiting_for == "operator"
    assert f"hosted-numbers letter resume '{KEY}'" in progress(state).next_step
    again = letter("signing").model_copy(update={"authorization_document_sid": "PX" + "9" * 32})
    state = act(state.but(stale=True), again)
    assert state.hold is None
    assert progress(state).waiting_for == "signature"


@pytest.mark.parametrize("order", ["verified", "pending-loa"])
def test_resumed_alone_it_joins_for_the_next_letter(order: str) -> None:
    """It says which letter it is done with."""
    state = act(out().but(stale=True), letter("canceled", order))
    state = act(told(state, Resumption()), letter("canceled", order))
    assert doing(state) == steps.JOIN_LETTER_GROUP
    assert argument(state).voided_document_sid == DOCUMENT_SID


def test_a_shared_letter_is_not_one_orders_to_change() -> None:
    """The refusal names the command that changes it for all; other things may be amended."""
    for state in (out(), out("opened")):
        refused = messages.refusal(state, SIGNER, NOW)
        assert refused is not None
        assert f"hosted-numbers letter amend '{KEY}'" in refused.next_step
        assert messages.refusal(state, Amendment(friendly_name="Desk"), NOW) is None


def test_a_withdrawn_letter_is_the_groups_business() -> None:
    """No order is put on hold while the letter is changed."""
    state = out("opened")
    assert state.hold is None
    assert "being changed" in progress(state).reason
    assert doing(state) is None


@pytest.mark.parametrize("statuses", [[], ["canceled"]])
def test_another_signer_is_another_group(statuses: list[str]) -> None:
    """Amended while it waits, or after its letter was declined: it leaves, and joins another."""
    state = told(out(*statuses) if statuses else joined(), SIGNER)
    while doing(state) in {steps.UPDATE_ORDER, steps.FETCH_ORDER}:
        state = act(state, says("verified"))
    assert doing(state) == steps.LEAVE_LETTER_GROUP
    assert (argument(state).group, argument(state).joined) == (KEY, True)
    state = act(state, GroupTold(group=KEY))
    assert doing(state) == steps.JOIN_LETTER_GROUP
    assert argument(state).letter.email == "right@example.com"
    assert argument(state).group not in {KEY, None}


def test_an_order_that_comes_back_joins_again() -> None:
    """Its group may have let it go while Twilio had it elsewhere."""
    state = act(joined().but(stale=True), says("pending-verification"))
    assert doing(state) is None
    state = act(state.but(stale=True), says("verified"))
    assert doing(state) == steps.JOIN_LETTER_GROUP


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_an_order_that_ends_leaves(ended: str) -> None:
    """Whether it had joined or not: its end counts when the others ask whether they are all."""
    before = farewell(standing_at("received", **GROUP).but(ended=ended))
    assert before is not None
    assert (before.argument.group, before.argument.joined) == (KEY, False)
    after = farewell(joined().but(ended=ended))
    assert after is not None
    assert (after.activity, after.argument.joined) == (steps.LEAVE_LETTER_GROUP, True)


def test_an_order_that_completes_need_not() -> None:
    """Its letter is signed, as the group sees for itself."""
    assert farewell(act(out().but(stale=True), says("completed"))) is None
    gone = joined().but(leaving="cancelled")
    assert farewell(gone) is None
    assert farewell(act(gone, OrderGone(letter="none"))) is not None


def test_only_calls_are_learnt_from() -> None:
    """Anything else leaves the order as it is."""
    state = joined()
    assert group_told(state, steps.JOIN_LETTER_GROUP, Message(), NOW) is state
    assert PACE.rejoin == ONE_DAY
