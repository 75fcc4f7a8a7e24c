"""The name of a request, from whoever serves it to the activities that it leads to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import HeaderCodecBehavior, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    UnsandboxedWorkflowRunner,
    Worker,
)

from hosted_numbers.converter import encrypting
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.steps import Trouble
from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.correlation import HEADER, Correlation
from hosted_numbers.telemetry.interceptor import WorkerCorrelation
from tests.world import a_dev_server, eventually

QUEUE = "correlation"
Lines = Callable[[], list[dict[str, Any]]]


@activity.defn
async def name_of_cause() -> str:
    return context.correlation_id() or "nobody"


@workflow.defn
class Child:
    """Has one look."""

    @workflow.run
    async def run(self) -> str:
        """Look."""
        return await workflow.execute_local_activity(
            name_of_cause, start_to_close_timeout=timedelta(seconds=10)
        )


@workflow.defn
class Follower:
    """Looks who is the cause whenever it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.found: list[str] = []

    @workflow.run
    async def run(self, found: list[str]) -> list[str]:
        """Look three times, and once more in a run of its own."""
        self.found = [*found, await self._look()]
        if not found:
            while len(self.found) < 3:
                await workflow.wait_condition(lambda: self.asked >= len(self.found))
                self.found.append(await self._look())
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(self.found)
        return self.found

    @workflow.update
    async def look(self) -> str:
        """Have it look, and wait for that."""
        await workflow.wait_condition(lambda: bool(self.found))
        known = len(self.found)
        self.asked += 1
        await workflow.wait_condition(lambda: len(self.found) > known)
        return self.found[-1]

    @workflow.query
    def has_looked(self) -> bool:
        """Whether it has."""
        return bool(self.found)

    @workflow.signal
    def look_sometime(self) -> None:
        """Have it look."""
        self.asked += 1

    @workflow.update
    async def look_elsewhere(self) -> str:
        """Have another workflow look."""
        return await workflow.execute_child_workflow(Child.run)

    async def _look(self) -> str:
        return await workflow.execute_activity(
            name_of_cause, start_to_close_timeout=timedelta(seconds=10)
        )


@workflow.defn
class Listener:
    """Looks once it is told to."""

    def __init__(self) -> None:
        self.told = False

    @workflow.run
    async def run(self) -> str:
        """Wait, and look."""
        await workflow.wait_condition(lambda: self.told)
        return await Child().run()

    @workflow.signal
    def tell(self) -> None:
        """Go on."""
        self.told = True

    @workflow.update
    def is_there(self) -> bool:
        """Whether it listens."""
        return True


