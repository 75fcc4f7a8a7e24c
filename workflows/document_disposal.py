"""The files of an order that has ended are deleted, once the time to keep them is up."""

from datetime import timedelta

from temporalio import workflow

from hosted_numbers import contract, steps
from hosted_numbers.steps import DocumentDisposal
from workflows.policies import DISPOSAL, DISPOSAL_DELAY


@workflow.defn(name=contract.DISPOSAL_TYPE)
class DocumentDisposalWorkflow:
    """One order's files; its result is how many were deleted."""

    @workflow.run
    async def run(self, disposal: DocumentDisposal) -> int:
        """Wait as long as the worker's settings say, then delete."""
        delay = await workflow.execute_local_activity(
            steps.DISPOSAL_DELAY,
            result_type=timedelta,
            start_to_close_timeout=DISPOSAL_DELAY.attempt,
            schedule_to_close_timeout=DISPOSAL_DELAY.total,
            retry_policy=DISPOSAL_DELAY.retry,
        )
        await workflow.sleep(delay, summary="The time to keep the files")
        deleted: int = await workflow.execute_activity(
            steps.DISPOSE_OF_DOCUMENTS,
            disposal,
            result_type=int,
            start_to_close_timeout=DISPOSAL.attempt,
            schedule_to_close_timeout=DISPOSAL.total,
            retry_policy=DISPOSAL.retry,
            summary="Delete the order's files",
        )
        return deleted
