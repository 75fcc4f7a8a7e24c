"""Changes of orders as they come, for everybody who listens: one look serves them all.

``async for progress in events.of(number)`` and ``async for change in events.all()`` end when the
order has ended or the gateway does. However many listen to an order, Temporal is asked about it
once per interval, and not at all when nobody listens. While Temporal or the workers are away
nothing comes, and it goes on afterwards.

Nothing is buffered without bound. A listener to one order gets its newest progress, which holds its
whole timeline, so that what a slow one skips is not lost. A listener to all orders who falls a
thousand changes behind is cut, and asks again from the last moment that it saw.

No clock of this machine decides what is new: moments are the orders' own, Temporal's.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from hosted_numbers.contract import Progress
from hosted_numbers.errors import HostedNumbersError, NoWorkerError, TemporalUnavailableError
from hosted_numbers.order_lists import OrderSummary
from hosted_numbers.orders import HostedNumberOrders

_log = logging.getLogger(__name__)

ENDED: Final = frozenset({"cancelled", "completed", "failed"})
"""The phases after which nothing comes any more."""

_INTERVAL: Final = timedelta(seconds=1)
_MOST_WAITING: Final = 1000
# The list lags, and not evenly: a change may show up after one that came later.
_LAG: Final = timedelta(seconds=10)
# How far this machine's clock may be off when the newest change is sought for the first time.
_SKEW: Final = timedelta(minutes=15)
# ``OrderLists.changed`` never leaves any out below this.
_A_WHOLE_LIST: Final = 200

Pause = Callable[[float], Awaitable[None]]


@dataclass
class _Story:
    """What is known of one order, and who listens."""

    look: asyncio.Task[None]
    latest: Progress | None = None
    over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: int = 0

    def tell(self, progress: Progress | None = None, *, over: bool = False) -> None:
        """Wake whoever listens."""
        self.latest = progress or self.latest
        self.over = over
        self.news.set()
        self.news = asyncio.Event()


class OrderEvents:
    """The changes of one namespace's orders.

    Args:
        orders: what is asked.
        interval: between two looks.
        pause: waits for so many seconds.
    """

    def __init__(
        self,
        orders: HostedNumberOrders,
        interval: timedelta = _INTERVAL,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._orders = orders
        self._interval = interval.total_seconds()
        self._pause = pause
        self._stories: dict[str, _Story] = {}
        self._changes = _Changes(orders, self._next_look)
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen, to one order or to all."""
        return sum(story.listeners for story in self._stories.values()) + self._changes.listeners

    async def of(self, phone_number: str) -> AsyncGenerator[Progress, None]:
        """Each change of the number's newest order, the present progress first.

        It ends with the progress of an ended order, when no order is known, and at ``close``.
        """
        if self._closed:
            return
        story = self._joined(phone_number)
        shown: Progress | None = None
        try:
            while True:
                if story.latest is not None and story.latest != shown:
                    shown = story.latest
                    yield shown
                elif story.over:
                    return
                else:
                    await story.news.wait()
        finally:
            story.listeners -= 1
            if not story.listeners:
                story.look.cancel()
                if self._stories.get(phone_number) is story:
                    del self._stories[phone_number]

    def all(
        self, since: datetime | None = None, customer: str | None = None
    ) -> AsyncGenerator[OrderSummary, None]:
        """Each change of an order's status or need, in the order of their moments.

        Args:
            since: also what changed from this moment on, and shortly before it: a change may come
                twice and is never left out. None: only what changes from now on.
            customer: only this customer's orders.
        """
        return self._changes.heard(since, customer)

    async def close(self) -> None:
        """End every stream, so that nobody waits for them; there are none afterwards."""
        self._closed = True
        for story in list(self._stories.values()):
            story.look.cancel()
            story.tell(over=True)
        self._changes.close()
        await asyncio.sleep(0)

    def _joined(self, phone_number: str) -> _Story:
        story = self._stories.get(phone_number)
        if story is None or story.over:
            story = _Story(asyncio.create_task(self._follow(phone_number)))
            self._stories[phone_number] = story
        story.listeners += 1
        return story

    async def _follow(self, phone_number: str) -> None:
        """Look at an order again and again, until it has ended."""
        story = self._stories[phone_number]
        try:
            while True:
                try:
                    progress = await self._orders.progress(phone_number)
                except (NoWorkerError, TemporalUnavailableError) as error:
                    _log.info("No news of an order: %s", error.code, extra={"code": error.code})
                else:
                    if progress != story.latest:
                        story.tell(progress, over=progress.phase in ENDED)
                    if story.over:
                        return
                await self._next_look()
        except HostedNumbersError as error:
            told = {"code": error.code}
            _log.info("Nothing more comes of an order: %s", error.code, extra=told)
        finally:
            story.tell(over=True)

    async def _next_look(self) -> None:
        await self._pause(self._interval)


