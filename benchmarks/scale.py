"""``--scale``: thousands of orders that wait at once on this machine, and how they come through.

It prints and writes ``.local/scale.json``; ``docs/scale.md`` computes from such a run what larger
fleets need.
"""

import json
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.machine import Place, a_place, clear_of_profiles
from benchmarks.outside import Twilio, a_twilio
from benchmarks.recovery import WORKER, rate
from benchmarks.results import figure
from benchmarks.sweep import sweep
from benchmarks.waiting import fill, moved, quiet
from benchmarks.whole_order import Drive, driven
from deploy.local import ACCOUNT_SID, ROOT
from hosted_numbers.process import cancel_on_sigterm
from hosted_numbers.twilio import Credentials, TwilioClient

_WARM: Final = 50
_SAMPLE: Final = 500


async def run(count: int, console: Console) -> dict[str, float]:
    """Let so many orders wait, end and kill their worker, sweep them.

    Args:
        count: how many; 5,000 take about ten minutes on two cores.
        console: told what was found.
    """
    cancel_on_sigterm()
    clear_of_profiles()
    found: dict[str, float] = {"orders": count}
    async with (
        a_place(keeps=True) as place,
        a_twilio(place.deployment) as twilio,
        driven(place, twilio, enters_codes=False) as drive,
    ):
        await place.worker(WORKER)
        await fill(drive, _WARM)
        before = _taken(place)
        began = time.perf_counter()
        numbers = await fill(drive, count)
        found["filled per second"] = count / (time.perf_counter() - began)
        after = _taken(place)
        for what, taken in after.items():
            found[f"{what}, MB"] = taken / 1e6
            found[f"{what}, kB per order"] = (taken - before[what]) / count / 1000
        console.print(f"  {count} wait", highlight=False)
        await _recovery(place, drive, numbers, found)
        await _sweep(place, twilio, found)
    path = ROOT / ".local" / "scale.json"
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    console.print(_table(found))
    return found


async def _recovery(
    place: Place, drive: Drive, numbers: list[str], found: dict[str, float]
) -> None:
    """A part of the orders moves after SIGTERM, another after kill -9."""
    some = min(_SAMPLE, len(numbers) // 3)
    await place.machine.end(WORKER)
    await place.worker(WORKER)
    ended = await moved(drive, numbers[:some])
    await quiet(place.machine)
    await place.machine.kill(WORKER)
    await place.worker(WORKER)
    killed = await moved(drive, numbers[some : 2 * some])
    for how, moments in (("SIGTERM", ended), ("kill -9", killed)):
        found[f"first order moves after {how}, s"] = moments[0]
        found[f"orders that move per second after {how}"] = rate(moments)
    await quiet(place.machine)


async def _sweep(place: Place, twilio: Twilio, found: dict[str, float]) -> None:
    """One sweep over all orders, by the product's activity, with Twilio in the same process."""
    environment = place.deployment.environment("twilio")
    login = Credentials.account(ACCOUNT_SID, environment["TWILIO_AUTH_TOKEN"])
    requests = twilio.requests()
    async with TwilioClient(login, base_url=environment["TWILIO_BASE_URL"]) as client:
        began = time.perf_counter()
        report = await sweep(client, place.client)
    found["sweep, s"] = time.perf_counter() - began
    found["sweep, requests"] = twilio.requests() - requests
    found["sweep, open orders"] = report.open_orders


def _taken(place: Place) -> dict[str, int]:
    """Bytes that the parts take."""
    return {
        "worker": place.machine.memory(WORKER),
        "server": place.machine.memory("temporal"),
        "database": _size(place.database),
    }


def _size(database: Path) -> int:
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


def _table(found: dict[str, float]) -> Table:
    table = Table("what", "measured", title="Many orders at once")
    for what, value in found.items():
        table.add_row(what, figure(value))
    return table
