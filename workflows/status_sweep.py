"""One look at Twilio for all open orders, so that waiting costs the single order nothing."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from hosted_numbers import contract, steps, sweeping
from hosted_numbers.sweeping import SweepPace, SweepReport, SweepTask
from workflows.policies import EXPIRED_CODES, SWEEP, SWEEP_HEARTBEAT


@workflow.defn(name=contract.SWEEP_TYPE)
class StatusSweepWorkflow:
    """One tick of the Schedule; its result is the report of the last sweep, this one or before."""

    @workflow.run
    async def run(self, pace: SweepPace) -> SweepReport:
        """Show the time to orders whose code has expired; sweep, if a sweep is due.

        Where none is due, the last report is handed on to the next tick. A sweep that comes to
        nothing fails here, for the Temporal UI to show; Temporal keeps the last result that there
        was.
        """
        last: SweepReport | None = workflow.get_last_completion_result(SweepReport)
        now = workflow.now()
        await self._hint_at_expired_codes()
        if last is not None and not sweeping.is_due(last, now):
            return last
        full = sweeping.is_full_due(last, now)
        report: SweepReport = await workflow.execute_activity(
            steps.SWEEP_ORDERS,
            SweepTask(at=now, every=pace.every, full=full, last=last),
            result_type=SweepReport,
            start_to_close_timeout=SWEEP.attempt,
            schedule_to_close_timeout=SWEEP.total,
            heartbeat_timeout=SWEEP_HEARTBEAT,
            retry_policy=SWEEP.retry,
            summary="List Twilio's orders, in every status" if full else "List Twilio's orders",
        )
        return report

    async def _hint_at_expired_codes(self) -> None:
        """What was not done is done with the next tick."""
        try:
            await workflow.execute_activity(
                steps.HINT_AT_EXPIRED_CODES,
                result_type=int,
                start_to_close_timeout=EXPIRED_CODES.attempt,
                schedule_to_close_timeout=EXPIRED_CODES.total,
                retry_policy=EXPIRED_CODES.retry,
                summary="Show the time to orders whose code has expired",
            )
        except ActivityError as error:
            workflow.logger.warning("Expired codes were not hinted at: %s", error)
