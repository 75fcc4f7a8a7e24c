"""Lets kills and faults happen when the run has come as far as the plan says."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from deploy.processes import DeploymentError
from tests.chaos.evidence import Outage
from tests.chaos.plan import LOCKED_OUT, Burst, Kill, Lockout, ModeChange, Plan
from tests.chaos.stage import Stage
from tests.chaos.twilio_side import TwilioSide

_LOOK: Final = 0.1


@dataclass
class Director:
    """Faults of one run.

    Attributes:
        stage: what suffers.
        twilio: where Twilio's faults are set.
        plan: what is to happen.
        progress: how far the run has come, 0 to 1.
        kills: moments and parts, as they came.
        bursts: begin, end, link and kind, as they came; lockouts are of the link ``twilio``.
        struck: how often which fault of Twilio's struck.
        modes: how callbacks travelled.
    """

    stage: Stage
    twilio: TwilioSide
    plan: Plan
    progress: Callable[[], float]
    kills: list[tuple[float, str]] = field(default_factory=list)
    bursts: list[tuple[float, float, str, str]] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def directing(self) -> AsyncIterator["Director"]:
        """Have faults from now on, until ``heal``."""
        await self.twilio.set_faults(self.plan.rules)
        task = asyncio.create_task(self._direct(), name="director")
        self._tasks.add(task)
        try:
            yield self
        finally:
            for each in self._tasks:
                each.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def done(self) -> bool:
        """Whether all that was planned has happened, or has failed."""
        return all(task.done() for task in self._tasks)

    async def heal(self) -> float:
        """No more faults; the moment from which on there is none.

        Raises:
            DeploymentError: a part did not come up again.
        """
        while waiting := [task for task in self._tasks if not task.done()]:
            await asyncio.wait(waiting)
        for task in self._tasks:
            task.result()
        await self._count_struck()
        await self.twilio.set_faults([])
        await self.twilio.callbacks("normal")
        for link in self.stage.links.values():
            await link.enable()
        return time.monotonic()

    async def _direct(self) -> None:
        plan = self.plan
        events: list[Kill | Burst | Lockout | ModeChange] = sorted(
            (*plan.kills, *plan.bursts, *plan.lockouts, *plan.modes), key=lambda event: event.at
        )
        for event in events:
            while self.progress() < event.at:
                await asyncio.sleep(_LOOK)
                self._check()
            match event:
                case Kill():
                    happening = self._kill(event)
                case Burst():
                    happening = self._burst(event)
                case Lockout():
                    happening = self._lock_out(event)
                case ModeChange():
                    happening = self._change(event)
            task = asyncio.create_task(happening)
            self._tasks.add(task)

    async def _kill(self, kill: Kill) -> None:
        async with self._locks.setdefault(kill.part, asyncio.Lock()):
            if kill.part == "simulator":
                await self._count_struck()
            self.kills.append((time.monotonic(), kill.part))
            await self.stage.killed(kill.part, kill.down)
            if kill.part == "simulator":  # it forgot its faults
                await self.twilio.set_faults(self.plan.rules)

    async def _burst(self, burst: Burst) -> None:
        async with self._locks.setdefault(burst.link, asyncio.Lock()):
            link, began = self.stage.links[burst.link], time.monotonic()
            if burst.toxic is None:
                await link.disable()
                await asyncio.sleep(burst.seconds)
                await link.enable()
            else:
                async with link.suffering(burst.toxic):
                    await asyncio.sleep(burst.seconds)
            ended = time.monotonic()
            self.bursts.append((began, ended, burst.link, burst.kind))
            self.stage.outages.append(Outage(burst.link, began, ended, killed=False))

    async def _lock_out(self, lockout: Lockout) -> None:
        # the simulator is not killed meanwhile: it would let us in again
        async with self._locks.setdefault("simulator", asyncio.Lock()):
            await self._count_struck()
            await self.twilio.set_faults([LOCKED_OUT])
            began = time.monotonic()
            await asyncio.sleep(lockout.seconds)
            await self._count_struck()
            await self.twilio.set_faults(self.plan.rules)
            self.bursts.append((began, time.monotonic(), "twilio", "401"))

    async def _change(self, change: ModeChange) -> None:
        self.modes[change.mode] += 1
        await self.twilio.callbacks(change.mode)

    async def _count_struck(self) -> None:
        self.struck.update(await self.twilio.struck())

    def _check(self) -> None:
        """Note parts that ended by themselves; the run is then without them, and says so."""
        try:
            self.stage.parts.check()
        except DeploymentError as error:
            self.stage.crashes.append(str(error))
            raise
