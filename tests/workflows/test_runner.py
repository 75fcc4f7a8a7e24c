"""A workflow keeps little of the messages that it began with, was told and answered."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInstance,
    WorkflowInstanceDetails,
)
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl

from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.correlation import HEADER, Correlation
from hosted_numbers.telemetry.interceptor import WorkerCorrelation
from tests.world import a_dev_server
from workflows.runner import HELD, runner

QUEUE = "runner"


@workflow.defn
class Repeated:
    """Fails once, and then tells what it has of its beginning."""

    @workflow.run
    async def run(self) -> list[str]:
        """Fail, or tell."""
        failure = workflow.get_last_failure()
        if failure is None:
            raise ApplicationError("the first try")
        return [str(failure), workflow.memo_value("note", type_hint=str)]


async def test_a_workflow_has_copies_of_what_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal, so that nothing is missing; its own, so that no message is kept for a part of it."""
    given: list[WorkflowInstanceDetails] = []
    kept: list[WorkflowInstanceDetails] = []
    letting_go = type(runner())
    let_go, create = letting_go.create_instance, UnsandboxedWorkflowRunner.create_instance

    def giving(self: UnsandboxedWorkflowRunner, det: WorkflowInstanceDetails) -> WorkflowInstance:
        given.append(det)
        return let_go(self, det)

    def keeping(self: UnsandboxedWorkflowRunner, det: WorkflowInstanceDetails) -> WorkflowInstance:
        kept.append(det)
        return create(self, det)

    monkeypatch.setattr(letting_go, "create_instance", giving)
    monkeypatch.setattr(UnsandboxedWorkflowRunner, "create_instance", keeping)
    async with await a_dev_server() as env:
        config = env.client.config()
        config["interceptors"] = [Correlation(), WorkerCorrelation()]
        client = type(env.client)(**config)
        worker = Worker(client, task_queue=QUEUE, workflows=[Repeated], workflow_runner=runner())
        async with worker:
            with context.bound(correlation_id="req-1"):
                told = await client.execute_workflow(
                    Repeated.run,
                    id="repeated",
                    task_queue=QUEUE,
                    memo={"note": "kept"},
                    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1)),
                )
    assert told == ["the first try", "kept"]
    assert len(given) == len(kept) == 2
    for before, after in zip(given, kept, strict=True):
        assert after.info == before.info
        assert after.last_completion_result == before.last_completion_result
        assert after.last_completion_result is not before.last_completion_result
        assert after.last_failure == before.last_failure
        assert after.info.headers[HEADER] is not before.info.headers[HEADER]
        assert after.info.raw_memo["note"] is not before.info.raw_memo["note"]
    assert kept[1].last_failure is not None
    assert kept[1].last_failure is not given[1].last_failure


@workflow.defn
class Waiting:
    """Waits until it is told."""

    def __init__(self) -> None:
        self._told = False

    @workflow.run
    async def run(self) -> str:
        """Wait."""
        await workflow.wait_condition(lambda: self._told)
        return workflow.info().get_current_build_id()

    @workflow.signal
    def tell(self) -> None:
        """Let it end."""
        self._told = True

    @workflow.query
    def told(self) -> bool:
        """Whether it was told."""
        return self._told


async def test_a_workflow_that_waits_holds_on_to_no_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the SDK's instance had of each, under these names, is let go when it has answered."""
    instances: set[_WorkflowInstanceImpl] = set()
    held: list[dict[str, Any]] = []
    answered: list[Any] = []
    activate = _WorkflowInstanceImpl.activate

    def activated(self: _WorkflowInstanceImpl, act: Any) -> Any:
        answered.append((act, activate(self, act)))
        held.append({name: getattr(self, name, None) for name in HELD})
        instances.add(self)
        return answered[-1][1]

    monkeypatch.setattr(_WorkflowInstanceImpl, "activate", activated)
    async with await a_dev_server() as env:
        worker = Worker(env.client, task_queue=QUEUE, workflows=[Waiting], workflow_runner=runner())
        async with worker:
            handle = await env.client.start_workflow(Waiting.run, id="waiting", task_queue=QUEUE)
            assert not await handle.query(Waiting.told)
            (instance,) = instances
            assert {name: getattr(instance, name) for name in HELD} == HELD
            await handle.signal(Waiting.tell)
            assert await handle.result()
    assert len(held) >= 3
    for (act, completion), parts in zip(answered, held, strict=True):
        assert parts == {
            "_current_completion": completion,
            "_current_internal_flags": act.available_internal_flags,
            "_deployment_version_for_current_task": act.deployment_version_for_current_task,
        }
