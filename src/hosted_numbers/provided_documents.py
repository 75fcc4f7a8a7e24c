"""A document that a person provides, as pure rules: is it taken, and what does it change."""

from datetime import datetime
from typing import Final

from hosted_numbers import playbook
from hosted_numbers.bills import bill_complaint
from hosted_numbers.contract import BILL, Answer, ProvidedDocument
from hosted_numbers.order_documents import Bill, SupportingDocument
from hosted_numbers.order_state import BILL_WANTED, UNDER_WAY, OrderState
from hosted_numbers.refusals import Refusal
from hosted_numbers.standing import standing

_BEFORE_THE_BILL: Final = frozenset({None, "twilio-processing", "received", "pending-verification"})
_BILL_HELPS: Final = frozenset({"calls-used-up", "bill"})
_BEFORE_THE_LETTER: Final = UNDER_WAY | {None}


def refusal(message: ProvidedDocument, state: OrderState, now: datetime) -> Refusal | None:
    """Why a document is not taken now."""
    if not message.document.blob.startswith(f"{state.order.phone_number}/"):
        return Refusal("The file belongs to another number's order.", "Upload it for this one.")
    if message.type != BILL:
        return _supporting_refusal(message, state)
    date = message.bill_date or state.order.bill_date
    if complaint := bill_complaint(date, now.date()):
        return Refusal(complaint, "Provide a bill of the last 30 days.")
    return bill_refusal(state)


def bill_refusal(state: OrderState) -> Refusal | None:
    """Why no bill is taken now, from whatever source."""
    stands = standing(state)
    if state.bill is not None:
        return Refusal("A bill is being looked at already.", stands.next_step)
    helps = (
        state.status == "action-required"
        and playbook.triage(state.failure_reason).kind in _BILL_HELPS
    ) or state.status in _BEFORE_THE_BILL
    if helps and state.leaving is None and not held_for_a_person(state):
        return None
    return Refusal(f"No bill is asked for now. {stands.reason}", stands.next_step)


def held_for_a_person(state: OrderState) -> bool:
    """Whether the order is on hold and does not try again by itself."""
    return state.hold is not None and state.hold.retry_at is None


def _supporting_refusal(message: ProvidedDocument, state: OrderState) -> Refusal | None:
    document = named(state, message.type)
    if document is None:
        names = ", ".join(each.request.type for each in state.supporting) or "none"
        return Refusal(
            f"The order asks for no {message.type}.",
            f"The supporting documents that it asks for: {names}; a bill is a {BILL}.",
        )
    if refused := supporting_refusal(state, document):
        return refused
    if not document.request.with_file:
        return Refusal(
            f"The {message.type} has no file.", "Amend supporting_documents to change it."
        )
    return None


def supporting_refusal(state: OrderState, document: SupportingDocument) -> Refusal | None:
    """Why a supporting document cannot be replaced now."""
    stands = standing(state)
    if state.status not in _BEFORE_THE_LETTER or state.leaving is not None:
        return Refusal(f"No document is asked for now. {stands.reason}", stands.next_step)
    if document.approved:
        return Refusal(f"Twilio approved the {document.request.type} already.", stands.next_step)
    if not document.wanted and (document.sid is not None or document.request.with_file):
        return Refusal(f"The {document.request.type} is being looked at already.", stands.next_step)
    return None


def named(state: OrderState, type_: str) -> SupportingDocument | None:
    """The order's supporting document of a type."""
    return next((each for each in state.supporting if each.request.type == type_), None)


def taken(message: ProvidedDocument, state: OrderState, now: datetime) -> OrderState:
    """The state with the document, which is sent to Twilio as soon as it can be."""
    state = state.but(files_taken=True).noting(now, f"The {_called(message.type)} was provided.")
    if message.type == BILL:
        date = message.bill_date or state.order.bill_date
        bill = Bill(ticket=state.tickets + 1, file=message.document, bill_date=date)
        return with_bill(state, bill)
    document = named(state, message.type)
    if document is None:
        return state
    request = document.request.model_copy(update={"file": message.document})
    return state.with_supporting(document.replaced(request))


def with_bill(state: OrderState, bill: Bill) -> OrderState:
    """Ownership is proven by this bill from now on: no call is placed by itself any more."""
    return state.but(
        bill=bill,
        tickets=bill.ticket,
        bill_trouble=None,
        call_wanted=False,
        call_at=None,
        call_after=None,
    )


def _called(type_: str) -> str:
    return type_.replace("_", " ")


def document_settled(state: OrderState, type_: str, ticket: int) -> bool:
    """Whether a document that was taken has come to something that can be told."""
    if state.hold is not None or state.ended is not None or state.leaving is not None:
        return True
    if type_ == BILL:
        return ticket in state.verdicts or state.status not in BILL_WANTED
    document = named(state, type_)
    return document is None or not document.ready or state.status not in UNDER_WAY


def document_answer(state: OrderState, type_: str, ticket: int) -> Answer:
    """What a document that was taken came to."""
    if type_ == BILL and ticket in state.verdicts:
        return state.verdicts[ticket]
    stands = standing(state)
    if state.leaving is not None or state.ended is not None:
        return Answer(taken=False, reason=stands.reason, next_step=stands.next_step)
    document = named(state, type_)
    if document is not None and document.wanted:
        reason = document.reason or stands.reason
        return Answer(taken=False, reason=reason, next_step=stands.next_step)
    at_twilio = document is not None and document.sid is not None
    reason = f"The {_called(type_)} is kept, and goes to Twilio as soon as it can."
    if at_twilio:
        reason = f"Twilio has the {_called(type_)} and looks at it."
    return Answer(taken=True, reason=reason, next_step=stands.next_step)
