"""A world for the tests of the workflow: a Temporal server, a worker and the simulator, in process.

Everything but the network is real: the workflow, the activities, the typed client, the simulator's
HTTP side. Callbacks reach the workflow as hints, unless a test loses them.
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import notification_activities, temporal_activities, twilio_activities
from activities.hosted_number_orders import Sweep
from activities.notifications import Receiver
from hosted_numbers import contract, search_attributes
from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import (
    Answer,
    OrderChanged,
    Progress,
    ProvidedDocument,
    StoredDocument,
    VerificationCodeEntry,
)
from hosted_numbers.converter import encrypting
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import NoWorkerError, TemporalUnavailableError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.simulator.app import create_app
from hosted_numbers.simulator.callbacks import Outgoing
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.twilio import Credentials, TwilioClient
from tests.orders import NUMBER, an_order
from workflows import NOTIFICATION_WORKFLOWS, WORKFLOWS
from workflows.runner import runner

ACCOUNT_SID = "AC" + "1" * 32
AUTH_TOKEN = "2" * 32
PUBLIC_BASE_URL = "http://127.0.0.1"
RETENTION = timedelta(days=30)
BILL_CONTENT = b"%PDF-1.7\n% a bill, as far as Twilio looks\n%%EOF\n"
BINARIES = Path(sys.executable).parent
KEYS = KeyRing(str(Key("of-the-tests", b"k" * 32)))
ENCRYPTING = encrypting(KEYS, "default")

T = TypeVar("T")


async def eventually(true: Callable[[], Awaitable[bool]], patience: float = 15) -> None:
    """Wait, in real time, until something is true."""
    give_up = asyncio.get_running_loop().time() + patience
    while not await true():
        if asyncio.get_running_loop().time() > give_up:
            raise AssertionError("it never came true")
        await asyncio.sleep(0.02)


async def in_time(act: Callable[[], Awaitable[T]], seconds: float, rounds: int = 3) -> list[T]:
    """What an act answers in some rounds, of which the quickest takes no longer than that.

    A product that is slow is slow in each round; a machine that stands still for a moment is not.
    """
    answers, took = [], []
    for _ in range(rounds):
        began = time.monotonic()
        answers.append(await act())
        took.append(time.monotonic() - began)
        if took[-1] < seconds:
            return answers
    raise AssertionError(f"not within {seconds} seconds, but {took}")


class InProcess(httpx.ASGITransport):
    """The simulator without a network; a connection that it drops looks like one all the same."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error


def server_time() -> float:
    """Seconds by Temporal's clock: on the time-skipping server a pause takes no time at all."""
    started = activity.info().started_time if activity.in_activity() else datetime.now(UTC)
    return started.timestamp()


@dataclass
class Postbox:
    """Takes the simulator's callbacks and passes them on as hints; ``lost`` drops them."""

    lost: bool = False
    orders: HostedNumberOrders | None = None
    taken: list[str] = field(default_factory=list)

    async def __call__(self, request: Outgoing) -> str:
        """Take one callback."""
        status = request.form["Status"]
        self.taken.append(status)
        if not self.lost and self.orders is not None:
            await self.orders.order_changed(
                request.form["PhoneNumber"], OrderChanged(status=status)
            )
        return "204"


