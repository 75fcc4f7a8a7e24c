"""Changes for the pages as they come: a page that is told of one fetches itself again.

Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). They carry
nothing, as the page that is fetched is what its person may see. A stream ends with its session, and
does not keep it alive.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Final, TypeVar

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from hosted_numbers.contract import Progress
from hosted_numbers.gateway.dependencies import Events, PhoneNumber
from hosted_numbers.gateway.order_events import ENDED
from hosted_numbers.gateway.pages.desk import OfDesk, SignedIn
from hosted_numbers.gateway.pages.sessions import Session, Sessions

T = TypeVar("T")

_LOOK: Final = timedelta(seconds=5)
_RETRY_MILLISECONDS: Final = 3000

router = APIRouter(include_in_schema=False)


@router.get("/orders/{phone_number}/events", response_class=EventSourceResponse)
async def of_order(
    phone_number: PhoneNumber, events: Events, desk: OfDesk, session: SignedIn
) -> AsyncIterator[ServerSentEvent]:
    """``changed`` whenever the order did, at once for what it missed; ``end`` after the last."""
    last: Progress | None = None
    async for progress in while_signed_in(events.of(phone_number), desk.sessions, session):
        last = progress
        yield _changed()
    if last is not None and last.phase in ENDED:
        yield ServerSentEvent(event="end")


@router.get("/events", response_class=EventSourceResponse)
async def of_all(events: Events, desk: OfDesk, session: SignedIn) -> AsyncIterator[ServerSentEvent]:
    """``changed`` whenever some order did."""
    yield ServerSentEvent(comment="Changes follow.", retry=_RETRY_MILLISECONDS)
    async for _ in while_signed_in(events.all(), desk.sessions, session):
        yield _changed()


async def while_signed_in(
    changes: AsyncIterator[T], sessions: Sessions, session: Session, look: timedelta = _LOOK
) -> AsyncIterator[T]:
    """What comes, until nothing more does or the session has ended.

    Args:
        changes: what comes; it is closed at the end.
        sessions: those of this process.
        session: the listener's.
        look: how often to see whether it has ended.
    """
    coming = asyncio.ensure_future(_next(changes))
    try:
        while sessions.is_alive(session):
            await asyncio.wait({coming}, timeout=look.total_seconds())
            if not coming.done():
                continue
            if (change := coming.result()) is None:
                return
            yield change
            coming = asyncio.ensure_future(_next(changes))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        if isinstance(changes, AsyncGenerator):
            await changes.aclose()


async def _next(changes: AsyncIterator[T]) -> T | None:
    """The next one; None at the end, as a task cannot end by StopAsyncIteration."""
    return await anext(changes, None)


def _changed() -> ServerSentEvent:
    return ServerSentEvent(event="changed", data="", retry=_RETRY_MILLISECONDS)
