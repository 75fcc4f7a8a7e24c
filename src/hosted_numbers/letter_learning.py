"""What the Letter of Authorization came to, folded into the state of its order; pure."""

from datetime import datetime
from typing import Final

from hosted_numbers import playbook, steps
from hosted_numbers.going_on import letter_is_dead
from hosted_numbers.lifecycle import Do
from hosted_numbers.order_state import LETTER_OUT, SIGNED, OrderState
from hosted_numbers.sharing import shared_play

_SIGNED_BEFORE: Final = "The letter was signed before it could be changed."
_FIXED: Final = "Twilio lets nobody change the Letter of Authorization any more."


def letter_seen(state: OrderState, now: datetime) -> OrderState:
    """What a look at the order tells of its letter: one that nobody will sign needs a person."""
    if state.status in SIGNED and state.letter_change is not None:
        state = state.but(letter_trouble=_SIGNED_BEFORE).noting(now, _SIGNED_BEFORE)
    if state.status not in LETTER_OUT:
        return state.but(letter_change=None, letter_again=False, letter_missing=False)
    if state.authorization_document_sid is None:
        state = state.but(letter_change=None)  # a new letter says what the order says by then
    else:
        state = state.but(letter_again=False)
    match state.authorization_document_status:
        case "canceled":
            return _dead(state, "authorization-declined", playbook.LOA_DECLINED, now)
        case "failed":
            return _dead(state, "authorization-failed", playbook.LOA_FAILED, now)
        case "missing" if state.letter_missing:
            return _dead(state, "authorization-missing", playbook.LOA_MISSING, now)
        case "missing":
            return state.but(letter_missing=True, stale=False)  # it is looked for once more
        case "opened" if _is_astray(state):
            return state.held("authorization-withdrawn", playbook.LOA_WITHDRAWN, now)
        case "signing" | "signed" if state.hold is not None and _is_back(state, state.hold.kind):
            return state.but(letter_missing=False, hold=None).noting(
                now, "The letter is out again."
            )
        case _:
            return state.but(letter_missing=False)


_BACK_OUT: Final = frozenset({"authorization-withdrawn", "authorization-missing"})
"""Holds that are past when the letter turns up again, sent in Twilio's console for instance."""


def _is_astray(state: OrderState) -> bool:
    """Whether a withdrawn letter is with nobody; one that is shared is its group's business."""
    return state.letter_change is None and state.leaving is None and state.letter_group is None


def _is_back(state: OrderState, hold: str) -> bool:
    """Whether a living letter ends a hold; a group has its dead letter issued anew for all."""
    return hold in _BACK_OUT or (state.letter_group is not None and letter_is_dead(state))


def _dead(state: OrderState, kind: str, play: playbook.Play, now: datetime) -> OrderState:
    state = state.but(letter_change=None, letter_missing=False)
    return state.held(kind, shared_play(state, play), now)


def letter_changed(state: OrderState, step: Do, now: datetime) -> OrderState:
    """What a step of changing the letter that is out came to, once Twilio told where it stands."""
    if state.hold is not None or state.letter_change is None:
        return state
    if step.activity == steps.REOPEN_AUTHORIZATION:
        if state.authorization_document_status == "opened":
            state = state.but(letter_change="resend")
            return state.noting(now, "The Letter of Authorization was withdrawn to be changed.")
        return too_late_for_letter(state, now)
    state = state.noting(now, "The changed Letter of Authorization is out for signature.")
    return state.but(letter_change=None if _as_wanted(state, step) else "reopen")


def changed_meanwhile(state: OrderState, step: Do) -> OrderState:
    """A letter that went out is changed, where the order was amended while it was sent."""
    out = state.status == "pending-loa" and state.authorization_document_sid is not None
    return state if not out or _as_wanted(state, step) else state.but(letter_change="reopen")


def too_late_for_letter(state: OrderState, now: datetime) -> OrderState:
    """Twilio lets nobody change the letter (22107): it is looked at anew."""
    state = state.but(letter_change=None, letter_trouble=_FIXED, stale=True)
    return state.noting(now, _FIXED)


def _as_wanted(state: OrderState, step: Do) -> bool:
    """Whether what was sent is what the order says now, after amendments that came meanwhile."""
    sent = step.argument.model_dump()
    wanted = state.order.model_dump()
    fields = ("address_sid", "email", "contact_title", "contact_phone_number", "cc_emails")
    return all(sent[name] == wanted[name] for name in fields)
