"""The processes that are measured: a Temporal server, workers, and how much they take of the CPU.

Everything listens on 127.0.0.1 on free ports, and each process is ended by its id on every path.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.local import ROOT, Deployment
from deploy.processes import LOOPBACK, Processes, free_port, temporal_binary
from hosted_numbers import contract, search_attributes, sweeps
from hosted_numbers.converter import converter_of
from hosted_numbers.encryption.key_ring import KeyRing

_SWEEP = timedelta(minutes=1)
PARTS = ("temporal", "ui", "gateway", "simulator")


@dataclass
class Machine(Processes):
    """Processes of one benchmark that can be measured, killed and ended one by one."""

    def pid(self, name: str) -> int:
        """The id of a process that runs."""
        return self._running[name].pid

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU that each process has taken so far."""
        return {name: _cpu(process.pid) for name, process in self._running.items()}

    def memory(self, name: str) -> int:
        """Bytes of a process that lie in memory (RSS)."""
        return int(psutil.Process(self.pid(name)).memory_info().rss)

    async def kill(self, name: str) -> None:
        """``kill -9``: the process learns nothing of it."""
        await self._end(name, signal.SIGKILL)

    async def end(self, name: str) -> None:
        """SIGTERM, and wait until the process has ended."""
        await self._end(name, signal.SIGTERM)

    async def _end(self, name: str, how: signal.Signals) -> None:
        process = self._running.pop(name)
        process.send_signal(how)
        try:
            await asyncio.to_thread(process.wait, 60)
        finally:
            process.kill()


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True)
class Place:
    """One Temporal server and room for what runs beside it.

    Attributes:
        machine: its processes; ``temporal`` is one of them.
        client: connected to it, as the product connects: it encrypts.
        plain: connected to it without encryption, for what the product is compared with.
        deployment: the ports and settings of the product on it.
        keeps: whether the server keeps its state in a file.
    """

    machine: Machine
    client: Client
    plain: Client
    deployment: Deployment
    keeps: bool

    async def worker(self, name: str = "worker", **settings: str) -> None:
        """Start the product's worker process."""
        queue = contract.TASK_QUEUE
        environment = self.deployment.environment("temporal", "twilio", "documents")
        command = [sys.executable, str(ROOT / "worker.py")]
        await self.run(name, command, queue, **environment, **settings)
        await self._swept()

    async def _swept(self) -> None:
        """Have the status sweep look after the orders, as `hosted-numbers setup` does."""
        if await sweeps.ensure(self.client, _SWEEP) == "created":
            await self.client.get_schedule_handle(sweeps.SCHEDULE_ID).trigger()

        async def reported() -> bool:
            return await sweeps.last_report(self.client) is not None

        await eventually(reported)

    async def run(self, name: str, command: list[str], queue: str, **environment: str) -> None:
        """Start a process and wait until it polls a task queue; the server remembers dead ones."""

        async def polls() -> bool:
            answer = await self.client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=self.client.namespace,
                    task_queue=TaskQueue(name=queue),
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
                )
            )
            ours = f"{self.machine.pid(name)}@"
            return any(poller.identity.startswith(ours) for poller in answer.pollers)

        await self.machine.start(name, command, {**FROM_HERE, **environment}, polls)

    @property
    def database(self) -> Path:
        """The server's file."""
        return self.deployment.state / "temporal.db"


FROM_HERE: Mapping[str, str] = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
"""Processes run the code that lies beside the benchmarks."""


@contextlib.asynccontextmanager
async def a_place(*, keeps: bool = False) -> AsyncIterator[Place]:
    """A Temporal dev server with the product's search attributes and nothing else.

    Args:
        keeps: with ``--db-filename``; else it lives in memory.
    """
    with tempfile.TemporaryDirectory(prefix="hosted-numbers-bench-") as folder:
        ports = {name: free_port() for name in PARTS}
        deployment = Deployment(Path(folder), ports, keep=keeps, people="signer", pace=0)
        machine = Machine(deployment.state / "logs")
        address = f"{LOOPBACK}:{ports['temporal']}"
        command = [temporal_binary(), "server", "start-dev", "--log-level", "error"]
        command += ["--ip", LOOPBACK, "--port", str(ports["temporal"]), "--headless"]
        command += ["--db-filename", str(deployment.state / "temporal.db")] if keeps else []
        try:
            await machine.start("temporal", command, {}, lambda: _is_up(address))
            keys = deployment.key_ring()
            plain, client = await _connected(address), await _connected(address, keys)
            await search_attributes.register(client)
            yield Place(machine, client, plain, deployment, keeps)
        finally:
            machine.stop()


async def _connected(address: str, keys: KeyRing | None = None) -> Client:
    return await Client.connect(address, data_converter=converter_of(keys, "default"))


async def _is_up(address: str) -> bool:
    try:
        await search_attributes.unregistered(await _connected(address))
    except (RuntimeError, RPCError):
        return False
    return True


async def eventually(look: Callable[[], Awaitable[bool]], patience: float = 120.0) -> None:
    """Look, ten milliseconds apart, until something is true.

    Raises:
        TimeoutError: it did not become true in so many seconds.
    """
    async with asyncio.timeout(patience):
        while not await look():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.01)


def clear_of_profiles() -> None:
    """A profile of the person at the keyboard must not lead elsewhere than to our own server."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        del os.environ[name]
