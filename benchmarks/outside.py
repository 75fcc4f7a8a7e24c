"""All that is outside of the product: Twilio, the signer, and the person at the phone.

Twilio is the simulator of this repository, served over HTTP by the process that measures. Its
pace is 0: each of its steps takes no time. Its callbacks do not go over HTTP but are handed to
whoever drives the orders, as a gateway would hand them on; so neither a gateway nor the simulator's
HTTP client is part of what is measured, while every API request is.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.machine import eventually
from deploy.local import ACCOUNT_SID, Deployment
from deploy.processes import LOOPBACK
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.simulator.app import create_app
from hosted_numbers.simulator.callbacks import Outgoing
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.runtime import Simulator

_NUMBERS = itertools.count(1_501_200_0000)

Hear = Callable[[str, str], Awaitable[None]]
"""Told the number and the status of an order that moved at Twilio."""


def new_number() -> str:
    """A number that no other order of this process has, without a fate in the simulator."""
    return f"+{next(_NUMBERS)}"


def an_order(number: str, **changes: object) -> HostedNumberOrderRequest:
    """An order as a backend sends it."""
    fields: dict[str, object] = {
        "phone_number": number,
        "email": "owner@example.com",
        "address_sid": "AD" + "0" * 32,
        "contact_title": "Chief Executive",
        "contact_phone_number": "+15017122662",
    }
    return HostedNumberOrderRequest.model_validate(fields | changes)


@dataclass
class Callbacks:
    """Where Twilio's callbacks arrive; with nobody to hear them they are lost."""

    _ears: list[Hear] = field(default_factory=list)

    async def __call__(self, callback: Outgoing) -> str:
        """Deliver one callback."""
        for hear in self._ears:
            await hear(callback.form["PhoneNumber"], callback.form["Status"])
        return "204"

    @contextlib.contextmanager
    def also(self, hear: Hear) -> Iterator[None]:
        """Somebody hears them for a while."""
        self._ears.append(hear)
        try:
            yield
        finally:
            self._ears.remove(hear)


@dataclass(frozen=True)
class Looks:
    """ASGI middleware: when each order was last looked at, by its SID, on this process's clock."""

    app: ASGIApp
    at: dict[str, float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the time of a request that names an order, and answer it."""
        if scope["type"] == "http" and "/HostedNumberOrders/HR" in scope["path"]:
            self.at[scope["path"].rpartition("/")[2]] = time.perf_counter()
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Twilio:
    """The simulator.

    Attributes:
        simulator: its state.
        callbacks: who hears of them.
        looks: when each order was last asked for, by its SID.
    """

    simulator: Simulator
    callbacks: Callbacks
    looks: dict[str, float]

    def sid(self, number: str) -> str:
        """The order of a number.

        Raises:
            LookupError: Twilio has none.
        """
        for order in self.simulator.world.orders.candidates(number, None).after(0):
            return order.sid
        raise LookupError(f"Twilio has no order for {number}")

    def has(self, number: str) -> bool:
        """Whether Twilio has an order for a number."""
        return self.simulator.world.orders.is_hosting(number)

    def move(self, number: str, status: str) -> None:
        """Move an order; its callback goes out."""
        with self.simulator.turn() as now:
            order = self.simulator.world.orders.all[self.sid(number)]
            self.simulator.world.move_order(order, status, None, now)

    def pace(self, seconds: float) -> None:
        """From now on each of Twilio's steps takes so long."""
        memory = self.simulator.world
        memory.config = memory.config.model_copy(update={"pace": seconds})

    def code(self, number: str) -> str:
        """What the person at the phone of a number hears.

        Raises:
            LookupError: the phone does not ring.
        """
        for order in self.simulator.world.orders.candidates(number, None).after(0):
            if order.verification_code is not None:
                return order.verification_code
        raise LookupError(f"the phone of {number} does not ring")

    def sign(self, number: str) -> None:
        """The signer signs the letter that is out for a number."""
        with self.simulator.turn() as now:
            world = self.simulator.world
            letter = world.orders.all[self.sid(number)].signing_document_sid or ""
            if (document := world.authorization_documents.get(letter)) is None:
                raise LookupError(f"no letter is out for {number}")
            world.end_authorization_document(document, "signed", now)

    def requests(self) -> int:
        """How many API requests came in so far."""
        return sum(self.simulator.world.ledger.requests.values())


@contextlib.asynccontextmanager
async def a_twilio(
    deployment: Deployment, *, pace: float = 0.0, signs: bool = True
) -> AsyncIterator[Twilio]:
    """Twilio at the address that a deployment's settings name.

    Args:
        deployment: whose settings.
        pace: seconds that each of Twilio's steps takes.
        signs: whether the signer signs by themselves.
    """
    token = deployment.environment("twilio")["TWILIO_AUTH_TOKEN"]
    config = SimulatorConfig.model_validate(
        {
            "account_sid": ACCOUNT_SID,
            "auth_token": token,
            "pace": pace,
            "people": {"signer"} if signs else set(),
        }
    )
    callbacks = Callbacks()
    app = create_app(config, sender=callbacks)
    looks: dict[str, float] = {}
    twilio = Twilio(app.state.simulator, callbacks, looks)
    server = _Quietly(
        uvicorn.Config(
            Looks(app, looks),
            host=LOOPBACK,
            port=deployment.ports["simulator"],
            http="httptools",  # what Twilio's part costs is no part of an order's
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:

        async def up() -> bool:
            return server.started or serving.done()

        await eventually(up)
        yield twilio
    finally:
        server.should_exit = True
        await serving


class _Quietly(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the process that measures, which ends all that it started."""
        yield
