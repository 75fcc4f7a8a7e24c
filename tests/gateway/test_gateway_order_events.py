"""The hub of events: one look for all who listen, nothing lost, nothing kept without bound."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import time_machine

from hosted_numbers.contract import Phase, Progress
from hosted_numbers.errors import (
    HostedNumbersError,
    NoWorkerError,
    OrderNotFoundError,
    TemporalUnavailableError,
)
from hosted_numbers.gateway import order_events
from hosted_numbers.gateway.order_events import OrderEvents
from hosted_numbers.order_lists import OrderSummary
from tests.gateway.orders_in_memory import NUMBER, ListsInMemory, OrdersInMemory

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PATIENCE = 5


class Ticks:
    """Time between two looks, which goes on when the test says so."""

    def __init__(self) -> None:
        self._next = asyncio.Condition()
        self._sleepers = 0

    async def __call__(self, seconds: float) -> None:
        """Wait for a tick."""
        assert seconds == 1
        async with self._next:
            self._sleepers += 1
            self._next.notify_all()
            try:
                await self._next.wait_for(lambda: self._sleepers == 0)
            finally:
                self._sleepers = 0

    async def tick(self) -> None:
        """Let the looker look again, and wait until it has."""
        async with asyncio.timeout(PATIENCE), self._next:
            await self._next.wait_for(lambda: self._sleepers > 0)
            self._sleepers = 0
            self._next.notify_all()
            await self._next.wait_for(lambda: self._sleepers > 0)


class ToldOrders(OrdersInMemory):
    """Orders whose progress and changes the test tells."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.now: Progress | HostedNumbersError = a_progress("it begins")
        self.lists: ListsInMemory = ToldLists(self)
        self.changes: list[OrderSummary] = []

    async def progress(self, phone_number: str) -> Progress:
        """As it was told last."""
        assert phone_number == NUMBER
        self.looks += 1
        if isinstance(self.now, HostedNumbersError):
            raise self.now
        return self.now


class ToldLists(ListsInMemory):
    """The changes that the test tells, at most 1000 of them as Temporal's list has it."""

    def __init__(self, orders: ToldOrders) -> None:
        super().__init__(orders)
        self._told = orders

    async def changed(
        self, since: datetime, customer: str | None = None
    ) -> tuple[OrderSummary, ...]:
        """From a moment on, the first of them."""
        self._told.looks += 1
        self._told.fail()
        rows = [
            row
            for row in self._told.changes
            if row.since and row.since >= since and customer in {None, row.customer}
        ]
        return tuple(sorted(rows, key=lambda row: row.since or NOW)[:1000])


def a_progress(reason: str, phase: Phase = "verification") -> Progress:
    """A progress that differs by its reason."""
    return Progress(
        phone_number=NUMBER,
        phase=phase,
        waiting_for="nothing",
        reason=reason,
        next_step="Wait.",
        attempts_left=2,
    )


def a_change(name: str, since: datetime, customer: str | None = None) -> OrderSummary:
    """A change of an order."""
    return OrderSummary(
        phone_number=NUMBER,
        workflow_id="hosted-number-order/" + NUMBER,
        run_id=name,
        open=True,
        started_at=NOW - timedelta(days=1),
        closed_at=None,
        status="received",
        waiting_for="nothing",
        sid=None,
        customer=customer,
        deadline=None,
        since=since,
    )


