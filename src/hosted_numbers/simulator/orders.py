"""The HostedNumberOrder: its data, and what Twilio does to it. Pure: no clock, no I/O.

What its customer and its owner do stands in ``verification``.
Source: Twilio's page HostedNumberOrder resource; where it is silent, the comment says what was
chosen.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import ControlError, TwilioError
from hosted_numbers.simulator.events import Journal, StatusChanged
from hosted_numbers.simulator.fates import Fate, fate_of

StepKind = Literal["process", "answer", "carrier", "test", "sign", "loa-error", "review"]


@dataclass(frozen=True, slots=True)
class Step:
    """What Twilio or a person does next by themselves, and when."""

    kind: StepKind
    due: datetime


@dataclass(slots=True, kw_only=True)
class Order:
    """One HostedNumberOrder; the first fields are Twilio's, those below are the simulator's own."""

    sid: str
    account_sid: str
    incoming_phone_number_sid: str
    phone_number: str
    status: str
    date_created: datetime
    date_updated: datetime
    address_sid: str | None = None
    signing_document_sid: str | None = None
    friendly_name: str | None = None
    unique_name: str | None = None
    email: str | None = None
    cc_emails: list[str] = field(default_factory=list)
    failure_reason: str = ""
    verification_attempts: int = 0
    verification_type: str = machine.PHONE_CALL
    verification_document_sid: str | None = None
    extension: str | None = None
    call_delay: int = 0
    verification_code: str | None = None
    verification_call_sids: list[str] | None = None

    position: int
    status_since: datetime
    status_callback_url: str | None = None
    status_callback_method: str = "POST"
    sms_settings: dict[str, str] = field(default_factory=dict)
    code_expires: datetime | None = None
    rings_at: datetime | None = None
    fate_spent: bool = False
    step: Step | None = None
    awaits_bill: bool = False
    """In ``action-required``: whether a bill brings it back to ``pending-verification``."""
    number_released_at: datetime | None = None
    """When its IncomingPhoneNumber was deleted, which ends the hosting."""
    deleted: bool = False

    @property
    def fate(self) -> Fate:
        """What is bound to happen to this number."""
        return fate_of(self.phone_number)

    @property
    def due(self) -> datetime | None:
        """When something happens to it without a request: its next step, or death by idleness."""
        if self.deleted:
            return None
        moments = [self.step.due] if self.step is not None else []
        if self.status in machine.IDLES:
            moments.append(self.status_since + machine.IDLE_LIMIT)
        return min(moments, default=None)

    @property
    def bill_under_review(self) -> str | None:
        """The SID of the bill that is to prove its number now; None where a call is, or nothing."""
        waits = self.status == machine.PENDING_VERIFICATION
        by_bill = waits and self.verification_type == machine.PHONE_BILL
        return self.verification_document_sid if by_bill else None

    def is_ringing(self, now: datetime) -> bool:
        """Whether a verification call waits to be answered: until its code is dead or used."""
        return (
            self.status == machine.PENDING_VERIFICATION
            and self.verification_type == machine.PHONE_CALL
            and self.rings_at is not None
            and self.code_expires is not None
            and self.rings_at <= now < self.code_expires
        )


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A checked create: the number, whose it is, and plain fields by their name in ``Order``."""

    phone_number: str
    account_sid: str | None = None
    fields: dict[str, object] = field(default_factory=dict)

    @property
    def bill_sid(self) -> str | None:
        """The VerificationDocumentSid that it names."""
        sid = self.fields.get("verification_document_sid")
        return sid if isinstance(sid, str) else None


@dataclass(frozen=True, slots=True)
class OrderChanges:
    """A checked update: plain fields by their name in ``Order``, and what moves the order."""

    fields: dict[str, object] = field(default_factory=dict)
    status: str | None = None
    verification_code: str | None = None

    @property
    def bill_sid(self) -> str | None:
        """The VerificationDocumentSid that it names."""
        sid = self.fields.get("verification_document_sid")
        return sid if isinstance(sid, str) else None


@dataclass(frozen=True, slots=True)
class Dial:
    """What a verification call needs from outside: its SID, and a code should a new one be due."""

    call_sid: str
    fresh_code: str


def move(order: Order, status: str, now: datetime, journal: Journal, *, reason: str = "") -> None:
    """Give an order another status and keep what belongs to the old one from staying behind."""
    order.failure_reason = reason
    order.date_updated = now
    if status == order.status:
        return
    if order.status == machine.PENDING_VERIFICATION:
        order.verification_code = order.code_expires = order.rings_at = None
    if status in machine.BEFORE_LOA:
        order.signing_document_sid = None
    order.status = status
    order.status_since = now
    order.awaits_bill = False
    order.step = None
    journal.append(StatusChanged(order.sid, status, now))


def move_by_twilio(
    order: Order, status: str, reason: str | None, now: datetime, journal: Journal
) -> None:
    """Twilio's people or systems move an order, also to a status that no page knows.

    Raises:
        ControlError: 409, the order has ended and never moves again.
    """
    if order.status in machine.ENDED and status != order.status:
        raise ControlError(409, f"Order {order.sid} is {order.status} and cannot move again.")
    if order.status == machine.ACTION_REQUIRED and status in machine.BEFORE_LOA:
        # error 22100: only Twilio's support resets the attempts
        order.verification_attempts = 0
    if reason is None and status in {machine.FAILED, machine.ACTION_REQUIRED}:
        reason = f"Set to {status} by Twilio"
    move(order, status, now, journal, reason=reason or "")


def check_deletable(order: Order, *, received_only: bool) -> None:
    """Refuse a DELETE outside the documented states; no code is documented, 22112 comes nearest.

    Raises:
        TwilioError: 22112.
    """
    allowed = frozenset({machine.RECEIVED}) if received_only else machine.DELETABLE
    if order.status not in allowed:
        raise TwilioError(22112, f"HostedNumberOrder cannot be deleted in status {order.status}")


def release_number(order: Order, now: datetime) -> None:
    """Delete the IncomingPhoneNumber of a completed order, as Twilio's page says to off-board it.

    The page says nothing of other orders; here they are refused, as they can be deleted, or have
    someone at work on them. No code is documented either, and 22121 comes nearest.

    Raises:
        TwilioError: 22121, the order is not ``completed``.
    """
    if order.status != machine.COMPLETED:
        raise TwilioError(22121)
    order.number_released_at = order.date_updated = now


def expire(order: Order, now: datetime, journal: Journal) -> None:
    """Fail an order that has been idle for too long."""
    days = machine.IDLE_LIMIT.days
    move(order, machine.FAILED, now, journal, reason=f"Order was idle for more than {days} days")
