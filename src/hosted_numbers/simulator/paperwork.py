"""Every operation on Documents and SupportingDocuments. No clock, no I/O, no HTTP."""

from datetime import datetime

from hosted_numbers.simulator import course, documents, machine, supporting_documents
from hosted_numbers.simulator.documents import Document, NewDocument
from hosted_numbers.simulator.memory import Memory
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.sids import is_sid, new_sid
from hosted_numbers.simulator.supporting_documents import (
    NewSupportingDocument,
    SupportingDocument,
    SupportingDocumentChanges,
)


def create_document(memory: Memory, new: NewDocument, now: datetime) -> Document:
    """Take in an upload to the Documents API."""
    document = Document(
        sid=new_sid("RD"),
        account_sid=memory.config.account_sid,
        document_type=new.document_type,
        friendly_name=new.friendly_name,
        file=new.file,
        date_created=now,
        date_updated=now,
        position=memory.next_position(),
    )
    memory.add(document)
    course.plan(memory, document, now)
    return document


def can_prove(memory: Memory, sid: str | None) -> bool:
    """Whether nothing speaks against a bill; True where there is none.

    An RI SID is always taken at first, as it names a bill that was not uploaded here.
    """
    document = memory.documents.get(sid) if sid is not None else None
    if document is not None:
        return document.can_prove
    return sid is None or is_sid(sid, "RI")


def attach(memory: Memory, order: Order, sid: str | None, now: datetime) -> None:
    """Note that a bill was attached to an order; one of an RI SID is known from then on."""
    if sid is None:
        return
    document = memory.documents.get(sid)
    if document is None:
        document = Document(
            sid=sid,
            account_sid=memory.config.account_sid,
            document_type=machine.PHONE_BILL,
            date_created=now,
            date_updated=now,
            position=memory.next_position(),
        )
        memory.add(document)
    if order.sid not in document.order_sids:
        document.order_sids.append(order.sid)
    memory.keep(document)


def decide_document(
    memory: Memory, document: Document, status: str, reason: str | None, now: datetime
) -> None:
    """The reviewer decides on a bill; raises what ``documents.decide`` raises."""
    waiting = memory.orders_waiting_on(document)
    documents.decide(document, waiting, status, reason=reason, now=now, journal=memory.journal)
    memory.keep(document)
    course.settle(memory)


def create_supporting_document(
    memory: Memory, new: NewSupportingDocument, now: datetime
) -> SupportingDocument:
    """Take in a supporting document, with its file or without."""
    document = SupportingDocument(
        sid=new_sid("RD"),
        account_sid=memory.config.account_sid,
        friendly_name=new.friendly_name,
        type=new.type,
        attributes=new.attributes,
        file=new.file,
        date_created=now,
        date_updated=now,
        position=memory.next_position(),
    )
    memory.add(document)
    course.plan(memory, document, now)
    return document


def update_supporting_document(
    memory: Memory, document: SupportingDocument, changes: SupportingDocumentChanges, now: datetime
) -> None:
    """Apply a customer's update; raises what ``supporting_documents.update`` raises."""
    before = document.status
    supporting_documents.update(document, changes, now)
    if document.status != before:
        course.plan(memory, document, now)
    memory.keep(document)


def delete_supporting_document(memory: Memory, document: SupportingDocument, now: datetime) -> None:
    """Delete it; raises what ``supporting_documents.delete`` raises."""
    supporting_documents.delete(document, now)
    memory.keep(document)


def decide_supporting_document(
    memory: Memory, document: SupportingDocument, status: str, reason: str | None, now: datetime
) -> None:
    """The reviewer decides; raises what ``supporting_documents.decide`` raises."""
    supporting_documents.decide(document, status, reason, now)
    course.plan(memory, document, now)
