"""What a customer does to an order, above all prove the number: by calls and codes, or by a bill.

Pure: no clock, no I/O. Source: Twilio's page HostedNumberOrder resource and error codes 22100,
22112-22114, 22118, 22123. It does not say how a bill is judged, nor how an order gets over a bill
that was rejected or calls that are used up; here another bill, without a Status, takes it from
``action-required`` back to ``pending-verification``.
"""

from datetime import datetime, timedelta

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import ControlError, TwilioError, missing
from hosted_numbers.simulator.events import BillSubmitted, CallPlaced, Journal
from hosted_numbers.simulator.fates import Fate
from hosted_numbers.simulator.orders import Dial, Order, OrderChanges, move


def update(
    order: Order,
    changes: OrderChanges,
    now: datetime,
    dial: Dial,
    journal: Journal,
    *,
    bill_is_good: bool = True,
) -> None:
    """Apply a customer's update, entirely or, where it is refused, not at all.

    Args:
        order: what is changed.
        changes: the checked request.
        now: the moment.
        dial: what a call needs.
        journal: where the consequences are written.
        bill_is_good: whether the bill that ``bill_named_by`` finds can prove anything.

    Raises:
        TwilioError: 22112 status cannot be applied, 22100 attempts used up (the order is then
            ``action-required``), 22123 no call possible, 22113 and 22114 for the code, 22118 the
            bill is no good, 20001 a bill without its document.
    """
    _require_bill(order, changes)
    if changes.verification_code is not None:
        _check_code(order, changes.verification_code, now)
    if changes.status is not None:
        kind = changes.fields.get("verification_type", order.verification_type)
        _check_verification(order, now, journal, by_call=kind == machine.PHONE_CALL)
    if not bill_is_good:
        raise TwilioError(22118)
    before = order.bill_under_review
    for name, value in changes.fields.items():
        setattr(order, name, value)
    order.date_updated = now
    if changes.verification_code is not None:
        move(order, machine.VERIFIED, now, journal)
    if changes.status is not None:
        _start_verification(order, now, dial, journal)
    elif order.awaits_bill and _attaches_bill(order, changes):
        move(order, machine.PENDING_VERIFICATION, now, journal)
    if order.bill_under_review != before:
        _change_proof(order, now, journal)


def bill_named_by(order: Order, changes: OrderChanges) -> str | None:
    """The SID of the bill on which an update rests: attached by it, or to be judged after it."""
    if changes.bill_sid is not None:
        return changes.bill_sid
    kind = changes.fields.get("verification_type", order.verification_type)
    starts = changes.status is not None or "verification_type" in changes.fields
    return order.verification_document_sid if starts and kind == machine.PHONE_BILL else None


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
        order.awaits_bill = True
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


def _attaches_bill(order: Order, changes: OrderChanges) -> bool:
    named = {"verification_type", "verification_document_sid"} & changes.fields.keys()
    return bool(named) and order.verification_type == machine.PHONE_BILL


def _change_proof(order: Order, now: datetime, journal: Journal) -> None:
    order.step = None
    if order.bill_under_review is not None:
        order.verification_code = order.code_expires = order.rings_at = None
        journal.append(BillSubmitted(order.sid, now))
