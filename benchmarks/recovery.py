"""Row 9: how orders go on when their worker was away."""

from dataclasses import dataclass, field
from typing import Final

from rich.console import Console

from benchmarks.machine import Place, a_place
from benchmarks.outside import a_twilio
from benchmarks.results import Goal, Result, figure, ratios
from benchmarks.waiting import fill, moved
from benchmarks.whole_order import Drive, driven

_ALL: Final = 200
_FEW: Final = 20
WORKER: Final = "worker"


@dataclass
class Recovery:
    """What was measured, a figure for each round.

    Attributes:
        cached: orders per second that move on where the worker has them in its cache.
        restarted: the same after kill -9, from the first that moves on to the last.
        stall: seconds after kill -9 from the hints until the first moves on.
        ended: the same after SIGTERM.
    """

    cached: list[float] = field(default_factory=list)
    restarted: list[float] = field(default_factory=list)
    stall: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)


async def row_9(repetitions: int, console: Console) -> list[Result]:
    """Orders that are hinted in the cache, after kill -9 and after SIGTERM."""
    found = Recovery()
    async with (
        a_place() as place,
        a_twilio(place.deployment) as twilio,
        driven(place, twilio, enters_codes=False) as drive,
    ):
        await place.worker(WORKER)
        await fill(drive, _FEW)
        for turn in range(1, repetitions + 1):
            await one_round(place, drive, found)
            console.print(
                f"  round {turn} of {repetitions}: cached {figure(found.cached[-1])}/s, "
                f"restarted {figure(found.restarted[-1])}/s after {found.stall[-1]:.1f} s, "
                f"first after SIGTERM {found.ended[-1]:.2f} s",
                highlight=False,
            )
    return [
        Result(
            9,
            "orders that move on per second after kill -9 of the worker, against cached ones",
            Goal(">=", 0.6),
            ratios(found.restarted, found.cached),
            "Counted from the first order that moves on: before it, the server waits up to 10 s "
            "for the killed worker's own queue (`stall_s` in the file). Histories are short here.",
            {
                "cached_per_second": found.cached,
                "restarted_per_second": found.restarted,
                "stall_s": found.stall,
            },
        ),
        Result(
            9,
            "from a restart after SIGTERM, worker ready, to the first order that moves on",
            Goal("<=", 1, "s"),
            found.ended,
            "The second that a new process takes to import and to connect is not in it.",
        ),
    ]


async def one_round(place: Place, drive: Drive, found: Recovery) -> None:
    """Fresh orders: a half moves in the cache, the other after a kill; then some after SIGTERM."""
    numbers = await fill(drive, _ALL)
    half = _ALL // 2
    found.cached.append(rate(await moved(drive, numbers[:half])))
    await place.machine.kill(WORKER)
    await place.worker(WORKER)
    late = await moved(drive, numbers[half:])
    found.restarted.append(rate(late))
    found.stall.append(late[0])
    few = await fill(drive, _FEW)
    await place.machine.end(WORKER)
    await place.worker(WORKER)
    found.ended.append((await moved(drive, few))[0])


def rate(moments: list[float]) -> float:
    """Orders per second from the first that moved on to the last.

    Args:
        moments: when each did, ascending, at least two.
    """
    return (len(moments) - 1) / (moments[-1] - moments[0])
