"""The people around an order, who act by themselves where the simulator is told to let them."""

from collections.abc import Sequence
from datetime import datetime

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import ControlError
from hosted_numbers.simulator.events import Journal
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.verification import key_digits


def owner_answers(order: Order, at: datetime, journal: Journal) -> None:
    """The owner picks up and keys the code, if the phone still rings."""
    if order.is_ringing(at) and order.verification_code is not None:
        key_digits(order, order.verification_code, at, journal)


def signer_decides(unwilling: Sequence[Order]) -> str:
    """Sign, or cancel for the sake of orders whose signer declines once; what the LOA becomes."""
    for order in unwilling:
        order.fate_spent = True
    return machine.CANCELED if unwilling else machine.SIGNED


def reviewer_decides(unlucky: Sequence[Order], *, legible: bool) -> str:
    """Approve a paper, or reject it for the sake of orders whose first bill is rejected.

    Args:
        unlucky: the orders that wait on it and whose number has that fate still before it.
        legible: False where it is locked by a password.
    """
    for order in unlucky:
        order.fate_spent = True
    return machine.REJECTED if unlucky or not legible else machine.APPROVED


def check_verdict(sid: str, before: str, status: str) -> None:
    """Refuse a verdict on a paper that does not wait for it: nothing is judged twice.

    Raises:
        ControlError: 409.
    """
    if status not in machine.REVIEW_MOVES[before]:
        raise ControlError(409, f"Document {sid} is {before} and cannot become {status}.")


def what_the_phone_says(order: Order, now: datetime) -> dict[str, object]:
    """What one hears at the owner's phone.

    Twilio's page describes both a code to be keyed into the phone and one to be listened to and
    passed on, so the voice serves both.
    """
    ringing = order.is_ringing(now)
    calls = order.verification_call_sids
    code = order.verification_code if ringing else None
    return {
        "order_sid": order.sid,
        "phone_number": order.phone_number,
        "ringing": ringing,
        "call_sid": calls[-1] if ringing and calls else None,
        "verification_code": code,
        "says": f"Your verification code is {' '.join(code)}. Key it in, or pass it on to whoever "
        "asked you to expect this call."
        if code
        else "",
    }
