"""The hints of one sweep: held back for a moment, looked up once more, given many at a time."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from temporalio import activity
from temporalio.client import Client

from hosted_numbers import open_orders
from hosted_numbers.contract import OrderChanged
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.sweep_comparison import Comparison, Hint, Hints
from hosted_numbers.sweeping import LOOKS_AT_ONCE

GRACE: Final = timedelta(seconds=5)
"""An order that differs is looked up once more after this: its callback may be on its way, and
Temporal's lists lag by a second. What has moved by itself then was no lost callback."""

AT_ONCE: Final = 50
"""Signals under way: more bring Temporal's dev server no further."""

_BATCH: Final = 200


class _Waiting(NamedTuple):
    hint: Hint
    due: float
    is_change: bool


class Hinting:
    """What a sweep tells orders.

    Args:
        client: of Temporal.
        comparison: of this sweep.
        hints: those that this worker gave before.
        at: when the sweep began.
        grace: see ``GRACE``.
        tell: called between the batches, to say that this goes on; it may raise, to stop.

    Attributes:
        signalled: hints that an open order took.
        differing: the changes among them that no callback had told, each once a day.
    """

    def __init__(
        self,
        client: Client,
        comparison: Comparison,
        hints: Hints,
        *,
        at: datetime,
        grace: timedelta,
        tell: Callable[[], None],
    ) -> None:
        self._client = client
        self._orders = HostedNumberOrders(client)
        self._comparison = comparison
        self._hints = hints
        self._at = at
        self._grace = grace.total_seconds()
        self._tell = tell
        self._waiting: list[_Waiting] = []
        self.signalled = 0
        self.differing = 0

    async def add(self, hints: Sequence[Hint]) -> None:
        """Take in the changes of a page, and give those of the pages before whose time has come."""
        self._queue(self._due(hints), is_change=True)
        await self._give_ripe()

    def look(self, numbers: Sequence[str], *, is_change: bool, soon: bool = False) -> None:
        """Have orders look by themselves, a bounded number of them.

        Args:
            numbers: whose.
            is_change: Twilio moved them, so a callback should have told.
            soon: again after minutes, not after a day.
        """
        due = self._due([Hint(number, None, soon) for number in numbers])
        self._queue(due[:LOOKS_AT_ONCE], is_change=is_change)

    async def finish(self) -> None:
        """Give all that is left, once its time has come."""
        if self._waiting:
            await _pause(self._waiting[-1].due - asyncio.get_running_loop().time())
            self._tell()
            await self._give_ripe()

    async def still_open(self, numbers: Sequence[str]) -> tuple[str, ...]:
        """Those numbers whose orders are open and stood still since the sweep began.

        Mostly all did, which is counted; only if not, they are listed to see which.
        """
        if await open_orders.all_still(self._client, numbers, self._comparison.began):
            return tuple(numbers)
        shown = await open_orders.shown(self._client, numbers)
        return tuple(each for each in numbers if self._comparison.is_comparable(shown.get(each)))

    def _due(self, hints: Sequence[Hint]) -> list[Hint]:
        return [hint for hint in hints if self._hints.is_due(hint, self._at)]

    def _queue(self, hints: Sequence[Hint], *, is_change: bool) -> None:
        due = asyncio.get_running_loop().time() + self._grace
        self._waiting += [_Waiting(hint, due, is_change) for hint in hints]

    async def _give_ripe(self) -> None:
        now = asyncio.get_running_loop().time()
        ripe = [each for each in self._waiting if each.due <= now]
        del self._waiting[: len(ripe)]
        slots = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as giving:
                for first in range(0, len(ripe), _BATCH):
                    batch = ripe[first : first + _BATCH]
                    numbers = [each.hint.phone_number for each in batch]
                    still = frozenset(await self.still_open(numbers))
                    for each in batch:
                        if each.hint.phone_number in still:
                            await slots.acquire()
                            given = giving.create_task(self._give(each))
                            given.add_done_callback(lambda _: slots.release())
                    self._tell()
        except ExceptionGroup as errors:  # one says enough: Temporal does not answer
            raise errors.exceptions[0] from None

    async def _give(self, waiting: _Waiting) -> None:
        hint = waiting.hint
        told = await self._orders.order_changed(hint.phone_number, OrderChanged(status=hint.status))
        is_news = self._hints.give(hint, self._at)
        self.signalled += told
        self.differing += told and is_news and waiting.is_change


async def _pause(seconds: float) -> None:
    """Sleep, or until the worker is told to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            await activity.wait_for_worker_shutdown()
