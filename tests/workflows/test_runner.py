"""A workflow keeps what the SDK keeps of the message that it began with, and not that message."""

from datetime import timedelta

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

from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.interceptor import HEADER, Correlation
from tests.world import a_dev_server
from workflows.runner import runner

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
        config["interceptors"] = [Correlation()]
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
