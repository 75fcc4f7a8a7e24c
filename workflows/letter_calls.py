"""How the workflow of a letter's group calls its activities."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

from hosted_numbers.letter_groups import steps
from hosted_numbers.letter_groups.steps import LetterOutcome, LetterSnapshot
from hosted_numbers.lifecycle import Do
from workflows.activity_calls import within_the_task
from workflows.policies import LETTER_ACTIVITIES, LETTER_HEARTBEAT

_ANSWER: Any = LetterSnapshot | None  # the SDK takes a union, its signature says type


async def call(step: Do) -> LetterOutcome:
    """Run a step's activity; a look is first tried inside the workflow task.

    Raises:
        FailureError: it came to nothing; ``activity_calls.trouble`` says why.
    """
    if step.activity == steps.FETCH_LETTER:
        try:
            return await within_the_task(step.activity, step.argument, LetterSnapshot, step.summary)
        except FailureError:
            workflow.logger.debug("The look is left to an activity of its own.")
    policy = LETTER_ACTIVITIES[step.activity]
    answer: LetterOutcome = await workflow.execute_activity(
        step.activity,
        step.argument,
        result_type=_ANSWER,
        start_to_close_timeout=policy.attempt,
        schedule_to_close_timeout=policy.total,
        heartbeat_timeout=LETTER_HEARTBEAT,
        retry_policy=policy.retry,
        summary=step.summary,
    )
    return answer
