"""How many orders stand where, counted at a real Temporal server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from hosted_numbers import contract, order_census, search_attributes
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_census import Group, OrderCensus
from tests.world import a_dev_server

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEADLINE = timedelta(seconds=10)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A Temporal server with orders that no worker drives."""
    async with await a_dev_server() as env:
        await search_attributes.add(env.client)
        yield env.client


async def an_order(
    client: Client, number: int, need: str, status: str | None, since: datetime | None
) -> None:
    """An open order that stands there."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(search_attributes.WAITING_FOR, need)
    ]
    if status is not None:
        pairs.append(SearchAttributePair(search_attributes.STATUS, status))
    if since is not None:
        pairs.append(SearchAttributePair(search_attributes.SINCE, since))
    await client.start_workflow(
        contract.WORKFLOW_TYPE,
        id=order_workflow_id(f"+1501555{number:04}"),
        task_queue="nobody",
        search_attributes=TypedSearchAttributes(pairs),
    )


async def counted(census: OrderCensus, orders: int) -> dict[tuple[str, str], Group]:
    """The groups, once the lists have so many orders."""
    async with asyncio.timeout(30):
        while True:
            groups = await census.groups()
            if sum(group.count for group in groups) == orders:
                return {(group.status, group.waiting_for): group for group in groups}
            await asyncio.sleep(0.2)


async def test_orders_are_counted_by_status_and_need(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the oldest of each, also where there are too many to list."""
    monkeypatch.setattr(order_census, "_FEW", 3)
    census = OrderCensus(client, DEADLINE)
    assert await census.groups() == ()
    assert await census.troubled() == 0
    for number in range(8):
        since = NOON + timedelta(days=(number + 3) % 8)
        await an_order(client, number, "signature", "pending-loa", since)
    await an_order(client, 10, "operator", "pending-loa", NOON)
    await an_order(client, 11, "operator", None, NOON + timedelta(hours=1))
    await an_order(client, 12, "nothing", "quantum-review", None)

    found = await counted(census, 11)

    assert {where: group.count for where, group in found.items()} == {
        ("pending-loa", "signature"): 8,
        ("pending-loa", "operator"): 1,
        ("not-at-twilio", "operator"): 1,
        ("other", "nothing"): 1,
    }
    assert found["pending-loa", "signature"].oldest_since == NOON
    assert found["pending-loa", "operator"].oldest_since == NOON
    assert found["not-at-twilio", "operator"].oldest_since == NOON + timedelta(hours=1)
    fresh = datetime.now(UTC) - found["other", "nothing"].oldest_since
    assert abs(fresh) < timedelta(minutes=5)


async def test_many_of_one_moment_are_close_enough(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bulk import may begin more of them within a second than a list shows."""
    monkeypatch.setattr(order_census, "_FEW", 1)
    for number in range(3):
        await an_order(client, number, "carrier", "testing", NOON)

    found = await counted(OrderCensus(client, DEADLINE), 3)

    off = found["testing", "carrier"].oldest_since - NOON
    assert timedelta(0) <= off < timedelta(seconds=2)


async def test_an_absent_temporal_is_told() -> None:
    """And not taken for a namespace without orders."""
    client = await Client.connect("127.0.0.1:1", lazy=True)
    with pytest.raises((TemporalUnavailableError, RPCError)):
        await OrderCensus(client, timedelta(milliseconds=300)).groups()
