"""Changes as a page is told of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.gateway.pages.live import of_all, while_signed_in
from hosted_numbers.gateway.pages.sessions import Sessions
from tests.gateway.pages.desk import ORDER_PAGE, Orders

STREAM = {"Accept": "text/event-stream"}
LOOK = timedelta(milliseconds=5)


async def test_ended_order_is_told_to_the_end(orders: Orders, operator: httpx.AsyncClient) -> None:
    """One change, then the end, so that the browser does not begin again."""
    orders.phase = "completed"
    answer = await operator.get(f"{ORDER_PAGE}/events", headers=STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line for line in answer.text.splitlines() if line.startswith("event:")]
    assert events == ["event: changed", "event: end"]
    assert "0471" not in answer.text


async def test_unknown_order_ends_at_once(operator: httpx.AsyncClient) -> None:
    """Nothing is told of it, and nothing more comes."""
    answer = await operator.get("/orders/+15017129999/events", headers=STREAM)
    assert "event:" not in answer.text


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(timedelta(hours=1), timedelta(hours=12))


class Never:
    """Changes of which none comes; ``closed`` once nobody waits for them any more."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[int]:
        """Wait for ever after the first one."""
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            self.closed.set()


@pytest.mark.security("S4")
async def test_stream_ends_with_its_session(sessions: Sessions) -> None:
    """Whoever signed out is told nothing more, though nothing happens; what it held is let go."""
    session_id = sessions.begin("operator")
    session = sessions.find(session_id)
    assert session
    changes = Never()
    seen = []
    async with asyncio.timeout(5):
        async for each in while_signed_in(aiter(changes), sessions, session, LOOK):
            seen.append(each)
            sessions.end(session_id)
    assert seen == [1]
    assert changes.closed.is_set()


async def test_stream_ends_with_the_idle_limit() -> None:
    """Seen at one of its looks, while nothing happens: it keeps nobody signed in."""
    begun = datetime(2026, 3, 2, tzinfo=UTC)
    moments = (begun + timedelta(minutes=10 * each) for each in range(100))
    sessions = Sessions(timedelta(hours=1), timedelta(hours=12), clock=lambda: next(moments))
    session = sessions.find(sessions.begin("operator"))
    assert session
    async with asyncio.timeout(5):
        seen = [each async for each in while_signed_in(aiter(Never()), sessions, session, LOOK)]
    assert seen == [1]


async def test_changes_of_all_are_told(app: FastAPI) -> None:
    """One event for each, without what changed."""

    class Some:
        async def all(self) -> AsyncIterator[str]:
            """Two changes."""
            yield "canary"
            yield "canary"

    session = app.state.desk.sessions.find(app.state.desk.sessions.begin("operator"))
    told = [each async for each in of_all(Some(), app.state.desk, session)]  # type: ignore[arg-type] # a hub that is told what to say
    assert [each.event for each in told] == [None, "changed", "changed"]
    assert not [each for each in told if each.data]


class Plain:
    """Changes that are no generator, and so need not be closed."""

    def __init__(self, changes: list[int]) -> None:
        self._changes = changes

    def __aiter__(self) -> "Plain":
        return self

    async def __anext__(self) -> int:
        """The next one."""
        if not self._changes:
            raise StopAsyncIteration
        return self._changes.pop(0)


async def test_stream_ends_with_its_changes(sessions: Sessions) -> None:
    """All of them were told."""
    session = sessions.find(sessions.begin("operator"))
    assert session
    assert [each async for each in while_signed_in(Plain([1, 2]), sessions, session)] == [1, 2]
