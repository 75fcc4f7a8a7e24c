"""What an activity came to, folded into the state of an order; pure, like ``lifecycle``."""

from datetime import datetime, timedelta
from typing import Final

from hosted_numbers import playbook, steps
from hosted_numbers.amendments import amended_meanwhile
from hosted_numbers.contract import Answer
from hosted_numbers.document_learning import (
    bill_attached,
    bill_followed,
    bill_refused,
    document_answered,
    documents_seen,
    without_stranded_bill,
)
from hosted_numbers.letter_learning import (
    changed_meanwhile,
    letter_changed,
    letter_seen,
    too_late_for_letter,
)
from hosted_numbers.lifecycle import Do, Pace
from hosted_numbers.order_state import CALLABLE, CALLS_ALLOWED, CODE_LIFE, DELETABLE, OrderState
from hosted_numbers.playbook import Play
from hosted_numbers.sharing import group_told
from hosted_numbers.standing import moved_to, standing
from hosted_numbers.steps import (
    DocumentSnapshot,
    GroupTold,
    OrderGone,
    OrderSnapshot,
    Outcome,
    SweepSeen,
    Trouble,
)


def learn(state: OrderState, step: Do, outcome: Outcome, now: datetime, pace: Pace) -> OrderState:
    """What an activity came to.

    Args:
        state: as it is now, messages that came meanwhile included.
        step: what was done.
        outcome: what Twilio says now, why it came to nothing, or None for an order that is gone.
        now: the workflow's time.
        pace: for the time of the next try.
    """
    state = state.forgetting()
    match outcome:
        case Trouble():
            state = _troubled(state, step, outcome, now, pace)
        case DocumentSnapshot():
            state = document_answered(state, step, outcome, now)
        case OrderSnapshot():
            state = _done(state, _heard(state, step, outcome, now), step, outcome, now)
        case SweepSeen(alive=True):
            state = state.but(sweep_doubted=False, looked_at=now)
        case SweepSeen():  # from now on the order looks for itself
            state = state.but(sweep_doubted=False, swept=False, stale=True)
        case GroupTold():
            state = group_told(state, step.activity, step.argument, now)
        case OrderGone() | None:  # None: what an earlier release's activity said
            state = _gone(state, outcome, now)
    return without_stranded_bill(_without_stranded_codes(state))


def _heard(state: OrderState, step: Do, snapshot: OrderSnapshot, now: datetime) -> OrderState:
    """Take over what Twilio says."""
    moved = snapshot.status != state.status
    failure_reason = state.failure_reason
    document = snapshot.authorization_document_sid
    if document is None and step.activity == steps.UPDATE_ORDER:
        document = state.authorization_document_sid  # its answer does not look for the letter
    letter_status = snapshot.authorization_document_status
    voided = state.voided_document_sid
    if document is not None and document == voided:
        # done with, unless it turns up again: one that lives is never followed by a second one
        document, voided = (document, None) if letter_status in _ALIVE else (None, voided)
    called = step.activity == steps.PLACE_CALL or snapshot.calls_placed != state.calls_seen
    found = state.hold is not None and state.hold.kind == "vanished"
    state = state.but(
        hold=None if found else state.hold,
        sid=snapshot.sid,
        operator_url=snapshot.operator_url or state.operator_url,
        status=snapshot.status,
        failure_reason=snapshot.failure_reason,
        missing=False,
        looked_at=now,
        looks=0 if moved else state.looks + 1,
        swept=state.swept if snapshot.swept is None else snapshot.swept,
        stale=state.stale and state.hinted != snapshot.status,
        calls_placed=snapshot.calls_placed
        if snapshot.calls_placed != state.calls_seen
        else state.calls_placed,
        calls_seen=snapshot.calls_placed,
        verification_type=snapshot.verification_type,
        document_sid=snapshot.verification_document_sid,
        call_wanted=(state.call_wanted or state.call_suspended)
        and not (state.call_in_doubt and (called or moved)),
        call_suspended=False,
        call_in_doubt=False,
        authorization_document_sid=document,
        authorization_document_status=letter_status if document else None,
        voided_document_sid=voided,
    )
    if moved:
        state = _moved(state, now)
    state = _kept_by_twilio(state, now)
    state = _with_code(state, snapshot.verification_code, now, new_call=called or moved)
    news = moved or state.failure_reason != failure_reason
    state = bill_followed(_planned(state, snapshot, now), news=news, now=now)
    return letter_seen(documents_seen(state, snapshot, now), now)


