"""Rows 1 to 3: whole orders per second, against what they could be and against others."""

import contextlib
from collections.abc import Sequence
from statistics import mean, median
from typing import Final

from rich.console import Console
from temporalio.client import Client

from benchmarks import variants
from benchmarks.machine import a_place
from benchmarks.outside import a_twilio
from benchmarks.results import Goal, Result, figure, ratios
from benchmarks.rounds import by_turns
from benchmarks.same_shape import Shape, counts_of, shape_of

NAIVE_SHARE: Final = 0.3
"""Of the orders that a naive run has: its one event loop is full with these, and takes long."""

_SAMPLED: Final = 100
_SAME: Final = ("activities", "local activities", "messages", "upserts")

_WHOLE: Final = (
    "Twilio answers at once here, and its callbacks come without a gateway: this is what an order "
    "costs, not how soon it ends. The process that plays Twilio takes its share of the two cores."
)


async def rows_1_and_2(orders: int, repetitions: int, console: Console) -> list[Result]:
    """Whole orders against the same shape, the least, and a first try, on a server in memory."""
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        place = await enter(a_place())
        twilio = await enter(a_twilio(place.deployment))
        whole = await enter(variants.whole(place, twilio, orders))
        for _ in range(2):  # in the first, connections and caches are still being made
            await whole()
        found = await shapes(place.client, whole.ids)
        rates = {
            "bare": await enter(variants.smallest(place, orders)),
            "same shape": await enter(variants.shaped(place, found, orders)),
            "whole": whole,
            "naive": await enter(
                variants.first_try(place, twilio, max(int(orders * NAIVE_SHARE), 1))
            ),
        }
        for name in ("bare", "same shape"):
            await rates[name]()
        for rate in rates.values():
            rate.cpu.clear()
        figures = await by_turns(rates, repetitions, console)
        ours = await usual_counts(place.client, whole.ids)
        theirs = await usual_counts(place.client, rates["same shape"].ids)
    check_alike(ours, theirs)
    details = {
        "orders_per_second": figures,
        "cpu_ms_per_order": {name: rate.usual_cpu() for name, rate in rates.items()},
        "per_order": {"whole": ours, "same shape": theirs},
    }
    whole_rate = figures["whole"]
    ceiling = median(ratios(figures["bare"], figures["naive"]))
    return [
        Result(
            1,
            "whole order, orders/s, against the same shape without HTTP and rules",
            Goal(">=", 0.85),
            ratios(whole_rate, figures["same shape"]),
            _WHOLE,
            details,
        ),
        Result(
            1,
            "whole order, orders/s, against four empty activities and one signal",
            Goal(">=", 0.65),
            ratios(whole_rate, figures["bare"]),
            _WHOLE,
        ),
        Result(
            2,
            "whole order, orders/s, against a first try from samples",
            Goal(">=", 8),
            ratios(whole_rate, figures["naive"]),
            f"Four empty activities and a signal are {figure(ceiling)} first tries in this run. "
            f"The first try runs {NAIVE_SHARE:.0%} as many orders at once, which fill its one "
            "process; it polls each second, where a minute would be usual.",
        ),
    ]


async def row_3(orders: int, repetitions: int, console: Console) -> list[Result]:
    """Whole orders on a server with a file, against DBOS with SQLite."""
    async with (
        a_place(keeps=True) as place,
        a_twilio(place.deployment) as twilio,
        variants.whole(place, twilio, orders) as whole,
        variants.on_dbos(place, twilio, orders) as dbos,
    ):
        rates = {"whole on file": whole, "DBOS": dbos}
        for rate in rates.values():
            await rate()
            rate.cpu.clear()
        figures = await by_turns(rates, repetitions, console)
    return [
        Result(
            3,
            "whole order on a file, orders/s, against the same five calls on DBOS with SQLite",
            Goal(">=", 1.0),
            ratios(figures["whole on file"], figures["DBOS"]),
            "Temporal's dev server on a file is no production Temporal, and SQLite is no "
            "production database of DBOS. DBOS runs five calls and three messages; a whole order "
            "makes seven calls and shows itself in lists.",
            {
                "orders_per_second": figures,
                "cpu_ms_per_order": {name: rate.usual_cpu() for name, rate in rates.items()},
            },
        )
    ]


async def shapes(client: Client, ids: Sequence[str]) -> list[Shape]:
    """The shapes of some orders: who comes first is chance, so not all are alike."""
    return [
        shape_of((await client.get_workflow_handle(each).fetch_history()).events)
        for each in ids[:_SAMPLED]
    ]


async def usual_counts(client: Client, ids: Sequence[str]) -> dict[str, float]:
    """How many of each kind the histories of some workflows hold, on average."""
    counts = [
        counts_of((await client.get_workflow_handle(each).fetch_history()).events)
        for each in ids[:_SAMPLED]
    ]
    kinds = sorted({kind for each in counts for kind in each})
    return {kind: round(mean(each[kind] for each in counts), 2) for kind in kinds}


def check_alike(ours: dict[str, float], theirs: dict[str, float]) -> None:
    """See that the same shape is the same.

    Raises:
        AssertionError: it had more or fewer of something than a whole order had, by more than the
            chance of who comes first explains.
    """
    for kind in _SAME:
        mine, other = ours.get(kind, 0.0), theirs.get(kind, 0.0)
        if abs(mine - other) > max(0.5, 0.1 * mine):
            raise AssertionError(f"{kind}: {mine} in a whole order, {other} in the same shape")
