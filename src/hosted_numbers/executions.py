"""Workflow executions as records: found, read without a worker, deleted.

What is read is decoded by the client's own converter, so encrypted histories are read, too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHistoryEventFilterType
from temporalio.client import WorkflowExecution as Row
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers.temporal_calls import TemporalCalls

T = TypeVar("T")

PAGE: Final = 1000
_PAUSE: Final = timedelta(milliseconds=100)


class Executions:
    """The executions of one Temporal namespace.

    Args:
        client: a connected client with the pydantic data converter (``temporal.connect``).
        deadline: how long a call to Temporal may take.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time, and
    ``UnknownEncryptionKeyError`` where what it reads was written with a key that is not here.
    """

    def __init__(self, client: Client, deadline: timedelta = timedelta(seconds=4)) -> None:
        self._client = client
        self._calls = TemporalCalls(client, deadline)
        self._deadline = deadline

    async def listed(self, query: str, page_size: int = PAGE) -> AsyncIterator[Row]:
        """What a visibility query finds, as of a second ago, a page at a time."""
        rows = self._client.list_workflows(query, page_size=page_size, rpc_timeout=self._deadline)
        while True:
            await self._calls.within(rows.fetch_next_page())
            for row in rows.current_page or ():
                yield row
            if not rows.next_page_token:
                return

    async def described(
        self, workflow_id: str, run_id: str | None = None
    ) -> WorkflowExecutionDescription | None:
        """One run, the newest where none is named; None where Temporal knows none (any more)."""
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        try:
            return await self._calls.within(handle.describe(rpc_timeout=self._deadline))
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            raise

    async def history(
        self, workflow_id: str, run_id: str, *, page_size: int | None = None, end: bool = False
    ) -> AsyncIterator[HistoryEvent]:
        """The events of one run; none where Temporal knows it no longer.

        Args:
            workflow_id: of the execution.
            run_id: of the run.
            page_size: events that are asked for at a time.
            end: the last one alone; of an open run there is none yet.
        """
        only = WorkflowHistoryEventFilterType
        events = self._client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history_events(
            page_size=page_size,
            event_filter_type=only.CLOSE_EVENT if end else only.ALL_EVENT,
            rpc_timeout=self._deadline,
        )
        while True:
            try:
                await self._calls.within(events.fetch_next_page())
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    return
                raise
            for event in events.current_page or ():
                yield event
            if not events.next_page_token:
                return

    async def decoded(self, payloads: Iterable[Payload], as_type: type[T]) -> T | None:
        """The first value of an event's payloads; None where there is none."""
        found: list[Any] = await self._client.data_converter.decode(list(payloads)[:1], [as_type])
        return found[0] if found else None

    async def started_with(self, workflow_id: str, run_id: str, as_type: type[T]) -> T | None:
        """What a run was started with; None where Temporal knows it no longer."""
        async for event in self.history(workflow_id, run_id, page_size=1):
            started = event.workflow_execution_started_event_attributes
            return await self.decoded(started.input.payloads, as_type)
        return None

    async def ended_with(self, workflow_id: str, run_id: str, as_type: type[T]) -> T | None:
        """What a run came to; None where it did not come to its own end."""
        async for event in self.history(workflow_id, run_id, end=True):
            completed = event.workflow_execution_completed_event_attributes
            return await self.decoded(completed.result.payloads, as_type)
        return None

    async def delete(self, workflow_id: str, run_id: str) -> None:
        """Have Temporal delete a run with its history; one that is open is terminated first.

        It does so in its own time: ``still_there`` tells. A run that it knows no longer is fine.
        """
        request = DeleteWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        )
        service = self._client.workflow_service
        try:
            await self._calls.within(
                service.delete_workflow_execution(request, timeout=self._deadline)
            )
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    async def still_there(
        self, runs: Iterable[tuple[str, str]], patience: timedelta
    ) -> list[tuple[str, str]]:
        """Which of these runs, by workflow and run id, are not gone when the patience is over."""
        left = list(runs)
        give_up = asyncio.get_running_loop().time() + patience.total_seconds()
        while True:
            left = [each for each in left if await self.described(*each) is not None]
            if not left or asyncio.get_running_loop().time() >= give_up:
                return left
            await asyncio.sleep(_PAUSE.total_seconds())
