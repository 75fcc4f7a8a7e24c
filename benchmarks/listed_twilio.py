"""A Twilio that has many orders already: ``python -m benchmarks.listed_twilio PORT COUNT``.

All of them are ``carrier-processing`` and carry our unique names, and nothing moves by itself.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvicorn

from benchmarks.machine import FROM_HERE, Machine
from deploy.local import ACCOUNT_SID
from deploy.processes import LOOPBACK, free_port
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.simulator.app import create_app
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.order_forms import read_create
from hosted_numbers.simulator.parameters import Parameters
from hosted_numbers.twilio import Credentials, TwilioClient

TOKEN: Final = "stands-for-a-token"  # noqa: S105 - of a simulator on loopback
STATUS: Final = "carrier-processing"
_SIMULATOR: Final = "simulator"
_FIRST: Final = 1_501_300_0000


def number(index: int) -> str:
    """The number of an order."""
    return f"+{_FIRST + index}"


@dataclass(frozen=True)
class Listed:
    """A Twilio process with many orders.

    Attributes:
        machine: its process.
        origin: its address.
        client: the product's client of it.
    """

    machine: Machine
    origin: str
    client: TwilioClient

    async def get(self, path: str) -> Any:
        """What it answers, decoded."""
        return json.loads(await self.raw(path))

    async def raw(self, path: str) -> bytes:
        """What it answers."""
        login = aiohttp.BasicAuth(ACCOUNT_SID, TOKEN)
        async with (
            aiohttp.ClientSession(self.origin, auth=login) as session,
            session.get(path) as answer,
        ):
            return await answer.read()

    async def requests(self) -> int:
        """How many API requests there were, by its own ledger."""
        return sum((await self.get("/_simulator/ledger"))["requests"].values())

    async def move(self, count: int, status: str) -> None:
        """Move the first so many orders; nobody is told."""
        orders = (await self.get("/_simulator/ledger"))["orders"][:count]
        async with aiohttp.ClientSession(self.origin) as session:
            for order in orders:
                path = f"/_simulator/orders/{order['sid']}"
                async with session.post(path, json={"status": status}) as answer:
                    answer.raise_for_status()


@contextlib.asynccontextmanager
async def a_listed_twilio(count: int) -> AsyncIterator[Listed]:
    """Twilio as a process of its own, with so many orders."""
    with tempfile.TemporaryDirectory() as folder:
        machine, port = Machine(Path(folder)), free_port()
        origin = f"http://{LOOPBACK}:{port}"

        async def up() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                async with (
                    aiohttp.ClientSession(origin) as session,
                    session.get("/_simulator/clock") as answer,
                ):
                    return answer.ok
            return False

        command = [sys.executable, "-m", "benchmarks.listed_twilio", str(port), str(count)]
        try:
            await machine.start(_SIMULATOR, command, FROM_HERE, up)
            async with TwilioClient(
                Credentials.account(ACCOUNT_SID, TOKEN), base_url=origin
            ) as client:
                yield Listed(machine, origin, client)
        finally:
            machine.stop()


def main(port: int, count: int) -> None:
    """Make the orders and serve them until the process is ended."""
    config = SimulatorConfig.model_validate(
        {"account_sid": ACCOUNT_SID, "auth_token": TOKEN, "pace": 1e6}
    )
    app = create_app(config)
    simulator = app.state.simulator
    with simulator.turn() as now:
        for index in range(count):
            form = {
                "PhoneNumber": number(index),
                "SmsCapability": "true",
                "UniqueName": order_workflow_id(number(index)),
            }
            order = simulator.world.create_order(read_create(Parameters(form.items()), config), now)
            simulator.world.move_order(order, STATUS, None, now)
    uvicorn.run(app, host=LOOPBACK, port=port, access_log=False, log_level="warning", ws="none")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
