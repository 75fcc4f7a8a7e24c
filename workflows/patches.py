"""What later releases do differently, kept from the histories of orders that began before.

Each rule that leads to other commands than an earlier release's stands here with its patch id. A
patch may go, by ``workflow.deprecate_patch``, once no order that began before it is open. Orders of
edition 2 began after all of these, and are not asked: a patch costs two events.
"""

from typing import Final

from temporalio import workflow

from hosted_numbers import steps
from hosted_numbers.learning import NOT_PLACED
from hosted_numbers.lifecycle import Do
from hosted_numbers.order_state import OrderState
from hosted_numbers.steps import Outcome, Trouble

REPAIRS: Final = "0.2-repairs"
"""An amendment is told to Twilio, also one that came while the order was created or the letter was
sent; a letter that died in pending-loa is sent again."""

BUSY_LINES: Final = "0.2-busy-lines"
"""A call that could not be placed is tried again hours later."""

LOST_ORDERS: Final = "0.2-lost-orders"
"""While Twilio does not find an order, a call in doubt is not placed again; when it finds it at the
carrier, the order is no longer cancelled."""


NOTIFICATIONS: Final = "0.3-notifications"
"""A backend is told of the order's news, as soon as a worker's answer says that it wants to be."""

EARLY_NOTIFICATIONS: Final = "0.3-early-notifications"
"""The same while Twilio does not have the order and no answer has said so: it is tried. An id of
its own, because a patch that a replay found absent stays so: an order of 0.2 that was on hold then
is told of all the same once Twilio has it."""


def tells(state: OrderState) -> bool:
    """Whether this order's news are told, by the rules under which its history was begun."""
    if state.notifies:
        return _holds(NOTIFICATIONS, state)
    return state.sid is None and _holds(EARLY_NOTIFICATIONS, state)


def message_taken(before: OrderState, after: OrderState) -> OrderState:
    """The state after a message, by the rules under which this history was begun."""
    if _repairs(before, after) and not _holds(REPAIRS, after):
        return _unrepaired(before, after)
    return after


def outcome_learnt(before: OrderState, step: Do, outcome: Outcome, after: OrderState) -> OrderState:
    """The state after an activity, by the rules under which this history was begun."""
    refused = isinstance(outcome, Trouble) and outcome.code == NOT_PLACED
    if refused and step.activity == steps.PLACE_CALL and not _holds(BUSY_LINES, after):
        after = after.but(call_at=None, call_after=None)
    if _repairs(before, after) and not _holds(REPAIRS, after):
        after = _unrepaired(before, after)
    if after.call_suspended and not _holds(LOST_ORDERS, after):
        after = after.but(call_wanted=True, call_suspended=False)
    kept = before.leaving == "cancelled" and after.leaving is None and after.ended is None
    if kept and after.status == before.status and step.activity == steps.FETCH_ORDER:
        after = after if _holds(LOST_ORDERS, after) else after.but(leaving="cancelled")
    return after


def _holds(patch: str, state: OrderState) -> bool:
    """Whether a rule that came by a patch holds for an order."""
    return state.edition > 1 or workflow.patched(patch)


def _repairs(before: OrderState, after: OrderState) -> bool:
    """Whether a repair begins that 0.1.0 did not make."""
    return (
        (after.update is not None and before.update is None)
        or (after.letter_again and not before.letter_again)
        or (after.letter_change is not None and before.letter_change is None)
    )


def _unrepaired(before: OrderState, after: OrderState) -> OrderState:
    return after.but(
        update=before.update,
        letter_again=before.letter_again,
        letter_change=before.letter_change,
    )
