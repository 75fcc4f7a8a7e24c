"""Changes of an order that is under way, as pure rules: which are taken when, and what they do."""

from datetime import datetime
from typing import Final

from hosted_numbers.contract import Amendment, Answer, SupportingDocumentRequest
from hosted_numbers.going_on import going_on, letter_is_dead
from hosted_numbers.lifecycle import Do
from hosted_numbers.order_documents import Bill, SupportingDocument
from hosted_numbers.order_state import BILL_WANTED, LETTER_OUT, UNDER_WAY, OrderState
from hosted_numbers.provided_documents import (
    bill_refusal,
    named,
    supporting_refusal,
    with_bill,
)
from hosted_numbers.refusals import Refusal
from hosted_numbers.sharing import command
from hosted_numbers.standing import standing
from hosted_numbers.steps import OrderUpdate

_LETTER: Final = frozenset(
    {"email", "contact_title", "contact_phone_number", "address_sid", "cc_emails"}
)
_CALL: Final = frozenset({"extension", "call_delay"})
_SMS: Final = frozenset(
    {"sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "sms_application_sid"}
)
_AT_TWILIO: Final = frozenset({"friendly_name", "unique_name", "email", "cc_emails"})
"""What Twilio lets a customer change about the order itself (HostedNumberOrder page)."""


def refusal(message: Amendment, state: OrderState, now: datetime) -> Refusal | None:
    """Why a change is not taken now; it is taken whole or not at all."""
    del now
    names = set(message.changes())
    if not names:
        return Refusal("The amendment changes nothing.", "Name at least one field to change.")
    if state.leaving is not None:
        return Refusal("The order is being taken back.", "Send a new order once it has ended.")
    if names & _SMS and (state.sid is not None or state.hold is None):
        return Refusal(
            "Twilio takes SMS URLs and applications only when the order is created.",
            "Change them on the number itself, its IncomingPhoneNumber, once it is hosted.",
        )
    if "unique_name" in names and state.sid is None:
        return Refusal("Twilio does not have the order yet.", "Amend the unique name once it has.")
    if names & _LETTER and (shared := _shared_refusal(state)) is not None:
        return shared
    if names & (_LETTER | _CALL) and not _before_signature(state):
        late = ", ".join(sorted(names & (_LETTER | _CALL)))
        return Refusal(
            f"It is too late to amend {late}. {standing(state).reason}",
            "Wait for Twilio to move the order.",
        )
    if message.verification_document_sid is not None and (refused := bill_refusal(state)):
        return refused
    return _documents_refusal(message, state)


def _shared_refusal(state: OrderState) -> Refusal | None:
    """Why the letter that is out is not this order's alone to change."""
    out = state.status in LETTER_OUT and state.authorization_document_sid is not None
    if state.letter_group is None or not out or letter_is_dead(state):
        return None
    return Refusal(
        "The order shares its letter with the others of its group.",
        f"Amend the group's letter: {command('amend', state.letter_group)}.",
    )


def _before_signature(state: OrderState) -> bool:
    return (
        state.hold is not None
        or state.status is None
        or state.status in UNDER_WAY
        or (state.status == "pending-loa" and state.authorization_document_sid is not None)
    )


def _documents_refusal(message: Amendment, state: OrderState) -> Refusal | None:
    for request in message.supporting_documents or ():
        if request.file and not request.file.blob.startswith(f"{state.order.phone_number}/"):
            return Refusal("The file belongs to another number's order.", "Upload it for this one.")
        document = named(state, request.type) or SupportingDocument(request=request)
        if refused := supporting_refusal(state, document):
            return refused
    return None


def taken(message: Amendment, state: OrderState, now: datetime) -> OrderState:
    """The state with the changes; those that Twilio has to be told are sent next."""
    changes = message.changes()
    fields = {name: value for name, value in changes.items() if name in _OF_THE_ORDER}
    state = state.but(order=state.order.model_copy(update=fields))
    state = state.noting(now, f"Amended: {', '.join(sorted(changes))}.")
    state = _with_documents(_with_letter(_with_update(state, changes), set(changes)), message)
    if message.verification_document_sid is not None:
        bill = Bill(ticket=state.tickets + 1, sid=message.verification_document_sid)
        state = with_bill(state, bill)
    return going_on(state)


_OF_THE_ORDER: Final = _LETTER | _CALL | _SMS | {"friendly_name"}


def _with_update(state: OrderState, changes: dict[str, object]) -> OrderState:
    told = {name: value for name, value in changes.items() if name in _AT_TWILIO}
    if not told or state.sid is None:
        return state
    update = state.update or OrderUpdate(sid=state.sid)
    return state.but(update=update.model_copy(update=told))


def amended_meanwhile(state: OrderState, step: Do) -> OrderState:
    """What Twilio is to be told of an order that was amended while it was created."""
    sent = step.argument.model_dump()
    wanted = state.order.model_dump()
    fields = ("friendly_name", "email", "cc_emails")
    changes = {name: wanted[name] for name in fields if sent[name] != wanted[name]}
    return _with_update(state, changes)


def _with_letter(state: OrderState, names: set[str]) -> OrderState:
    out = state.status in LETTER_OUT and state.authorization_document_sid is not None
    if not names & _LETTER or not out or letter_is_dead(state):
        return state
    return state.but(letter_change=state.letter_change or "reopen", letter_trouble=None)


def _with_documents(state: OrderState, message: Amendment) -> OrderState:
    for request in message.supporting_documents or ():
        kept = any(request.file is not None for request in message.supporting_documents or ())
        state = state.but(files_taken=state.files_taken or kept)
        state = state.with_supporting(_edition(state, request))
    return state


def _edition(state: OrderState, request: SupportingDocumentRequest) -> SupportingDocument:
    document = named(state, request.type)
    return document.replaced(request) if document else SupportingDocument(request=request)


def amendment_settled(state: OrderState, before: OrderState) -> bool:
    """Whether an amendment has reached Twilio, as far as it must.

    Args:
        state: as it is now.
        before: as it was when the amendment was taken.
    """
    if before.update is None and before.letter_change is None and not _attaching(before):
        return True
    if state.hold is not None or state.ended is not None or state.leaving is not None:
        return True
    changing = state.update is not None or state.letter_change is not None
    return not (changing or _attaching(state) or state.stale)


def _attaching(state: OrderState) -> bool:
    bill = state.bill if state.status in BILL_WANTED else None
    return bill is not None and bill.file is None and not bill.attached


def amendment_answer(state: OrderState, before: OrderState) -> Answer:
    """What an amendment came to, from the state in which it was taken."""
    stands = standing(state)
    if before.letter_change is not None and state.letter_trouble is not None:
        return Answer(taken=False, reason=state.letter_trouble, next_step=stands.next_step)
    if before.bill is not None and before.bill.ticket in state.verdicts:
        return state.verdicts[before.bill.ticket]
    undone = state.update is not None or before.letter_change is not None or _attaching(before)
    if undone and (state.leaving is not None or state.ended is not None):
        return Answer(taken=False, reason=stands.reason, next_step=stands.next_step)
    if state.hold is not None:
        return Answer(taken=True, reason=stands.reason, next_step=stands.next_step)
    return Answer(taken=True, reason="Taken.", next_step=stands.next_step)
