"""A completed order's number is given back: from then on Twilio hosts its SMS no more."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from hosted_numbers import contract, playbook, steps
from hosted_numbers.contract import Answer
from hosted_numbers.steps import NumberRelease
from workflows.activity_calls import trouble
from workflows.policies import RELEASE


@workflow.defn(name=contract.OFFBOARDING_TYPE)
class HostedNumberOffboardingWorkflow:
    """One number; its result is the ``Answer`` to whoever asked for it."""

    @workflow.run
    async def run(self, release: NumberRelease) -> Answer:
        """Delete the order's IncomingPhoneNumber at Twilio, trying for a day."""
        try:
            await workflow.execute_activity(
                steps.RELEASE_NUMBER,
                release,
                start_to_close_timeout=RELEASE.attempt,
                schedule_to_close_timeout=RELEASE.total,
                retry_policy=RELEASE.retry,
                summary="Delete the IncomingPhoneNumber at Twilio",
            )
        except ActivityError as error:
            cause = trouble(error)
            if cause.kind == "not-found":
                play = playbook.NUMBER_UNKNOWN
                return Answer(taken=False, reason=play.reason, next_step=play.next_step)
            play = playbook.play(cause)
            next_step = f"{play.next_step} Then off-board the number again."
            return Answer(taken=False, reason=play.reason, next_step=next_step)
        return Answer(
            taken=True,
            reason="Twilio hosts the number no more.",
            next_step="Send a new order if it is to be hosted again.",
        )
