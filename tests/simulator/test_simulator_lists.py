"""Twilio's lists: filters, pages, and cursors that lose nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosted_numbers.simulator.catalog import Catalog
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.paging import PageRequest, read_page_request, render_page
from tests.simulator.workshop import ACCOUNT_SID, BASE_URL, DOCUMENTS, ORDERS, Workshop

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def number(index: int) -> str:
    return f"+1501712{index:04d}"


async def test_the_envelope_of_an_empty_list(sim: Workshop) -> None:
    """The key is items, links are absolute, and there is neither a next nor a previous page."""
    url = f"{BASE_URL}{ORDERS}?PageSize=50&Page=0"
    assert await sim.get(ORDERS) == {
        "meta": {
            "first_page_url": url,
            "key": "items",
            "next_page_url": None,
            "page": 0,
            "page_size": 50,
            "previous_page_url": None,
            "url": url,
        },
        "items": [],
    }


async def test_walking_there_and_back(sim: Workshop) -> None:
    """Next pages lead to the end, previous ones back to the start, filters stay in each link."""
    sids = [(await sim.create(number(i), FriendlyName="a b&c"))["sid"] for i in range(5)]
    await sim.create(number(5), FriendlyName="other")
    page = await sim.get(ORDERS, PageSize=2, FriendlyName="a b&c")
    seen, pages = [], [page]
    while page["meta"]["next_page_url"] is not None:
        assert "FriendlyName=a%20b%26c" in page["meta"]["next_page_url"]
        page = await sim.get(page["meta"]["next_page_url"])
        pages.append(page)
    seen = [order["sid"] for page in pages for order in page["items"]]
    assert seen == sids
    assert [page["meta"]["page"] for page in pages] == [0, 1, 2]
    back = [pages[-1]]
    while back[-1]["meta"]["previous_page_url"] is not None:
        back.append(await sim.get(back[-1]["meta"]["previous_page_url"]))
    assert [page["items"] for page in reversed(back)] == [page["items"] for page in pages]
    again = await sim.get(pages[1]["meta"]["url"])
    assert again["items"] == pages[1]["items"]


async def test_deletes_and_creates_between_pages(sim: Workshop) -> None:
    """A walk sees every order that was there all the time exactly once, and new ones at the end."""
    sids = [(await sim.create(number(i)))["sid"] for i in range(6)]
    page = await sim.get(ORDERS, PageSize=3)
    seen = [order["sid"] for order in page["items"]]
    for gone in (sids[0], sids[2], sids[3]):
        await sim.http.delete(f"{ORDERS}/{gone}")
    new = await sim.create(number(9))
    while page["meta"]["next_page_url"] is not None:
        page = await sim.get(page["meta"]["next_page_url"])
        seen += [order["sid"] for order in page["items"]]
    assert seen == [*sids[:3], *sids[4:], new["sid"]]


async def test_filters_are_exact(sim: Workshop) -> None:
    """Each filter of the page, alone and together."""
    one = await sim.create(number(1), UniqueName="one", FriendlyName="desk")
    two = await sim.create(number(2), UniqueName="two", FriendlyName="desk")
    await sim.call(two["sid"])

    async def found(**filters: str) -> list[str]:
        return [order["sid"] for order in (await sim.get(ORDERS, **filters))["items"]]

    assert await found(PhoneNumber=number(1)) == [one["sid"]]
    assert await found(PhoneNumber=number(1)[1:]) == []
    assert await found(PhoneNumber=number(3)) == []
    assert await found(UniqueName="two") == [two["sid"]]
    assert await found(UniqueName="three") == []
    assert await found(FriendlyName="desk") == [one["sid"], two["sid"]]
    assert await found(FriendlyName="desk", UniqueName="one") == [one["sid"]]
    assert await found(PhoneNumber=number(1), UniqueName="two") == []
    assert await found(Status="pending-verification") == [two["sid"]]
    assert await found(Status="twilio-processing") == []
    assert await found(IncomingPhoneNumberSid=two["incoming_phone_number_sid"]) == [two["sid"]]
    assert await found(Status="") == [one["sid"], two["sid"]]


async def test_a_renamed_order_is_found_by_its_new_name(sim: Workshop) -> None:
    """The name's index follows an update and a deletion."""
    order = await sim.create(UniqueName="old")
    await sim.update(order["sid"], UniqueName="new")
    assert (await sim.get(ORDERS, UniqueName="old"))["items"] == []
    assert len((await sim.get(ORDERS, UniqueName="new"))["items"]) == 1
    await sim.http.delete(f"{ORDERS}/{order['sid']}")
    assert (await sim.get(ORDERS, UniqueName="new"))["items"] == []


