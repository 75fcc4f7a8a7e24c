"""Row 11: what one API request costs through the typed client."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console

from benchmarks import stub
from benchmarks.machine import FROM_HERE, Machine
from benchmarks.results import Goal, Result, ratios
from benchmarks.rounds import Variant, by_turns
from deploy.local import ACCOUNT_SID
from deploy.processes import LOOPBACK, free_port, listening
from hosted_numbers.twilio import Credentials, TwilioClient

REQUESTS: Final = 1000
AT_ONCE: Final = (20, 1)

Request = Callable[[], Awaitable[object]]


async def row_11(repetitions: int, console: Console) -> list[Result]:
    """The typed client against aiohttp with nothing around it, on the same stub."""
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        port = free_port()

        async def up() -> bool:
            return listening(port)

        command = [sys.executable, "-m", "benchmarks.stub", str(port)]
        try:
            await machine.start("stub", command, FROM_HERE, up)
            return await _against_aiohttp(f"http://{LOOPBACK}:{port}", repetitions, console)
        finally:
            machine.stop()


async def _against_aiohttp(origin: str, repetitions: int, console: Console) -> list[Result]:
    path = f"/HostedNumbers/HostedNumberOrders/{stub.SID}"
    login = aiohttp.BasicAuth(ACCOUNT_SID, "token")
    results = []
    async with (
        TwilioClient(
            Credentials.account(ACCOUNT_SID, "token"), base_url=origin, max_connections=20
        ) as twilio,
        aiohttp.ClientSession(origin, auth=login) as session,
    ):

        async def bare_get() -> object:
            async with session.get(path) as answer:
                return json.loads(await answer.read())

        async def bare_post() -> object:
            async with session.post(path, data={"Status": "pending-verification"}) as answer:
                return json.loads(await answer.read())

        async def get() -> object:
            return await twilio.hosted_number_orders.fetch(stub.SID)

        async def post() -> object:
            return await twilio.hosted_number_orders.update(stub.SID, status="pending-verification")

        for method, ours, theirs in (("GET", get, bare_get), ("POST", post, bare_post)):
            for at_once in AT_ONCE:
                variants = {
                    "typed client": _cpu(ours, at_once),
                    "aiohttp": _cpu(theirs, at_once),
                }
                for warm_up in variants.values():
                    await warm_up()
                console.print(f"  {method}, {at_once} at once, µs of CPU", highlight=False)
                figures = await by_turns(variants, repetitions, console)
                results.append(_result(method, at_once, figures))
    return results


def _result(method: str, at_once: int, figures: dict[str, list[float]]) -> Result:
    return Result(
        11,
        f"CPU of a {method} through the typed client, {at_once} at once, against bare aiohttp",
        Goal("<=", 4),
        ratios(figures["typed client"], figures["aiohttp"]),
        "The stub answers at once over loopback and without TLS; aiohttp checks nothing of what "
        "it reads.",
        {"cpu_us_per_request": figures},
    )


def _cpu(request: Request, at_once: int) -> Variant:
    """Measures microseconds of this process's CPU per request."""

    async def some() -> None:
        for _ in range(REQUESTS // at_once):
            await request()

    async def run() -> float:
        began = time.process_time()
        await asyncio.gather(*(some() for _ in range(at_once)))
        return (time.process_time() - began) / REQUESTS * 1e6

    return run
