"""The life of an order as pure rules: what we know, then what comes next.

``next_step`` decides, ``elapsed`` folds in what time brought, ``learning`` what an activity came to
and ``messages`` what people and machines say. No Temporal, no clock, no I/O: property tests drive
it, and the workflow is a loop around it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hosted_numbers import playbook, steps
from hosted_numbers.contract import Message
from hosted_numbers.order_state import (
    BILL_WANTED,
    CALLABLE,
    DELETABLE,
    LETTER_OUT,
    UNDER_WAY,
    OrderState,
)
from hosted_numbers.sharing import grouping, rejoins_at
from hosted_numbers.standing import standing


@dataclass(frozen=True)
class Pace:
    """How often an order looks at Twilio by itself; the values stand in ``workflows.policies``."""

    first_look: timedelta
    longest_look: timedelta
    swept_look: timedelta
    """After which an order asks whether the status sweep still looks for it."""
    second_look: timedelta
    """After Twilio did not find what it had: long enough for a hiccup to pass."""
    next_call: timedelta
    """After a call that could not be placed: long enough for a line to become free."""
    calls_tried: int
    """Calls in a row that could not be placed, until only a person asks for the next one."""
    reminders: tuple[timedelta, ...]
    """How long before its deadline an order that waits for a person reminds of it, descending."""
    rejoin: timedelta = timedelta(days=1)
    """After which an order tells its letter's group once more that it waits."""

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
        return Do(steps.FETCH_ORDER, _lookup(state, state.sid), "Look at the order")
    if state.sweep_doubted:
        return Do(steps.CHECK_SWEEP, steps.SweepCheck(), "Is the status sweep at work?")
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
    if state.update is not None:
        return Do(steps.UPDATE_ORDER, state.update, "Change the order at Twilio")
    return _verify(state, sid) or _support(state) or _authorize(state, sid)


def _verify(state: OrderState, sid: str) -> Do | None:
    """Prove who owns the number: by a code, by a bill, or by a call."""
    order, bill = state.order, state.bill
    if state.status == "pending-verification" and state.codes:
        submission = steps.CodeSubmission(sid=sid, code=state.codes[0].code)
        return Do(steps.SUBMIT_CODE, submission, "Hand in the verification code")
    if bill is not None and not bill.attached and state.status in BILL_WANTED:
        if bill.sid is not None:
            start = state.status != "action-required"
            attachment = steps.BillAttachment(sid=sid, document_sid=bill.sid, start=start)
            return Do(steps.ATTACH_BILL, attachment, "Have the order verified by the bill")
        if bill.file is not None:
            upload = steps.BillUpload(file=bill.file, bill_date=bill.bill_date)
            return Do(steps.UPLOAD_BILL, upload, "Bring the bill to Twilio")
    if state.status in CALLABLE and state.call_wanted:
        call = steps.CallPlacement(
            sid=sid,
            extension=order.extension,
            call_delay=order.call_delay,
            verification_type="phone-call" if state.verification_type == "phone-bill" else None,
        )
        return Do(steps.PLACE_CALL, call, "Have Twilio call the number")
    return None


def _support(state: OrderState) -> Do | None:
    """Create the next supporting document that is complete; they are reviewed side by side."""
    if state.status not in UNDER_WAY:
        return None
    for document in state.supporting:
        if document.ready:
            creation = steps.SupportingDocumentCreation(
                phone_number=state.order.phone_number,
                edition=document.edition,
                request=document.request,
            )
            summary = f"Create the {document.request.type.replace('_', ' ')} at Twilio"
            return Do(steps.FIND_OR_CREATE_DOCUMENT, creation, summary)
    return None


def _authorize(state: OrderState, sid: str) -> Do | None:
    """Have the Letter of Authorization signed: send it, or change the one that is out."""
    order, letter = state.order, state.authorization_document_sid
    fields = {
        "sid": sid,
        "address_sid": order.address_sid,
        "email": order.email,
        "contact_title": order.contact_title,
        "contact_phone_number": order.contact_phone_number,
        "cc_emails": order.cc_emails,
    }
    if state.status in LETTER_OUT and letter is not None and state.letter_change is not None:
        change = steps.AuthorizationChange.model_validate(
            fields | {"authorization_document_sid": letter}
        )
        if state.letter_change == "reopen":
            return Do(steps.REOPEN_AUTHORIZATION, change, "Withdraw the Letter of Authorization")
        return Do(steps.RESEND_AUTHORIZATION, change, "Send the changed Letter of Authorization")
    if letter is None and (step := grouping(state)) is not None:
        return Do(*step)
    lettered = state.status == "verified" or (state.status == "pending-loa" and state.letter_again)
    if lettered and letter is None and all(each.approved for each in state.supporting):
        if order.loa_group is not None:
            return None  # it goes out together with the others'
        request = steps.AuthorizationRequest.model_validate(fields)
        return Do(
            steps.FIND_OR_CREATE_AUTHORIZATION, request, "Send the Letter of Authorization out"
        )
    return None


