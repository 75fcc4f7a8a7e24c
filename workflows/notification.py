"""One event on its way to the backend: tried for three days, then it stands among the failed."""

from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from hosted_numbers import contract, steps
from hosted_numbers.contract import NotificationEvent
from workflows.policies import DELIVERY

UNDELIVERED: Final = "NotificationUndelivered"


@workflow.defn(name=contract.NOTIFICATION_TYPE)
class NotificationWorkflow:
    """One event; its result is the HTTP status with which the receiver took it."""

    @workflow.run
    async def run(self, event: NotificationEvent) -> int:
        """Deliver the event.

        All tries are those of one activity, so the Temporal UI shows the next one, the number of
        tries and why the last one came to nothing.

        Raises:
            ApplicationError: of the type ``NotificationUndelivered``, after the last try.
        """
        try:
            status: int = await workflow.execute_activity(
                steps.DELIVER_NOTIFICATION,
                event,
                result_type=int,
                start_to_close_timeout=DELIVERY.attempt,
                schedule_to_close_timeout=DELIVERY.total,
                retry_policy=DELIVERY.retry,
                summary=f"Deliver {event.type} of {event.data.phone_number}",
            )
        except ActivityError as error:
            raise ApplicationError(
                f"{event.type} was not delivered: {error.cause}", type=UNDELIVERED
            ) from error
        return status
