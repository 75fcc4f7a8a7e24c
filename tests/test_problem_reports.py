"""Workflows that stand still are counted, and each says what is in its way and what mends it."""

import base64
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import pytest
from temporalio import workflow
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryReverseResponse,
    PollWorkflowTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from hosted_numbers import contract
from hosted_numbers.converter import encrypting
from hosted_numbers.encryption.key_ring import KeyRing
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.problem_reports import Problem, ProblemReports
from tests.world import a_dev_server, eventually
from workflows.runner import runner

AT_ONCE: Final = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1"
PATIENCE: Final = timedelta(seconds=4)
PERSON: Final = "owner@canary.example.com"


@workflow.defn(name="Waits")
class Waits:
    """Waits for a word, with a timer of its own."""

    def __init__(self) -> None:
        self._heard = False

    @workflow.run
    async def run(self, _: str) -> str:
        """Wait."""
        await workflow.wait_condition(lambda: self._heard, timeout=timedelta(days=1))
        return "heard"

    @workflow.signal
    def word(self) -> None:
        """The word."""
        self._heard = True


@workflow.defn(name="Waits")
class WaitsOtherwise(Waits):
    """The same by an edit that nobody guarded."""

    @workflow.run
    async def run(self, text: str) -> str:
        """Do something else first."""
        await workflow.execute_activity("new", start_to_close_timeout=timedelta(seconds=1))
        return await super().run(text)


@workflow.defn(name="Raises")
class Raises:
    """Has a bug, whose error holds somebody's address."""

    @workflow.run
    async def run(self, text: str) -> None:
        """Raise."""
        raise ValueError(text)


@workflow.defn(name="Upserts")
class Upserts:
    """Sets what the namespace does not know."""

    @workflow.run
    async def run(self, _: str) -> None:
        """Set it."""
        workflow.upsert_search_attributes(
            [SearchAttributeKey.for_keyword("NobodyKnowsIt").value_set("x")]
        )


def a_ring(name: str) -> KeyRing:
    """One key."""
    return KeyRing(f"{name}:{base64.b64encode(name.encode() * 32).decode()}")


@contextlib.asynccontextmanager
async def a_server() -> AsyncIterator[Client]:
    """Temporal, which reports a workflow as soon as one of its tasks fails."""
    async with await a_dev_server("--dynamic-config-value", AT_ONCE) as env:
        yield env.client


def a_worker(client: Client, *workflows: type) -> Worker:
    """A worker that keeps no workflow in its memory."""
    return Worker(
        client,
        task_queue=contract.TASK_QUEUE,
        workflows=workflows,
        workflow_runner=runner(),
        max_cached_workflows=0,
    )


async def begin(client: Client, kind: str, **options: Any) -> str:
    """Start a workflow of a type; its id is that of the type."""
    handle = await client.start_workflow(
        kind, PERSON, id=options.pop("id", kind), task_queue=contract.TASK_QUEUE, **options
    )
    return handle.id


async def reported(client: Client, count: int) -> dict[str, Problem]:
    """The problems by workflow, once there are so many."""
    reports = ProblemReports(client, PATIENCE)

    async def there() -> bool:
        return await reports.count() == count

    await eventually(there, patience=60)
    return {each.workflow_id: each for each in (await reports.read()).some}


