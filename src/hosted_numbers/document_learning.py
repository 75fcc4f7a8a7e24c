"""What the documents of an order came to at Twilio, folded into its state; pure."""

from datetime import datetime
from typing import Final

from hosted_numbers import playbook, steps
from hosted_numbers.contract import Answer
from hosted_numbers.lifecycle import Do
from hosted_numbers.order_documents import MISSING, REFUSED, Bill, SupportingDocument
from hosted_numbers.order_state import BILL_WANTED, OrderState
from hosted_numbers.standing import standing
from hosted_numbers.steps import DocumentSnapshot, OrderSnapshot

_BEFORE_A_BILL: Final = BILL_WANTED | {None, "twilio-processing"}


def document_answered(
    state: OrderState, step: Do, outcome: DocumentSnapshot, now: datetime
) -> OrderState:
    """What the upload of a bill, or the creation of a supporting document, came to."""
    if step.activity == steps.UPLOAD_BILL:
        return _uploaded(state, step, outcome, now)
    return _created(state, step, outcome, now)


def _uploaded(state: OrderState, step: Do, outcome: DocumentSnapshot, now: datetime) -> OrderState:
    bill = state.bill
    if bill is None or bill.file != getattr(step.argument, "file", None):
        return state
    if outcome.sid is None or outcome.reason is not None or outcome.status in REFUSED:
        return bill_refused(state, why_not(outcome), now)
    return state.but(bill=bill.model_copy(update={"sid": outcome.sid}))


def _created(state: OrderState, step: Do, outcome: DocumentSnapshot, now: datetime) -> OrderState:
    creation = step.argument
    if not isinstance(creation, steps.SupportingDocumentCreation):
        return state
    for document in state.supporting:
        same = document.request.type == creation.request.type
        if same and document.edition == creation.edition:
            return _reviewed(state, document, outcome, now)
    return state  # it was replaced meanwhile


def documents_seen(state: OrderState, snapshot: OrderSnapshot, now: datetime) -> OrderState:
    """What a look found about the supporting documents that are under review."""
    for seen in snapshot.supporting_documents:
        for document in state.supporting:
            if document.sid is not None and document.sid == seen.sid:
                state = _reviewed(state, document, seen, now)
    return state


def _reviewed(
    state: OrderState, document: SupportingDocument, seen: DocumentSnapshot, now: datetime
) -> OrderState:
    name = document.request.type
    if seen.status == MISSING and document.status != MISSING:
        # more often a hiccup than a deletion: it is looked for once more
        return state.with_supporting(document.model_copy(update={"status": MISSING}))
    if seen.sid is None or seen.status in REFUSED | {MISSING}:
        reason = why_not(seen)
        state = state.with_supporting(document.asked_again(reason, seen.status))
        return state.noting(now, f"Another {name} is needed. {reason}")
    updated = document.model_copy(update={"sid": seen.sid, "status": seen.status})
    if updated.approved and not document.approved:
        state = state.noting(now, f"Twilio approved the {name}.")
    elif document.sid is None:
        state = state.noting(now, f"Twilio has the {name}.")
    return state.with_supporting(updated)


def why_not(document: DocumentSnapshot) -> str:
    """Why Twilio does not take a document, as a sentence."""
    if document.reason:
        return document.reason
    if document.status == "expired":
        return playbook.DOCUMENT_EXPIRED
    return playbook.DOCUMENT_GONE if document.status == MISSING else playbook.DOCUMENT_REJECTED


def bill_attached(state: OrderState, step: Do, now: datetime) -> OrderState:
    """The order is verified by a bill from now on."""
    bill = state.bill
    if bill is None or bill.sid != getattr(step.argument, "document_sid", None):
        return state
    answer = Answer(
        taken=True,
        reason="Twilio has the bill and looks at it.",
        next_step="Nothing to do: the order goes on by itself.",
        attempts_left=state.calls_left,
    )
    return (
        state.but(
            bill=bill.model_copy(update={"attached": True}),
            bill_trouble=None,
            call_wanted=False,
            call_trouble=None,
            call_at=None,
            call_after=None,
            verification_code=None,
            code_expires_at=None,
        )
        .noting(now, "The bill was handed in; Twilio looks at it.")
        .judging(bill.ticket, answer)
    )


def bill_refused(state: OrderState, reason: str, now: datetime) -> OrderState:
    """The bill is no proof: another one is asked for, with the reason."""
    bill = state.bill
    if bill is None:
        return state
    state = state.but(bill=None, bill_trouble=reason)
    return _given_back(state.noting(now, f"Another bill is needed. {reason}"), bill, reason)


def bill_followed(state: OrderState, *, news: bool, now: datetime) -> OrderState:
    """What a look at the order tells of its bill; ``news``: it has moved, or for another reason."""
    bill = state.bill
    if state.status not in _BEFORE_A_BILL:
        state = state.but(bill=None, bill_trouble=None)
        if bill is None or bill.attached:
            return state
        return _given_back(state, bill, "No bill is needed any more.")
    if bill is None or not bill.attached or not news:
        return state
    if state.status == "action-required":
        return bill_refused(state, state.failure_reason or playbook.triage("bill").means, now)
    if state.status == "received":
        return bill_refused(state, "Twilio asks for the proof of ownership again.", now)
    return state


def without_stranded_bill(state: OrderState) -> OrderState:
    """A bill that will not be sent any more is given back, with the reason."""
    bill = state.bill
    if bill is None or bill.attached or (state.ended is None and state.leaving is None):
        return state
    return _given_back(state.but(bill=None), bill, standing(state).reason)


def _given_back(state: OrderState, bill: Bill, reason: str) -> OrderState:
    answer = Answer(
        taken=False,
        reason=reason,
        next_step=standing(state).next_step,
        attempts_left=state.calls_left,
    )
    return state.judging(bill.ticket, answer)
