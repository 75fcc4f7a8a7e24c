"""Row 7: from a callback at the gateway to the order's next API request."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console

from benchmarks.machine import FROM_HERE, Place, a_place, eventually
from benchmarks.outside import Twilio, a_twilio
from benchmarks.results import Goal, Result, figure, percentile
from benchmarks.waiting import MOVED, fill
from benchmarks.whole_order import driven
from hosted_numbers.settings import CALLBACK_PATH
from hosted_numbers.twilio.signatures import SIGNATURE_HEADER, sign

PER_SECOND: Final = 20
SECONDS: Final = 5
_MS: Final = 1000


async def row_7(repetitions: int, console: Console) -> list[Result]:
    """Signed callbacks at a steady rate to gateway and worker, each of an order that moved."""
    count = PER_SECOND * SECONDS
    slowest, middle = [], []
    async with (
        a_place() as place,
        a_twilio(place.deployment) as twilio,
        aiohttp.ClientSession() as sender,
    ):
        await asyncio.gather(place.worker(), _gateway(place))
        async with driven(place, twilio, enters_codes=False) as drive:
            numbers = await fill(drive, count * (repetitions + 1))
        for turn in range(repetitions + 1):
            some = numbers[turn * count : (turn + 1) * count]
            delays = await _delays(place, twilio, sender, some)
            if turn == 0:
                continue  # the first connections are still being made
            slowest.append(percentile(delays, 0.99))
            middle.append(percentile(delays, 0.5))
            console.print(
                f"  round {turn} of {repetitions}: median {figure(middle[-1])} ms, "
                f"p99 {figure(slowest[-1])} ms",
                highlight=False,
            )
    return [
        Result(
            7,
            f"callback sent to the gateway, to the order's next API request, p99 at "
            f"{PER_SECOND} callbacks/s",
            Goal("<=", 250, "ms"),
            slowest,
            "Everything shares two cores over loopback; a network adds its round trips.",
            {"median_ms": middle, "callbacks_per_round": count},
        )
    ]


async def _gateway(place: Place) -> None:
    """Start the product's gateway."""
    deployment = place.deployment
    ready = deployment.url("gateway") + "/health/ready"
    command = str(Path(sys.executable).parent / "hosted-numbers")
    port = str(deployment.ports["gateway"])
    environment = deployment.environment("temporal", "twilio", "documents", "gateway")

    async def answers() -> bool:
        async with aiohttp.ClientSession() as session:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(ready) as answer:
                    return answer.status == 200  # noqa: PLR2004 - HTTP's OK
        return False

    await place.machine.start(
        "gateway", [command, "gateway", "--port", port], {**FROM_HERE, **environment}, answers
    )


async def _delays(
    place: Place, twilio: Twilio, sender: aiohttp.ClientSession, numbers: Sequence[str]
) -> list[float]:
    """Move one order after another at the steady rate; milliseconds until each was looked at."""
    url = place.deployment.url("gateway") + CALLBACK_PATH
    token = place.deployment.environment("twilio")["TWILIO_AUTH_TOKEN"]
    sent: dict[str, float] = {}

    async def call_back(number: str) -> None:
        sid = twilio.sid(number)
        form = {"HostedNumberOrderSid": sid, "PhoneNumber": number, "Status": MOVED}
        headers = {SIGNATURE_HEADER: sign(token, url, list(form.items()))}
        sent[sid] = time.perf_counter()
        async with sender.post(url, data=form, headers=headers) as answer:
            answer.raise_for_status()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as calls:
        for place_in_row, number in enumerate(numbers):
            await asyncio.sleep(began + place_in_row / PER_SECOND - time.perf_counter())
            twilio.move(number, MOVED)
            calls.create_task(call_back(number))

    async def all_looked() -> bool:
        return all(twilio.looks.get(sid, 0.0) > at for sid, at in sent.items())

    await eventually(all_looked)
    return [(twilio.looks[sid] - at) * _MS for sid, at in sent.items()]