@pytest.mark.fault("F44")
async def test_workflows_that_stand_still_say_why() -> None:
    """A bug, an unguarded edit, a missing attribute, a worker that hangs; no word of a person's."""
    async with a_server() as client:
        assert (await ProblemReports(client, PATIENCE).read()).total == 0
        async with a_worker(client, Waits):
            waiting = await begin(client, "Waits")
            handle = client.get_workflow_handle(waiting)

            async def waits() -> bool:
                history = await handle.fetch_history()
                return any(e.HasField("timer_started_event_attributes") for e in history.events)

            await eventually(waits)
        hung = await begin(client, "Hangs", task_timeout=timedelta(seconds=1))
        polled = await client.workflow_service.poll_workflow_task_queue(
            PollWorkflowTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=contract.TASK_QUEUE)
            )
        )
        assert polled.workflow_execution.workflow_id == hung
        await reported(client, 1)
        async with a_worker(client, WaitsOtherwise, Raises, Upserts):
            await handle.signal("word")
            for kind in ("Raises", "Upserts"):
                await begin(client, kind)
            problems = await reported(client, 4)
            some = await ProblemReports(client, PATIENCE).read(limit=2)
        async with a_worker(client, Waits):
            assert await handle.result() == "heard"
            assert set(await reported(client, 3)) == {"Hangs", "Raises", "Upserts"}
    assert (some.total, len(some.some)) == (4, 2)
    told = {name: f"{each.cause} {each.next_step}" for name, each in problems.items()}
    assert "does not fit its history" in told["Waits"]
    assert "Roll the workers back" in told["Waits"]
    assert "ValueError" in told["Raises"]
    assert "docs/deploys.md" in told["Raises"]
    assert "hosted-numbers setup" in told["Upserts"]
    assert "in time" in told["Hangs"]
    assert PERSON not in str(problems)
    assert {each.workflow_type for each in problems.values()} == set(problems)


@pytest.mark.fault("F44", "F47")
async def test_missing_key_is_named() -> None:
    """By the workers' own words, where they can be read; else by what kind of error it was."""
    async with a_server() as plain:
        target = plain.service_client.config.target_host
        old, new, other = [
            await Client.connect(target, data_converter=encrypting(a_ring(name), "default"))
            for name in ("a", "b", "c")
        ]
        await begin(old, "Raises")
        async with a_worker(new, Raises):
            named, unnamed = [(await reported(each, 1))["Raises"] for each in (new, other)]
    assert "The encryption key a is not among" in named.cause
    for each in (named, unnamed):
        assert "HOSTED_NUMBERS_ENCRYPTION_KEYS" in each.cause + each.next_step


async def test_what_cannot_be_read_leaves_the_cause_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that is gone, or whose failure lies far back; old servers have no such lists."""
    async with a_server() as client:
        async with a_worker(client, Raises):
            await begin(client, "Raises")
            await reported(client, 1)
        reports = ProblemReports(client, PATIENCE)

        async def refused(*_: object, **__: object) -> Any:
            raise RPCError("no", refusal, b"")

        refusal = RPCStatusCode.NOT_FOUND
        service = client.workflow_service
        with monkeypatch.context() as patch:
            patch.setattr(service, "get_workflow_execution_history_reverse", refused)
            (problem,) = (await reports.read()).some
        assert "Temporal UI" in problem.next_step
        answer = GetWorkflowExecutionHistoryReverseResponse()
        answer.history.events.add().workflow_execution_signaled_event_attributes.signal_name = "x"

        async def answered(*_: object, **__: object) -> Any:
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(service, "get_workflow_execution_history_reverse", answered)
            (older,) = (await reports.read()).some
            failure = answer.history.events.add().workflow_task_failed_event_attributes.failure
            failure.application_failure_info.type = "RuntimeError"
            failure.cause.application_failure_info.type = "UnknownEncryptionKeyError"
            (wrapped,) = (await reports.read()).some
        assert older.cause == problem.cause
        assert "HOSTED_NUMBERS_ENCRYPTION_KEYS" in wrapped.next_step
        with monkeypatch.context() as patch:
            patch.setattr(client, "count_workflows", refused)
            refusal = RPCStatusCode.INVALID_ARGUMENT
            assert (await reports.read()).total == 0
            refusal = RPCStatusCode.PERMISSION_DENIED
            with pytest.raises(RPCError):
                await reports.count()
            refusal = RPCStatusCode.UNAVAILABLE
            with pytest.raises(TemporalUnavailableError):
                await reports.count()