class Listener:
    """One who listens: what they have heard, and whether it is over."""

    def __init__(self, heard: AsyncIterator[Any], name: Callable[[Any], str]) -> None:
        self.heard: list[str] = []
        self._name = name
        self._news = asyncio.Condition()
        self.listening = asyncio.create_task(self._listen(heard))

    async def _listen(self, heard: Any) -> None:
        async with aclosing(heard):
            async for news in heard:
                async with self._news:
                    self.heard.append(self._name(news))
                    self._news.notify_all()

    async def hears(self, *expected: str) -> None:
        """Wait until exactly this was heard."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.heard) >= len(expected))
        assert self.heard == list(expected)

    async def ends(self) -> None:
        """Wait for the end of the stream."""
        await asyncio.wait_for(self.listening, PATIENCE)

    async def leaves(self) -> None:
        """Stop listening."""
        self.listening.cancel()
        await asyncio.wait([self.listening])


def of(events: OrderEvents) -> Listener:
    """A listener to the one order."""
    return Listener(events.of(NUMBER), lambda progress: progress.reason)


def to_all(events: OrderEvents, *words: Any) -> Listener:
    """A listener to all orders."""
    return Listener(events.all(*words), lambda change: change.run_id)


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def orders() -> ToldOrders:
    return ToldOrders()


@pytest.fixture
async def events(orders: ToldOrders, ticks: Ticks) -> AsyncIterator[OrderEvents]:
    """The hub, closed afterwards."""
    events = OrderEvents(orders, pause=ticks)
    yield events
    await events.close()


async def test_each_change_of_an_order_is_told_once(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """The present progress first; nothing where nothing changed; the end ends it."""
    listener = of(events)
    await listener.hears("it begins")
    await ticks.tick()
    orders.now = a_progress("it moves")
    await ticks.tick()
    await listener.hears("it begins", "it moves")
    orders.now = a_progress("it is done", "completed")
    asked = asyncio.create_task(ticks.tick())
    await listener.hears("it begins", "it moves", "it is done")
    await listener.ends()
    asked.cancel()
    assert events.listeners == 0


async def test_many_listeners_share_one_look(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """Whoever comes later gets the present progress at once, without another look."""
    first = of(events)
    await first.hears("it begins")
    later = [of(events) for _ in range(20)]
    for listener in later:
        await listener.hears("it begins")
    assert orders.looks == 1
    orders.now = a_progress("it moves")
    await ticks.tick()
    for listener in (first, *later):
        await listener.hears("it begins", "it moves")
    assert orders.looks == 2
    assert events.listeners == 21
    for listener in (first, *later):
        await listener.leaves()


async def test_nobody_is_asked_when_nobody_listens(events: OrderEvents, orders: ToldOrders) -> None:
    """The last one to leave ends the look; the next one begins anew."""
    listeners = [of(events), to_all(events)]
    await listeners[0].hears("it begins")
    for listener in listeners:
        await listener.leaves()
    assert events.listeners == 0
    await asyncio.sleep(0)
    looks = {task.get_name() for task in asyncio.all_tasks()} - {
        asyncio.current_task().get_name()  # type: ignore[union-attr] # it is this test
    }
    assert looks == set()
    again = of(events)
    await again.hears("it begins")
    assert orders.looks >= 2
    await again.leaves()


@pytest.mark.parametrize("away", [NoWorkerError, TemporalUnavailableError])
async def test_an_outage_is_outlasted(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks, away: type[HostedNumbersError]
) -> None:
    """Nothing comes meanwhile, and it goes on afterwards."""
    listener = of(events)
    await listener.hears("it begins")
    orders.now = away("It is away.", "Wait.")
    await ticks.tick()
    orders.now = a_progress("it moves")
    await ticks.tick()
    await listener.hears("it begins", "it moves")
    await listener.leaves()


async def test_an_order_that_is_known_no_more_ends_its_stream(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """Its history has expired: nothing more can come."""
    listener = of(events)
    await listener.hears("it begins")
    orders.now = OrderNotFoundError("No order.", "Start one.")
    asked = asyncio.create_task(ticks.tick())
    await listener.ends()
    asked.cancel()


async def test_a_slow_listener_gets_the_newest_progress(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """What they missed stands in its timeline; nothing waits for them."""
    async with aclosing(events.of(NUMBER)) as slow:
        assert (await anext(slow)).reason == "it begins"
        for moves in range(50):
            orders.now = a_progress(f"it moves {moves}")
            await ticks.tick()
        assert (await anext(slow)).reason == "it moves 49"


async def test_an_order_started_anew_is_a_new_story(
    events: OrderEvents, orders: ToldOrders
) -> None:
    """One who still reads the end of the one before does not hold up the next."""
    orders.now = a_progress("it is done", "completed")
    async with aclosing(events.of(NUMBER)) as slow:
        assert (await anext(slow)).reason == "it is done"
        await asyncio.sleep(0)
        orders.now = a_progress("it begins anew")
        listener = of(events)
        await listener.hears("it begins anew")
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
        await listener.leaves()


async def test_closing_ends_every_stream(events: OrderEvents) -> None:
    """At once, and nobody can listen afterwards: the server is about to end."""
    one, everything = of(events), to_all(events)
    await one.hears("it begins")
    await events.close()
    for listener in (one, everything, of(events), to_all(events)):
        await listener.ends()
    assert one.heard == ["it begins"]
    assert events.listeners == 0


async def test_what_changed_before_is_no_news(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """Only what changes from now on, each change once and in its order."""
    begun = datetime.now(UTC)
    orders.changes = [a_change("before", begun - timedelta(minutes=1))]
    listener = to_all(events)
    await ticks.tick()
    orders.changes += [
        a_change("second", begun + timedelta(seconds=2)),
        a_change("first", begun + timedelta(seconds=1)),
    ]
    await ticks.tick()
    await ticks.tick()
    await listener.hears("first", "second")
    late = a_change("listed late", begun + timedelta(seconds=1.5))
    orders.changes.append(late)
    await ticks.tick()
    await listener.hears("first", "second", "listed late")
    orders.changes.append(replace(late, since=begun + timedelta(seconds=9)))
    await ticks.tick()
    await listener.hears("first", "second", "listed late", "listed late")
    await listener.leaves()


async def test_a_stream_goes_on_from_a_moment(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """That moment's change and those shortly before come again, older ones do not; none twice."""
    begun = datetime.now(UTC)
    orders.changes = [
        a_change("long ago", begun - timedelta(minutes=3)),
        a_change("shortly before", begun - timedelta(minutes=2, seconds=5)),
        a_change("then", begun - timedelta(minutes=2)),
        a_change("since", begun - timedelta(minutes=1)),
    ]
    listener = to_all(events, begun - timedelta(minutes=2))
    await listener.hears("shortly before", "then", "since")
    await ticks.tick()
    orders.changes.append(a_change("now", begun))
    await ticks.tick()
    await listener.hears("shortly before", "then", "since", "now")
    await listener.leaves()


