"""The course of things: what follows from what happened, and what happens in its time."""

from datetime import datetime

from hosted_numbers.simulator import documents, steps, supporting_documents
from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.callbacks import LOST, CallbackSent
from hosted_numbers.simulator.documents import Document
from hosted_numbers.simulator.events import (
    BillSubmitted,
    CallPlaced,
    Event,
    LoaMailed,
    StatusChanged,
)
from hosted_numbers.simulator.memory import Item, Memory
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.supporting_documents import SupportingDocument


def settle(memory: Memory) -> None:
    """Follow up on what was written into the journal."""
    events, memory.journal = memory.journal, []
    for event in events:
        _follow_up(memory, event)


def plan(memory: Memory, item: Order | Document | SupportingDocument, now: datetime) -> None:
    """Plan the next step of something that changed, and keep it.

    A bill that is to prove an order's number lies before its reviewer from then on.
    """
    pace, people = memory.config.step, memory.config.people
    match item:
        case Order():
            bill = memory.bill_of(item)
            if bill is not None:
                documents.submit(bill, now)
                memory.keep(bill)
            item.step = steps.plan_order(item, bill, now, pace=pace, people=people)
        case Document():
            item.step = steps.plan_document(item, now, pace=pace)
        case SupportingDocument():
            item.step = steps.plan_supporting_document(item, now, pace=pace, people=people)
    memory.keep(item)


def run_due(memory: Memory, now: datetime, *, people: bool) -> None:
    """Make everything happen that is due by ``now``, each thing at its own moment.

    Args:
        memory: what it happens to.
        now: the moment.
        people: False leaves for later what people do.
    """
    left: list[tuple[datetime, str]] = []
    while (entry := memory.schedule.take(now)) is not None:
        due, sid = entry
        item = memory.find(sid)
        if item is None or item.due != due:
            continue
        if not people and item.step is not None and item.step.kind in steps.OF_PEOPLE:
            left.append(entry)
            continue
        _take_step(memory, item, due)
        memory.keep(item)
        settle(memory)
    for due, sid in left:
        memory.schedule.add(due, sid)


def _take_step(memory: Memory, item: Item, at: datetime) -> None:
    match item:
        case Order():
            bill = memory.bill_of(item)
            if bill is not None and steps.is_review(item.step, at):
                item.step = None
                _review(memory, bill, at)
            else:
                steps.take_order_step(item, at, memory.journal)
        case AuthorizationDocument():
            on_it = memory.orders_on(item)
            steps.take_authorization_document_step(item, on_it, at, memory.journal)
        case Document():
            _review(memory, item, at)
        case SupportingDocument():
            supporting_documents.review(item, at)
            plan(memory, item, at)


def _review(memory: Memory, bill: Document, at: datetime) -> None:
    documents.review(bill, memory.orders_waiting_on(bill), at, memory.journal)
    memory.keep(bill)


def _follow_up(memory: Memory, event: Event) -> None:
    match event:
        case StatusChanged():
            order = memory.orders.all[event.order_sid]
            plan(memory, order, event.at)
            if memory.settings.callback_mode == "lost" and order.status_callback_url is not None:
                memory.log("callback", CallbackSent(order.sid, event.status, event.at, LOST))
            memory.post(order, event.status, event.at)
        case CallPlaced():
            memory.log("call", event)
            plan(memory, memory.orders.all[event.order_sid], event.at)
        case BillSubmitted():
            plan(memory, memory.orders.all[event.order_sid], event.at)
        case LoaMailed():
            memory.log("loa-mail", event)
            document = memory.authorization_documents.get(event.document_sid)
            if document is not None:
                document.step = steps.plan_authorization_document(
                    memory.orders_on(document),
                    event.at,
                    pace=memory.config.step,
                    people=memory.config.people,
                )
                memory.keep(document)
