"""Equal hints in a row are passed on once in a while, and none of them is lost."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Hashable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.gateway.coalescing import Coalescing

WINDOW = timedelta(seconds=10)


class Time:
    """A clock that stands still until it is moved, and sleep by it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._count = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def clock(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock was moved so far."""
        awake = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._count), awake))
        await awake.wait()

    async def pass_by(self, seconds: float) -> None:
        """Move the clock, and wake who slept meanwhile, each at its time."""
        end = self.now + seconds
        await settled()
        while self._sleepers and self._sleepers[0][0] <= end:
            until, _, awake = heapq.heappop(self._sleepers)
            self.now = max(self.now, until)
            awake.set()
            await settled()
        self.now = end


async def settled() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


class Order:
    """What hints are passed on to: it notes when they came."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.heard: list[float] = []
        self.open = True
        self.failure: BaseException | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def pass_on(self) -> bool:
        """Hear a hint, or fail as told."""
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.heard.append(self._time.now)
        return self.open


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def order(time: Time) -> Order:
    return Order(time)


@pytest.fixture
async def hints(time: Time) -> AsyncIterator[Coalescing]:
    coalescing = Coalescing(WINDOW, most=3, clock=time.clock, sleep=time.sleep)
    yield coalescing
    await coalescing.close()


async def test_one_hint_is_passed_on_once(hints: Coalescing, order: Order, time: Time) -> None:
    """At once, and nothing follows."""
    assert await hints.take("a", order.pass_on) is True
    await time.pass_by(100)

    assert order.heard == [0]


@pytest.mark.fault("F19")
async def test_a_storm_becomes_two_hints(hints: Coalescing, order: Order, time: Time) -> None:
    """The first at once, and one for all the others when the window ends."""
    taken = []
    for _ in range(50):
        taken.append(await hints.take("a", order.pass_on))
        await time.pass_by(0.1)
    await time.pass_by(100)

    assert taken == [True] + [None] * 49
    assert order.heard == [0, 10]


@pytest.mark.fault("F19")
async def test_a_storm_that_goes_on_is_heard_once_a_window(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """The hint at a window's end opens the next one."""
    for _ in range(35):
        await hints.take("a", order.pass_on)
        await time.pass_by(1)
    await time.pass_by(100)

    assert order.heard == [0, 10, 20, 30, 40]


async def test_hints_that_are_not_equal_do_not_wait_for_each_other(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """Each status of each order has its own window."""
    keys: list[Hashable] = [("n", "1", "verified"), ("n", "1", None), ("n", "2", "verified")]
    for key in keys:
        assert await hints.take(key, order.pass_on) is True
    assert await hints.take(keys[1], order.pass_on) is None
    await time.pass_by(100)

    assert order.heard == [0, 0, 0, 10]


async def test_a_hint_after_the_window_is_passed_on(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """And has a window of its own."""
    for _ in range(2):
        assert await hints.take("a", order.pass_on) is True
        await time.pass_by(10)

    assert order.heard == [0, 10]


async def test_what_nobody_took_counts_as_passed_on(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """A storm for an order that has ended is no storm on Temporal."""
    order.open = False

    assert await hints.take("a", order.pass_on) is False
    assert await hints.take("a", order.pass_on) is None
    await time.pass_by(100)

    assert order.heard == [0, 10]


@pytest.mark.fault("F26")
async def test_what_failed_does_not_count(hints: Coalescing, order: Order, time: Time) -> None:
    """Whoever sent it hears of the failure, and the next one is passed on."""
    order.failure = TemporalUnavailableError("Temporal does not answer.", "Try again.")
    for _ in range(2):
        with pytest.raises(TemporalUnavailableError):
            await hints.take("a", order.pass_on)
    order.failure = None

    assert await hints.take("a", order.pass_on) is True
    await time.pass_by(100)

    assert order.heard == [0]


@pytest.mark.fault("F26")
async def test_those_who_wait_for_the_first_share_its_failure(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """None of them was heard, so none is told that it was."""
    order.gate.clear()
    order.failure = TemporalUnavailableError("Temporal does not answer.", "Try again.")
    storm = [asyncio.create_task(hints.take("a", order.pass_on)) for _ in range(5)]
    await settled()
    order.gate.set()

    outcomes = await asyncio.gather(*storm, return_exceptions=True)
    await time.pass_by(100)

    assert [type(outcome) for outcome in outcomes] == [TemporalUnavailableError] * 5
    assert order.heard == []


async def test_those_who_wait_for_the_first_are_held_back_by_it(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """They came while it was under way: the order may have looked before they came."""
    order.gate.clear()
    storm = [asyncio.create_task(hints.take("a", order.pass_on)) for _ in range(5)]
    await settled()
    assert not any(each.done() for each in storm)
    storm[1].cancel()
    order.gate.set()

    outcomes = await asyncio.gather(*storm, return_exceptions=True)
    await time.pass_by(100)

    assert isinstance(outcomes.pop(1), asyncio.CancelledError)
    assert outcomes == [True, None, None, None]
    assert order.heard == [0, 10]


async def test_a_first_that_is_cancelled_does_not_count(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """The caller went away before the order heard of it."""
    order.gate.clear()
    first = asyncio.create_task(hints.take("a", order.pass_on))
    await settled()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    order.gate.set()

    assert await hints.take("a", order.pass_on) is True
    await time.pass_by(100)

    assert order.heard == [0]


async def test_a_failure_at_the_windows_end_is_only_logged(
    hints: Coalescing, order: Order, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """The windows after it end as they should."""
    for key in ("a", "b"):
        for _ in range(2):
            await hints.take(key, order.pass_on)
    await time.pass_by(5)
    order.failure = RuntimeError("+15017122661")
    await time.pass_by(5)
    order.failure = None
    assert await hints.take("a", order.pass_on) is True
    await time.pass_by(100)

    assert order.heard == [0, 0, 10]
    assert [record.getMessage() for record in caplog.records] == [
        "A hint that was held back is lost: RuntimeError"
    ] * 2


async def test_the_oldest_window_is_forgotten(hints: Coalescing, order: Order, time: Time) -> None:
    """Memory has an end; a key that was forgotten is passed on like a new one."""
    for key in "abcd":
        await hints.take(key, order.pass_on)
    assert await hints.take("b", order.pass_on) is None
    assert await hints.take("a", order.pass_on) is True
    await time.pass_by(100)

    assert order.heard == [0] * 5


async def test_at_the_end_what_is_held_back_is_passed_on(
    hints: Coalescing, order: Order, time: Time
) -> None:
    """At once, without waiting for the window; nothing comes afterwards."""
    for _ in range(2):
        await hints.take("a", order.pass_on)
    await hints.take("b", order.pass_on)
    await time.pass_by(1)
    await hints.close()
    await time.pass_by(100)

    assert order.heard == [0, 0, 1]


async def test_at_the_end_nobody_waits_for_long(hints: Coalescing, order: Order) -> None:
    """What cannot be passed on in time is dropped."""
    for _ in range(2):
        await hints.take("a", order.pass_on)
    order.gate.clear()

    async with asyncio.timeout(5):
        await hints.close(patience=timedelta(seconds=0.01))

    assert order.heard == [0]


async def test_closed_before_anything_came(hints: Coalescing) -> None:
    """There is nothing to do, and it can be done twice."""
    await hints.close()
    await hints.close()

    assert hints._windows == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 8)), max_size=40))
async def test_nothing_is_lost_and_nothing_comes_too_often(came: list[tuple[str, float]]) -> None:
    """Whenever hints come: each is followed by one within a window, and each window has one."""
    time = Time()
    hints = Coalescing(WINDOW, clock=time.clock, sleep=time.sleep)
    orders = {key: Order(time) for key in "abc"}
    last: dict[str, float] = {}
    for key, pause in came:
        await time.pass_by(pause)
        last[key] = time.now
        await hints.take(key, orders[key].pass_on)
    await time.pass_by(100)

    for key, order in orders.items():
        gaps = [after - before for before, after in itertools.pairwise(order.heard)]
        assert all(gap >= WINDOW.total_seconds() - 1e-6 for gap in gaps)
        if key in last:
            assert last[key] <= order.heard[-1] <= last[key] + WINDOW.total_seconds()
    assert hints._windows == {}