@workflow.defn
class Messenger:
    """Tells two others to look: its child, and one that somebody else has started."""

    @workflow.run
    async def run(self) -> str:
        """Tell them; what the child found."""
        child = await workflow.start_child_workflow(Listener.run, id="child")
        await child.signal(Listener.tell)
        await workflow.get_external_workflow_handle("listener").signal("tell")
        return await child


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client as ``temporal.connect`` makes it for an installation with keys, and a worker."""
    async with await a_dev_server() as env:
        found = Client(
            env.client.service_client,
            data_converter=encrypting(KeyRing(str(Key.new())), "default"),
            interceptors=[Correlation(), WorkerCorrelation()],
            header_codec_behavior=HeaderCodecBehavior.CODEC,
        )
        async with Worker(
            found,
            task_queue=QUEUE,
            workflows=[Follower, Child, Listener, Messenger],
            activities=[name_of_cause],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            yield found


async def started(client: Client) -> WorkflowHandle[Follower, list[str]]:
    """A workflow that a request has started, after its first look."""
    with context.bound(correlation_id="start-1"):
        handle = await client.start_workflow(Follower.run, [], id="follower", task_queue=QUEUE)

    async def has_looked() -> bool:
        return await handle.query(Follower.has_looked)

    await eventually(has_looked)
    return handle


async def test_an_activity_knows_the_last_request_that_reached_its_workflow(
    client: Client, lines: Lines
) -> None:
    """Start, update, signal, and on through continue-as-new; what has no name takes none away."""
    handle = await started(client)
    with context.bound(correlation_id="act-2"):
        assert await handle.execute_update(Follower.look) == "act-2"
        assert await handle.execute_update(Follower.look_elsewhere) == "act-2"
    await handle.signal(Follower.look_sometime)  # the third: it continues as new, and looks again

    found = await handle.result()

    assert found == ["start-1", "act-2", "act-2", "act-2"]
    done = [line for line in lines() if line["event"] == "Activity done"]
    assert [line["correlation_id"] for line in done] == ["start-1", *["act-2"] * 4]
    assert {line["activity"] for line in done} == {"name_of_cause"}
    assert {line["workflow_type"] for line in done} == {"Follower", "Child"}
    assert all(line["outcome"] == "done" and line["attempt"] == 1 for line in done)


async def test_workflows_hand_the_name_on_to_each_other(client: Client) -> None:
    """By signals, to a child and to another; the last one who was heard is the cause."""
    start = WithStartWorkflowOperation(
        Listener.run,
        id="listener",
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    with context.bound(correlation_id="listen-1"):
        assert await client.execute_update_with_start_workflow(
            Listener.is_there, start_workflow_operation=start
        )
    listener = await start.workflow_handle()
    with context.bound(correlation_id="tell-2"):
        found = await client.execute_workflow(Messenger.run, id="messenger", task_queue=QUEUE)

    assert found == "tell-2"
    assert await listener.result() == "tell-2"


@pytest.mark.security("S11")
async def test_temporal_does_not_learn_the_name(client: Client) -> None:
    """It is encrypted like everything else."""
    handle = await started(client)
    with context.bound(correlation_id="act-2"):
        await handle.execute_update(Follower.look)

    history = (await handle.fetch_history()).to_json()

    assert HEADER in history
    assert "start-1" not in history
    assert "c3RhcnQtMQ" not in history  # in base64
    await handle.terminate()


class Ending(ActivityInboundInterceptor):
    """An activity that ends as it is told to."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        """End."""
        del input
        if self._error is not None:
            raise self._error
        return context.correlation_id()


async def ended(error: BaseException | None, headers: dict[str, Payload]) -> Any:
    """What an activity comes to that is called with these headers."""
    inbound = WorkerCorrelation().intercept_activity(Ending(error))

    async def run() -> Any:
        return await inbound.execute_activity(ExecuteActivityInput(run, [], None, headers))

    return await ActivityEnvironment().run(run)


@pytest.mark.parametrize(
    "payload",
    [
        Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x"),
        Payload(metadata={"encoding": b"json/plain"}, data=b'"a b"'),
        Payload(metadata={"encoding": b"json/plain"}, data=b'"15017122661"'),
        Payload(metadata={"encoding": b"json/plain"}, data=b"{}"),
    ],
    ids=["locked", "two words", "a number", "no text"],
)
async def test_a_name_that_cannot_be_one_is_none(payload: Payload) -> None:
    """An activity never fails for its log, and nobody writes into that through a header."""
    assert await ended(None, {HEADER: payload}) is None


TROUBLE = Trouble(kind="refused", code=22110)
NOT_YET = ApplicationErrorCategory.BENIGN


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ApplicationError("canary", TROUBLE, type="refused"),
            {"level": "warning", "outcome": "failed", "kind": "refused", "twilio_code": 22110},
        ),
        (
            ApplicationError("canary", type="stopping", category=NOT_YET),
            {"level": "info", "outcome": "failed", "kind": "stopping"},
        ),
        (ValueError("canary"), {"level": "warning", "outcome": "failed", "kind": "ValueError"}),
    ],
    ids=["refused", "not yet", "unexpected"],
)
async def test_a_failure_is_told_by_its_kind(
    error: Exception, expected: dict[str, object], lines: Lines
) -> None:
    """Never by its words."""
    with pytest.raises(type(error)):
        await ended(error, {})

    [line] = lines()
    assert line["event"] == "Activity failed"
    assert {name: line.get(name) for name in expected} == expected
    assert "canary" not in str(line)


async def test_an_activity_that_is_stopped_has_not_failed(lines: Lines) -> None:
    """A worker that ends takes its activities along."""
    with pytest.raises(asyncio.CancelledError):
        await ended(asyncio.CancelledError(), {})

    assert [line["outcome"] for line in lines()] == ["stopped"]