@pytest.mark.parametrize(("asked", "given"), [("5000", 1000), ("0", 1), ("", 50), ("7", 7)])
async def test_page_sizes_are_clamped(sim: Workshop, asked: str, given: int) -> None:
    """The official client asks for what it is limited to, however much; that is no error."""
    assert (await sim.get(ORDERS, PageSize=asked))["meta"]["page_size"] == given


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (ORDERS, {"PageSize": "many"}, 20001),
        (ORDERS, {"Page": "-1"}, 20001),
        (ORDERS, {"PageToken": "x"}, 20001),
        (ORDERS, {"Status": "verifying"}, 22111),
        (DOCUMENTS, {"Status": "received"}, 20001),
    ],
)
async def test_a_wrong_query(sim: Workshop, path: str, query: dict[str, str], code: int) -> None:
    """Numbers that are none, tokens of our own making, statuses that do not exist."""
    answer = await sim.http.get(path, params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def an_order(position: int) -> Order:
    return Order(
        sid=f"HR{position:032x}",
        account_sid=ACCOUNT_SID,
        incoming_phone_number_sid="PN" + "0" * 32,
        phone_number=number(position),
        status="received",
        date_created=NOW,
        date_updated=NOW,
        status_since=NOW,
        position=position,
    )


def walk(catalog: Catalog[Order], start: PageRequest, direction: str) -> list[list[str]]:
    def page(request: PageRequest) -> dict[str, Any]:
        return render_page(
            catalog,
            lambda order: order.position % 3 != 0,
            request,
            url="http://x/y",
            filters={},
            resource=lambda order: {"sid": order.sid},
        )

    pages = []
    request: PageRequest | None = start
    while request is not None:
        envelope = page(request)
        pages.append([item["sid"] for item in envelope["items"]])
        link = envelope["meta"][direction]
        query = dict(part.split("=") for part in link.partition("?")[2].split("&")) if link else {}
        request = read_page_request(query) if link else None
    return pages


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)), st.integers(1, 7))
def test_any_walk_is_complete(there: set[int], gone: set[int], size: int) -> None:
    """Forwards and backwards, whatever was deleted before: each wanted item once, full pages."""
    catalog = Catalog(an_order(position) for position in there)
    for position in gone:
        catalog.discard(f"HR{position:032x}")
    wanted = [f"HR{p:032x}" for p in sorted(there - gone) if p % 3 != 0]
    forwards = walk(catalog, PageRequest(size, 0, "A", 0), "next_page_url")
    assert [sid for page in forwards for sid in page] == wanted
    assert all(len(page) == size for page in forwards[:-1])
    backwards = walk(catalog, PageRequest(size, 0, "B", 61), "previous_page_url")
    assert [sid for page in reversed(backwards) for sid in page] == wanted


@pytest.mark.parametrize("token", ["PA3", "PB3"])
async def test_a_token_beyond_everything(sim: Workshop, token: str) -> None:
    """A cursor whose neighbours are all gone still answers a page, an empty one."""
    order = await sim.create()
    await sim.http.delete(f"{ORDERS}/{order['sid']}")
    page = await sim.get(ORDERS, PageToken=token, Page=1)
    assert page["items"] == []
    assert page["meta"]["next_page_url"] is None
    assert page["meta"]["previous_page_url"] is None
