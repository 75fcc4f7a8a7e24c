"""The HostedNumberOrder: its data and every legal way to change it. Pure: no clock, no I/O.

Source: Twilio's page HostedNumberOrder resource; where it is silent, the comment says what was
chosen.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import ControlError, TwilioError, missing
from hosted_numbers.simulator.events import CallPlaced, Journal, StatusChanged
from hosted_numbers.simulator.fates import Fate, fate_of

StepKind = Literal["process", "answer", "carrier", "test", "sign", "loa-error"]


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


@dataclass(frozen=True, slots=True)
class OrderChanges:
    """A checked update: plain fields by their name in ``Order``, and what moves the order."""

    fields: dict[str, object] = field(default_factory=dict)
    status: str | None = None
    verification_code: str | None = None


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
    order.step = None
    journal.append(StatusChanged(order.sid, status, now))


def update(
    order: Order, changes: OrderChanges, now: datetime, dial: Dial, journal: Journal
) -> None:
    """Apply a customer's update, entirely or, where it is refused, not at all.

    Raises:
        TwilioError: 22112 status cannot be applied, 22100 attempts used up (the order is then
            ``action-required``), 22123 no call possible, 22113 and 22114 for the code, 20001 a
            bill without its document.
    """
    _require_bill(order, changes)
    if changes.verification_code is not None:
        _check_code(order, changes.verification_code, now)
    if changes.status is not None:
        kind = changes.fields.get("verification_type", order.verification_type)
        _check_verification(order, now, journal, by_call=kind == machine.PHONE_CALL)
    for name, value in changes.fields.items():
        setattr(order, name, value)
    order.date_updated = now
    if changes.verification_code is not None:
        move(order, machine.VERIFIED, now, journal)
    if changes.status is not None:
        _start_verification(order, now, dial, journal)


def key_digits(order: Order, digits: str, now: datetime, journal: Journal) -> bool:
    """The person at the ringing phone keys ``digits``; whether they were the right ones.

    Raises:
        ControlError: 409, the phone does not ring.
    """
    if not order.is_ringing(now):
        raise ControlError(409, f"The phone of order {order.sid} is not ringing.")
    if digits != order.verification_code:
        return False
    move(order, machine.VERIFIED, now, journal)
    return True


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


def expire(order: Order, now: datetime, journal: Journal) -> None:
    """Fail an order that has been idle for too long."""
    days = machine.IDLE_LIMIT.days
    move(order, machine.FAILED, now, journal, reason=f"Order was idle for more than {days} days")


def _require_bill(order: Order, changes: OrderChanges) -> None:
    document = changes.fields.get("verification_document_sid", order.verification_document_sid)
    if changes.fields.get("verification_type") == machine.PHONE_BILL and document is None:
        raise missing("VerificationDocumentSid")


def _check_code(order: Order, code: str, now: datetime) -> None:
    if order.status != machine.PENDING_VERIFICATION or order.verification_code is None:
        raise TwilioError(22114)
    if order.code_expires is None or now >= order.code_expires or code != order.verification_code:
        raise TwilioError(22113)


def _check_verification(order: Order, now: datetime, journal: Journal, *, by_call: bool) -> None:
    if order.status not in {machine.RECEIVED, machine.PENDING_VERIFICATION}:
        raise TwilioError(22112)
    if not by_call:
        return
    if order.verification_attempts >= machine.MAX_ATTEMPTS:
        reason = "Maximum verification attempts reached"
        move(order, machine.ACTION_REQUIRED, now, journal, reason=reason)
        raise TwilioError(22100)
    busy = order.fate is Fate.LINE_BUSY and not order.fate_spent
    if busy or order.fate is Fate.UNREACHABLE:
        order.fate_spent = True
        raise TwilioError(22123)


def _start_verification(order: Order, now: datetime, dial: Dial, journal: Journal) -> None:
    move(order, machine.PENDING_VERIFICATION, now, journal)
    if order.verification_type != machine.PHONE_CALL:
        return
    if order.code_expires is None or now >= order.code_expires:
        order.verification_code = dial.fresh_code
        order.code_expires = now + machine.CODE_LIFE
    order.verification_attempts += 1
    order.verification_call_sids = [*(order.verification_call_sids or []), dial.call_sid]
    order.rings_at = now + timedelta(seconds=order.call_delay)
    journal.append(CallPlaced(order.sid, dial.call_sid, order.rings_at))
