"""``make bench``: the product against its goals, in one table.

A row is measured side by side with what it is compared to, by turns, in one run; the median is
reported, and beside it the lowest and the highest repetition. Figures that are not ratios mean
nothing on another machine.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from rich.console import Console

from benchmarks import (
    callback,
    client,
    demo,
    memory,
    plots,
    recovery,
    scale,
    sweep,
    throughput,
    waits,
)
from benchmarks.machine import clear_of_profiles
from benchmarks.results import Result, table, write
from deploy.local import ROOT
from hosted_numbers.process import cancel_on_sigterm

BENCH: Final = ROOT / ".local" / "bench.json"

Run = Callable[[argparse.Namespace, Console], Awaitable[list[Result]]]

RUNS: dict[tuple[int, ...], Run] = {
    (1, 2): lambda given, console: throughput.rows_1_and_2(
        given.orders, given.repetitions, console
    ),
    (3,): lambda given, console: throughput.row_3(given.orders, given.repetitions, console),
    (4,): lambda _, console: waits.row_4(console),
    (5,): lambda _, console: sweep.row_5(console),
    (6,): lambda given, console: sweep.row_6(given.repetitions, console),
    (7,): lambda given, console: callback.row_7(given.repetitions, console),
    (8,): lambda given, console: memory.row_8(given.waiting, console),
    (9,): lambda given, console: recovery.row_9(given.repetitions, console),
    (10,): lambda given, console: demo.row_10(given.repetitions, console),
    (11,): lambda given, console: client.row_11(given.repetitions, console),
}


async def bench(given: argparse.Namespace, console: Console) -> list[Result]:
    """Run the rows that are asked for."""
    cancel_on_sigterm()
    results: list[Result] = []
    for rows, run in RUNS.items():
        if not set(rows) & set(given.rows):
            continue
        console.print(f"row {' and '.join(map(str, rows))}", style="bold")
        began = time.monotonic()
        results += await run(given, console)
        write(results, BENCH)  # what is measured is kept, should a later row fail
        console.print(f"  {time.monotonic() - began:.0f} s", style="dim")
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 0 whether goals are met or not."""
    every = sorted(row for rows in RUNS for row in rows)
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=_rows, default=every, help="such as 1,2,11; else all")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--orders", type=int, default=100, help="of rows 1 to 3, all at once")
    parser.add_argument(
        "--waiting", type=_rows, default=[1000, 5000], help="orders that wait in row 8"
    )
    parser.add_argument("--plots", action="store_true", help="draw docs/images anew")
    parser.add_argument("--scale", action="store_true", help="5,000 orders at once, and no rows")
    given = parser.parse_args(arguments)
    console = Console()
    clear_of_profiles()
    gc.freeze()  # as a worker does
    if given.scale:
        asyncio.run(scale.run(max(given.waiting), console))
        return 0
    if given.rows:
        results = asyncio.run(bench(given, console))
        console.print(table(results))
        console.print(f"Written to {BENCH.relative_to(ROOT)}.")
    if given.plots:
        for drawn in plots.draw(plots.measured_in(BENCH)):
            console.print(f"Drawn: {drawn.relative_to(ROOT)}")
    return 0


def _rows(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


if __name__ == "__main__":
    raise SystemExit(main())
