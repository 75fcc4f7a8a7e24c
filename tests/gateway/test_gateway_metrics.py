"""The gateway's metrics: what is counted, what is looked up, and where it is served."""

import asyncio
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import generate_latest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.errors import SettingsError, TemporalUnavailableError
from hosted_numbers.gateway.figures import EVERY, KEPT, Counting
from hosted_numbers.gateway.metrics import GatewayMetrics, served
from hosted_numbers.order_census import Group
from hosted_numbers.order_lists import STATUSES
from hosted_numbers.sweeping import SweepReport
from tests.gateway.orders_in_memory import NUMBER, ORDER, ORDERS, OrdersInMemory

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
GROUPS = (
    Group("pending-loa", "signature", 3, LONG_AGO),
    Group("not-at-twilio", "operator", 1, LONG_AGO + timedelta(days=1)),
)
REPORT = SweepReport(
    at=LONG_AGO,
    complete=True,
    complete_at=LONG_AGO,
    requests=8,
    open_orders=5,
    listed={"verified": 2},
    differing=1,
    orphans_total=4,
    strays_total=6,
)
OLDEST = (
    'hosted_numbers_orders_oldest_timestamp_seconds{status="pending-loa",waiting_for="signature"} '
)
AWAY = TemporalUnavailableError("Temporal does not answer.", "Wait.")


class Census:
    """Counts what it is told to, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.takes = 0.0

    async def groups(self) -> tuple[Group, ...]:
        """The groups of open orders."""
        self.asked += 1
        clock.now += self.takes
        if self.away:
            raise AWAY
        return GROUPS

    async def troubled(self) -> int:
        """How many workflows report problems."""
        return 2

    async def last_sweep(self) -> SweepReport | None:
        """The last one."""
        return REPORT


class Clock:
    """Tells the time that it is given."""

    now = 1000.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


clock = Clock()


@pytest.fixture
def census() -> Census:
    clock.now = 1000.0
    return Census()


@pytest.fixture
def counting(census: Census, blobs: BlobStore) -> Counting:
    return Counting(census, census.last_sweep, blobs, clock)


def shown(metrics: GatewayMetrics) -> str:
    """What Prometheus is told."""
    return generate_latest(metrics.registry).decode()


async def scraped(counting: Counting) -> str:
    """What Prometheus is told of all orders, asked from a thread as it is served."""
    metrics = GatewayMetrics()
    with metrics.counting(counting):
        return await asyncio.to_thread(shown, metrics)


def test_outcomes_begin_at_nought() -> None:
    """So that the first forged callback is an increase."""
    text = shown(GatewayMetrics())
    assert 'hosted_numbers_callbacks_total{outcome="forged"} 0.0' in text
    assert 'hosted_numbers_sign_ins_total{outcome="wrong-password"} 0.0' in text
    assert "_created" not in text


async def test_requests_are_counted_by_route_without_anything_of_theirs(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    """A number in the path, a path of somebody's own, and a method of theirs add no label."""
    await http.post(ORDERS, json=ORDER)
    await http.get(f"{ORDERS}/{NUMBER}")
    await http.get("/nowhere/canary")
    await http.request("CANARY", "/nowhere")

    text = shown(app.state.metrics)

    route = f'method="GET",route="{ORDERS}/{{phone_number}}"'
    assert f'hosted_numbers_http_requests_total{{{route},status="200"}} 1.0' in text
    assert f"hosted_numbers_http_request_duration_seconds_count{{{route}}} 1.0" in text
    assert re.search(r'requests_total{method="other",route="\(no route\)",status="\d+"} 1.0', text)
    assert NUMBER not in text
    assert NUMBER[1:] not in text
    assert "canary" not in text.lower()


async def test_callbacks_and_sign_ins_are_counted(app: FastAPI, http: httpx.AsyncClient) -> None:
    """A forged one, and a password that nobody has."""
    await http.post("/callbacks/twilio", data={"PhoneNumber": NUMBER})

    assert 'hosted_numbers_callbacks_total{outcome="forged"} 1.0' in shown(app.state.metrics)
    assert "hosted_numbers_hints_owed 0.0" in shown(app.state.metrics)


async def test_the_figures_of_all_orders_are_looked_up(counting: Counting) -> None:
    """Orders by status and need, the oldest, problems, the sweep, and what readiness looks at."""
    text = await scraped(counting)

    for line in (
        'hosted_numbers_orders{status="pending-loa",waiting_for="signature"} 3.0',
        OLDEST + "1.767",
        "hosted_numbers_reported_problems 2.0",
        'hosted_numbers_swept_orders{status="verified"} 2.0',
        'hosted_numbers_swept_orders{status="received"} 0.0',
        "hosted_numbers_open_orders 5.0",
        "hosted_numbers_orphans 4.0",
        "hosted_numbers_strays 6.0",
        "hosted_numbers_differing 1.0",
        "hosted_numbers_sweep_requests 8.0",
        "hosted_numbers_temporal_up 1.0",
        "hosted_numbers_blob_store_up 1.0",
    ):
        assert any(each.startswith(line) for each in text.splitlines()), line
    assert text.count("hosted_numbers_swept_orders{") == len(STATUSES)
    assert "hosted_numbers_swept_timestamp_seconds 1.767" in text
    assert re.search(r"hosted_numbers_blob_store_free_bytes \d", text)


