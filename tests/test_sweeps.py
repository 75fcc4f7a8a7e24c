"""The sweep's Schedule and reports on the real Temporal dev server; the sweep itself is played."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client, ScheduleOverlapPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from hosted_numbers import contract, open_orders, search_attributes, steps, sweeps
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.sweep_comparison import OpenOrder
from hosted_numbers.sweeping import SweepReport, SweepTask
from tests.orders import NOW
from tests.test_order_lists import put
from tests.world import a_dev_server
from workflows import WORKFLOWS
from workflows.runner import runner

T = TypeVar("T")

pytestmark = pytest.mark.asyncio(loop_scope="module")

SELDOM = timedelta(days=36_500)  # so that no tick comes by itself


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    """A Temporal dev server with the search attributes."""
    async with await a_dev_server() as env:
        await search_attributes.register(env.client)
        yield env.client


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _no_schedule_is_left(client: Client) -> AsyncIterator[None]:
    yield
    await sweeps.ensure(client, sweeps.NONE)


@dataclass
class Player:
    """A sweep that finds what it is told to."""

    report: SweepReport | None = None
    tasks: list[SweepTask] = field(default_factory=list)
    ticks: int = 0

    @activity.defn(name=steps.SWEEP_ORDERS)
    async def sweep(self, task: SweepTask) -> SweepReport:
        """Find it, or fail for good."""
        self.tasks.append(task)
        if self.report is None:
            raise ApplicationError("credentials", non_retryable=True)
        return self.report

    @activity.defn(name=steps.HINT_AT_EXPIRED_CODES)
    async def hint(self) -> int:
        """Show nobody the time, or fail for good."""
        self.ticks += 1
        if self.report is None:
            raise ApplicationError("Temporal lists nothing", non_retryable=True)
        return 0


@pytest_asyncio.fixture(loop_scope="module")
async def player(client: Client) -> AsyncIterator[Player]:
    """A worker that plays the sweep."""
    player = Player()
    async with Worker(
        client,
        task_queue=contract.TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=[player.sweep, player.hint],
        workflow_runner=runner(),
    ):
        yield player


async def eventually(look: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """What is seen once it is good."""
    async with asyncio.timeout(20):
        while True:
            if good(seen := await look()):
                return seen
            await asyncio.sleep(0.05)


def a_report(**changes: object) -> SweepReport:
    """What a sweep that began now found."""
    now = datetime.now(UTC)
    fields = {"at": now, "complete": True, "complete_at": now, "full_at": now, "requests": 1}
    more = {"open_orders": 0, "listed": {}}
    return SweepReport.model_validate({**fields, **more, **changes})


async def ticked(client: Client, count: int) -> None:
    """Have the Schedule start a sweep at once, and wait until it has ended."""
    handle = client.get_schedule_handle(sweeps.SCHEDULE_ID)
    await handle.trigger()
    await eventually(
        handle.describe,
        lambda found: found.info.num_actions == count and not found.info.running_actions,
    )


async def test_the_schedule_is_made_once_and_changed_in_place(client: Client) -> None:
    """It skips a tick while a sweep runs, and makes up for none."""
    assert await sweeps.schedule(client) is None
    assert await sweeps.ensure(client, SELDOM) == "created"
    assert await sweeps.ensure(client, SELDOM) == "updated"
    assert await sweeps.ensure(client, 2 * SELDOM) == "updated"

    assert await sweeps.schedule(client) == sweeps.SweepSchedule(2 * SELDOM, False, None)
    found = await client.get_schedule_handle(sweeps.SCHEDULE_ID).describe()
    assert found.schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.schedule.policy.catchup_window == timedelta(seconds=10)


async def test_a_schedule_that_a_person_paused_stays_so(client: Client) -> None:
    """Setting up again is no reason to go on."""
    await sweeps.ensure(client, SELDOM)
    await client.get_schedule_handle(sweeps.SCHEDULE_ID).pause(note="Twilio is being moved")
    await sweeps.ensure(client, 2 * SELDOM)
    found = await sweeps.schedule(client)
    assert found == sweeps.SweepSchedule(2 * SELDOM, True, "Twilio is being moved")


async def test_a_pace_of_zero_takes_the_schedule_away(client: Client) -> None:
    """Whether there is one or not."""
    await sweeps.ensure(client, SELDOM)
    assert await sweeps.ensure(client, sweeps.NONE) == "absent"
    assert await sweeps.ensure(client, sweeps.NONE) == "absent"
    assert await sweeps.schedule(client) is None


async def test_a_tick_sweeps_when_one_is_due_and_hands_the_report_on(
    client: Client, player: Player
) -> None:
    """The last result is always that of the last sweep, also after one that failed."""
    await sweeps.ensure(client, SELDOM)
    player.report = quiet = a_report(requests=90)
    await ticked(client, 1)
    player.report = None
    await ticked(client, 2)
    assert len(player.tasks) == 1
    assert (player.tasks[0].full, player.tasks[0].every) == (True, SELDOM)
    assert player.tasks[0].last is None
    assert await eventually(lambda: sweeps.last_report(client), lambda found: found == quiet)

    await sweeps.ensure(client, sweeps.NONE)
    await sweeps.ensure(client, SELDOM)
    player.report = due = a_report(requests=0, strays=("+12125550101",))
    await ticked(client, 1)
    player.report = None
    await ticked(client, 2)
    player.report = a_report()
    await ticked(client, 3)
    # the second of these failed: the third one still has the report of the first
    assert [task.last for task in player.tasks[1:]] == [None, due, due]
    assert [task.full for task in player.tasks[1:]] == [True, False, False]
    assert player.ticks == 5


async def test_the_sweep_is_relied_on_while_it_works(client: Client, player: Player) -> None:
    """Not without a Schedule, not while it is paused, not when the last report is old."""
    assert not await sweeps.SweepWatch(client).alive()
    await sweeps.ensure(client, SELDOM)
    player.report = fresh = a_report()
    await ticked(client, 1)
    await eventually(lambda: sweeps.last_report(client), lambda found: found == fresh)
    assert await sweeps.SweepWatch(client).alive()

    handle = client.get_schedule_handle(sweeps.SCHEDULE_ID)
    await handle.pause()
    assert not await sweeps.SweepWatch(client).alive()
    await handle.unpause()
    assert await sweeps.SweepWatch(client).alive()

    long_ago = datetime.now(UTC) - timedelta(hours=1)
    player.report = old = a_report(at=long_ago, complete_at=long_ago, requests=0)
    await sweeps.ensure(client, sweeps.NONE)
    await sweeps.ensure(client, SELDOM)
    await ticked(client, 1)
    await eventually(lambda: sweeps.last_report(client), lambda found: found == old)
    assert not await sweeps.SweepWatch(client).alive()


async def test_temporal_is_asked_once_in_a_while(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many orders want to know; and again once the answer is old."""
    looks = 0

    async def look(self: sweeps.SweepWatch) -> bool:
        nonlocal looks
        del self
        looks += 1
        await asyncio.sleep(0)
        return True

    monkeypatch.setattr(sweeps.SweepWatch, "_look", look)
    watch = sweeps.SweepWatch(client)
    assert await asyncio.gather(*(watch.alive() for _ in range(10))) == [True] * 10
    assert looks == 1
    hasty = sweeps.SweepWatch(client, ttl=timedelta(0))
    assert await hasty.alive()
    assert await hasty.alive()
    assert looks == 3