def _lookup(state: OrderState, sid: str) -> steps.OrderLookup:
    reviewed = tuple(each.sid for each in state.supporting if each.sid and each.under_review)
    return steps.OrderLookup(
        sid=sid,
        authorization_document_sid=state.authorization_document_sid,
        supporting_document_sids=reviewed if state.status in UNDER_WAY else (),
        phone_number=state.order.phone_number if state.call_after else None,
        call_after=state.call_after,
    )


def _delete(state: OrderState) -> Do:
    deletion = steps.OrderDeletion(phone_number=state.order.phone_number, sid=state.sid)
    return Do(steps.DELETE_ORDER, deletion, "Delete the order at Twilio")


def _wait(state: OrderState, pace: Pace) -> Wait:
    moments = [state.deadline, _next_look(state, pace)]
    if state.code_expires_at is not None and not state.swept:
        moments.append(state.code_expires_at)  # else the sweep hints at it: it is the clock of all
    if state.call_at is not None and state.status in CALLABLE and state.hold is None:
        moments.append(state.call_at)
    if (reminder := _next_reminder(state, pace)) is not None:
        moments.append(reminder)
    if (rejoin := rejoins_at(state, pace.rejoin)) is not None:
        moments.append(rejoin)
    return Wait(min(moments), f"Waiting for {standing(state).waiting_for.replace('-', ' ')}")


def _next_look(state: OrderState, pace: Pace) -> datetime:
    if state.hold is not None and state.hold.retry_at is not None:
        return state.hold.retry_at
    if state.sid is None:
        return state.deadline  # nothing to look at: only a person brings this order on
    if (state.missing or state.letter_missing) and state.hold is None:
        return state.looked_at + pace.second_look
    return state.looked_at + (pace.swept_look if state.swept else pace.after(state.looks))


def _next_reminder(state: OrderState, pace: Pace) -> datetime | None:
    """When an order that waits for a person next reminds of its deadline."""
    if standing(state).waiting_for not in _PEOPLES:
        return None
    span = timedelta(days=state.order.deadline_days)
    due = [state.deadline - before for before in pace.reminders if before < span]
    return due[state.reminders] if state.reminders < len(due) else None


_PEOPLES: Final = frozenset({"verification-call", "document", "signature", "operator"})


def elapsed(state: OrderState, now: datetime, pace: Pace) -> OrderState:
    """What a wait that ran out brought: a dead code, a passed deadline, a look that is due."""
    state = without_dead_code(state, now)
    if now >= state.deadline:
        return _overdue(state, now)
    if state.call_at is not None and now >= state.call_at:
        state = state.but(call_wanted=state.calls_left > 0, call_at=None)
    if (rejoin := rejoins_at(state, pace.rejoin)) is not None and now >= rejoin:
        state = state.but(joined_at=None)
    state = _reminded(state, now, pace)
    if now >= _next_look(state, pace):
        if state.hold is not None and state.hold.retry_at is not None:
            state = state.but(hold=None)  # try again, but look first whether Twilio moved
        elif state.swept and not (state.missing or state.letter_missing):
            return state.but(sweep_doubted=True)
        return state.but(stale=state.sid is not None, looked_at=now)
    return state


def without_dead_code(state: OrderState, now: datetime) -> OrderState:
    """A code lives for ten minutes; then another call must be asked for."""
    if state.code_expires_at is None or now < state.code_expires_at:
        return state
    state = state.but(verification_code=None, code_expires_at=None)
    return state.noting(now, "The verification code expired after ten minutes.")


def _reminded(state: OrderState, now: datetime, pace: Pace) -> OrderState:
    """Reminders that are due by now, as one line of the timeline."""
    stands, given = standing(state), state.reminders
    while (moment := _next_reminder(state, pace)) is not None and now >= moment:
        state = state.but(reminders=state.reminders + 1)
    if state.reminders == given:
        return state
    until = f"{state.deadline:%Y-%m-%d %H:%M} UTC"
    return state.noting(now, f"Reminder, the deadline is {until}: {stands.reason}")


def _overdue(state: OrderState, now: datetime) -> OrderState:
    """The deadline passed: let the order go where Twilio does, else call for a person."""
    if state.sid is None or state.status in DELETABLE:
        state = state.but(leaving="overdue", stale=state.sid is not None, hold=None)
        later = timedelta(days=1)  # should Twilio not take the deletion, it is tried again then
        return state.but(deadline=now + later).noting(now, "The order's deadline passed.")
    later = timedelta(days=state.order.deadline_days)
    state = state.but(deadline=now + later, reminders=0, stale=True)
    return state.held("overdue", playbook.OVERDUE, now)


def starting(state: OrderState) -> OrderState:
    """An activity starts: what it will answer is newer than any hint so far."""
    return state.but(stale=False, hinted=None)
