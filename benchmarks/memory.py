"""Row 8: what an order that waits takes of a worker's memory."""

import asyncio
import uuid
from typing import Final

from rich.console import Console

from benchmarks import bare, variants
from benchmarks.machine import Place, a_place
from benchmarks.outside import a_twilio
from benchmarks.results import Goal, Result, figure
from benchmarks.waiting import fill, quiet
from benchmarks.whole_order import driven

WORKER: Final = "worker"
_WARM: Final = 50
_STEPS: Final = 5
_LEAST: Final = 80


async def row_8(counts: list[int], console: Console) -> list[Result]:
    """Memory of one worker process while more and more orders wait.

    Args:
        counts: at how many waiting orders to look, ascending.
        console: told each figure.
    """
    results = []
    async with (
        a_place() as place,
        a_twilio(place.deployment) as twilio,
        driven(place, twilio, enters_codes=False) as drive,
    ):
        least = await _least(place)
        console.print(f"  an empty workflow that waits: {figure(least)} kB", highlight=False)
        await place.worker(WORKER)
        await fill(drive, _WARM)
        base, server = place.machine.memory(WORKER), place.machine.memory("temporal")
        waiting, before = 0, base
        for count in counts:
            slices = []
            step = (count - waiting) // _STEPS
            for _ in range(_STEPS):
                await fill(drive, step)
                waiting += step
                now = place.machine.memory(WORKER)
                slices.append((now - before) / step / 1000)
                before = now
                console.print(
                    f"  {waiting} waiting: worker {now / 1e6:.0f} MB, "
                    f"{figure((now - base) / waiting / 1000)} kB each",
                    highlight=False,
                )
            results.append(
                Result(
                    8,
                    f"worker memory per waiting order, {waiting:,} waiting",
                    Goal("<=", 80, "kB"),
                    [(before - base) / waiting / 1000],
                    "Counted once, as memory that was taken is not given back. Only orders in a "
                    "worker's cache take memory, which holds 1,000; a workflow that has run one "
                    f"empty activity and waits takes {figure(least)} kB of the SDK.",
                    {
                        "empty_workflow_kb": least,
                        "slices_kb": slices,
                        "worker_mb": before / 1e6,
                        "server_kb_each": (place.machine.memory("temporal") - server)
                        / waiting
                        / 1000,
                    },
                )
            )
    return results


async def _least(place: Place) -> float:
    """Kilobytes that the SDK takes for a workflow with next to nothing in it."""
    await variants.a_worker(place, "bare", bare.QUEUE)
    held = []
    for _ in range(1 + _STEPS):  # slowly: a burst takes memory that is not given back
        starts = [
            place.plain.start_workflow(
                bare.Bare.run, id=f"least/{uuid.uuid4()}", task_queue=bare.QUEUE
            )
            for _ in range(_LEAST)
        ]
        await asyncio.gather(*starts)
        await quiet(place.machine)
        held.append(place.machine.memory("bare"))
    return (held[-1] - held[0]) / (_STEPS * _LEAST) / 1000