_ALIVE: Final = frozenset({"opened", "signing", "signed"})
"""Statuses of a letter that is, or can be, with its signer (AuthorizationDocument page)."""


def _planned(state: OrderState, snapshot: OrderSnapshot, now: datetime) -> OrderState:
    """Plan a call in business hours, once Twilio is ready for it."""
    if state.status not in CALLABLE or state.call_after is None or snapshot.call_from is None:
        return state
    state = state.but(call_after=None)
    if not state.calls_left:
        return state
    if snapshot.call_from <= now:
        return state.but(call_wanted=True)
    moment = f"{snapshot.call_from:%Y-%m-%d %H:%M} UTC"
    state = state.but(call_at=snapshot.call_from)
    return state.noting(now, f"The call is planned in the line's business hours, at {moment}.")


def _moved(state: OrderState, now: datetime) -> OrderState:
    """Twilio moved the order: what held it up is past, and its deadline starts anew."""
    days = timedelta(days=state.order.deadline_days)
    state = state.but(hold=None, deadline=now + days, reminders=0)
    if state.status == "verified":
        state = state.but(joined_at=None)  # its group may have let it go while it was elsewhere
    state = state.noting(now, moved_to(state.status or ""))
    if state.status not in CALLABLE | {"twilio-processing"}:
        state = state.but(call_wanted=False, call_at=None, call_after=None)
    if state.leaving == "overdue":
        state = state.but(leaving=None)
    if state.status == "completed":
        return state.but(ended="completed")
    if state.status == "failed":
        return state.but(ended="failed")
    return state


def _kept_by_twilio(state: OrderState, now: datetime) -> OrderState:
    """Twilio lets an order go in few statuses only: in any other it goes on."""
    if state.leaving != "cancelled" or state.status in DELETABLE | {"twilio-processing"}:
        return state
    return state.but(leaving=None).noting(now, "It is too late to cancel the order.")


def _with_code(state: OrderState, code: str | None, now: datetime, *, new_call: bool) -> OrderState:
    """The code to show and its life: ten minutes from its first call; a later call repeats it."""
    if state.status != "pending-verification":
        return state.but(verification_code=None, code_expires_at=None)
    if new_call and (state.code_expires_at is None or code != state.verification_code):
        return state.but(verification_code=code, code_expires_at=now + CODE_LIFE)
    return state.but(verification_code=code if state.code_expires_at else None)


def _done(
    before: OrderState, state: OrderState, step: Do, snapshot: OrderSnapshot, now: datetime
) -> OrderState:
    match step.activity:
        case steps.FIND_OR_CREATE_ORDER:
            return amended_meanwhile(_ordered(state, snapshot, now), step)
        case steps.UPDATE_ORDER:
            state = state.noting(now, "Twilio has the changes of the order.")
            return state.but(update=None if state.update == step.argument else state.update)
        case steps.PLACE_CALL:
            # Twilio's count is believed when it moves; where it does not, ours bounds the calls
            calls = max(state.calls_placed, before.calls_placed + 1)
            state = state.but(
                call_wanted=False, call_trouble=None, call_failures=0, calls_placed=calls
            )
            return state.noting(now, f"Twilio called the number ({state.calls_left} calls left).")
        case steps.SUBMIT_CODE if state.codes:
            return _judged(before, state, snapshot, now)
        case steps.FIND_OR_CREATE_AUTHORIZATION:
            state = state.noting(now, "The Letter of Authorization is out for signature.")
            return changed_meanwhile(state, step)
        case steps.ATTACH_BILL:
            return bill_attached(state, step, now)
        case steps.REOPEN_AUTHORIZATION | steps.RESEND_AUTHORIZATION:
            return letter_changed(state, step, now)
        case _:
            return state


