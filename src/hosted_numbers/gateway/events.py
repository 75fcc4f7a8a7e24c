"""Server-sent events: the progress of one order, and the changes of all that the caller reaches.

The format is WHATWG's (https://html.spec.whatwg.org/multipage/server-sent-events.html). A comment
comes every 15 seconds in which nothing else does. Streams end when the gateway is told to end; a
client then asks again after ``retry`` milliseconds, as browsers do by themselves.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hosted_numbers.contract import Progress
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.gateway.dependencies import Events, Orders, Where
from hosted_numbers.gateway.error_answers import EVERYWHERE, documented
from hosted_numbers.gateway.openapi import event_stream
from hosted_numbers.gateway.order_events import ENDED
from hosted_numbers.gateway.order_models import PATH, OrderProgress, OrderRow
from hosted_numbers.gateway.scopes import MayRead, OwnNumber, Scoped
from hosted_numbers.order_lists import OrderSummary

RETRY_MILLISECONDS: Final = 3000

router = APIRouter(tags=["events"], route_class=Scoped, responses=EVERYWHERE)

_ONE: Final = event_stream("progress", OrderProgress, "end")
_ALL: Final = event_stream("order", OrderRow)


class EventQuery(BaseModel):
    """Where a stream begins. An unknown parameter is refused: it would do nothing."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = Field(
        default=None,
        description="Also what changed from this moment on, and shortly before it",
        examples=["2026-03-02T09:00:00Z"],
    )


async def _present(phone_number: OwnNumber, orders: Orders) -> Progress:
    """Where the order stands; an unknown one is told before a stream begins."""
    return await orders.progress(phone_number)


@router.get(
    f"{PATH}/{{phone_number}}/events",
    response_class=EventSourceResponse,
    responses=documented(404) | _ONE,
)
async def order_events(
    caller: MayRead,
    phone_number: OwnNumber,
    present: Annotated[Progress, Depends(_present)],
    events: Events,
    where: Where,
) -> AsyncIterator[ServerSentEvent]:
    """Each change of an order's progress, the present one first, until the order has ended.

    An event ``progress`` has what the order's own path answers; ``end`` is the last one. Close the
    stream then: it would begin again.
    """
    shown = present
    yield _progress(shown, where, caller.customer)
    async for progress in events.of(phone_number):
        if progress != shown:
            shown = progress
            yield _progress(shown, where, caller.customer)
    if shown.phase in ENDED:
        yield ServerSentEvent(event="end", data={"phase": shown.phase})


async def _moment(
    query: Annotated[EventQuery, Query()],
    last_event_id: Annotated[
        str | None,
        Header(
            description="The id of the last event that was seen; goes before since",
            max_length=64,
            examples=["2026-03-02T09:00:00.123456+00:00"],
        ),
    ] = None,
) -> datetime | None:
    """From when on events are wanted."""
    if not last_event_id:
        return query.since
    try:
        return datetime.fromisoformat(last_event_id).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequestError(
            "Last-Event-ID is none that this stream gave out.",
            "Send the id of the last event as it was, or ask without the header.",
        ) from None


@router.get("/v1/events", response_class=EventSourceResponse, responses=_ALL)
async def all_events(
    caller: MayRead,
    since: Annotated[datetime | None, Depends(_moment)],
    events: Events,
    where: Where,
) -> AsyncIterator[ServerSentEvent]:
    """Each change of an order's status or need: an event ``order`` with a row of the list.

    Ids are moments. A stream that broke off goes on from ``Last-Event-ID``; a row may then come
    twice, and none is left out.
    """
    yield ServerSentEvent(comment="Changes of orders follow.", retry=RETRY_MILLISECONDS)
    async for change in events.all(since, caller.customer):
        yield ServerSentEvent(
            event="order", data=OrderRow.of(change, where), id=_id(change), retry=RETRY_MILLISECONDS
        )


def _progress(progress: Progress, where: Where, customer: str | None) -> ServerSentEvent:
    return ServerSentEvent(
        event="progress",
        data=OrderProgress.of(progress, where, customer),
        retry=RETRY_MILLISECONDS,
    )


def _id(change: OrderSummary) -> str:
    return (change.since or change.started_at).isoformat()
