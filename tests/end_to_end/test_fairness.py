"""Whoever imports many orders takes nothing from whoever sends one."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from deploy import local
from hosted_numbers import temporal
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings
from tests.end_to_end.product import (
    Parts,
    Product,
    a_deployment,
    eventually,
    settled,
)
from tests.orders import an_order

pytestmark = pytest.mark.processes

QUEUED = 2_000
AT_ONCE = 50
AT_WORK = 20
TURNS = 3
ALLOWED = 3.0


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[local.Deployment, Parts]]:
    """A deployment of its own: so many orders would be in the way of other tests."""
    with a_deployment(tmp_path_factory.mktemp("state"), keep=False) as running:
        yield running


async def created(product: Product) -> int:
    """How many orders Twilio has."""
    return len((await product.ledger())["orders"])


async def seconds_until_called(product: Product, number: str, customer: str) -> float:
    """From the backend's request until Twilio has called the number."""
    began = time.monotonic()
    await product.started(number, customer=customer)

    async def called() -> bool:
        return bool((await product.at_twilio(number))["status"] == "pending-verification")

    await eventually(called)
    return time.monotonic() - began


@pytest.mark.timeout(400)
async def test_single_order_does_not_wait_for_an_import(product: Product) -> None:
    """With 2,000 imported orders queued, another customer's one is called within 3 s more."""
    idle = await seconds_until_called(product, "+12025550120", "first")
    await product.parts.end("worker")
    with settled(product.parts.at_temporal):
        client = await temporal.connect(Settings.read())
    orders = HostedNumberOrders(client, deadline=timedelta(seconds=30))
    slots = asyncio.Semaphore(AT_ONCE)

    async def queue(row: int) -> None:
        async with slots:
            order = an_order(phone_number=f"+1303{2_000_000 + row}", customer="importer")
            await orders.start(order, bulk_import="many")

    await asyncio.gather(*(queue(row) for row in range(QUEUED)))
    await product.parts.again("worker")

    async def at_work() -> bool:
        return await created(product) > AT_WORK

    await eventually(at_work)
    singles = [
        await seconds_until_called(product, f"+1202555013{turn}", f"single-{turn}")
        for turn in range(TURNS)
    ]
    assert await created(product) < QUEUED / 2, "the import was through before: it shows nothing"
    assert min(singles) - idle < ALLOWED, (idle, singles)
