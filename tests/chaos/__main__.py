"""``make chaos``: play a fault run and check it; exit 0 only where nothing is violated."""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from deploy.local import ROOT
from deploy.processes import DeploymentError
from hosted_numbers.process import cancel_on_sigterm, leave
from tests.chaos import report
from tests.chaos.checker import Violation
from tests.chaos.haste import hasten
from tests.chaos.plan import plan_of
from tests.chaos.run import Run, run
from tests.chaos.stage import a_stage

_MOST_ORDERS: Final = 3000
_SHOWN: Final = 40


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for; it exits with 2 where that is wrong."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="all choices come from it")
    parser.add_argument("--orders", type=int, default=200, help=f"1 to {_MOST_ORDERS:,}")
    parser.add_argument("--kills", type=int, default=3, help="kill -9 of a part, 0 to 200")
    parser.add_argument(
        "--percent", type=float, default=None, help="of Twilio's requests that suffer, 0.1 to 20"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="of the report")
    given = parser.parse_args(words)
    if not 1 <= given.orders <= _MOST_ORDERS:
        parser.error(f"ORDERS is 1 to {_MOST_ORDERS:,}.")
    if not 0 <= given.kills <= 200:
        parser.error("KILLS is 0 to 200.")
    if given.percent is not None and not 0.1 <= given.percent <= 20:
        parser.error("FAULTS is the percentage of Twilio's requests that suffer, 0.1 to 20.")
    return given


def budget(orders: int, kills: int) -> float:
    """Seconds that the faulty part of a run may take on a slow machine."""
    return 240.0 + 1.2 * orders + 20.0 * kills


async def main(given: argparse.Namespace, console: Console) -> int:
    """Run it; the exit code."""
    cancel_on_sigterm()
    plan = plan_of(given.seed, given.orders, given.kills, given.percent)
    command = report.command(given.seed, given.orders, given.kills, given.percent)
    with tempfile.TemporaryDirectory(prefix="hosted-numbers-chaos-") as scratch:
        state = Path(scratch)
        console.print(f"{command}: starting everything …", highlight=False)
        async with a_stage(state, swept=plan.swept, seed=plan.seed) as stage:
            going = Run(plan, stage, console, budget(given.orders, given.kills))
            found = await run(going, given.folder, command)
        if found:
            kept = given.folder / "chaos-logs"
            shutil.rmtree(kept, ignore_errors=True)
            await asyncio.to_thread(shutil.copytree, state / "logs", kept)
            console.print(f"Logs: {kept}", highlight=False)
    return verdict(found, command, console)


def verdict(found: Sequence[Violation], command: str, console: Console) -> int:
    """Tell what came of it; the exit code."""
    if not found:
        console.print("I1 to I8 hold.", highlight=False)
        return 0
    for each in found[:_SHOWN]:
        console.print(f"{each.invariant}  {each.text}", highlight=False, markup=False)
    if len(found) > _SHOWN:
        console.print(f"… and {len(found) - _SHOWN} more: see chaos.json.", highlight=False)
    console.print(f"{len(found)} violations. To repeat it: {command}", highlight=False)
    return 1


def started(words: Sequence[str]) -> int:
    """The whole command; the exit code."""
    given = arguments(words)
    os.environ.setdefault("COLUMNS", "120")
    try:
        return asyncio.run(main(given, Console()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except DeploymentError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1


if __name__ == "__main__":
    hasten()  # to replay what a hasty worker did
    leave(started(sys.argv[1:]))
