"""Walking lists: only by next_page_url, only within the list, never for ever."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from hosted_numbers.twilio import (
    HostedNumberOrderStatus,
    InvalidArgumentError,
    ServerError,
    TwilioClient,
    UnreadableAnswerError,
    pages,
)
from tests.twilio.stand_in import (
    CREDENTIALS,
    ORDER_SID,
    ORDERS,
    OTHER_ORDER_SID,
    StandIn,
    json_answer,
    order,
    page,
)

NEXT = f"https://preview.twilio.com{ORDERS}?PageSize=1&Page=1&PageToken=PAx%2B1&FriendlyName=a%20b"


async def listed(stand_in: StandIn, base_url: str | None = None, **filters: Any) -> list[str]:
    async with stand_in.client(base_url) as twilio:
        return [each.sid async for each in twilio.hosted_number_orders.list(**filters)]


async def test_an_empty_list() -> None:
    """One request, the default page size, nothing to iterate over."""
    stand_in = StandIn(json_answer(page([])))
    assert await listed(stand_in) == []
    assert str(stand_in.request.url) == f"https://preview.twilio.com{ORDERS}?PageSize=50"


async def test_filters_stand_in_the_query() -> None:
    """All filters in Twilio's names, percent-encoded."""
    stand_in = StandIn(json_answer(page([])))
    await listed(
        stand_in,
        status=HostedNumberOrderStatus.PENDING_LOA,
        phone_number="+15017122661",
        incoming_phone_number_sid="PN" + "e" * 32,
        friendly_name="a b&c",
        unique_name="order-1",
        page_size=1000,
    )
    assert stand_in.request.url.query == (
        b"PageSize=1000&Status=pending-loa&PhoneNumber=%2B15017122661"
        b"&IncomingPhoneNumberSid=PN" + b"e" * 32 + b"&FriendlyName=a%20b%26c&UniqueName=order-1"
    )


@pytest.mark.parametrize("next_page_url", [NEXT, NEXT.removeprefix("https://preview.twilio.com")])
async def test_the_next_page_is_asked_of_the_configured_origin(next_page_url: str) -> None:
    """Path and query are taken byte for byte; the host in the URL does not count."""
    stand_in = StandIn(
        json_answer(page([order()], next_page_url)), json_answer(page([order(sid=OTHER_ORDER_SID)]))
    )
    base_url = "http://127.0.0.1:8081"
    assert await listed(stand_in, base_url, page_size=1) == [ORDER_SID, OTHER_ORDER_SID]
    first, second = stand_in.requests
    assert str(first.url) == f"{base_url}{ORDERS}?PageSize=1"
    assert str(second.url) == NEXT.replace("https://preview.twilio.com", base_url)
    assert "Authorization" in second.headers


async def test_pages_are_asked_for_when_they_are_needed() -> None:
    """Who stops early costs Twilio nothing more."""
    stand_in = StandIn(json_answer(page([order()], NEXT)))
    async with stand_in.client() as twilio:
        async for each in twilio.hosted_number_orders.list():
            assert each.sid == ORDER_SID
            break
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize(
    "next_page_url",
    [
        "https://preview.twilio.com/2010-04-01/Accounts?Page=1",
        f"https://preview.twilio.com{ORDERS}/../Accounts?Page=1",
        f"https://preview.twilio.com{ORDERS}/?Page=1",
        f"https://preview.twilio.com/{ORDERS}?Page=1",
        "https://preview.twilio.com",
        "//[",
        f"{ORDERS}?Page=é",
        f"{ORDERS}?Page=\x7f",
        f"{ORDERS}?Page=" + "1" * 10_000,
    ],
)
async def test_a_next_page_outside_of_the_list_is_refused(next_page_url: str) -> None:
    """Twilio's answer does not choose where the credentials go."""
    stand_in = StandIn(json_answer(page([order()], next_page_url)))
    with pytest.raises(UnreadableAnswerError, match="not of this list"):
        await listed(stand_in)
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize("next_page_url", [NEXT, f"{ORDERS}?PageSize=50"])
async def test_a_page_that_leads_back_is_refused(next_page_url: str) -> None:
    """Pages in a circle are found out at the first repetition."""
    stand_in = StandIn(json_answer(page([order()], next_page_url)))
    with pytest.raises(UnreadableAnswerError, match="without an end"):
        await listed(stand_in)
    assert len(stand_in.requests) <= 2


async def test_endless_pages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever new page tokens end at a bound."""
    monkeypatch.setattr(pages, "MAX_PAGES", 5)
    tokens: Iterator[int] = count()

    def endless(_: httpx.Request) -> httpx.Response:
        return json_answer(page([], f"{ORDERS}?PageToken={next(tokens)}"))

    async with TwilioClient(CREDENTIALS, transport=httpx.MockTransport(endless)) as twilio:
        with pytest.raises(UnreadableAnswerError, match="without an end"):
            _ = [each async for each in twilio.hosted_number_orders.list()]
    assert next(tokens) == 5


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"items": []},
        {"meta": {}, "items": []},
        {"meta": {"next_page_url": 5}, "items": []},
        {"meta": {"next_page_url": None}},
        {"meta": {"next_page_url": None}, "items": {}},
        page([{"status": "received"}]),
    ],
)
async def test_a_malformed_page_is_not_a_short_list(body: object) -> None:
    """A list that ends too early would hide an order, which would then be created twice."""
    with pytest.raises(UnreadableAnswerError):
        await listed(StandIn(json_answer(body)))


async def test_a_failing_page_raises_amid_the_iteration() -> None:
    """What came before was good; the rest is not silently missing."""
    stand_in = StandIn(json_answer(page([order()], NEXT)), httpx.Response(503))
    with pytest.raises(ServerError) as caught:
        await listed(stand_in)
    assert caught.value.operation == "list HostedNumberOrders"


@pytest.mark.parametrize(
    "arguments",
    [
        {"page_size": 0},
        {"page_size": 1001},
        {"phone_number": "911"},
        {"incoming_phone_number_sid": ORDER_SID},
        {"friendly_name": "x" * 65},
        {"unique_name": "x" * 129},
        {"status": "\ud800"},
    ],
)
async def test_malformed_filters_are_refused_at_once(arguments: dict[str, Any]) -> None:
    """Not at the first item but where the mistake was made."""
    async with StandIn(json_answer(page([]))).client() as twilio:
        with pytest.raises(InvalidArgumentError):
            twilio.hosted_number_orders.list(**arguments)


async def test_a_filter_that_is_none_is_refused() -> None:
    """A misspelt filter that was passed over would list orders that were not asked for."""
    async with StandIn(json_answer(page([]))).client() as twilio:
        with pytest.raises(TypeError, match="nuique_name"):
            twilio.hosted_number_orders.list(nuique_name="order-1")  # type: ignore[call-arg]  # the point


async def test_a_filter_that_fits_no_url_is_refused() -> None:
    """A text of any length can be passed, and is found out before it is sent."""
    stand_in = StandIn(json_answer(page([])))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError, match="too long"):
            await anext(twilio.authorization_documents.list(email="x" * 70_000))
    assert stand_in.requests == []
