"""What an activity came to, folded into the state of an order; pure, like ``lifecycle``."""

from datetime import datetime, timedelta
from typing import Final

from hosted_numbers import playbook, steps
from hosted_numbers.contract import Answer
from hosted_numbers.lifecycle import Do, Pace
from hosted_numbers.order_state import CALLS_ALLOWED, CODE_LIFE, DELETABLE, OrderState
from hosted_numbers.playbook import Play
from hosted_numbers.standing import moved_to, standing
from hosted_numbers.steps import OrderSnapshot, Trouble

DEAD_DOCUMENT: Final = frozenset({"canceled", "failed"})


def learn(
    state: OrderState, step: Do, outcome: OrderSnapshot | Trouble | None, now: datetime, pace: Pace
) -> OrderState:
    """What an activity came to.

    Args:
        state: as it is now, messages that came meanwhile included.
        step: what was done.
        outcome: what Twilio says now, why it came to nothing, or None for an order that is gone.
        now: the workflow's time.
        pace: for the time of the next try.
    """
    if isinstance(outcome, Trouble):
        state = _troubled(state, step, outcome, now, pace)
    elif outcome is None:
        state = _gone(state, now)
    else:
        state = _done(state, _heard(state, step, outcome, now), step, outcome, now)
    return _without_stranded_codes(state)


def _heard(state: OrderState, step: Do, snapshot: OrderSnapshot, now: datetime) -> OrderState:
    """Take over what Twilio says."""
    moved = snapshot.status != state.status
    document = snapshot.authorization_document_sid
    if document == state.voided_document_sid:
        document = None
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
        stale=state.stale and state.hinted != snapshot.status,
        calls_placed=snapshot.calls_placed
        if snapshot.calls_placed != state.calls_seen
        else state.calls_placed,
        calls_seen=snapshot.calls_placed,
        call_wanted=state.call_wanted and not (state.call_in_doubt and (called or moved)),
        call_in_doubt=False,
        authorization_document_sid=document,
        authorization_document_status=snapshot.authorization_document_status if document else None,
    )
    if moved:
        state = _moved(state, now)
    state = _with_code(state, snapshot.verification_code, now, new_call=called or moved)
    return _with_document(state, now)


def _moved(state: OrderState, now: datetime) -> OrderState:
    """Twilio moved the order: what held it up is past, and its deadline starts anew."""
    days = timedelta(days=state.order.deadline_days)
    state = state.but(hold=None, deadline=now + days).noting(now, moved_to(state.status or ""))
    if state.leaving == "overdue":
        state = state.but(leaving=None)
    if state.leaving == "cancelled" and state.status not in DELETABLE | {"twilio-processing"}:
        state = state.but(leaving=None).noting(now, "It is too late to cancel the order.")
    if state.status == "completed":
        return state.but(ended="completed")
    if state.status == "failed":
        return state.but(ended="failed")
    return state


def _with_document(state: OrderState, now: datetime) -> OrderState:
    """A Letter of Authorization that nobody will sign any more needs a person."""
    if (
        state.status not in {"verified", "pending-loa"}
        or state.authorization_document_status not in DEAD_DOCUMENT
    ):
        return state
    if state.authorization_document_status == "canceled":
        return state.held("authorization-declined", playbook.LOA_DECLINED, now)
    return state.held("authorization-failed", playbook.LOA_FAILED, now)


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
        case steps.FIND_OR_CREATE_ORDER if state.calls_placed:
            return state.but(call_wanted=False)  # an order that was there already, and called
        case steps.PLACE_CALL:
            # Twilio's count is believed when it moves; where it does not, ours bounds the calls
            calls = max(state.calls_placed, before.calls_placed + 1)
            state = state.but(call_wanted=False, call_trouble=None, calls_placed=calls)
            return state.noting(now, f"Twilio called the number ({state.calls_left} calls left).")
        case steps.SUBMIT_CODE if state.codes:
            return _judged(before, state, snapshot, now)
        case steps.FIND_OR_CREATE_AUTHORIZATION:
            return state.noting(now, "The Letter of Authorization is out for signature.")
        case _:
            return state


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


def _gone(state: OrderState, now: datetime) -> OrderState:
    """The order is deleted at Twilio, as we wished."""
    if state.leaving == "cancelled":
        return state.but(ended="cancelled").noting(now, "The order was cancelled.")
    reason = f"The order stood still for {state.order.deadline_days} days, its deadline."
    state = state.but(ended="failed", failure_reason=reason)
    return state.noting(now, "The order was given up at its deadline.")


def _troubled(
    state: OrderState, step: Do, trouble: Trouble, now: datetime, pace: Pace
) -> OrderState:
    """An activity came to nothing."""
    state = state.but(looked_at=now, looks=state.looks + 1)
    creating = step.activity == steps.FIND_OR_CREATE_ORDER
    play = playbook.play(trouble, creating=creating)
    if step.activity == steps.PLACE_CALL and trouble.kind == "refused":
        return _uncalled(state, trouble, play, now)
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


def _uncalled(state: OrderState, trouble: Trouble, play: Play, now: datetime) -> OrderState:
    """Twilio placed no call. A call rings a real phone: only a person asks for the next one."""
    state = state.but(call_wanted=False, call_trouble=play.reason, stale=True)
    if trouble.code == _CALLS_USED_UP:
        state = state.but(calls_placed=max(state.calls_placed, CALLS_ALLOWED))
    return state.noting(now, play.reason)


_CALLS_USED_UP: Final = 22100


def _unfound(state: OrderState, now: datetime) -> OrderState:
    """Twilio does not find the order: look once more before a person is called."""
    if state.leaving is not None:
        return _gone(state, now)
    if state.missing:
        return state.held("vanished", playbook.VANISHED, now)
    return state.but(missing=True, stale=False)


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
