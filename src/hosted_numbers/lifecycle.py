"""The life of an order as pure rules: what we know, then what comes next.

``next_step`` decides, ``elapsed`` folds in what time brought, ``learning`` what an activity came to
and ``messages`` what people and machines say. No Temporal, no clock, no I/O: property tests drive
it, and the workflow is a loop around it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hosted_numbers import playbook, steps
from hosted_numbers.contract import Message
from hosted_numbers.order_state import DELETABLE, OrderState
from hosted_numbers.standing import standing


@dataclass(frozen=True)
class Pace:
    """How often an order looks at Twilio by itself; the values stand in ``workflows.policies``."""

    first_look: timedelta
    longest_look: timedelta
    second_look: timedelta
    """After Twilio did not find an order that it had: long enough for a hiccup to pass."""

    def after(self, looks: int) -> timedelta:
        """The wait after so many looks that changed nothing: doubling, then level."""
        return min(self.first_look * (1 << min(looks, 30)), self.longest_look)


@dataclass(frozen=True)
class Do:
    """Run one activity."""

    activity: str
    argument: Message
    summary: str


@dataclass(frozen=True)
class Wait:
    """Wait for a message, at most until a moment."""

    until: datetime
    summary: str


def next_step(state: OrderState, pace: Pace) -> Do | Wait | None:
    """What comes next; None when the order has ended."""
    if state.ended is not None:
        return None
    if state.hold is not None and state.hold.retry_at is not None:
        return _wait(state, pace)
    if state.sid is None:
        return _without_order(state, pace)
    if state.stale:
        lookup = steps.OrderLookup(
            sid=state.sid, authorization_document_sid=state.authorization_document_sid
        )
        return Do(steps.FETCH_ORDER, lookup, "Look at the order")
    if state.leaving is not None and state.status in DELETABLE:
        return _delete(state)
    if state.hold is not None or state.leaving is not None:
        return _wait(state, pace)
    return _with_order(state, state.sid) or _wait(state, pace)


def _without_order(state: OrderState, pace: Pace) -> Do | Wait:
    if state.leaving is not None:
        return _delete(state)
    if state.hold is not None:
        return _wait(state, pace)
    return Do(steps.FIND_OR_CREATE_ORDER, state.order, "Create the order at Twilio")


def _with_order(state: OrderState, sid: str) -> Do | None:
    order = state.order
    if state.status == "pending-verification" and state.codes:
        submission = steps.CodeSubmission(sid=sid, code=state.codes[0].code)
        return Do(steps.SUBMIT_CODE, submission, "Hand in the verification code")
    if state.status in {"received", "pending-verification"} and state.call_wanted:
        call = steps.CallPlacement(sid=sid, extension=order.extension, call_delay=order.call_delay)
        return Do(steps.PLACE_CALL, call, "Have Twilio call the number")
    if state.status == "verified" and state.authorization_document_sid is None:
        request = steps.AuthorizationRequest(
            sid=sid,
            address_sid=order.address_sid,
            email=order.email,
            contact_title=order.contact_title,
            contact_phone_number=order.contact_phone_number,
            cc_emails=order.cc_emails,
        )
        return Do(
            steps.FIND_OR_CREATE_AUTHORIZATION, request, "Send the Letter of Authorization out"
        )
    return None


def _delete(state: OrderState) -> Do:
    deletion = steps.OrderDeletion(phone_number=state.order.phone_number, sid=state.sid)
    return Do(steps.DELETE_ORDER, deletion, "Delete the order at Twilio")


def _wait(state: OrderState, pace: Pace) -> Wait:
    moments = [state.deadline, _next_look(state, pace)]
    if state.code_expires_at is not None:
        moments.append(state.code_expires_at)
    return Wait(min(moments), f"Waiting for {standing(state).waiting_for.replace('-', ' ')}")


def _next_look(state: OrderState, pace: Pace) -> datetime:
    if state.hold is not None and state.hold.retry_at is not None:
        return state.hold.retry_at
    if state.sid is None:
        return state.deadline  # nothing to look at: only a person brings this order on
    if state.missing and state.hold is None:
        return state.looked_at + pace.second_look
    return state.looked_at + pace.after(state.looks)


def elapsed(state: OrderState, now: datetime, pace: Pace) -> OrderState:
    """What a wait that ran out brought: a dead code, a passed deadline, a look that is due."""
    if state.code_expires_at is not None and now >= state.code_expires_at:
        state = state.but(verification_code=None, code_expires_at=None)
        state = state.noting(now, "The verification code expired after ten minutes.")
    if now >= state.deadline:
        return _overdue(state, now)
    if now >= _next_look(state, pace):
        if state.hold is not None and state.hold.retry_at is not None:
            state = state.but(hold=None)  # try again, but look first whether Twilio moved
        return state.but(stale=state.sid is not None, looked_at=now)
    return state


def _overdue(state: OrderState, now: datetime) -> OrderState:
    """The deadline passed: let the order go where Twilio does, else call for a person."""
    if state.sid is None or state.status in DELETABLE:
        state = state.but(leaving="overdue", stale=state.sid is not None, hold=None)
        later = timedelta(days=1)  # should Twilio not take the deletion, it is tried again then
        return state.but(deadline=now + later).noting(now, "The order's deadline passed.")
    later = timedelta(days=state.order.deadline_days)
    state = state.but(deadline=now + later, stale=True)
    return state.held("overdue", playbook.OVERDUE, now)


def starting(state: OrderState) -> OrderState:
    """An activity starts: what it will answer is newer than any hint so far."""
    return state.but(stale=False, hinted=None)