async def test_a_customer_hears_of_their_own_orders_alone(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """From the past and from now on."""
    begun = datetime.now(UTC)
    orders.changes = [a_change("old", begun, "mine"), a_change("old theirs", begun, "theirs")]
    listener = to_all(events, begun, "mine")
    await listener.hears("old")
    await ticks.tick()
    orders.changes += [
        a_change("theirs", begun + timedelta(seconds=1), "theirs"),
        a_change("nobody's", begun + timedelta(seconds=1)),
        a_change("mine", begun + timedelta(seconds=2), "mine"),
    ]
    await ticks.tick()
    await listener.hears("old", "mine")
    await listener.leaves()


async def test_more_changes_than_a_list_holds_are_all_told(
    events: OrderEvents, orders: ToldOrders
) -> None:
    """Page after page; more at one moment than a page holds do not keep it for ever."""
    begun = datetime.now(UTC) - timedelta(hours=2)
    orders.changes = [a_change(f"{n}", begun + timedelta(seconds=n)) for n in range(2500)]
    async with aclosing(events.all(begun)) as heard:
        got = {(await anext(heard)).run_id for _ in range(2502)}
    assert got == {f"{n}" for n in range(2500)}
    orders.changes = [a_change(f"{n}", begun) for n in range(1500)]
    async with aclosing(events.all(begun)) as heard:
        assert len({(await anext(heard)).run_id for _ in range(1000)}) == 1000


async def test_a_listener_who_takes_nothing_is_cut(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand changes wait for them and no more; they ask again from the last that they saw."""
    begun = datetime.now(UTC)
    async with aclosing(events.all()) as slow:
        first = asyncio.create_task(anext(slow))
        await ticks.tick()
        orders.changes = [a_change("seen", begun)]
        await ticks.tick()
        assert (await first).run_id == "seen"
        orders.changes = [
            a_change(f"{n}", begun + timedelta(microseconds=n)) for n in range(1, 1002)
        ]
        await ticks.tick()
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
    assert "is cut" in caplog.text


async def test_a_closed_gateway_does_not_finish_the_past(
    events: OrderEvents, orders: ToldOrders
) -> None:
    """One who is still reading what was is not held either."""
    begun = datetime.now(UTC)
    orders.changes = [a_change(f"{n}", begun) for n in range(3)]
    async with aclosing(events.all(begun)) as heard:
        await anext(heard)
        await events.close()
        with pytest.raises(StopAsyncIteration):
            await anext(heard)


async def test_all_orders_outlast_an_outage(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """While Temporal is away nothing comes, and it goes on afterwards."""
    begun = datetime.now(UTC)
    listener = to_all(events)
    await ticks.tick()
    orders.failure = TemporalUnavailableError("It is away.", "Wait.")
    await ticks.tick()
    orders.changes = [a_change("meanwhile", begun)]
    orders.failure = None
    await ticks.tick()
    await listener.hears("meanwhile")
    await listener.leaves()


async def test_a_look_that_breaks_leaves_nobody_waiting(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks
) -> None:
    """A defect of ours ends the streams; the next listener begins anew."""
    listener = to_all(events)
    await ticks.tick()
    look = events._changes._look
    assert look is not None
    orders.failure = ZeroDivisionError()
    asked = asyncio.create_task(ticks.tick())
    await listener.ends()
    asked.cancel()
    with pytest.raises(ZeroDivisionError):
        await look
    orders.failure = None
    again = to_all(events)
    await ticks.tick()
    orders.changes = [a_change("news", datetime.now(UTC))]
    await ticks.tick()
    await again.hears("news")
    await again.leaves()


@pytest.mark.fault("F38")
@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)])
async def test_a_clock_that_is_off_hides_no_change(
    events: OrderEvents, orders: ToldOrders, ticks: Ticks, skew: timedelta
) -> None:
    """Moments are Temporal's: this machine's clock only says how far back to begin."""
    with time_machine.travel(NOW + skew, tick=True):
        listener = to_all(events)
        await ticks.tick()
        orders.changes = [a_change("news", NOW + timedelta(seconds=1))]
        await ticks.tick()
        await listener.hears("news")
        await listener.leaves()
    assert timedelta(minutes=10) < order_events._SKEW
