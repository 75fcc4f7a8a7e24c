"""What a backend is told of an order, and when; pure.

One event for each change of the status or of the need, one for each reminder, exactly one for the
end. What was told last is part of the order's state, so it survives continue-as-new.
"""

import hashlib
from datetime import datetime
from typing import Final, NamedTuple

from hosted_numbers.contract import (
    BILL,
    NotificationData,
    NotificationEvent,
    NotificationType,
    Phase,
    WaitingFor,
)
from hosted_numbers.order_state import OrderState, Told
from hosted_numbers.playbook import triage
from hosted_numbers.standing import standing
from hosted_numbers.steps import OrderSnapshot, Outcome

PREFIX: Final = "notification/"

_BY_NEED: Final[dict[WaitingFor, NotificationType]] = {
    "verification-call": "order.waiting_for_call",
    "verification-code": "order.waiting_for_code",
    "document": "order.waiting_for_document",
    "document-review": "order.waiting_for_review",
    "signature": "order.waiting_for_signature",
    "carrier": "order.with_carrier",
    "operator": "order.on_hold",
}
_ENDINGS: Final[dict[Phase, NotificationType]] = {
    "completed": "order.completed",
    "failed": "order.failed",
    "cancelled": "order.cancelled",
}


def workflow_id(event_id: str) -> str:
    """The id of the workflow that delivers an event."""
    return PREFIX + event_id


def event_id_of(notification: str) -> str:
    """The event that the id of a ``Notification`` workflow names."""
    return notification.removeprefix(PREFIX)


class Need(NamedTuple):
    """What a settled order waits for.

    Attributes:
        waiting_for: as in ``Progress``.
        about: stable names: what is in the way, or the types of the documents that are wanted.
    """

    waiting_for: WaitingFor
    about: tuple[str, ...]


def need(state: OrderState) -> Need:
    """What the order waits for, told apart as finely as it matters to whoever acts."""
    waiting_for = standing(state).waiting_for
    if state.ended is not None:
        return Need(waiting_for, ())
    if state.hold is not None:
        return Need(waiting_for, (state.hold.kind,))
    if waiting_for == "operator":
        problem = state.status == "action-required"
        kind = triage(state.failure_reason).kind if problem else "calls-used-up"
        return Need(waiting_for, (kind,))
    if waiting_for == "document":
        wanted = [each.request.type for each in state.supporting if each.wanted]
        return Need(waiting_for, tuple(wanted) if state.status == "verified" else (BILL,))
    return Need(waiting_for, ())


def event_due(state: OrderState, run_id: str, now: datetime) -> NotificationEvent | None:
    """The event that a settled state makes due, None where a receiver could do nothing with it.

    Args:
        state: of an order that waits, or has ended.
        run_id: of the order's workflow, after which the event is named.
        now: workflow time.
    """
    due = _type_due(state)
    if due is None:
        return None
    stands, wanted = standing(state), need(state)
    told = state.told.status if state.told is not None else None
    return NotificationEvent(
        id=_event_id(state, due, run_id),
        type=due,
        timestamp=now,
        data=NotificationData(
            phone_number=state.order.phone_number,
            sid=state.sid,
            status=state.status,
            previous_status=told if told != state.status else None,
            phase=state.phase,
            waiting_for=wanted.waiting_for,
            about=wanted.about,
            deadline=stands.deadline,
            customer=state.order.customer,
        ),
    )


def _event_id(state: OrderState, due: NotificationType, run_id: str) -> str:
    """The event's name: the same when the same workflow task is tried again, else another.

    A task that is tried again, after a crash or a signal that came meanwhile, may find the order
    elsewhere than the try before, which has sent its event already: so what it says is part of the
    name, not its count alone.
    """
    wanted = need(state)
    said = "\n".join((due, state.status or "", wanted.waiting_for, *wanted.about))
    digest = hashlib.sha256(said.encode()).hexdigest()
    return f"{run_id}/{state.events + 1}-{digest[:8]}"


def told(state: OrderState) -> OrderState:
    """The same state, of which a backend has been told."""
    wanted = need(state)
    return state.but(
        events=state.events + 1,
        told=Told(
            status=state.status,
            waiting_for=wanted.waiting_for,
            about=wanted.about,
            deadline=state.deadline,
            reminders=state.reminders,
            ended=state.ended is not None,
        ),
    )


def heard(state: OrderState, outcome: Outcome) -> OrderState:
    """The same state with a worker's word on whether a backend wants to be told."""
    if isinstance(outcome, OrderSnapshot) and outcome.notifies is not None:
        return state.but(notifies=outcome.notifies)
    return state


def _type_due(state: OrderState) -> NotificationType | None:
    before = state.told
    if state.ended is not None:
        return None if before is not None and before.ended else _ENDINGS[state.ended]
    wanted = need(state)
    if state.hold is not None and wanted.waiting_for == "nothing":
        return None  # Twilio is away: the order tries again by itself
    if before is None:
        return _BY_NEED.get(wanted.waiting_for, "order.status_changed")
    if wanted != (before.waiting_for, before.about) and wanted.waiting_for in _BY_NEED:
        return _BY_NEED[wanted.waiting_for]
    if state.reminders and (state.deadline, state.reminders) != (before.deadline, before.reminders):
        return "order.reminder"
    passing = state.missing or state.leaving is not None
    released = before.waiting_for == "operator" and wanted.waiting_for == "nothing" and not passing
    return "order.status_changed" if released or state.status != before.status else None
