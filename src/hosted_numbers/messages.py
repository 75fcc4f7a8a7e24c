"""What people and machines say to an order, as pure rules: is it taken, and what does it change.

``refusal`` is the validator of each update: what it refuses leaves no trace in the history. The
signal twin of the same message cannot be refused, so its refusal becomes a line in the timeline.
"""

import re
from datetime import datetime
from functools import singledispatch
from typing import Final

from hosted_numbers import amendments, provided_documents
from hosted_numbers.contract import (
    Amendment,
    Answer,
    Cancellation,
    Message,
    OrderChanged,
    ProvidedDocument,
    Resumption,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.going_on import going_on
from hosted_numbers.lifecycle import without_dead_code
from hosted_numbers.order_state import DELETABLE, OrderState, PendingCode
from hosted_numbers.refusals import Refusal
from hosted_numbers.standing import standing

_CODE: Final = re.compile(r"[0-9]{4,10}")
_BEFORE_CALLS_END: Final = frozenset(
    {None, "twilio-processing", "received", "pending-verification"}
)


def refusal(state: OrderState, message: Message, now: datetime) -> Refusal | None:
    """Why the order does not take a person's message now; None when it does."""
    if state.ended is not None:
        return Refusal("The order has ended.", standing(state).next_step)
    return _refusal(message, state, now)


def taken(state: OrderState, message: Message, now: datetime) -> OrderState:
    """The state after a message that was not refused, or a machine's hint."""
    return state if state.ended is not None else _taken(message, state, now)


@singledispatch
def _refusal(message: Message, state: OrderState, now: datetime) -> Refusal | None:
    del state, now
    raise TypeError(f"{type(message).__name__} is no message of a person to an order")


@singledispatch
def _taken(message: Message, state: OrderState, now: datetime) -> OrderState:
    del state, now
    raise TypeError(f"{type(message).__name__} is no message to an order")


@_refusal.register
def _(message: VerificationCodeEntry, state: OrderState, now: datetime) -> Refusal | None:
    del now
    if not _CODE.fullmatch(message.code):
        return Refusal(
            "A verification code is 4 to 10 digits and nothing else.",
            "Enter it again as it was heard.",
        )
    asked = state.status == "pending-verification" or (
        state.status == "received" and state.call_wanted
    )
    if asked and state.hold is None and state.leaving is None and state.bill is None:
        return None
    stands = standing(state)
    return Refusal(f"No code is asked for now. {stands.reason}", stands.next_step)


@_taken.register
def _(message: VerificationCodeEntry, state: OrderState, now: datetime) -> OrderState:
    del now
    if any(pending.code == message.code for pending in state.codes):
        return state
    pending = PendingCode(ticket=state.tickets + 1, code=message.code)
    return state.but(tickets=pending.ticket, codes=(*state.codes, pending))


def ticket_of(state: OrderState, entry: VerificationCodeEntry) -> int:
    """The ticket under which a code that was just taken will be judged."""
    return next(pending.ticket for pending in state.codes if pending.code == entry.code)


@_refusal.register
def _(message: VerificationCallRequest, state: OrderState, now: datetime) -> Refusal | None:
    del message, now
    stands = standing(state)
    if state.status not in _BEFORE_CALLS_END or state.leaving is not None:
        return Refusal(f"No call is needed now. {stands.reason}", stands.next_step)
    if state.hold is not None or state.bill is not None or not state.calls_left:
        return Refusal(stands.reason, stands.next_step)
    return None


@_taken.register
def _(message: VerificationCallRequest, state: OrderState, now: datetime) -> OrderState:
    changes = message.model_dump(exclude_none=True)
    state = state.but(order=state.order.model_copy(update=changes)) if changes else state
    if state.call_wanted:
        return state
    state = state.but(
        call_wanted=True, call_asked=True, call_trouble=None, call_at=None, call_after=None
    )
    return state.noting(now, "The call was asked for.")


def call_settled(state: OrderState) -> bool:
    """Whether a request for a call has come to something that can be told."""
    soon = state.status in {"received", "pending-verification"}
    return not state.call_wanted or not soon or state.hold is not None or state.ended is not None


def call_answer(state: OrderState) -> Answer:
    """What a request for a call came to, once it is no longer open."""
    stands = standing(state)
    called = state.call_trouble is None and state.hold is None and state.ended is None
    called_now = "Twilio is calling the number."
    later = "Twilio will call the number as soon as it has checked the order."
    return Answer(
        taken=called,
        reason=(later if state.call_wanted else called_now) if called else stands.reason,
        next_step=stands.next_step,
        attempts_left=state.calls_left,
    )


_refusal.register(Amendment, amendments.refusal)
_taken.register(Amendment, amendments.taken)
_refusal.register(ProvidedDocument, provided_documents.refusal)
_taken.register(ProvidedDocument, provided_documents.taken)


@_refusal.register
def _(message: Resumption, state: OrderState, now: datetime) -> Refusal | None:
    del message, now
    stands = standing(state)
    if state.hold is not None or stands.waiting_for == "operator":
        return None
    return Refusal(f"The order is not on hold. {stands.reason}", stands.next_step)


@_taken.register
def _(message: Resumption, state: OrderState, now: datetime) -> OrderState:
    del message
    return going_on(state.noting(now, "Resumed."))


def going_on_answer(state: OrderState) -> Answer:
    """What a resumption came to."""
    stands = standing(state)
    return Answer(taken=True, reason="Taken.", next_step=stands.next_step)


@_refusal.register
def _(message: Cancellation, state: OrderState, now: datetime) -> Refusal | None:
    del message, now
    vanished = state.hold is not None and state.hold.kind == "vanished"
    if state.status in {None, "twilio-processing"} or state.status in DELETABLE or vanished:
        return None
    return Refusal(
        f"Twilio does not let an order go in the status {state.status}.",
        "Wait until it has completed, and off-board the number then."
        if state.status in {"carrier-processing", "testing"}
        else "Ask Twilio's support about it; cancel again once Twilio has moved the order.",
    )


@_taken.register
def _(message: Cancellation, state: OrderState, now: datetime) -> OrderState:
    del message
    if state.leaving == "cancelled":
        return state
    state = state.but(leaving="cancelled", hold=None)
    return state.noting(now, "A person asked to cancel the order.")


def cancel_settled(state: OrderState) -> bool:
    """Whether a cancellation has come to something that can be told."""
    checking = state.status == "twilio-processing"
    return state.leaving is None or state.ended is not None or state.hold is not None or checking


def cancel_answer(state: OrderState) -> Answer:
    """What a cancellation came to, once the order has ended or Twilio kept it."""
    stands = standing(state)
    leaving = state.leaving is not None and state.ended is None
    return Answer(
        taken=leaving or state.ended == "cancelled",
        reason=stands.reason,
        next_step=stands.next_step,
    )


@_taken.register
def _(message: OrderChanged, state: OrderState, now: datetime) -> OrderState:
    """A hint that says what is known already is no news; any other makes the order look.

    Any hint is also an occasion to see what time it is.
    """
    if state.edition > 1:
        state = without_dead_code(state, now)
    if message.status is not None and message.status == state.status and not state.stale:
        return state
    alone = not state.stale or state.hinted == message.status
    return state.but(stale=True, hinted=message.status if alone else None)
