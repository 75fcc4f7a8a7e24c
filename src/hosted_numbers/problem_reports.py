"""Workflows that stand still because no worker can go on with them, as Temporal reports them.

After some workflow tasks in a row that failed or timed out, the server puts the search attribute
``TemporalReportedProblems`` on a workflow; the next task that goes well takes it away. Five is its
default, ``system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute`` changes it, and 0
turns it off. Nothing is lost meanwhile: the workflow goes on as soon as a worker can.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract
from hosted_numbers.errors import HostedNumbersError, UnknownEncryptionKeyError
from hosted_numbers.temporal_calls import TemporalCalls

QUERY: Final = (
    "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running' AND "
    f"TaskQueue IN ('{contract.TASK_QUEUE}', '{contract.NOTIFICATION_QUEUE}')"
)
"""Finds ours in Temporal's visibility store, and in its UI."""

SHOWN: Final = 20
"""How many are read at most, unless the caller says otherwise."""

_LAST_EVENTS: Final = 100
"""Of a history, in which its last failure is looked for."""


@dataclass(frozen=True)
class Problem:
    """One workflow that stands still.

    Attributes:
        workflow_id: its id.
        run_id: of its run.
        workflow_type: its type.
        cause: what is in its way, in one sentence, without anybody's data.
        next_step: what mends it.
    """

    workflow_id: str
    run_id: str
    workflow_type: str
    cause: str
    next_step: str


@dataclass(frozen=True)
class Problems:
    """How many workflows stand still, and some of them."""

    total: int
    some: tuple[Problem, ...]


class ProblemReports:
    """What is reported in one Temporal namespace.

    Args:
        client: connected, or lazy; with the data converter of the workers, whose failures it reads.
        deadline: how long a call to Temporal may take.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time.
    """

    def __init__(self, client: Client, deadline: timedelta) -> None:
        self._client = client
        self._deadline = deadline
        self._calls = TemporalCalls(client, deadline)

    async def count(self) -> int:
        """How many workflows stand still; 0 where the server is too old to say."""
        counting = self._client.count_workflows(QUERY, rpc_timeout=self._deadline)
        try:
            return (await self._calls.within(counting)).count
        except RPCError as error:
            if error.status == RPCStatusCode.INVALID_ARGUMENT:  # before Temporal 1.30
                return 0
            raise

    async def read(self, limit: int = SHOWN) -> Problems:
        """How many stand still, and up to ``limit`` of them, each with its cause."""
        total = await self.count()
        if total == 0:
            return Problems(0, ())
        rows = self._client.list_workflows(QUERY, page_size=limit, rpc_timeout=self._deadline)
        await self._calls.within(rows.fetch_next_page())
        found = (rows.current_page or [])[:limit]
        some = await asyncio.gather(*(self._problem(row) for row in found))
        return Problems(max(total, len(some)), tuple(some))

    async def _problem(self, row: WorkflowExecution) -> Problem:
        cause, next_step = await self._cause(row)
        return Problem(row.id, row.run_id, row.workflow_type, cause, next_step)

    async def _cause(self, row: WorkflowExecution) -> tuple[str, str]:
        """What the last workflow task came to that is in the history; a repeated one is not."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace, maximum_page_size=_LAST_EVENTS
        )
        request.execution.workflow_id, request.execution.run_id = row.id, row.run_id
        try:
            answer = await self._calls.within(
                self._client.workflow_service.get_workflow_execution_history_reverse(
                    request, timeout=self._deadline
                )
            )
        except RPCError:
            return _UNKNOWN
        for event in answer.history.events:
            if event.HasField("workflow_task_timed_out_event_attributes"):
                return _TIMED_OUT
            if event.HasField("workflow_task_failed_event_attributes"):
                return await self._failure(event)
        return _UNKNOWN

    async def _failure(self, event: HistoryEvent) -> tuple[str, str]:
        failed = event.workflow_task_failed_event_attributes
        types = list(_types(failed.failure))
        if UnknownEncryptionKeyError.__name__ in types:
            return await self._missing_key(failed.failure)
        name = WorkflowTaskFailedCause.Name(failed.cause).removeprefix(_CAUSE)
        if known := _KNOWN.get(name):
            return known
        raised = f": {types[0]}" if types else ""
        return f"Its workflow tasks fail with {name}{raised}.", f"{_LOOK} {_ROLL_BACK}"

    async def _missing_key(self, failure: Failure) -> tuple[str, str]:
        """The key's id stands in the failure's message, which is encrypted with another key."""
        copied = Failure()
        copied.CopyFrom(failure)
        try:
            raised = await self._client.data_converter.decode_failure(copied)
        except (HostedNumbersError, RuntimeError, ValueError):
            return _KEY_MISSING
        found = _KEY_ID.search(str(raised))
        if found is None:
            return _KEY_MISSING
        error = UnknownEncryptionKeyError(found[1])
        return error.reason, error.next_step


def _types(failure: Failure) -> Iterator[str]:
    """The types of a failure and of what it was raised from; they are never encrypted."""
    while True:
        if failure.application_failure_info.type:
            yield failure.application_failure_info.type
        if not failure.HasField("cause"):
            return
        failure = failure.cause


_CAUSE: Final = "WORKFLOW_TASK_FAILED_CAUSE_"
_KEY_ID: Final = re.compile(r"encryption key (\S+) is not among")
_LOOK: Final = "Look at it in the Temporal UI."
_ROLL_BACK: Final = "If it began with a deploy, roll the workers back: docs/deploys.md."

_UNKNOWN: Final = ("Its workflow tasks fail or time out again and again.", _LOOK)
_TIMED_OUT: Final = (
    "No worker finishes its workflow task in time.",
    "See that workers run and are not overloaded: hosted-numbers doctor, docs/deploys.md.",
)
_KEY_MISSING: Final = (
    "A key that it is encrypted with is not on the workers' ring.",
    "Put the key back on HOSTED_NUMBERS_ENCRYPTION_KEYS; nothing is lost meanwhile.",
)
_KNOWN: Final = {
    "BAD_SEARCH_ATTRIBUTES": (
        "The namespace lacks a search attribute that its workflow sets.",
        "Run: hosted-numbers setup",
    ),
    "NON_DETERMINISTIC_ERROR": (
        "The workers' code does not fit its history: it was begun by another release.",
        "Roll the workers back to the release before: docs/deploys.md.",
    ),
}
