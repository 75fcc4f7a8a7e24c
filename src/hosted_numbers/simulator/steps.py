"""What Twilio does next by itself, and when: planned on each change, taken when it is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from hosted_numbers.simulator import authorization_documents, machine, orders
from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.config import Person
from hosted_numbers.simulator.documents import Document
from hosted_numbers.simulator.events import Journal
from hosted_numbers.simulator.fates import Fate
from hosted_numbers.simulator.orders import Order, Step, StepKind
from hosted_numbers.simulator.people import owner_answers, signer_decides
from hosted_numbers.simulator.supporting_documents import SupportingDocument

OF_PEOPLE: Final[frozenset[StepKind]] = frozenset({"answer", "sign", "review"})
"""Steps of people: they never act inside the answer to a request, whatever the pace."""

_TWILIO_STEPS: Final[dict[str, StepKind]] = {
    machine.TWILIO_PROCESSING: "process",
    machine.CARRIER_PROCESSING: "carrier",
    machine.TESTING: "test",
}


def plan_order(
    order: Order,
    bill: Document | None,
    now: datetime,
    *,
    pace: timedelta,
    people: frozenset[Person],
) -> Step | None:
    """The next step of an order whose status or proof changed, or whose phone was called.

    Args:
        order: the order.
        bill: what is to prove its number now, where that is no call.
        now: the moment of the change.
        pace: how long a step takes.
        people: who acts by themselves.
    """
    kind = _TWILIO_STEPS.get(order.status)
    if kind is not None:
        return Step(kind, now + pace)
    if bill is not None:
        # one that was approved for another order needs no further look
        waits = bill.status in machine.UNDECIDED and "reviewer" in people
        return Step("review", now + pace) if waits or bill.status == machine.APPROVED else None
    if order.rings_at is not None and "owner" in people:
        return Step("answer", order.rings_at + pace)
    return None


def plan_document(document: Document, now: datetime, *, pace: timedelta) -> Step | None:
    """The next step of a new Document: one that nobody can open is rejected by whoever is there."""
    return Step("review", now + pace) if document.is_locked else None


def plan_supporting_document(
    document: SupportingDocument, now: datetime, *, pace: timedelta, people: frozenset[Person]
) -> Step | None:
    """The next step of a SupportingDocument whose status changed, or that is new."""
    if document.status in machine.UNDECIDED and "reviewer" in people:
        return Step("review", now + pace)
    return None


def plan_authorization_document(
    on_it: Sequence[Order], now: datetime, *, pace: timedelta, people: frozenset[Person]
) -> Step | None:
    """The next step of an LOA that was mailed at ``now`` and carries the orders ``on_it``."""
    if _unspent(on_it, Fate.LOA_FAILS):
        return Step("loa-error", now + pace)
    return Step("sign", now + pace) if "signer" in people else None


def is_review(step: Step | None, at: datetime) -> bool:
    """Whether what is due at ``at`` is the look at a bill."""
    return step is not None and step.kind == "review" and step.due <= at


def take_order_step(order: Order, at: datetime, journal: Journal) -> None:
    """Do what is due for an order at ``at``: its planned step, or its death by idleness."""
    step = order.step
    if step is None or step.due > at:
        orders.expire(order, at, journal)
        return
    order.step = None
    match step.kind:
        case "process":
            _process(order, at, journal)
        case "answer":
            owner_answers(order, at, journal)
        case "carrier":
            _carry(order, at, journal)
        case _:
            orders.move(order, machine.COMPLETED, at, journal)


def take_authorization_document_step(
    document: AuthorizationDocument, on_it: Sequence[Order], at: datetime, journal: Journal
) -> None:
    """Do what is due for an LOA at ``at``: the signer decides, or it fails."""
    if document.step is not None and document.step.kind == "loa-error":
        for order in _unspent(on_it, Fate.LOA_FAILS):
            order.fate_spent = True
        authorization_documents.end(document, on_it, machine.FAILED, at, journal)
    else:
        decision = signer_decides(_unspent(on_it, Fate.SIGNER_DECLINES))
        authorization_documents.end(document, on_it, decision, at, journal)


def _process(order: Order, at: datetime, journal: Journal) -> None:
    if order.fate is Fate.SMS_ENABLED:
        orders.move(order, machine.FAILED, at, journal, reason="Phone number is SMS-enabled")
    else:
        orders.move(order, machine.RECEIVED, at, journal)


def _carry(order: Order, at: datetime, journal: Journal) -> None:
    if order.fate is Fate.CARRIER_REFUSES:
        reason = "Carrier refused to enable SMS on the phone number"
        orders.move(order, machine.FAILED, at, journal, reason=reason)
    elif order.fate is Fate.NEEDS_ACTION and not order.fate_spent:
        order.fate_spent = True
        reason = "Carrier needs a correction before the phone number can be hosted"
        orders.move(order, machine.ACTION_REQUIRED, at, journal, reason=reason)
    else:
        orders.move(order, machine.TESTING, at, journal)


def _unspent(on_it: Sequence[Order], fate: Fate) -> list[Order]:
    return [order for order in on_it if order.fate is fate and not order.fate_spent]
