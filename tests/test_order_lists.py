"""Lists of orders on the real Temporal dev server: attributes set by hand, and no worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from hosted_numbers import contract, order_lists, search_attributes
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_lists import OrderLists, OrderPage, OrderSummary
from tests.orders import ORDER_SID
from tests.world import a_dev_server

T = TypeVar("T")

pytestmark = pytest.mark.asyncio(loop_scope="module")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    """A Temporal dev server with the search attributes."""
    async with await a_dev_server() as env:
        await search_attributes.register(env.client)
        yield env.client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lists(client: Client) -> OrderLists:
    """The lists, once they show every order of the stage."""
    lists = OrderLists(client, timedelta(seconds=10))
    for number, order in STAGE.items():
        await put(client, number, **order)
    ended = client.get_workflow_handle(order_workflow_id(ENDED))
    await ended.terminate()
    await eventually(lambda: lists.page(open_only=True), is_the_stage)
    return lists


def at(minutes: float) -> datetime:
    """A moment, minutes after the start."""
    return START + timedelta(minutes=minutes)


ENDED = "+12125550107"
STAGE: dict[str, dict[str, Any]] = {
    "+12125550101": {"waiting_for": "nothing"},
    "+12125550102": {
        "status": "received",
        "waiting_for": "verification-call",
        "since": at(5),
        "deadline": at(600),
        "customer": "customer-1",
    },
    "+12125550103": {
        "status": "received",
        "waiting_for": "nothing",
        "since": at(3),
        "deadline": at(300),
    },
    "+12125550104": {
        "status": "pending-verification",
        "waiting_for": "verification-code",
        "since": at(7),
        "deadline": at(200),
        "customer": "customer-2",
        "sid": ORDER_SID,
    },
    "+12125550105": {
        "status": "pending-loa",
        "waiting_for": "signature",
        "since": at(9),
        "deadline": at(100),
        "customer": "customer-1",
    },
    "+14155550106": {
        "status": "quantum-review",
        "waiting_for": "operator",
        "since": at(11),
        "deadline": at(400),
    },
    ENDED: {"status": "received", "waiting_for": "operator", "since": at(1), "deadline": at(2)},
    "+14155550108": {"status": "received", "waiting_for": "document", "since": at(4)},
    "+14155550109": {"status": "received", "waiting_for": "nothing", "since": at(12)},
}


async def put(client: Client, number: str, **order: Any) -> None:
    """Start the workflow of an order that nobody works on."""
    keys: dict[str, SearchAttributeKey[Any]] = {
        "status": search_attributes.STATUS,
        "waiting_for": search_attributes.WAITING_FOR,
        "sid": search_attributes.ORDER_SID,
        "customer": search_attributes.CUSTOMER,
        "deadline": search_attributes.DEADLINE,
        "since": search_attributes.SINCE,
    }
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(keys[name], value) for name, value in order.items()
    ]
    await client.start_workflow(
        contract.WORKFLOW_TYPE,
        id=order_workflow_id(number),
        task_queue="nobody",
        search_attributes=TypedSearchAttributes(pairs),
    )


async def eventually(look: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """What is seen once Temporal's list, which lags, shows it."""
    async with asyncio.timeout(20):
        while True:
            if good(seen := await look()):
                return seen
            await asyncio.sleep(0.05)


def is_the_stage(page: OrderPage) -> bool:
    """Whether its open orders are listed, and no others."""
    return sorted(numbers(page.orders)) == sorted(STAGE.keys() - {ENDED})


def numbers(orders: tuple[OrderSummary, ...]) -> list[str]:
    """Whose orders they are."""
    return [order.phone_number for order in orders]


async def test_census_counts_the_open_orders_of_each_status(lists: OrderLists) -> None:
    """None first, then in the order in which orders pass them, what nobody knows last."""
    census = await lists.census()

    assert [each.status for each in census] == [None, *order_lists.STATUSES, "other"]
    counts = {each.status: each.count for each in census if each.count}
    assert counts == {
        None: 1,
        "received": 4,
        "pending-verification": 1,
        "pending-loa": 1,
        "other": 1,
    }


async def test_census_names_the_order_that_stands_longest(lists: OrderLists) -> None:
    """The one whose status and need are the oldest, not the one that was started first."""
    census = {each.status: each for each in await lists.census()}

    received = census["received"].oldest
    assert received is not None
    assert (received.phone_number, received.since) == ("+12125550103", at(3))
    new = census[None].oldest
    assert new is not None
    assert (new.phone_number, new.since) == ("+12125550101", None)
    assert census["verified"].oldest is None


