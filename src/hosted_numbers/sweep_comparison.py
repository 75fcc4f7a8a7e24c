"""What Twilio's lists tell the open orders, and what they were told already, as pure rules."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, NotRequired, TypedDict

from hosted_numbers.ids import order_workflow_id
from hosted_numbers.sweeping import Orphan

PENDING_LOA: Final = "pending-loa"
VERIFIED: Final = "verified"
DOCUMENT_REVIEW: Final = "document-review"

HINT_AGAIN: Final = timedelta(minutes=10)
"""An order that differs still is hinted at again after this: its own tries take as long."""

LOOK_AGAIN: Final = timedelta(days=1)
"""The same for a hint without a status: a look found nothing that could be mended by looking."""


class OpenOrder(NamedTuple):
    """An open order as Temporal's visibility store shows it.

    Attributes:
        status: Twilio's, as far as the order knows; None before it is at Twilio.
        waiting_for: what it waits for.
        since: when it last moved; None where nobody looked, as that takes longest to read.
    """

    status: str | None
    waiting_for: str | None
    since: datetime | None = None


class Row(TypedDict):
    """An order as a list of Twilio's has it.

    Attributes:
        sid: HR….
        phone_number: E.164.
        status: in lower case with hyphens.
        unique_name: as given on create.
        signing_document_sid: PX…, the letter that it is on.
    """

    sid: str
    phone_number: NotRequired[str | None]
    status: str
    unique_name: NotRequired[str | None]
    signing_document_sid: NotRequired[str | None]


class Hint(NamedTuple):
    """What an order is to be told: Twilio has it in this status, or just to look."""

    phone_number: str
    status: str | None
    soon: bool = False
    """A look is due again soon, although the last one found nothing: nobody else tells of it."""
    known: str | None = None
    """The status that the order itself was in: one that has moved since is told of its return."""


class Comparison:
    """Twilio's lists against the open orders; joined by the number, which both sides know first.

    Args:
        orders: the open ones by number, as they were shown before the first list was asked for.
        began: when this was; what moved later is left to the next sweep.

    Attributes:
        began: as given.
        strangers: orders at Twilio with our unique name that are not among the open ones.
    """

    def __init__(self, orders: Mapping[str, OpenOrder], began: datetime) -> None:
        self._orders = orders
        self.began = began
        self._seen: set[str] = set()
        self._letters: dict[str, str | None] = {}
        self.strangers: list[Orphan] = []

    def differing(self, rows: Iterable[Row]) -> list[Hint]:
        """The orders of a page that Twilio has in another status than we know."""
        hints = []
        for row in rows:
            number = row.get("phone_number")
            if number is None:
                continue
            order = self._orders.get(number)
            if order is None:
                if row.get("unique_name") == order_workflow_id(number):
                    self.strangers.append(
                        Orphan(phone_number=number, sid=row["sid"], status=row["status"])
                    )
                continue
            self._seen.add(number)
            status = row["status"]
            if status == PENDING_LOA:
                self._letters[number] = row.get("signing_document_sid")
            if order.status != status and self.is_comparable(order):
                hints.append(Hint(number, status, known=order.status))
        return hints

    def is_comparable(self, order: OpenOrder | None) -> bool:
        """Whether an order is at Twilio and, as far as is known, stood still since this began."""
        return (
            order is not None
            and order.status is not None
            and (order.since is None or order.since < self.began)
        )

    def absent(self, statuses: Collection[str]) -> list[str]:
        """The numbers of orders in a listed status that were in no list, once all were read."""
        return [
            number
            for number, order in self._orders.items()
            if order.status in statuses and number not in self._seen and self.is_comparable(order)
        ]

    def unlistable(self, listable: Collection[str]) -> list[str]:
        """The numbers of orders in a status that cannot be listed, and in no list.

        Args:
            listable: the statuses of open orders that Twilio takes as a filter.
        """
        return [
            number
            for number, order in self._orders.items()
            if order.status not in listable
            and number not in self._seen
            and self.is_comparable(order)
        ]

    def under_review(self) -> list[str]:
        """The numbers of orders that wait for the review of their supporting documents.

        What becomes of these moves no order at Twilio, so no callback and no list of orders tells.
        """
        return [
            number
            for number, order in self._orders.items()
            if order.status == VERIFIED
            and order.waiting_for == DOCUMENT_REVIEW
            and self.is_comparable(order)
        ]

    def unsigned(self, signing: Collection[str]) -> list[str]:
        """The numbers of orders in pending-loa whose letter is not out for signature any more.

        Twilio's pages do not say whether a letter that was declined moves its order. An order that
        waits for a person knows already.

        Args:
            signing: the SIDs of all letters that are out.
        """
        return [
            number
            for number, letter in self._letters.items()
            if letter not in signing and self._orders[number].waiting_for != "operator"
        ]


class Hints:
    """The hints that this process gave of late. A restart forgets, which costs one look each."""

    def __init__(self) -> None:
        self._given: dict[Hint, tuple[datetime, datetime]] = {}

    def is_due(self, hint: Hint, now: datetime) -> bool:
        """Whether the hint was not given too short a time ago."""
        given = self._given.get(hint)
        again = LOOK_AGAIN if hint.status is None and not hint.soon else HINT_AGAIN
        return given is None or now - given[1] >= again

    def give(self, hint: Hint, now: datetime) -> bool:
        """Note that it is given; whether it is news, the first time in a day."""
        given = self._given.get(hint)
        is_news = given is None or now - given[0] >= LOOK_AGAIN
        self._given[hint] = (now if given is None or is_news else given[0], now)
        return is_news

    def forget(self, now: datetime) -> None:
        """Drop what is older than a day, so that this holds one day's hints at most."""
        self._given = {
            hint: given for hint, given in self._given.items() if now - given[1] < LOOK_AGAIN
        }