@pytest.mark.parametrize(
    "error",
    [
        TemporalUnavailableError("away", "wait"),
        RPCError("no", RPCStatusCode.PERMISSION_DENIED, b""),
        ValueError("a report of another planet"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_in_doubt_the_sweep_is_not_relied_on(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """And an order's look does not fail because of it."""

    async def broken(_: Client) -> None:
        raise error

    monkeypatch.setattr(sweeps, "schedule", broken)
    assert not await sweeps.SweepWatch(client).alive()


async def test_what_temporal_refuses_is_not_taken_for_absent(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a Schedule without a name."""
    monkeypatch.setattr(sweeps, "SCHEDULE_ID", "")
    for asked in (sweeps.schedule(client), sweeps.ensure(client, sweeps.NONE)):
        with pytest.raises(RPCError) as refused:
            await asked
        assert refused.value.status == RPCStatusCode.INVALID_ARGUMENT


async def test_before_the_first_sweep_there_is_no_report(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything relied on."""
    await sweeps.ensure(client, SELDOM)
    monkeypatch.setattr(sweeps, "_DONE", "WorkflowType = 'Nothing'")
    assert await sweeps.last_report(client) is None
    assert not await sweeps.SweepWatch(client).alive()


async def test_open_orders_are_read_a_page_at_a_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status and need; since when, where a few are named. Ended ones are left out in both."""
    monkeypatch.setattr(open_orders, "PAGE", 2)
    monkeypatch.setattr(open_orders, "NAMED_AT_ONCE", 2)
    numbers = [f"+1212555012{each}" for each in range(5)]
    for number in numbers:
        await put(client, number, status="received", waiting_for="document", since=NOW)
    await put(client, "+12125550130", waiting_for="nothing")
    await client.get_workflow_handle(order_workflow_id(numbers[0])).terminate()

    listed = dict.fromkeys(numbers[1:], OpenOrder("received", "document"))
    listed["+12125550130"] = OpenOrder(None, "nothing")

    async def all_pages() -> list[dict[str, OpenOrder]]:
        return [page async for page in open_orders.pages(client)]

    def all_listed(found: list[dict[str, OpenOrder]]) -> bool:
        return {number: order for page in found for number, order in page.items()} == listed

    pages = await eventually(all_pages, all_listed)
    assert max(map(len, pages)) == 2

    expected = dict.fromkeys(numbers[1:], OpenOrder("received", "document", NOW))
    assert await open_orders.shown(client, [*numbers, "+12125550139"]) == expected
    assert await open_orders.shown(client, []) == {}

    still, later = numbers[1:], NOW + timedelta(seconds=1)
    assert await open_orders.all_still(client, still, later)
    assert await open_orders.all_still(client, [], later)
    assert not await open_orders.all_still(client, still, NOW), "they moved just then"
    assert not await open_orders.all_still(client, numbers, later), "one has ended"
    assert not await open_orders.all_still(client, [*still, "+12125550139"], later), "not open"
    assert not await open_orders.all_still(client, ["+12125550130"], later), "not at Twilio yet"