def _ordered(state: OrderState, snapshot: OrderSnapshot, now: datetime) -> OrderState:
    """The order is at Twilio, made just now or found."""
    if snapshot.previous_sid is not None:
        state = state.noting(
            now, f"Twilio failed the number's order before, {snapshot.previous_sid}."
        )
    return state.but(call_wanted=False, call_after=None) if state.calls_placed else state


def _judged(
    before: OrderState, state: OrderState, snapshot: OrderSnapshot, now: datetime
) -> OrderState:
    ticket = state.codes[0].ticket
    if snapshot.code_accepted:
        state = state.noting(now, "The verification code was right.")
        answer = Answer(
            taken=True,
            reason="The code is right: the number's ownership is verified.",
            next_step=standing(state).next_step,
            attempts_left=state.calls_left,
        )
        return state.judging(ticket, answer)
    alive = before.code_expires_at is not None and now < before.code_expires_at
    wrong = "The code is wrong." if alive else "The code has expired: it lives for ten minutes."
    again = "Enter it again as it was heard, or ask" if alive else "Ask"
    answer = Answer(
        taken=False,
        reason=f"{wrong} (Twilio 22113)",
        next_step=f"{again} for another call; {state.calls_left} calls are left."
        if state.calls_left
        else "No call is left: write to " + playbook.SUPPORT + ".",
        attempts_left=state.calls_left,
    )
    return state.noting(now, "A verification code was wrong or expired.").judging(ticket, answer)


def _gone(state: OrderState, outcome: OrderGone | None, now: datetime) -> OrderState:
    """The order is deleted at Twilio, as we wished."""
    if outcome is not None and outcome.letter != "none":
        state = state.noting(now, _LETTERS_LEFT[outcome.letter])
    if state.leaving == "cancelled":
        return state.but(ended="cancelled").noting(now, "The order was cancelled.")
    reason = f"The order stood still for {state.order.deadline_days} days, its deadline."
    state = state.but(ended="failed", failure_reason=reason)
    return state.noting(now, "The order was given up at its deadline.")


_LETTERS_LEFT: Final = {
    "withdrawn": "The Letter of Authorization was withdrawn from its signer.",
    "shared": "The Letter of Authorization stays out: other orders are on it.",
}


_CREATING: Final = frozenset(
    {steps.FIND_OR_CREATE_ORDER, steps.FIND_OR_CREATE_DOCUMENT, steps.UPLOAD_BILL}
)
"""Where a 404 speaks of the API as a whole, as nothing is named that could be missing."""


def _troubled(
    state: OrderState, step: Do, trouble: Trouble, now: datetime, pace: Pace
) -> OrderState:
    """An activity came to nothing."""
    state = state.but(looked_at=now, looks=state.looks + 1)
    creating = step.activity in _CREATING
    play = playbook.play(trouble, creating=creating)
    if step.activity == steps.PLACE_CALL and trouble.kind == "refused":
        return _uncalled(state, trouble, play, now, pace)
    if step.activity in {steps.UPLOAD_BILL, steps.ATTACH_BILL} and trouble.kind == "refused":
        return _bill_not_taken(state, trouble, play, now)
    if step.activity == steps.FIND_OR_CREATE_DOCUMENT and trouble.kind == "refused":
        refused = DocumentSnapshot(type=_type_of(step), reason=play.reason)
        return document_answered(state, step, refused, now)
    if step.activity in _LETTER_CHANGES and trouble.code == _LETTER_FIXED:
        return too_late_for_letter(state, now)
    if step.activity == steps.DELETE_ORDER and trouble.kind == "refused":
        state = state.but(leaving=None, stale=True)
        return state.held("not-deletable", playbook.NOT_DELETABLE, now)
    if trouble.kind == "not-found" and not creating:
        return _unfound(state, now)
    if trouble.kind in {"unreachable", "internal"}:
        # what was sent may have been carried out: look before anything is sent again
        called = step.activity == steps.PLACE_CALL
        state = state.but(stale=True, call_in_doubt=called or state.call_in_doubt)
    if trouble.kind == "refused":
        return state.held(f"refused-{trouble.code or trouble.status}", play, now)
    pause = timedelta(seconds=trouble.retry_after or 0)
    retry_at = now + min(max(pause, pace.after(state.looks - 1)), pace.longest_look)
    kind = "no-access" if trouble.kind == "not-found" else trouble.kind
    return state.held(kind, play, now, retry_at=retry_at)