async def test_orders_are_counted_once_in_a_while(counting: Counting, census: Census) -> None:
    """However often somebody scrapes; several at once share one count."""
    await asyncio.gather(*(counting.figures() for _ in range(5)))
    assert census.asked == 1
    clock.now += EVERY.total_seconds() - 1
    await counting.figures()
    assert census.asked == 1
    clock.now += 2
    await counting.figures()
    assert census.asked == 2


async def test_a_slow_count_is_made_seldom(counting: Counting, census: Census) -> None:
    """It takes a tenth of the time at most."""
    census.takes = 10
    await counting.figures()
    clock.now += 95
    await counting.figures()
    assert census.asked == 1
    clock.now += 10
    await counting.figures()
    assert census.asked == 2


@pytest.mark.fault("F03")
async def test_figures_outlive_a_short_outage_and_no_long_one(
    counting: Counting, census: Census
) -> None:
    """Five minutes; then there are none rather than a flat line. Their age is told."""
    await scraped(counting)
    census.away = True
    clock.now += 60
    text = await scraped(counting)
    assert "hosted_numbers_temporal_up 0.0" in text
    assert "hosted_numbers_orders{" in text
    clock.now += KEPT.total_seconds()
    text = await scraped(counting)
    assert "hosted_numbers_orders{" not in text
    assert "hosted_numbers_reported_problems" not in text
    assert "hosted_numbers_counted_timestamp_seconds" in text
    census.away = False
    clock.now += 60
    assert "hosted_numbers_orders{" in await scraped(counting)


async def test_a_gateway_that_never_saw_temporal_shows_no_figures(
    counting: Counting, census: Census
) -> None:
    """No zeros either."""
    census.away = True
    text = await scraped(counting)
    assert "hosted_numbers_temporal_up 0.0" in text
    assert "hosted_numbers_orders" not in text
    assert "counted_timestamp" not in text


async def test_a_busy_gateway_leaves_its_figures_out(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrape does not wait for ever for an event loop that has no time."""
    monkeypatch.setattr("hosted_numbers.gateway.metrics._PATIENCE", timedelta(milliseconds=10))
    never = asyncio.Event()

    async def figures() -> Any:
        await never.wait()

    monkeypatch.setattr(counting, "figures", figures)
    text = await scraped(counting)
    assert "hosted_numbers_callbacks_total" in text
    assert "hosted_numbers_temporal_up" not in text


async def test_a_store_without_a_directory_has_no_room_to_tell(census: Census) -> None:
    """Object stores do not say how full they are."""
    found = await Counting(census, census.last_sweep, BlobStore.at("memory:///")).figures()
    assert found.blob_store_up
    assert found.blob_store_free_bytes is None


@pytest.mark.security("S25")
async def test_metrics_are_served_at_an_address_of_their_own(
    app: FastAPI, http: httpx.AsyncClient, closed_port: int
) -> None:
    """Not on the public port; and where no address is set, nowhere."""
    assert (await http.get("/metrics")).status_code in {401, 404}
    with served(app.state.metrics, ("127.0.0.1", closed_port)):
        async with httpx.AsyncClient(trust_env=False) as prometheus:
            answer = await prometheus.get(f"http://127.0.0.1:{closed_port}/metrics")
    assert "hosted_numbers_callbacks_total" in answer.text
    with served(app.state.metrics, None), socket.socket() as tried:
        assert tried.connect_ex(("127.0.0.1", closed_port)) != 0


def test_a_taken_port_is_named(silent_port: int) -> None:
    """With the setting that says so."""
    with (
        pytest.raises(SettingsError, match=f"127.0.0.1:{silent_port}") as error,
        served(GatewayMetrics(), ("127.0.0.1", silent_port)),
    ):
        pass
    assert "HOSTED_NUMBERS_METRICS_ADDRESS" in error.value.next_step


@pytest.mark.fault("F26")
async def test_hints_that_are_owed_are_counted(app: FastAPI, orders: OrdersInMemory) -> None:
    """As long as Temporal is away."""
    del orders
    app.state.echoes._owe(NUMBER)
    assert "hosted_numbers_hints_owed 1.0" in shown(app.state.metrics)
    assert 'hosted_numbers_hints_total{outcome="owed"} 1.0' in shown(app.state.metrics)
    await app.state.echoes.close()
