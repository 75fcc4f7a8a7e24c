"""How an order goes on after a person mended what was in its way; pure."""

from typing import Final

from hosted_numbers.order_state import OrderState
from hosted_numbers.standing import standing

_DEAD_LETTER: Final = frozenset(
    {"authorization-declined", "authorization-failed", "authorization-missing"}
)


def letter_is_dead(state: OrderState) -> bool:
    """Whether the order is on hold for a letter that nobody can sign any more."""
    return state.hold is not None and state.hold.kind in _DEAD_LETTER


def going_on(state: OrderState) -> OrderState:
    """What was in the way is mended: a dead letter is done with, and Twilio is looked at anew."""
    if state.hold is None and standing(state).waiting_for != "operator":
        return state
    if state.hold is not None and state.hold.kind == "authorization-withdrawn":
        state = state.but(letter_change="resend")
    elif letter_is_dead(state):
        state = state.but(
            voided_document_sid=state.authorization_document_sid,
            authorization_document_sid=None,
            authorization_document_status=None,
            letter_change=None,
            letter_again=state.status == "pending-loa",
            joined_at=None,
        )
    return state.but(hold=None, looks=0, missing=False, stale=state.sid is not None)
