"""Orders that wait: many are started, and later some of them move at Twilio.

They wait in ``received`` for somebody to ask for the call, which takes the fewest steps to reach.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.machine import Machine, eventually
from benchmarks.whole_order import Drive

_AT_ONCE: Final = 50
_QUIET: Final = 0.15
"""Share of a core that server and worker together take when nothing goes on."""

MOVED: Final = "carrier-processing"
"""The carrier takes no time here, so such an order looks, and finds itself completed."""


async def fill(drive: Drive, count: int) -> list[str]:
    """Start orders and wait until they all wait; their numbers."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one() -> str:
        async with turn:
            handle = await drive.start(call_when="asked")
        number = handle.id.rpartition("/")[2]

        async def ordered() -> bool:
            return drive.twilio.has(number)

        await eventually(ordered, patience=600)
        return number

    numbers = await asyncio.gather(*(one() for _ in range(count)))
    await quiet(drive.place.machine)
    return numbers


async def quiet(machine: Machine, patience: float = 120.0) -> None:
    """Wait until the processes have nothing to do for a second.

    Raises:
        TimeoutError: they never had.
    """
    async with asyncio.timeout(patience):
        while True:
            before = sum(machine.cpu().values())
            await asyncio.sleep(1)
            if sum(machine.cpu().values()) - before < _QUIET:
                return


async def moved(drive: Drive, numbers: Sequence[str], patience: float = 300.0) -> list[float]:
    """Move these orders at Twilio, all at once, with their callbacks.

    Returns:
        For each the seconds until it looked at Twilio, in the order in which they did.
    """
    twilio = drive.twilio
    began = time.perf_counter()
    for number in numbers:
        twilio.move(number, MOVED)
    sids = [twilio.sid(number) for number in numbers]
    looked = twilio.looks

    async def all_looked() -> bool:
        return all(looked.get(sid, 0.0) > began for sid in sids)

    await eventually(all_looked, patience)
    return sorted(looked[sid] - began for sid in sids)
