"""The Document of the Documents API, and the verdict on it. Pure: no clock, no I/O.

Sources: Twilio's page Documents API for the resource; its page HostedNumberOrder resource says that
a bill proves a number. Nothing says how the two meet. Here a Document serves as the bill of an
order, and an RI SID, which no API makes, is the name of a bill that Twilio got in another way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.events import Journal
from hosted_numbers.simulator.fates import Fate
from hosted_numbers.simulator.files import StoredFile
from hosted_numbers.simulator.orders import Order, Step, move
from hosted_numbers.simulator.people import check_verdict, reviewer_decides

UTILITY_BILL: Final = "utility_bill"
"""The one type that Twilio's page names."""

BILL_REJECTED: Final = "Bill rejected: the name on it is not the owner's"
BILL_LOCKED: Final = "Bill rejected: it is protected by a password"
BILL_EXPIRED: Final = "Bill rejected: it has expired"


@dataclass(slots=True, kw_only=True)
class Document:
    """A document that was uploaded, or a bill that is known by its RI SID alone.

    ``status`` is in lower case with hyphens; ``wire_status`` is as the Documents API writes it.
    """

    sid: str
    account_sid: str
    document_type: str
    date_created: datetime
    date_updated: datetime
    position: int
    friendly_name: str | None = None
    status: str = machine.DRAFT
    failure_reason: str | None = None
    file: StoredFile | None = None
    order_sids: list[str] = field(default_factory=list)
    """The orders that it was ever attached to."""
    step: Step | None = None

    @property
    def wire_status(self) -> str:
        """DRAFT, PENDING_REVIEW, REJECTED, APPROVED or EXPIRED."""
        return self.status.upper().replace("-", "_")

    @property
    def can_prove(self) -> bool:
        """Whether nothing speaks against it as a bill: neither a verdict nor that it is empty."""
        return self.status not in machine.USELESS and (self.file is None or self.file.size > 0)

    @property
    def is_locked(self) -> bool:
        """Whether nobody can read it without a password."""
        return self.file is not None and self.file.locked

    @property
    def due(self) -> datetime | None:
        """When it is looked at without a request."""
        return self.step.due if self.step is not None else None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A checked upload."""

    document_type: str
    friendly_name: str | None
    file: StoredFile


def submit(document: Document, now: datetime) -> None:
    """Lay a document before its reviewer, if that was not done before."""
    if document.status == machine.DRAFT:
        document.status = machine.PENDING_REVIEW
        document.date_updated = now


def decide(
    document: Document,
    waiting: Iterable[Order],
    status: str,
    *,
    reason: str | None = None,
    now: datetime,
    journal: Journal,
) -> None:
    """Give a document another status, and move the orders that wait for the verdict on it.

    Args:
        document: what is judged.
        waiting: the orders whose number it is to prove now.
        status: what it becomes.
        reason: why it is rejected; by default the reason that is most frequent.
        now: the moment.
        journal: where the consequences are written.

    Raises:
        ControlError: 409, it was judged before.
    """
    check_verdict(document.sid, document.status, status)
    if status == machine.REJECTED:
        reason = reason or (BILL_LOCKED if document.is_locked else BILL_REJECTED)
    document.status = status
    document.date_updated = now
    document.failure_reason = reason if status in machine.USELESS else None
    document.step = None
    _apply(document, waiting, now, journal)


def review(document: Document, waiting: Sequence[Order], now: datetime, journal: Journal) -> None:
    """The reviewer looks at a document, or what was decided on it comes to the orders that wait."""
    if document.status in machine.UNDECIDED:
        unlucky = [
            order for order in waiting if order.fate is Fate.BILL_REJECTED and not order.fate_spent
        ]
        verdict = reviewer_decides(unlucky, legible=not document.is_locked)
        decide(document, waiting, verdict, now=now, journal=journal)
    else:
        _apply(document, waiting, now, journal)


def _apply(document: Document, waiting: Iterable[Order], now: datetime, journal: Journal) -> None:
    for order in waiting:
        if document.status == machine.APPROVED:
            move(order, machine.VERIFIED, now, journal)
        elif document.status in machine.USELESS:
            reason = document.failure_reason or BILL_EXPIRED
            move(order, machine.ACTION_REQUIRED, now, journal, reason=reason)
            order.awaits_bill = True
