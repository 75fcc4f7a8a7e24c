"""How the workflow of an order calls its activities, and what it makes of their failures."""

from typing import Any, Final

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from hosted_numbers import steps
from hosted_numbers.contract import NotificationEvent
from hosted_numbers.lifecycle import Do
from hosted_numbers.steps import DocumentSnapshot, OrderGone, OrderSnapshot, Outcome, Trouble
from workflows.policies import ACTIVITIES, LOCAL_LOOK, LOCAL_TELL, TELL

_OF_DOCUMENTS: Final = frozenset({steps.UPLOAD_BILL, steps.FIND_OR_CREATE_DOCUMENT})
_OF_ORDERS: Any = OrderSnapshot | OrderGone | None  # the SDK takes a union, its signature says type


async def call(step: Do) -> Outcome:
    """Run a step's activity.

    A look is first tried inside the workflow task; see ``policies.LOCAL_LOOK``.

    Raises:
        FailureError: it came to nothing; ``trouble`` says why.
    """
    if step.activity == steps.FETCH_ORDER:
        try:
            return await _look(step)
        except FailureError as error:
            if (why := trouble(error)).kind in {"credentials", "not-found", "refused"}:
                return why
    policy = ACTIVITIES[step.activity]
    answer: Outcome = await workflow.execute_activity(
        step.activity,
        step.argument,
        result_type=DocumentSnapshot if step.activity in _OF_DOCUMENTS else _OF_ORDERS,
        start_to_close_timeout=policy.attempt,
        schedule_to_close_timeout=policy.total,
        retry_policy=policy.retry,
        summary=step.summary,
    )
    return answer


async def _look(step: Do) -> OrderSnapshot:
    answer: OrderSnapshot = await workflow.execute_local_activity(
        step.activity,
        step.argument,
        result_type=OrderSnapshot,
        start_to_close_timeout=LOCAL_LOOK.attempt,
        schedule_to_close_timeout=LOCAL_LOOK.total,
        retry_policy=LOCAL_LOOK.retry,
        summary=step.summary,
    )
    return answer


async def tell(event: NotificationEvent) -> bool:
    """Hand an event over to a workflow that delivers it; False where no backend wants it.

    It is tried inside the workflow task first: one event in the history in place of six.

    Raises:
        FailureError: Temporal did not start that workflow.
    """
    summary = f"Tell of {event.type}"
    there: bool
    try:
        there = await workflow.execute_local_activity(
            steps.START_NOTIFICATION,
            event,
            result_type=bool,
            start_to_close_timeout=LOCAL_TELL.attempt,
            schedule_to_close_timeout=LOCAL_TELL.total,
            retry_policy=LOCAL_TELL.retry,
            summary=summary,
        )
    except FailureError:
        there = await workflow.execute_activity(
            steps.START_NOTIFICATION,
            event,
            result_type=bool,
            start_to_close_timeout=TELL.attempt,
            schedule_to_close_timeout=TELL.total,
            retry_policy=TELL.retry,
            summary=summary,
        )
    return there


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
