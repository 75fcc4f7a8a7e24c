"""The events that were sent to the backend: handed over, listed, sent again.

There is no store of them but Temporal's: each event is the input of a ``Notification`` workflow,
kept as long as the namespace keeps what has ended.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract
from hosted_numbers.contract import NotificationEvent
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.notifications import event_id_of, workflow_id
from hosted_numbers.temporal_calls import TemporalCalls

Outcome = Literal["on its way", "delivered", "failed"]

TYPE_MEMO: Final = "notification_type"
NUMBER_MEMO: Final = "phone_number"
"""Memo keys: a list shows them without a look into each history."""

_OUTCOMES: Final[dict[WorkflowExecutionStatus | None, Outcome]] = {
    WorkflowExecutionStatus.RUNNING: "on its way",
    WorkflowExecutionStatus.COMPLETED: "delivered",
}
_FAILED: Final = "ExecutionStatus IN ('Failed', 'Terminated', 'Canceled', 'TimedOut')"


class EventNotFoundError(HostedNumbersError):
    """No event of that id is known, or Temporal keeps it no longer."""

    code = "event-not-found"


@dataclass(frozen=True)
class NotificationSummary:
    """One event as it stands, from Temporal's visibility store, which lags by a second or so."""

    event_id: str
    type: str
    phone_number: str
    outcome: Outcome
    started_at: datetime
    ended_at: datetime | None
    workflow_id: str
    run_id: str


class Notifications:
    """The events of one Temporal namespace.

    Args:
        client: connected by ``temporal.connect``; one of your own needs the data converter of
            ``converter.converter_of``, with the keys that the workers have.
        deadline: how long a call to Temporal may take.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time.
    """

    def __init__(self, client: Client, *, deadline: timedelta = timedelta(seconds=4)) -> None:
        self._client = client
        self._calls = TemporalCalls(client, deadline)
        self._deadline = deadline

    async def send(self, event: NotificationEvent) -> None:
        """Start the workflow that delivers an event; one that was started before is left alone."""
        await self._start(event, WorkflowIDReusePolicy.REJECT_DUPLICATE)

    async def send_again(self, event_id: str) -> bool:
        """Send the same event, under the same id, once more. False while it is on its way.

        Raises:
            EventNotFoundError: no such event is known (any more).
        """
        event = await self._event(event_id)
        return await self._start(event, WorkflowIDReusePolicy.ALLOW_DUPLICATE)

    async def listed(
        self, *, since: datetime | None = None, until: datetime | None = None, failed: bool = False
    ) -> AsyncIterator[NotificationSummary]:
        """Each event once, as its newest run stands, newest first.

        Args:
            since: leave out runs that began before.
            until: leave out runs that began later.
            failed: only those that came to nothing, and that were not sent again since.
        """
        seen: set[str] = set()
        rows = self._client.list_workflows(
            _query(since, until, failed=failed), rpc_timeout=self._deadline
        )
        while True:
            await self._calls.within(rows.fetch_next_page())
            for row in rows.current_page or ():
                if row.id not in seen:
                    seen.add(row.id)
                    if not failed or await self._newest(row):
                        yield await _summary(row)
            if not rows.next_page_token:
                return

    async def _start(self, event: NotificationEvent, reuse: WorkflowIDReusePolicy) -> bool:
        """Start a workflow for the event; False where there is one that stands in the way."""
        start = self._client.start_workflow(
            contract.NOTIFICATION_TYPE,
            event,
            id=workflow_id(event.id),
            task_queue=contract.NOTIFICATION_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=reuse,
            memo={TYPE_MEMO: event.type, NUMBER_MEMO: event.data.phone_number},
            static_summary=f"{event.type} of {event.data.phone_number}",
            rpc_timeout=self._deadline,
        )
        try:
            await self._calls.within(start)
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def _event(self, event_id: str) -> NotificationEvent:
        """The event, as the first line of its workflow's history has it."""
        history = self._client.get_workflow_handle(workflow_id(event_id)).fetch_history_events(
            page_size=1, rpc_timeout=self._deadline
        )
        try:
            await self._calls.within(history.fetch_next_page())
        except RPCError as error:
            if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}:
                raise EventNotFoundError(
                    f"No event {event_id!r} is known.",
                    "See the ids in the list; Temporal forgets events after the namespace's time.",
                ) from None
            raise
        first = (history.current_page or ())[0]
        payloads = first.workflow_execution_started_event_attributes.input.payloads
        decoded: list[NotificationEvent] = await self._client.data_converter.decode(
            payloads, [NotificationEvent]
        )
        return decoded[0]

    async def _newest(self, row: WorkflowExecution) -> bool:
        """Whether nobody sent the event again after this run of it."""
        describe = self._client.get_workflow_handle(row.id).describe(rpc_timeout=self._deadline)
        return (await self._calls.within(describe)).run_id == row.run_id


async def _summary(row: WorkflowExecution) -> NotificationSummary:
    memo: dict[str, Any] = dict(await row.memo())
    return NotificationSummary(
        event_id=event_id_of(row.id),
        type=str(memo.get(TYPE_MEMO, "")),
        phone_number=str(memo.get(NUMBER_MEMO, "")),
        outcome=_OUTCOMES.get(row.status, "failed"),
        started_at=row.start_time,
        ended_at=row.close_time,
        workflow_id=row.id,
        run_id=row.run_id,
    )


def _query(since: datetime | None, until: datetime | None, *, failed: bool) -> str:
    terms = [f"WorkflowType = '{contract.NOTIFICATION_TYPE}'"]
    if since is not None:
        terms.append(f"StartTime >= '{_moment(since)}'")
    if until is not None:
        terms.append(f"StartTime <= '{_moment(until)}'")
    if failed:
        terms.append(_FAILED)
    return " AND ".join(terms)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