class _Listener:
    """One who listens to all orders: what is waiting for them."""

    def __init__(self, customer: str | None) -> None:
        self.customer = customer
        self.over = False
        self._waiting: asyncio.Queue[OrderSummary | None] = asyncio.Queue(_MOST_WAITING)

    def give(self, change: OrderSummary) -> None:
        """Put a change into the queue; who does not take them is cut."""
        if self.customer not in {None, change.customer}:
            return
        try:
            self._waiting.put_nowait(change)
        except asyncio.QueueFull:
            _log.warning("A listener who fell %d changes behind is cut", _MOST_WAITING)
            self.end()

    def end(self) -> None:
        """Nothing more comes, and what waits is not waited for."""
        self.over = True
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(None)

    async def next(self) -> OrderSummary | None:
        """The next change; None at the end."""
        return None if self.over else await self._waiting.get()


class _Changes:
    """The changes of all orders, from the list of those that changed since a moment."""

    def __init__(
        self, orders: HostedNumberOrders, next_look: Callable[[], Awaitable[None]]
    ) -> None:
        self._orders = orders
        self._next_look = next_look
        self._listeners: list[_Listener] = []
        self._look: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def heard(
        self, since: datetime | None, customer: str | None
    ) -> AsyncGenerator[OrderSummary, None]:
        """What one listener hears."""
        if self._closed:
            return
        listener = _Listener(customer)
        self._listeners.append(listener)
        self._look = self._look or asyncio.create_task(self._follow())
        told: set[tuple[str, datetime]] = set()
        try:
            if since is not None:
                async for change in self._from(since - _LAG, customer):
                    told.add(_what(change))
                    yield change
                    if listener.over:
                        return
                told = _recent(told)
            while (news := await listener.next()) is not None:
                if _what(news) not in told:
                    yield news
        finally:
            self._listeners.remove(listener)
            if not self._listeners and self._look is not None:
                self._look.cancel()
                self._look = None

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    async def _follow(self) -> None:
        """Look until nobody listens; should it break, no listener waits for nothing."""
        try:
            await self._tell_changes()
        finally:
            if self._look is asyncio.current_task():
                self._look = None
                for listener in self._listeners:
                    listener.end()

    async def _tell_changes(self) -> None:
        """Look at what changed, again and again; what there is at first is no news."""
        newest = datetime.now(UTC) - _SKEW
        told: set[tuple[str, datetime]] = set()
        first = True
        while True:
            async for change in self._from(newest - _LAG, None):
                if _what(change) in told:
                    continue
                told.add(_what(change))
                newest = max(newest, _moment(change))
                if not first:
                    for listener in list(self._listeners):
                        listener.give(change)
            told = _recent(told)
            first = False
            await self._next_look()

    async def _from(
        self, since: datetime, customer: str | None
    ) -> AsyncGenerator[OrderSummary, None]:
        """All changes from a moment on, however many, through times without Temporal."""
        while True:
            try:
                changes = await self._orders.lists.changed(since, customer)
            except HostedNumbersError as error:
                _log.info("No news of orders: %s", error.code, extra={"code": error.code})
                await self._next_look()
                continue
            for change in changes:
                yield change
            if len(changes) < _A_WHOLE_LIST or _moment(changes[-1]) <= since:
                return
            since = _moment(changes[-1])


def _moment(change: OrderSummary) -> datetime:
    return change.since or change.started_at


def _what(change: OrderSummary) -> tuple[str, datetime]:
    """What tells one change from every other."""
    return change.run_id, _moment(change)


def _recent(told: set[tuple[str, datetime]]) -> set[tuple[str, datetime]]:
    """Those that a list may still bring up again."""
    newest = max((moment for _, moment in told), default=datetime.min.replace(tzinfo=UTC))
    return {what for what in told if newest - what[1] <= 2 * _LAG}
