"""What a sweep makes of Twilio's lists, and what it does not say twice."""

from datetime import datetime, timedelta

import pytest

from hosted_numbers import order_lists
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.sweep_comparison import (
    HINT_AGAIN,
    LOOK_AGAIN,
    PENDING_LOA,
    Comparison,
    Hint,
    Hints,
    OpenOrder,
    Row,
)
from tests.orders import DOCUMENT_SID, NOW, NUMBER, ORDER_SID

OTHER = "+12125550199"
BEFORE = NOW - timedelta(hours=1)


def row(
    phone_number: str | None = NUMBER,
    *,
    status: str = "received",
    unique_name: str | None = None,
    signing_document_sid: str | None = None,
) -> Row:
    """An order as Twilio lists it."""
    return Row(
        sid=ORDER_SID,
        phone_number=phone_number,
        status=status,
        unique_name=unique_name,
        signing_document_sid=signing_document_sid,
    )


def test_pending_loa_can_be_listed() -> None:
    """The one status that the rules know by its name."""
    assert PENDING_LOA in order_lists.STATUSES


def standing(status: str | None = "received", **changes: object) -> OpenOrder:
    """An order that stood still for an hour."""
    since = changes.pop("since", BEFORE)
    assert since is None or isinstance(since, datetime)
    waiting_for = changes.pop("waiting_for", "nothing")
    return OpenOrder(status, str(waiting_for), since)


def compared(**orders: OpenOrder) -> Comparison:
    """The comparison with one order, or with those that are named."""
    named = {"number": NUMBER, "other": OTHER}
    return Comparison({named[name]: order for name, order in orders.items()}, NOW)


def test_an_order_that_differs_is_hinted_at() -> None:
    """By its number; Twilio's status goes along."""
    comparison = compared(number=standing(), other=standing())
    nameless = Row(sid=ORDER_SID, status="verified")
    rows = [row(status="verified"), row(OTHER), row(None), nameless]
    assert comparison.differing(rows) == [Hint(NUMBER, "verified", known="received")]
    assert comparison.absent(["received"]) == []


@pytest.mark.parametrize(
    "order",
    [standing(None), standing(since=NOW), standing(since=NOW + timedelta(seconds=1))],
    ids=["not at Twilio yet", "moved now", "moved later"],
)
def test_an_order_on_its_way_is_left_to_the_next_sweep(order: OpenOrder) -> None:
    """Whether it is in the lists or not."""
    assert compared(number=order).differing([row(status="verified")]) == []
    assert compared(number=order).absent(["received"]) == []
    assert compared(number=order).unlistable(["verified"]) == []


@pytest.mark.fault("F20")
def test_hints_are_about_what_is_known_now() -> None:
    """A list that is older than what the order learnt since has nothing to say to it."""
    moved = compared(number=standing("completed", since=NOW + timedelta(milliseconds=1)))
    assert moved.differing([row(status="carrier-processing")]) == []


def test_an_order_that_left_its_set_is_absent() -> None:
    """Of those in a status that was listed; in no other one is anything known."""
    comparison = compared(number=standing(), other=standing("testing"))
    assert comparison.absent(["received"]) == [NUMBER]
    assert comparison.absent(["received", "testing"]) == [NUMBER, OTHER]
    comparison.differing([row(OTHER, status="action-required")])
    assert comparison.absent(["received", "testing"]) == [NUMBER]


@pytest.mark.fault("F18")
def test_an_order_in_a_status_that_cannot_be_listed_is_asked_to_look() -> None:
    """Unless it turned up in one that can."""
    comparison = compared(number=standing("quantum-review"), other=standing("quantum-review"))
    comparison.differing([row(OTHER, status="testing")])
    assert comparison.unlistable(order_lists.STATUSES) == [NUMBER]


