"""How the workflow of an order calls its activities, and what it makes of their failures."""

from typing import Any, Final, TypeVar

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from hosted_numbers import priorities, steps
from hosted_numbers.contract import Message, NotificationEvent
from hosted_numbers.lifecycle import Do
from hosted_numbers.steps import (
    DocumentSnapshot,
    GroupTold,
    OrderGone,
    OrderSnapshot,
    Outcome,
    SweepSeen,
    Trouble,
)
from workflows.policies import ACTIVITIES, AWAITED, LOCAL_LOOK, LOCAL_TELL, TELL, ActivityPolicy

T = TypeVar("T")

_OF_DOCUMENTS: Final = frozenset({steps.UPLOAD_BILL, steps.FIND_OR_CREATE_DOCUMENT})
_OF_GROUPS: Final = frozenset({steps.JOIN_LETTER_GROUP, steps.LEAVE_LETTER_GROUP})
_OF_ORDERS: Any = OrderSnapshot | OrderGone | None  # the SDK takes a union, its signature says type


async def call(step: Do, *, asked: bool = False) -> Outcome:
    """Run a step's activity.

    A look is first tried inside the workflow task; see ``policies.LOCAL_LOOK``.

    Args:
        step: what is to be done.
        asked: whether a person asked for just this, and waits.

    Raises:
        FailureError: it came to nothing; ``trouble`` says why.
    """
    if step.activity == steps.FETCH_ORDER:
        try:
            return await within_the_task(step.activity, step.argument, OrderSnapshot, step.summary)
        except FailureError as error:
            if (why := trouble(error)).kind in {"credentials", "not-found", "refused"}:
                return why
    if step.activity == steps.CHECK_SWEEP:
        return await _sweep_seen(step)
    if step.activity in _OF_GROUPS:
        return await _told(step.activity, step.argument, GroupTold, step.summary)
    policy = ACTIVITIES[step.activity]
    awaited = asked or step.activity in AWAITED
    answer: Outcome = await workflow.execute_activity(
        step.activity,
        step.argument,
        result_type=DocumentSnapshot if step.activity in _OF_DOCUMENTS else _OF_ORDERS,
        start_to_close_timeout=policy.attempt,
        schedule_to_close_timeout=policy.total,
        retry_policy=policy.retry,
        summary=step.summary,
        priority=priorities.AWAITED if awaited else Priority.default,
    )
    return answer


async def _sweep_seen(step: Do) -> SweepSeen:
    try:
        return await within_the_task(step.activity, step.argument, SweepSeen, step.summary)
    except FailureError:
        return SweepSeen(alive=False)


async def within_the_task(
    activity: str,
    argument: Message,
    answer: type[T],
    summary: str,
    policy: ActivityPolicy = LOCAL_LOOK,
) -> T:
    """Try an activity inside the workflow task: one event in the history in place of six.

    Raises:
        FailureError: it came to nothing.
    """
    told: T = await workflow.execute_local_activity(
        activity,
        argument,
        result_type=answer,
        start_to_close_timeout=policy.attempt,
        schedule_to_close_timeout=policy.total,
        retry_policy=policy.retry,
        summary=summary,
    )
    return told


async def _told(activity: str, argument: Message, answer: type[T], summary: str) -> T:
    """Tell another workflow something: inside the workflow task first."""
    told: T
    try:
        told = await within_the_task(activity, argument, answer, summary, LOCAL_TELL)
    except FailureError:
        told = await workflow.execute_activity(
            activity,
            argument,
            result_type=answer,
            start_to_close_timeout=TELL.attempt,
            schedule_to_close_timeout=TELL.total,
            retry_policy=TELL.retry,
            summary=summary,
        )
    return told


async def tell(event: NotificationEvent) -> bool:
    """Hand an event over to a workflow that delivers it; False where no backend wants it.

    Raises:
        FailureError: Temporal did not start that workflow.
    """
    return await _told(steps.START_NOTIFICATION, event, bool, f"Tell of {event.type}")


def trouble(error: FailureError) -> Trouble:
    """Why an activity came to nothing, as the error mapper of the activities wrote it down.

    A regular activity's failure comes wrapped in an ActivityError, a local one's as it is.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError):
        try:
            return Trouble.model_validate(cause.details[0])
        except (IndexError, ValidationError):
            return Trouble(kind="internal")
    return Trouble(kind="unreachable")


def log_trouble(step: Do, why: Trouble) -> None:
    """Write to the log that a step came to nothing, by codes alone."""
    keys: dict[str, str | int] = {"activity": step.activity, "kind": why.kind}
    if why.code is not None:
        keys["twilio_code"] = why.code
    if why.status is not None:
        keys["status"] = why.status
    workflow.logger.info("%s came to nothing", step.activity, extra=keys)
