"""The demo: orders with different fates, side by side, over the real API.

Each script plays the backend that sends the order and the people who help it. What Twilio and the
signer do, the simulator does by itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

ORDERS = "/v1/hosted-number-orders"
PATIENCE = 50.0
_LOOK = 0.2


class NotAsScriptedError(Exception):
    """The product answered something else than the script says."""


@dataclass
class People:
    """The backend and the people around one order.

    Attributes:
        number: the order's phone number.
        progress: what the API last said of it.
        doing: what the people are doing, for the table.
    """

    gateway: httpx.AsyncClient
    simulator: httpx.AsyncClient
    number: str
    progress: dict[str, Any] = field(default_factory=dict)
    doing: str = ""

    async def order(self) -> None:
        """The backend sends the order."""
        self.doing = "sends the order"
        answer = await self.gateway.post(
            ORDERS,
            json={
                "phone_number": self.number,
                "email": "owner@example.com",
                "address_sid": "AD" + "0" * 32,
                "contact_title": "Chief Executive",
                "contact_phone_number": "+15017122662",
                "customer": "demo",
            },
        )
        answer.raise_for_status()

    async def until(self, waiting_for: str, phase: str | None = None) -> None:
        """Look at the order's progress until it waits for something, or is in a phase."""
        while True:
            await self.look()
            if self.progress.get("phase") == phase or (
                phase is None and self.progress.get("waiting_for") == waiting_for
            ):
                return
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """What the API says of the order now."""
        answer = await self.gateway.get(f"{ORDERS}/{self.number}")
        answer.raise_for_status()
        self.progress = answer.json()

    async def act(self, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A person's act through the API; its answer."""
        answer = await self.gateway.post(f"{ORDERS}/{self.number}/{what}", json=body or {})
        answer.raise_for_status()
        taken: dict[str, Any] = answer.json()
        return taken

    async def enter(self, code: str, *, taken: bool) -> None:
        """A person enters a code, and is told that it is right, or wrong, as the script says.

        Raises:
            NotAsScriptedError: the answer is another one.
        """
        answer = await self.act("verification-code", {"code": code})
        if answer["taken"] is not taken:
            raise NotAsScriptedError(answer["reason"])

    async def heard_code(self) -> str:
        """The person picks up the phone and listens to the code."""
        self.doing = "picks up the phone"
        answer = await self.simulator.get(f"/_simulator/orders/{self.progress['sid']}/call")
        answer.raise_for_status()
        return str(answer.json()["verification_code"])


async def plain(people: People) -> None:
    """The owner picks up, hears the code and enters it."""
    await people.order()
    await people.until("verification-code")
    code = await people.heard_code()
    people.doing = "enters the code"
    await people.enter(code, taken=True)
    people.doing = "waits for the carrier"
    await people.until("", phase="completed")


async def wrong_code_first(people: People) -> None:
    """The owner mistypes the code once."""
    await people.order()
    await people.until("verification-code")
    code = await people.heard_code()
    people.doing = "mistypes the code"
    wrong = str((int(code) + 1) % 10000).zfill(4)
    await people.enter(wrong, taken=False)
    await asyncio.sleep(1)
    people.doing = "enters the right code"
    await people.enter(code, taken=True)
    people.doing = "waits for the carrier"
    await people.until("", phase="completed")


async def sms_enabled(people: People) -> None:
    """Twilio finds that the number has SMS somewhere else."""
    await people.order()
    people.doing = "waits for Twilio"
    await people.until("", phase="failed")


async def signer_declines(people: People) -> None:
    """The signer declines the first letter; the right person signs the second."""
    await people.order()
    await people.until("verification-code")
    code = await people.heard_code()
    people.doing = "enters the code"
    await people.enter(code, taken=True)
    people.doing = "waits for the signature"
    await people.until("operator")
    people.doing = "amends who signs"
    await people.act("amend", {"email": "director@example.com", "contact_title": "Director"})
    people.doing = "waits for the carrier"
    await people.until("", phase="completed")


@dataclass(frozen=True)
class Script:
    """One order of the demo: its number, its story, and how it must end."""

    number: str
    story: Callable[[People], Awaitable[None]]
    ending: str
    letters: int


SCRIPTS = (
    Script("+15017122661", plain, "completed", letters=1),
    Script("+14155550123", wrong_code_first, "completed", letters=1),
    Script("+12125550110", sms_enabled, "failed", letters=0),
    Script("+16135550113", signer_declines, "completed", letters=2),
)


@dataclass
class Run:
    """One script as it runs."""

    script: Script
    people: People
    began: float = field(default_factory=time.monotonic)
    took: float | None = None
    trouble: str = ""

    async def play(self) -> None:
        """Play the script to its end, or note what went wrong."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.script.story(self.people)
        except (httpx.HTTPError, NotAsScriptedError, TimeoutError, KeyError) as error:
            self.trouble = f"{type(error).__name__}: {error} while one {self.people.doing}"
        self.people.doing = ""
        self.took = time.monotonic() - self.began

    def went_well(self, ledger: dict[str, Any]) -> bool:
        """Whether it ended as its script says, at Twilio too: one order, the right letters."""
        orders = [o for o in ledger["orders"] if o["phone_number"] == self.script.number]
        sids = {o["sid"] for o in orders}
        letters = [m for m in ledger["loa_mails"] if _of(m, ledger) & sids]
        return (
            not self.trouble
            and self.people.progress["phase"] == self.script.ending
            and [o["status"] for o in orders] == [self.script.ending]
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
        httpx.AsyncClient(base_url=gateway, headers=headers, trust_env=False) as backend,
        httpx.AsyncClient(base_url=simulator, trust_env=False) as twilio,
    ):
        runs = [Run(script, People(backend, twilio, script.number)) for script in SCRIPTS]
        plays = asyncio.gather(*(run.play() for run in runs))
        with Live(_table(runs), console=console, refresh_per_second=8) as live:
            while not plays.done():
                check()
                await asyncio.sleep(_LOOK)
                live.update(_table(runs))
        await plays
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
        seconds = run.took if run.took is not None else time.monotonic() - run.began
        table.add_row(
            run.script.number,
            run.script.story.__name__.replace("_", " "),
            str(run.people.progress.get("status") or ""),
            str(run.people.progress.get("waiting_for") or ""),
            run.people.doing or str(run.people.progress.get("phase", "")),
            f"{seconds:.1f}",
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