async def test_pressing_orders_come_by_their_deadline(lists: OrderLists) -> None:
    """Those that wait for one of ours, the soonest first; without a deadline last."""
    pressing = await lists.pressing()

    assert pressing.total == 4
    assert numbers(pressing.orders) == [
        "+12125550104",
        "+14155550106",
        "+12125550102",
        "+14155550108",
    ]
    assert numbers((await lists.pressing(limit=1)).orders) == ["+12125550104"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+12125550104", {"+12125550104"}),
        (" +1 (212) 555-0104 ", {"+12125550104"}),
        ("212 555 0104", {"+12125550104"}),
        ("1415", {"+14155550106", "+14155550108", "+14155550109"}),
        ("415", {"+14155550106", "+14155550108", "+14155550109"}),
        ("customer-1", {"+12125550102", "+12125550105"}),
        (ORDER_SID, {"+12125550104"}),
        ("HR" + "f" * 32, set()),
        ("customer", set()),
        ("+4420", set()),
    ],
)
async def test_orders_are_found_by_what_a_person_types(
    lists: OrderLists, text: str, found: set[str]
) -> None:
    """A number or its beginning as people write it, a customer, a SID of Twilio's."""
    assert set(numbers((await lists.find(text)).orders)) == found


@pytest.mark.parametrize("text", ["o'hara", 'say "x"', "back\\slash", "`"])
async def test_a_search_that_would_be_a_query_is_refused(lists: OrderLists, text: str) -> None:
    """Quotes and backslashes never reach Temporal."""
    with pytest.raises(InvalidRequestError, match="quotes"):
        await lists.find(text)


async def test_a_search_for_nothing_finds_nothing(lists: OrderLists) -> None:
    """Blanks are no number and no customer."""
    assert (await lists.find("  ")).orders == ()


async def test_changes_come_in_their_order_from_a_moment_on(lists: OrderLists) -> None:
    """That moment's own change included, ended orders too, other customers left out."""
    assert numbers(await lists.changed(at(7))) == [
        "+12125550104",
        "+12125550105",
        "+14155550106",
        "+14155550109",
    ]
    assert numbers(await lists.changed(at(0)))[0] == ENDED
    assert numbers(await lists.changed(at(0), "customer-1")) == ["+12125550102", "+12125550105"]
    assert await lists.changed(at(60)) == ()


@pytest.mark.parametrize("most", [2, 3, 5])
async def test_of_many_orders_the_first_are_found_by_halving(
    lists: OrderLists, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """When one page does not hold them, a moment is sought before which few enough lie."""
    monkeypatch.setattr(order_lists, "_MOST", most)
    monkeypatch.setattr(order_lists, "_FEW", 1)

    assert (await lists.pressing(limit=1)).orders[0].phone_number == "+12125550104"
    assert (await lists.pressing(limit=1)).total == 4
    census = {each.status: each for each in await lists.census()}
    assert census["received"].count == 4
    oldest = census["received"].oldest
    assert oldest is not None
    assert oldest.phone_number == "+12125550103"
    first = numbers(await lists.changed(at(0)))
    in_order = [ENDED, "+12125550103", "+14155550108", "+12125550102", "+12125550104"]
    assert first == in_order[: len(first)]
    assert 1 <= len(first) <= most


async def test_of_more_at_one_moment_than_a_page_holds_some_are_shown(
    lists: OrderLists, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No halving parts them, and none of a later moment takes their place."""
    crowd = {f"+1613555011{each}": at(-5) for each in range(4)}
    later = {"+16135550119": at(-4)}
    for number, since in (crowd | later).items():
        await put(client, number, status="testing", since=since, customer="crowd")
    await eventually(lambda: lists.find("crowd"), lambda page: len(page.orders) == 5)
    monkeypatch.setattr(order_lists, "_MOST", 2)
    monkeypatch.setattr(order_lists, "_FEW", 1)

    changed = numbers(await lists.changed(at(-10), "crowd"))
    census = {each.status: each for each in await lists.census()}

    monkeypatch.undo()
    for number in crowd | later:
        await client.get_workflow_handle(order_workflow_id(number)).terminate()
    await eventually(lambda: lists.page(open_only=True), is_the_stage)
    assert set(changed) <= set(crowd)
    assert len(changed) == 2
    oldest = census["testing"].oldest
    assert (census["testing"].count, oldest and oldest.since) == (5, at(-5))


async def test_an_unknown_search_attribute_is_said_in_our_words(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A namespace that was never set up: what to run."""
    missing = SearchAttributeKey.for_datetime("HostedNumberMissing")
    monkeypatch.setattr(search_attributes, "SINCE", missing)

    with pytest.raises(InvalidRequestError, match="hosted-numbers setup"):
        await OrderLists(client, timedelta(seconds=10)).changed(at(0))
