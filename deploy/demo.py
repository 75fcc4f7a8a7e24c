"""The demo: orders with different fates, side by side, over the real API.

What the people around each order do stands in ``deploy.demo_stories``; what Twilio, the signer and
the reviewer of bills do, the simulator does by itself.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy.demo_stories import SCRIPTS, NotAsScriptedError, People, Script
from deploy.readiness import NO_TLS

PATIENCE = 50.0
_LOOK = 0.1
_APART = 0.3
"""Seconds between two orders, as if they came from people."""


@dataclass
class Run:
    """One script as it runs."""

    script: Script
    people: People
    began: float | None = None
    took: float | None = None
    trouble: str = ""

    async def play(self, delay: float = 0.0) -> None:
        """Play the script to its end after a while, or note what went wrong."""
        await asyncio.sleep(delay)
        self.began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                await self.script.story(self.people)
        except (httpx.HTTPError, NotAsScriptedError, TimeoutError, KeyError) as error:
            self.trouble = f"{type(error).__name__}: {error} while one {self.people.doing}"
        self.people.doing = ""
        self.took = time.monotonic() - self.began

    @property
    def seconds(self) -> float:
        """How long it has been played."""
        if self.took is not None:
            return self.took
        return 0.0 if self.began is None else time.monotonic() - self.began

    def went_well(self, ledger: dict[str, Any]) -> bool:
        """Whether it ended as its script says, at Twilio too: one order, the right letters."""
        orders = [o for o in ledger["orders"] if o["phone_number"] == self.script.number]
        sids = {o["sid"] for o in orders}
        letters = [m for m in ledger["loa_mails"] if _of(m, ledger) & sids]
        endings = ["cancelled" if o.get("deleted") else o["status"] for o in orders]
        return (
            not self.trouble
            and self.people.progress["phase"] == self.script.ending
            and endings == [self.script.ending]
            and len(letters) == self.script.letters
        )


def _of(mail: dict[str, Any], ledger: dict[str, Any]) -> set[str]:
    documents = ledger["authorization_documents"]
    return {sid for d in documents if d["sid"] == mail["document_sid"] for sid in d["order_sids"]}


async def run_demo(
    *, gateway: str, simulator: str, api_key: str, check: Callable[[], None]
) -> bool:
    """Play all scripts side by side and show them move; whether all went well.

    Args:
        gateway: its base URL.
        simulator: its base URL.
        api_key: what the backend shows the gateway.
        check: raises when a process of the deployment has ended.
    """
    console = Console()
    headers = {"Authorization": f"Bearer {api_key}"}
    async with (
        httpx.AsyncClient(
            base_url=gateway, headers=headers, trust_env=False, verify=NO_TLS, timeout=30
        ) as backend,
        httpx.AsyncClient(base_url=simulator, trust_env=False, verify=NO_TLS, timeout=30) as twilio,
    ):
        runs = [Run(script, People(backend, twilio, script.number)) for script in SCRIPTS]
        plays = asyncio.gather(*(run.play(each * _APART) for each, run in enumerate(runs)))
        with Live(_table(runs), console=console, auto_refresh=False) as live:
            while not plays.done():
                check()
                await asyncio.sleep(_LOOK)
                live.update(_table(runs), refresh=True)
        await plays
        check()  # a part that has just died is why they ended
        ledger = (await twilio.get("/_simulator/ledger")).json()
    for run in runs:
        if run.trouble:
            console.print(f"[red]{run.script.number}[/red] {run.trouble}")
    well = all(run.went_well(ledger) for run in runs)
    console.line()
    console.print(_summary(runs, ledger))
    console.print(
        "Every order ended as its script says." if well else "[red]Not as scripted.[/red]"
    )
    return well


def _table(runs: list[Run]) -> Table:
    table = Table("number", "story", "Twilio's status", "waits for", "now", "seconds", expand=True)
    for run in runs:
        table.add_row(
            run.script.number,
            run.script.story.__name__.replace("_", " "),
            str(run.people.progress.get("status") or ""),
            str(run.people.progress.get("waiting_for") or ""),
            run.people.doing or str(run.people.progress.get("phase", "")),
            f"{run.seconds:.1f}",
        )
    return table


def _summary(runs: list[Run], ledger: dict[str, Any]) -> Table:
    table = Table("number", "ended", "because", "as scripted", "seconds", title="How they ended")
    for run in runs:
        progress = run.people.progress
        table.add_row(
            run.script.number,
            str(progress.get("phase", "nowhere")),
            str(progress.get("reason", "")),
            "yes" if run.went_well(ledger) else "NO",
            f"{run.took or 0:.1f}",
        )
    return table