def test_an_order_of_ours_that_nobody_looks_after_is_a_stranger() -> None:
    """By our unique name; one of another origin is none of our business."""
    comparison = compared(number=standing())
    comparison.differing(
        [
            row(unique_name=order_workflow_id(NUMBER)),
            row(OTHER, unique_name=order_workflow_id(OTHER), status="verified"),
            row("+12125550198", unique_name="somebody else's"),
        ]
    )
    (orphan,) = comparison.strangers
    assert (orphan.phone_number, orphan.status, orphan.sid) == (OTHER, "verified", ORDER_SID)


@pytest.mark.parametrize(
    ("signing", "waiting_for", "letter", "told"),
    [
        ({DOCUMENT_SID}, "signature", DOCUMENT_SID, False),
        (set(), "signature", DOCUMENT_SID, True),
        ({DOCUMENT_SID}, "signature", None, True),
        (set(), "operator", DOCUMENT_SID, False),
    ],
    ids=["out", "out no more", "on none", "known already"],
)
@pytest.mark.fault("F33")
def test_an_order_whose_letter_is_not_out_any_more_is_asked_to_look(
    signing: set[str], waiting_for: str, letter: str | None, *, told: bool
) -> None:
    """Twilio's pages do not say that a letter that was declined moves its order."""
    comparison = compared(number=standing("pending-loa", waiting_for=waiting_for))
    comparison.differing([row(status="pending-loa", signing_document_sid=letter)])
    assert comparison.unsigned(signing) == ([NUMBER] if told else [])


@pytest.mark.parametrize(
    ("hint", "again"),
    [
        (Hint(NUMBER, "verified"), HINT_AGAIN),
        (Hint(NUMBER, None), LOOK_AGAIN),
        (Hint(NUMBER, None, soon=True), HINT_AGAIN),
    ],
    ids=["a status", "a look", "a look that nobody else tells of"],
)
def test_a_hint_is_not_given_again_for_a_while(hint: Hint, again: timedelta) -> None:
    """Ten minutes for a status, a day for a look; each is news once a day."""
    hints = Hints()
    assert hints.is_due(hint, NOW)
    assert hints.give(hint, NOW)

    assert not hints.is_due(hint, NOW + again - timedelta(seconds=1))
    assert hints.is_due(hint, NOW + again)
    assert hints.is_due(Hint(OTHER, hint.status), NOW)
    assert hints.is_due(Hint(NUMBER, "testing"), NOW)
    assert not hints.give(hint, NOW + LOOK_AGAIN - timedelta(seconds=1))
    assert hints.give(hint, NOW + LOOK_AGAIN)


@pytest.mark.fault("F33")
def test_an_order_that_came_back_is_hinted_at_again() -> None:
    """Verified, then out for signature, then verified again: its letter failed at once."""
    hints = Hints()
    rows = [row(status="verified")]
    (first,) = compared(number=standing("pending-verification")).differing(rows)
    hints.give(first, NOW)
    (second,) = compared(number=standing("pending-loa")).differing(rows)
    assert not hints.is_due(first, NOW + timedelta(minutes=1))
    assert hints.is_due(second, NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (standing("verified", waiting_for="document-review"), True),
        (standing("verified", waiting_for="document-review", since=NOW), False),
        (standing("verified", waiting_for="document"), False),
        (standing("pending-verification", waiting_for="document-review"), False),
    ],
    ids=["under review", "moved now", "asked for", "a bill, whose verdict moves the order"],
)
def test_an_order_whose_papers_are_reviewed_is_asked_to_look(
    order: OpenOrder, *, told: bool
) -> None:
    """Twilio tells nobody what becomes of a supporting document."""
    assert compared(number=order).under_review() == ([NUMBER] if told else [])


def test_hints_of_yesterday_are_forgotten() -> None:
    """So that the memory of a worker holds one day's hints at most."""
    hints = Hints()
    hints.give(Hint(NUMBER, None), NOW)
    hints.give(Hint(OTHER, None), NOW + timedelta(hours=1))
    hints.forget(NOW + LOOK_AGAIN)
    assert list(hints._given) == [Hint(OTHER, None)]