def _uncalled(
    state: OrderState, trouble: Trouble, play: Play, now: datetime, pace: Pace
) -> OrderState:
    """Twilio placed no call. A call rings a real phone: only a person asks for another one.

    A line that was busy or out of reach (22123) did not ring, so it is tried again by itself, a few
    times with hours between.
    """
    state = state.but(call_wanted=False, call_trouble=play.reason, stale=True)
    if trouble.code == _CALLS_USED_UP:
        state = state.but(calls_placed=max(state.calls_placed, CALLS_ALLOWED))
    state = state.noting(now, play.reason)
    if trouble.code != NOT_PLACED or state.call_asked or state.order.call_when == "asked":
        return state
    if state.bill is not None:  # it came while the line was busy, and proves ownership now
        return state
    state = state.but(call_failures=state.call_failures + 1)
    if state.call_failures >= pace.calls_tried:
        return state
    if state.order.call_when == "business-hours":
        return state.but(call_after=now + pace.next_call)
    return state.but(call_at=now + pace.next_call)


_CALLS_USED_UP: Final = 22100
NOT_PLACED: Final = 22123
_LETTER_FIXED: Final = 22107
_STATE_RACES: Final = frozenset({22111, 22112})
_LETTER_CHANGES: Final = frozenset({steps.REOPEN_AUTHORIZATION, steps.RESEND_AUTHORIZATION})


def _bill_not_taken(state: OrderState, trouble: Trouble, play: Play, now: datetime) -> OrderState:
    """Twilio takes the bill for no proof, or the order was not where one can be attached."""
    reason = (
        "The order moved before the bill could be attached."
        if (trouble.code in _STATE_RACES)
        else play.reason
    )
    return bill_refused(state.but(stale=True), reason, now)


def _type_of(step: Do) -> str:
    creation = step.argument
    return creation.request.type if isinstance(creation, steps.SupportingDocumentCreation) else ""


def _unfound(state: OrderState, now: datetime) -> OrderState:
    """Twilio does not find the order: look once more before a person is called."""
    if state.leaving is not None:
        return _gone(state, None, now)
    if state.missing:
        return state.held("vanished", playbook.VANISHED, now)
    state = state.but(missing=True, stale=False)
    if state.call_in_doubt and state.call_wanted:
        # it may have rung already: that is to be known before another call is placed
        return state.but(call_wanted=False, call_suspended=True)
    return state


_NOT_JUDGED: Final = "Twilio has not judged the code."


def _without_stranded_codes(state: OrderState) -> OrderState:
    """Codes that will not be handed in any more are given back, each with the reason."""
    waits = state.hold is None and state.ended is None
    asked = state.status == "pending-verification" or (
        state.status == "received" and state.call_wanted
    )
    if waits and asked:
        return state
    stands = standing(state)
    for pending in state.codes:
        answer = Answer(
            taken=False,
            reason=f"{_NOT_JUDGED} {stands.reason}",
            next_step=stands.next_step,
            attempts_left=state.calls_left,
        )
        state = state.judging(pending.ticket, answer)
    return state
