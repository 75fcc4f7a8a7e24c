"""The product as real processes, for tests that use it from outside and kill parts of it."""

import asyncio
import contextlib
import itertools
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
from temporalio.worker import Replayer

from deploy import local
from deploy.processes import Processes, _inherited, free_port, listening
from hosted_numbers import temporal
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.settings import Settings
from tests.orders import an_order
from tests.world import BINARIES
from workflows import WORKFLOWS
from workflows.runner import runner

ORDERS = "/v1/hosted-number-orders"
CREATE = "/HostedNumbers/HostedNumberOrders"
PATIENCE = 60.0
_LOOK = 0.1

T = TypeVar("T")

_NUMBERS = itertools.count()


class Finished(NamedTuple):
    """A command that has ended: its exit code and what it said."""

    code: int
    out: str
    err: str


async def eventually(look: Callable[[], Awaitable[T]], patience: float = PATIENCE) -> T:
    """Look until there is something to see, which is the answer."""
    give_up = time.monotonic() + patience
    while not (found := await look()):
        assert time.monotonic() < give_up, f"not within {patience} seconds"
        await asyncio.sleep(_LOOK)
    return found


async def run(*command: str, environment: Mapping[str, str]) -> Finished:
    """Run a command of the environment's ``bin`` to its end."""
    process = await asyncio.create_subprocess_exec(
        str(BINARIES / command[0]),
        *command[1:],
        env={**_inherited(), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


def new_number() -> str:
    """A number that no other test has, of the range kept for fiction, without a fate."""
    taken = next(_NUMBERS)
    area = ("212", "415", "613", "501")[taken // 80]
    return f"+1{area}55501{20 + taken % 80}"


@dataclass
class Parts(Processes):
    """The processes of a deployment, each of which can be killed, ended and started again.

    Attributes:
        at_temporal: the settings by which this process finds the deployment's Temporal.
    """

    at_temporal: Mapping[str, str] = field(default_factory=dict)
    _how: dict[str, tuple[list[str], Mapping[str, str], Callable[[], Awaitable[bool]]]] = field(
        default_factory=dict
    )

    async def start(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        """Start a process and remember how."""
        self._how[name] = command, environment, ready
        await super().start(name, command, environment, ready)

    async def again(self, name: str, **environment: str) -> None:
        """Start a process that was stopped, with these settings in place of its own."""
        command, as_before, ready = self._how[name]
        with settled(self.at_temporal):
            await super().start(name, command, {**as_before, **environment}, ready)

    def kill(self, name: str) -> None:
        """``kill -9``: the process learns nothing of it."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    async def end(self, name: str) -> int:
        """Tell a process to end; its exit code."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, PATIENCE)

    async def dismiss(self, name: str) -> int:
        """Tell a process to end, for good; its exit code."""
        del self._how[name]
        return await self.end(name)

    async def mend(self) -> None:
        """Start what is missing, so that one failed test does not fail the next."""
        for name in self._how:
            if name not in self._running:
                await self.again(name)

    def pids(self) -> list[int]:
        """The processes that run."""
        return [process.pid for process in self._running.values()]


@dataclass(frozen=True)
class Product:
    """A deployment as backends, people and Twilio meet it: over HTTP.

    Attributes:
        deployment: where everything is.
        parts: its processes.
        gateway: a backend's way in, with its API key.
        simulator: what plays Twilio, and its control paths.
    """

    deployment: local.Deployment
    parts: Parts
    gateway: httpx.AsyncClient
    simulator: httpx.AsyncClient

    async def order(self, number: str, **changes: object) -> httpx.Response:
        """The backend sends an order."""
        body = an_order(phone_number=number, **changes).model_dump(exclude_defaults=True)
        return await self.gateway.post(ORDERS, json=body)

    async def started(self, number: str, **changes: object) -> str:
        """The backend sends an order, which is taken; the number."""
        answer = await self.order(number, **changes)
        assert answer.status_code == 201, answer.text
        return number

    async def progress(self, number: str) -> dict[str, Any] | None:
        """Where the order stands; None while nothing answers."""
        try:
            answer = await self.gateway.get(f"{ORDERS}/{number}")
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until(
        self, number: str, patience: float = PATIENCE, **expected: object
    ) -> dict[str, Any]:
        """Look at the order, through outages, until its progress shows what is expected."""
        give_up = time.monotonic() + patience
        while True:
            found = await self.progress(number)
            if found and all(found[name] == value for name, value in expected.items()):
                return found
            assert time.monotonic() < give_up, f"{number} is not {expected}, but {found}"
            await asyncio.sleep(_LOOK)

    async def act(self, number: str, what: str, **body: object) -> httpx.Response:
        """A person's act."""
        return await self.gateway.post(f"{ORDERS}/{number}/{what}", json=body)

    async def heard_code(self, progress: Mapping[str, Any]) -> str:
        """What the person at the phone hears."""
        answer = await self.simulator.get(f"/_simulator/orders/{progress['sid']}/call")
        return str(answer.json()["verification_code"])

    async def lives(self, number: str, patience: float = PATIENCE) -> dict[str, Any]:
        """The owner enters the code, however often it takes; the order completes."""
        give_up = time.monotonic() + patience
        while (order := await self.at_twilio(number))["status"] != "completed":
            assert time.monotonic() < give_up, f"{number} stands still: {order}"
            if order["status"] == "pending-verification":
                with contextlib.suppress(httpx.TransportError):
                    code = await self.heard_code(order)
                    await self.act(number, "verification-code", code=code)
            await asyncio.sleep(_LOOK)
        return await self.until(number, phase="completed")

    async def at_twilio(self, number: str) -> dict[str, Any]:
        """What Twilio holds for a number, once it does."""

        async def look() -> dict[str, Any]:
            orders = (await self.ledger())["orders"]
            return next((each for each in orders if each["phone_number"] == number), {})

        return await eventually(look)

    async def hold(self, path: str, seconds: float = 8) -> None:
        """Twilio takes some seconds over its next POST there; then it does it and answers."""
        rule = {"method": "POST", "path": path, "action": "delay", "times": 1}
        answer = await self.simulator.post(
            "/_simulator/faults", json={**rule, "delay_seconds": seconds}
        )
        assert answer.status_code == 201, answer.text

    async def release(self) -> None:
        """Twilio goes on with what it was held from, and is well again."""
        (await self.simulator.delete("/_simulator/faults")).raise_for_status()

    async def sign(self, number: str) -> None:
        """The signer of the order's letter signs."""
        await self.sign_letter(await self.letter(number))

    async def letter(self, number: str) -> str:
        """The SID of the order's letter, once it is out."""
        order = await self.until(number, waiting_for="signature", status="pending-loa")
        return str(order["authorization_document_sid"])

    async def sign_letter(self, sid: str) -> None:
        """The signer signs a letter."""
        answer = await self.simulator.post(
            f"/_simulator/authorization-documents/{sid}", json={"status": "signed"}
        )
        assert answer.status_code == 200, answer.text

    async def struck(self, count: int) -> None:
        """Wait until the faults that are set have struck so many requests in all."""

        async def have() -> bool:
            faults = (await self.simulator.get("/_simulator/faults")).json()["faults"]
            return sum(int(each["struck"]) for each in faults) == count

        await eventually(have)

    async def ledger(self) -> dict[str, Any]:
        """What really happened at Twilio."""
        ledger: dict[str, Any] = (await self.simulator.get("/_simulator/ledger")).json()
        return ledger

    async def held_once(self, *numbers: str) -> None:
        """Twilio holds one completed order for each number, called it once, mailed one letter."""
        ledger = await self.ledger()
        for number in numbers:
            orders = [each for each in ledger["orders"] if each["phone_number"] == number]
            assert [each["status"] for each in orders] == ["completed"], number
            sid = orders[0]["sid"]
            documents = {
                each["sid"]
                for each in ledger["authorization_documents"]
                if sid in each["order_sids"]
            }
            mails = [each for each in ledger["loa_mails"] if each["document_sid"] in documents]
            assert len(mails) == 1, (number, mails)
            assert len([each for each in ledger["calls"] if each["order_sid"] == sid]) == 1, number


async def replay(product: Product, numbers: Iterable[str]) -> None:
    """Replay what these orders went through: each must come to the same steps again."""
    with settled(product.parts.at_temporal):
        client = await temporal.connect(Settings.read())
    replayer = Replayer(
        workflows=WORKFLOWS, workflow_runner=runner(), data_converter=client.data_converter
    )
    for number in numbers:
        handle = client.get_workflow_handle(order_workflow_id(number))
        await replayer.replay_workflow(await handle.fetch_history())


@contextmanager
def a_deployment(
    state: Path, *, keep: bool = True, people: str = "signer,reviewer"
) -> Iterator[tuple[local.Deployment, Parts]]:
    """Everything up, with its state in files or not; afterwards no process and no port is left."""
    ports = {name: free_port() for name in local.PORTS}
    deployment = local.Deployment(state, ports, keep=keep, people=people, pace=0.2)
    parts = Parts(state / "logs", patience=PATIENCE, at_temporal=deployment.environment("temporal"))
    try:
        with settled(parts.at_temporal):
            asyncio.run(local._start(deployment, parts))
        yield deployment, parts
    finally:
        pids = parts.pids()
        parts.stop()
    assert not [pid for pid in pids if is_alive(pid)]
    assert not [name for name, port in ports.items() if listening(port)]


@contextmanager
def settled(environment: Mapping[str, str]) -> Iterator[None]:
    """Settings of this process itself, as the deployment makes them, for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def is_alive(pid: int) -> bool:
    """Whether there is a process of that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