@dataclass
class Twilio:
    """One simulator, and our client of it."""

    simulator: httpx.AsyncClient
    twilio: TwilioClient
    callbacks: Postbox
    pace: timedelta

    async def tell(self, path: str, /, **body: object) -> Any:
        """A control path of the simulator."""
        answer = await self.simulator.post(f"/_simulator/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def ledger(self) -> dict[str, Any]:
        """What really happened at Twilio."""
        ledger: dict[str, Any] = (await self.simulator.get("/_simulator/ledger")).json()
        return ledger

    async def fault(self, method: str, path: str, action: str, **more: object) -> None:
        """The next matching requests to Twilio suffer."""
        body = {"method": method, "path": path, "action": action} | more
        await self.tell("faults", **body)

    async def hold(self, method: str, path: str, passing: int = 0) -> None:
        """Twilio's next answer there, after so many, comes when ``well_again`` is called."""
        if passing:
            await self.fault(method, path, "delay", times=passing)
        await self.fault(method, path, "delay", delay_seconds=9, times=1)

    async def struck(self, count: int = 1) -> None:
        """Wait until the faults that are set have struck so many requests in all."""

        async def have() -> bool:
            faults = (await self.simulator.get("/_simulator/faults")).json()["faults"]
            return sum(int(each["struck"]) for each in faults) == count

        await eventually(have)

    async def sign_document(self, sid: str, status: str = "signed") -> None:
        """The signer signs a letter, or does not."""
        await self.tell(f"authorization-documents/{sid}", status=status)

    async def review(self, sid: str | None, status: str, **more: object) -> None:
        """The reviewer decides on a bill."""
        await self.tell(f"documents/{sid}", status=status, **more)

    async def review_supporting(self, sid: str | None, status: str, **more: object) -> None:
        """The reviewer decides on a supporting document."""
        await self.tell(f"supporting-documents/{sid}", status=status, **more)

    async def well_again(self) -> None:
        """No more faults; what one held back goes on."""
        (await self.simulator.delete("/_simulator/faults")).raise_for_status()

    async def twilio_works(self) -> None:
        """Twilio, or the carrier, makes its next step."""
        await self.tell("clock", advance_seconds=self.pace.total_seconds())


@dataclass
class World(Twilio):
    """One Temporal server, one worker, one simulator."""

    env: WorkflowEnvironment
    client: Client
    orders: HostedNumberOrders
    blobs: BlobStore
    receiver: Receiver | None = None
    sweep: Sweep | None = None

    async def start(self, **changes: object) -> WorkflowHandle[object, Progress]:
        """Start an order and answer its workflow."""
        order = an_order(**changes)
        await self.orders.start(order)
        if self.pace:
            await self.until(order.phone_number, status="twilio-processing")
            await self.twilio_works()
        return self.handle(order.phone_number)

    def handle(self, number: str = NUMBER) -> WorkflowHandle[object, Progress]:
        """The workflow of a number's order."""
        return self.client.get_workflow_handle(order_workflow_id(number), result_type=Progress)

    async def until(self, number: str = NUMBER, **expected: object) -> Progress:
        """Wait, in real time, until the order's progress shows what is expected."""
        give_up = asyncio.get_running_loop().time() + 20
        progress: Progress | None = None
        while asyncio.get_running_loop().time() < give_up:
            # the server now and then refuses a workflow task that an update and a timer share, and
            # gives it out again ten seconds later: longer than a caller has patience
            with contextlib.suppress(NoWorkerError, TemporalUnavailableError):
                progress = await self.orders.progress(number)
                if all(getattr(progress, name) == value for name, value in expected.items()):
                    return progress
            await asyncio.sleep(0.02)
        raise AssertionError(f"not {expected}, but {progress!r}")

    async def accepted(self, count: int, number: str = NUMBER) -> None:
        """Wait until the order has accepted so many updates in all."""

        async def has() -> bool:
            events = (await self.handle(number).fetch_history()).events
            kind = "workflow_execution_update_accepted_event_attributes"
            return sum(event.HasField(kind) for event in events) == count  # type: ignore[arg-type]

        await eventually(has)

    async def story(self, number: str = NUMBER) -> list[str]:
        """The order's timeline, in words."""
        return [entry.what for entry in (await self.orders.progress(number)).timeline]

    async def code(self, progress: Progress) -> str:
        """What the person at the phone hears."""
        answer = await self.simulator.get(f"/_simulator/orders/{progress.sid}/call")
        return str(answer.json()["verification_code"])

    async def verified(self, **changes: object) -> Progress:
        """An order whose owner entered the right code, with its letter out."""
        await self.start(**changes)
        number = str(changes.get("phone_number", NUMBER))
        waiting = await self.until(number, waiting_for="verification-code")
        entry = VerificationCodeEntry(code=await self.code(waiting))
        assert (await self.orders.submit_verification_code(number, entry)).taken
        return await self.until(number, waiting_for="signature", status="pending-loa")

    async def kept(self, number: str = NUMBER, content: bytes = BILL_CONTENT) -> StoredDocument:
        """A file in the blob store."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file"
            await asyncio.to_thread(file.write_bytes, content)
            return await self.blobs.keep(number, file, "application/pdf")

    async def provide(self, number: str = NUMBER, **fields: object) -> Answer:
        """A person provides a document; a bill unless the fields say otherwise."""
        document = await self.kept(number)
        provided = ProvidedDocument.model_validate({"document": document} | fields)
        return await self.orders.provide_document(number, provided)

    async def sign(self, progress: Progress, status: str = "signed") -> None:
        """The signer signs, or does not."""
        await self.sign_document(str(progress.authorization_document_sid), status)

    async def days_go_by(self, days: int) -> None:
        """Days for the workflow, one at a time: a month in one call can outlast its deadline."""
        for _ in range(days):
            await self.env.sleep(timedelta(days=1))

    async def while_time_goes_by(self, act: Coroutine[Any, Any, T]) -> T:
        """What an act comes to that tries again and again, with pauses that nobody waits for."""
        task = asyncio.create_task(act)
        while not task.done():
            await self.env.sleep(timedelta(seconds=1))
        return await task

    async def pass_time(self, span: timedelta) -> None:
        """Time goes by for the workflow and at Twilio."""
        await self.tell("clock", advance_seconds=span.total_seconds())
        await self.env.sleep(span)

    @contextlib.asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[None]:
        """A worker at work, and one that delivers notifications where the world has a receiver."""
        orders = Worker(
            self.client,
            task_queue=contract.TASK_QUEUE,
            workflows=WORKFLOWS,
            activities=[
                *twilio_activities(
                    self.twilio,
                    self.blobs,
                    public_base_url=PUBLIC_BASE_URL,
                    document_retention=RETENTION,
                    notifies=self.receiver is not None,
                    sweep=self.sweep,
                ),
                *temporal_activities(
                    self.client,
                    self.twilio,
                    self.blobs,
                    callbacks=True,
                    bulk_window=200,
                    notifies=self.receiver is not None,
                ),
            ],
            **({"workflow_runner": runner()} | options),
        )
        async with orders, self.delivering() if self.receiver else contextlib.nullcontext():
            yield

    def delivering(self) -> Worker:
        """A worker that delivers notifications to the world's receiver."""
        return Worker(
            self.client,
            task_queue=contract.NOTIFICATION_QUEUE,
            workflows=NOTIFICATION_WORKFLOWS,
            activities=notification_activities(self.receiver),
            workflow_runner=runner(),
        )


@contextlib.asynccontextmanager
async def a_world(
    receiver: Receiver | None = None,
    sweep: Sweep | None = None,
    converter: DataConverter = ENCRYPTING,
    **config: Any,
) -> AsyncIterator[World]:
    """Everything up, on the time-skipping server; nothing happens by itself but Twilio's steps."""
    async with (
        await a_server(converter) as env,
        a_world_on(env, receiver, sweep, **config) as world,
        world.working(),
    ):
        yield world


async def a_server(converter: DataConverter = ENCRYPTING) -> WorkflowEnvironment:
    """The time-skipping server."""
    return await WorkflowEnvironment.start_time_skipping(
        data_converter=converter,
        test_server_existing_path=str(BINARIES / "temporal-test-server"),
    )


async def a_dev_server(
    *arguments: str, converter: DataConverter = ENCRYPTING
) -> WorkflowEnvironment:
    """Temporal's dev server: its clock is the one on the wall, and it has lists."""
    return await WorkflowEnvironment.start_local(
        data_converter=converter,
        dev_server_existing_path=str(BINARIES / "temporal"),
        dev_server_extra_args=arguments,
        dev_server_log_level="error",
    )


@contextlib.asynccontextmanager
async def a_world_on(
    env: WorkflowEnvironment,
    receiver: Receiver | None = None,
    sweep: Sweep | None = None,
    **config: Any,
) -> AsyncIterator[World]:
    """A simulator and its client beside a Temporal server, without a worker."""
    await search_attributes.add(env.client)
    async with a_twilio(**config) as twilio:
        orders = twilio.callbacks.orders = HostedNumberOrders(env.client)
        blobs = BlobStore.at("memory:///", KEYS)
        yield World(
            **vars(twilio),
            env=env,
            client=env.client,
            orders=orders,
            blobs=blobs,
            receiver=receiver,
            sweep=sweep,
        )


@contextlib.asynccontextmanager
async def a_twilio(**config: Any) -> AsyncIterator[Twilio]:
    """A simulator and its client alone."""
    callbacks = Postbox()
    app = create_app(
        SimulatorConfig.model_validate(
            {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "pace": 0} | config
        ),
        sender=callbacks,
    )
    transport = InProcess(app=app)
    async with (
        app.state.simulator.running(),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as simulator,
        TwilioClient(
            Credentials.account(ACCOUNT_SID, AUTH_TOKEN),
            base_url="http://127.0.0.1",
            transport=transport,
            clock=server_time,
        ) as twilio,
    ):
        pace = timedelta(seconds=float(config.get("pace", 0)))
        yield Twilio(simulator, twilio, callbacks, pace)
