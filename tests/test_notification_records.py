"""The events that were sent, against the real Temporal dev server: listed, and sent again."""

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers.contract import NotificationData, NotificationEvent
from hosted_numbers.delivery import GoneError, NoAnswerError
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.notification_records import (
    EventNotFoundError,
    Notifications,
    NotificationSummary,
)
from hosted_numbers.notifications import workflow_id
from tests.orders import NUMBER
from tests.receiver import Inbox
from tests.world import World, a_dev_server, a_world_on, eventually

GONE = GoneError("The receiver answered 410.")


def an_event(name: str, type_: str = "order.completed") -> NotificationEvent:
    """An event of an order."""
    return NotificationEvent(
        id=f"a-run/{name}",
        type=type_,
        timestamp=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        data=NotificationData(
            phone_number=NUMBER, status="completed", phase="completed", waiting_for="nothing"
        ),
    )


@pytest.fixture
def inbox() -> Inbox:
    """A backend's endpoint."""
    return Inbox()


@pytest.fixture
async def world(inbox: Inbox) -> AsyncIterator[World]:
    """A dev server, and a worker that delivers to that endpoint."""
    async with (
        await a_dev_server() as env,
        a_world_on(env, inbox) as found,
        found.delivering(),
    ):
        yield found


@pytest.fixture
def notifications(world: World) -> Notifications:
    """The events of that server."""
    return Notifications(world.client)


async def ended(world: World, *events: NotificationEvent) -> None:
    """Wait until the newest deliveries of these events have ended, well or not."""
    for event in events:
        handle = world.client.get_workflow_handle(workflow_id(event.id))

        async def closed(handle: object = handle) -> bool:
            return (await handle.describe()).close_time is not None  # type: ignore[attr-defined]  # of the loop

        await eventually(closed)


async def listed(
    notifications: Notifications, count: int, *, failed: bool = False
) -> Sequence[NotificationSummary]:
    """The list, once it shows so many that have ended; it lags."""
    async with asyncio.timeout(15):
        while True:
            rows = [row async for row in notifications.listed(failed=failed)]
            if len(rows) == count and all(row.ended_at for row in rows):
                return rows
            await asyncio.sleep(0.05)


@pytest.mark.fault("F49")
async def test_what_failed_is_listed_and_sent_again(
    world: World, inbox: Inbox, notifications: Notifications
) -> None:
    """The same event under the same id; delivered then, it is no longer among the failed."""
    first, second = an_event("1"), an_event("2", "order.on_hold")
    inbox.answers = [GONE]
    await notifications.send(first)
    await ended(world, first)
    await notifications.send(second)
    await ended(world, second)
    rows = await listed(notifications, 2)
    assert [(row.event_id, row.type, row.outcome) for row in rows] == [
        (second.id, "order.on_hold", "delivered"),
        (first.id, "order.completed", "failed"),
    ]
    assert {row.phone_number for row in rows} == {NUMBER}
    [failed] = await listed(notifications, 1, failed=True)
    assert failed.event_id == first.id

    assert await notifications.send_again(first.id)
    await ended(world, first)
    assert [event for event, _ in inbox.tries] == [first, second, first]
    assert inbox.events == [second, first]
    assert await listed(notifications, 0, failed=True) == []
    rows = await listed(notifications, 2)
    assert {row.outcome for row in rows} == {"delivered"}


async def test_event_that_is_on_its_way_is_left_alone(
    world: World, inbox: Inbox, notifications: Notifications
) -> None:
    """Its next try comes by itself."""
    event = an_event("1")
    inbox.always = NoAnswerError("No answer came (ConnectError).")
    await notifications.send(event)

    async def tried() -> bool:
        return bool(inbox.tries)

    await eventually(tried)
    assert not await notifications.send_again(event.id)

    async def shown() -> bool:
        return [row.outcome async for row in notifications.listed()] == ["on its way"]

    await eventually(shown)
    await world.client.get_workflow_handle(workflow_id(event.id)).terminate()
    [failed] = await listed(notifications, 1, failed=True)
    assert failed.outcome == "failed"


async def test_range_is_by_the_start_of_a_delivery(
    world: World, inbox: Inbox, notifications: Notifications
) -> None:
    """From a moment on, up to a moment, both of the server's clock."""
    events = [an_event("1"), an_event("2")]
    for event in events:
        await notifications.send(event)
        await ended(world, event)
    newest, oldest = await listed(notifications, 2)
    split = oldest.started_at + (newest.started_at - oldest.started_at) / 2

    async def ids(since: datetime | None, until: datetime | None) -> list[str]:
        found = notifications.listed(since=since, until=until)
        return [row.event_id async for row in found]

    assert await ids(split, None) == [events[1].id]
    assert await ids(None, split) == [events[0].id]
    assert await ids(split, split) == []
    assert await ids(split - timedelta(days=1), split + timedelta(days=1)) == [
        events[1].id,
        events[0].id,
    ]
    assert len(inbox.events) == 2


async def test_list_has_more_than_one_page(
    world: World, notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal gives it out page by page; an event on two pages is one."""
    events = [an_event("1"), an_event("2")]
    for event in events:
        await notifications.send(event)
    await ended(world, *events)
    await notifications.send_again(events[0].id)
    await ended(world, events[0])
    one_a_page = functools.partial(world.client.list_workflows, page_size=1)
    monkeypatch.setattr(world.client, "list_workflows", one_a_page)
    rows = await listed(notifications, 2)
    assert {row.event_id for row in rows} == {event.id for event in events}


async def test_event_that_nobody_knows_is_told_of(notifications: Notifications) -> None:
    """An id that was mistyped, or that Temporal keeps no longer."""
    for event_id in ("no-such/1", "", "x" * 2000):
        with pytest.raises(EventNotFoundError, match="is known"):
            await notifications.send_again(event_id)


async def test_temporal_that_is_away_or_refuses_is_told_apart(
    notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its absence in our words, its refusal as it is."""
    status = RPCStatusCode.UNAVAILABLE

    async def refusing(*_args: object, **_more: object) -> None:
        raise RPCError("No.", status, b"")

    monkeypatch.setattr(
        "temporalio.client.WorkflowHistoryEventAsyncIterator.fetch_next_page", refusing
    )
    with pytest.raises(TemporalUnavailableError):
        await notifications.send_again("a-run/1")
    status = RPCStatusCode.PERMISSION_DENIED
    with pytest.raises(RPCError):
        await notifications.send_again("a-run/1")
