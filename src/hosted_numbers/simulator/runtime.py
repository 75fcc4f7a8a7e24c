"""One running simulator: the world, its clock, what is kept of it, and the work in the background.

Everything happens on one event loop, and a turn never awaits, so turns need no lock.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Final

from hosted_numbers.simulator.callbacks import CallbackMode
from hosted_numbers.simulator.clock import Clock
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.faults import Faults
from hosted_numbers.simulator.postman import HttpSender, Postman, Sender
from hosted_numbers.simulator.records import from_json, to_json
from hosted_numbers.simulator.state_file import NoStore, StateFile, Store
from hosted_numbers.simulator.world import World

_LONGEST_SLEEP: Final = 60.0
"""Real seconds; bounds what a change of the machine's clock can delay."""

_PAUSE_AFTER_ERROR: Final = 1.0

_log = logging.getLogger(__name__)


class Simulator:
    """The simulator without its HTTP side.

    Args:
        config: what it is like.
        clock: the time; its offset is replaced by the one that a state file kept.
        sender: delivers callbacks; by default over HTTP.
    """

    def __init__(
        self,
        config: SimulatorConfig,
        *,
        clock: Clock | None = None,
        sender: Sender | None = None,
    ) -> None:
        self.config = config
        self.clock = clock if clock is not None else Clock()
        self.faults = Faults(config.seed)
        self.world = World(config)
        self._sender = sender
        self._store: Store = NoStore()
        self._wake = asyncio.Event()

    @contextlib.contextmanager
    def turn(self) -> Iterator[datetime]:
        """Do something to the world at the moment that is yielded.

        What was due before has happened then. When the turn ends, also by an error, Twilio's own
        immediate steps are made and all is on disk, so an answer may leave.
        """
        now = self.clock.now()
        self.world.run_due(now)
        try:
            yield now
        finally:
            self.world.run_due(now, people=False)
            if self._save():
                self._wake.set()

    def count_request(self, label: str) -> None:
        """Note a request to Twilio's API, for good."""
        self.world.count_request(label)
        self._save()

    def advance_clock(self, span: timedelta) -> None:
        """Let the clock jump ahead; everything that this makes due happens at once."""
        self.clock.advance(span)
        with self.turn():
            self.world.settings.clock_offset_seconds = self.clock.offset.total_seconds()
            self.world.keep_settings()

    def set_callback_mode(self, mode: CallbackMode) -> None:
        """Choose how callbacks travel from now on."""
        with self.turn():
            self.world.settings.callback_mode = mode
            self.world.keep_settings()

    def reset(self) -> None:
        """Forget everything: orders, ledger, faults, the clock's offset, the callbacks' mode."""
        self._store.clear()
        self.world = World(self.config)
        self.faults.clear()
        self.faults = Faults(self.config.seed)
        self.clock.offset = timedelta(0)
        self._wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the state file, and let Twilio, people and callbacks act in the background.

        Raises:
            SimulatorRefused: the state file cannot be used.
        """
        if self.config.state_file is not None:
            self._store = StateFile(self.config.state_file)
            self.world = World(self.config)
        with contextlib.closing(self._store):
            self.world.restore(
                (kind, key, from_json(kind, body)) for kind, key, body in self._store.load()
            )
            if self.world.settings.clock_offset_seconds:
                self.clock.offset = timedelta(seconds=self.world.settings.clock_offset_seconds)
            async with contextlib.AsyncExitStack() as stack:
                sender = self._sender
                if sender is None:
                    http = HttpSender(self.config.callback_timeout)
                    sender = await stack.enter_async_context(http)
                postman = Postman(self.config, sender, self._callback_sent)
                await stack.enter_async_context(postman.working())
                pacemaker = asyncio.create_task(self._keep_pace(postman), name="simulator")
                try:
                    yield
                finally:
                    pacemaker.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await pacemaker

    async def _keep_pace(self, postman: Postman) -> None:
        """Make due things happen and hand due callbacks over, sleeping in between."""
        while True:
            self._wake.clear()
            try:
                pause = self._act(postman)
            except Exception:  # noqa: BLE001 - as after a full disk, people and Twilio go on
                _log.exception("the simulator could not do what was due and tries again")
                pause = _PAUSE_AFTER_ERROR
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def _act(self, postman: Postman) -> float:
        """Do what is due; the real seconds until something is due again."""
        now = self.clock.now()
        self.world.run_due(now)
        self._save()
        outbox = self.world.outbox
        while (entry := outbox.schedule.take(now)) is not None:
            due, key = entry
            delivery = outbox.waiting.get(key)
            if delivery is not None and delivery.due == due:
                postman.take(outbox, key, delivery)
        moments = (self.world.schedule.next_due, outbox.schedule.next_due)
        pauses = (self.clock.seconds_until(each) for each in moments if each is not None)
        return min([*pauses, _LONGEST_SLEEP])

    def _callback_sent(self, outbox: object, key: int, outcome: str) -> None:
        if outbox is self.world.outbox:  # a reset forgot the delivery otherwise
            with self.turn() as now:
                self.world.callback_sent(key, outcome, now)

    def _save(self) -> bool:
        """Write what changed; whether anything did."""
        unsaved = self.world.take_unsaved()
        if not unsaved:
            return False
        try:
            self._store.save(
                (kind, key, None if value is None else to_json(kind, value))
                for (kind, key), value in unsaved.items()
            )
        except BaseException:
            self.world.put_back(unsaved)
            raise
        return True
