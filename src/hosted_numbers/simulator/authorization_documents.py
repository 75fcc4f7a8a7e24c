"""The AuthorizationDocument: its data and every legal way to change it. Pure: no clock, no I/O.

Source: Twilio's page AuthorizationDocument resource, error codes 22101, 22107, 22122.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import ControlError, TwilioError
from hosted_numbers.simulator.events import Journal, LoaMailed
from hosted_numbers.simulator.orders import Order, Step, move


@dataclass(slots=True, kw_only=True)
class AuthorizationDocument:
    """One LOA; the contact and the order SIDs are never in Twilio's answers."""

    sid: str
    address_sid: str
    email: str
    contact_title: str
    contact_phone_number: str
    date_created: datetime
    date_updated: datetime
    position: int
    status: str = machine.SIGNING
    cc_emails: list[str] = field(default_factory=list)
    order_sids: list[str] = field(default_factory=list)
    step: Step | None = None

    @property
    def due(self) -> datetime | None:
        """When its signer acts, or it fails, without a request."""
        return self.step.due if self.step is not None else None


@dataclass(frozen=True, slots=True)
class NewAuthorizationDocument:
    """A checked create."""

    order_sids: list[str]
    address_sid: str
    email: str
    contact_title: str
    contact_phone_number: str
    cc_emails: list[str]


@dataclass(frozen=True, slots=True)
class DocumentChanges:
    """A checked update: plain fields by their name, the whole new list of orders, the status."""

    fields: dict[str, object] = field(default_factory=dict)
    order_sids: list[str] | None = None
    status: str | None = None

    @property
    def edits(self) -> bool:
        """Whether it changes more than the status."""
        return bool(self.fields) or self.order_sids is not None


def create(
    document: AuthorizationDocument, orders: Sequence[Order], now: datetime, journal: Journal
) -> None:
    """Put the orders on a new document and mail it: Twilio sends the LOA at once.

    Raises:
        TwilioError: 22101, an order is not verified or is on a document already.
    """
    _check_assignable(orders)
    _assign(document, orders, now, journal)
    _send(document, now, journal)


def update(
    document: AuthorizationDocument,
    changes: DocumentChanges,
    *,
    current: Sequence[Order],
    wanted: Sequence[Order],
    now: datetime,
    journal: Journal,
) -> None:
    """Apply a customer's update, entirely or, where it is refused, not at all.

    Args:
        document: what is changed.
        changes: the checked request.
        current: the orders on the document.
        wanted: the orders that it shall have; ``current`` where the request names none.
        now: the moment.
        journal: where the consequences are written.

    Raises:
        TwilioError: 22107 it is out for signature or has ended, 22101 an order cannot be put on it.
    """
    if changes.status is None and not changes.edits:
        return
    withdraws = changes.status == machine.OPENED and not changes.edits
    if document.status != machine.OPENED and not (document.status == machine.SIGNING and withdraws):
        raise TwilioError(22107)
    kept = {order.sid for order in wanted}
    here = {order.sid for order in current}
    _check_assignable(order for order in wanted if order.sid not in here)
    for name, value in changes.fields.items():
        setattr(document, name, value)
    _release((order for order in current if order.sid not in kept), now, journal)
    _assign(document, wanted, now, journal)
    document.date_updated = now
    if changes.status == machine.SIGNING:
        _send(document, now, journal)
    elif document.status != machine.OPENED:
        document.status = machine.OPENED
        document.step = None


def end(
    document: AuthorizationDocument,
    orders: Iterable[Order],
    status: str,
    now: datetime,
    journal: Journal,
) -> None:
    """The signer signs or cancels, or the document fails, and its orders go on or back.

    Raises:
        ControlError: 409, the document is not where that can happen.
    """
    possible = {machine.SIGNING, machine.OPENED} if status == machine.FAILED else {machine.SIGNING}
    if document.status not in possible:
        raise ControlError(
            409, f"Document {document.sid} is {document.status} and cannot become {status}."
        )
    document.status = status
    document.date_updated = now
    document.step = None
    if status != machine.SIGNED:
        _release(orders, now, journal)
        return
    for order in orders:
        if order.status == machine.PENDING_LOA:
            move(order, machine.CARRIER_PROCESSING, now, journal)


def _check_assignable(orders: Iterable[Order]) -> None:
    for order in orders:
        if order.status != machine.VERIFIED or order.signing_document_sid is not None:
            raise TwilioError(22101)


def _assign(
    document: AuthorizationDocument, orders: Sequence[Order], now: datetime, journal: Journal
) -> None:
    for order in orders:
        if order.signing_document_sid is None:
            move(order, machine.PENDING_LOA, now, journal)
            order.signing_document_sid = document.sid
    document.order_sids = [order.sid for order in orders]


def _release(orders: Iterable[Order], now: datetime, journal: Journal) -> None:
    for order in orders:
        # one that failed or went on meanwhile must not come back to life
        if order.status == machine.PENDING_LOA:
            move(order, machine.VERIFIED, now, journal)


def _send(document: AuthorizationDocument, now: datetime, journal: Journal) -> None:
    document.status = machine.SIGNING
    document.date_updated = now
    journal.append(LoaMailed(document.sid, document.email, now))
