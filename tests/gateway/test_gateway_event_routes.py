"""Server-sent events over HTTP: what comes, in which form, and when it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from hosted_numbers.errors import NoWorkerError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.graceful_end import GracefulServer
from hosted_numbers.gateway.order_events import OrderEvents
from hosted_numbers.validation import NewHostedNumberOrder
from tests.gateway.orders_in_memory import (
    KEY,
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    settings_of_gateway,
)
from tests.gateway.test_gateway_order_events import ToldOrders, a_change, a_progress
from tests.gateway.test_gateway_orders import LINKS, assert_problem
from tests.gateway.test_gateway_scopes import entry

EVENTS = f"{ORDERS}/{NUMBER}/events"
PATIENCE = 10


@pytest.fixture
def orders() -> ToldOrders:
    """One order is open."""
    orders = ToldOrders()
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)
    return orders


@pytest.fixture
def app(orders: OrdersInMemory) -> FastAPI:
    """Looks are as quick as they can be."""
    keys = json.dumps([entry(KEY), entry("bound", customer="mine")])
    app = create_app(settings_of_gateway(hosted_numbers_api_keys=keys), orders)
    app.state.events = OrderEvents(orders, interval=timedelta(milliseconds=1))
    return app


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[uvicorn.Server]:
    """A real server: only that streams."""
    server = GracefulServer(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    with _own_signals(server):
        serving = asyncio.create_task(server.serve())
        async with asyncio.timeout(PATIENCE):
            while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.01)
        yield server
        server.should_exit = True
        await asyncio.wait_for(serving, PATIENCE)


@contextmanager
def _own_signals(server: uvicorn.Server) -> Iterator[None]:
    """The test's process keeps its signals."""

    @contextmanager
    def none() -> Iterator[None]:
        yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "capture_signals", none)
        yield


@pytest.fixture
async def http(server: uvicorn.Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the API key."""
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {KEY}"},
        trust_env=False,
        timeout=PATIENCE,
    ) as client:
        yield client


class Stream:
    """What comes over a stream, event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The fields of the next event; nothing at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            with suppress(StopAsyncIteration):
                while line := await anext(self._lines):
                    name, _, value = line.partition(": ")
                    fields[name] = value
        return fields


async def test_an_order_is_followed_to_its_end(http: httpx.AsyncClient, orders: ToldOrders) -> None:
    """What its own path answers, at each change; then ``end``, and the stream closes."""
    async with http.stream("GET", EVENTS) as answer:
        stream = Stream(answer)
        first = await stream.next()
        orders.now = a_progress("it moves")
        second = await stream.next()
        orders.now = a_progress("it is done", "completed")
        third, end, nothing = [await stream.next() for _ in range(3)]
        shown = (await http.get(f"{ORDERS}/{NUMBER}")).json()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"]
    assert answer.headers["x-correlation-id"]
    assert [each["event"] for each in (first, second, third)] == ["progress"] * 3
    assert json.loads(first["data"])["reason"] == "it begins"
    assert json.loads(first["data"])["links"] == LINKS
    assert first["retry"] == "3000"
    assert json.loads(second["data"])["reason"] == "it moves"
    assert json.loads(third["data"]) == shown
    assert (end["event"], json.loads(end["data"])) == ("end", {"phase": "completed"})
    assert nothing == {}


@pytest.mark.parametrize("path", [EVENTS, EVENTS.replace("+1501", "%2B1501")])
async def test_an_unknown_order_is_told_before_a_stream_begins(
    http: httpx.AsyncClient, orders: ToldOrders, path: str
) -> None:
    """A problem as everywhere."""
    orders.now = NoWorkerError("No worker.", "Start one.")
    assert_problem(await http.get(path), 503, "no-worker")


async def test_all_orders_are_followed(http: httpx.AsyncClient, orders: ToldOrders) -> None:
    """A row of the list for each change; its id is a moment."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    orders.changes = [a_change("run-1", since)]
    async with http.stream("GET", "/v1/events", params={"since": since.isoformat()}) as answer:
        stream = Stream(answer)
        hello, old = await stream.next(), await stream.next()
        orders.changes.append(a_change("run-2", since + timedelta(seconds=30)))
        new = await stream.next()

    assert hello["retry"] == "3000"
    assert [each["event"] for each in (old, new)] == ["order", "order"]
    assert [json.loads(each["data"])["run_id"] for each in (old, new)] == ["run-1", "run-2"]
    assert json.loads(new["data"])["links"] == LINKS
    assert datetime.fromisoformat(new["id"]) == since + timedelta(seconds=30)


async def test_a_broken_stream_goes_on_where_it_was(
    http: httpx.AsyncClient, orders: ToldOrders
) -> None:
    """Last-Event-ID goes before since; earlier changes do not come again."""
    moment = datetime.now(UTC) - timedelta(minutes=5)
    orders.changes = [
        a_change("earlier", moment - timedelta(minutes=1)),
        a_change("seen", moment),
        a_change("missed", moment + timedelta(seconds=20)),
    ]
    async with http.stream(
        "GET",
        "/v1/events",
        params={"since": (moment - timedelta(hours=1)).isoformat()},
        headers={"Last-Event-ID": moment.isoformat()},
    ) as answer:
        stream = Stream(answer)
        await stream.next()
        runs = [json.loads((await stream.next())["data"])["run_id"] for _ in range(2)]

    assert runs == ["seen", "missed"]


@pytest.mark.parametrize(
    ("params", "headers"),
    [
        ({}, {"Last-Event-ID": "yesterday"}),
        ({}, {"Last-Event-ID": "0001-01-01T00:00:00+14:00"}),
        ({}, {"Last-Event-ID": "9" * 65}),
        ({"since": "2026-03-02T09:00:00"}, {}),
        ({"since": "now"}, {}),
        ({"until": "now"}, {}),
    ],
)
async def test_a_malformed_beginning_is_refused(
    http: httpx.AsyncClient, params: dict[str, str], headers: dict[str, str]
) -> None:
    """422 before a stream begins."""
    answer = await http.get("/v1/events", params=params, headers=headers)

    assert_problem(answer, 422, "invalid-request")


@pytest.mark.security("S6")
async def test_a_customers_key_hears_of_their_own_orders(
    http: httpx.AsyncClient, orders: ToldOrders
) -> None:
    """Of all orders, those of its customer; another's order has no stream."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    orders.changes = [
        a_change("theirs", since, "theirs"),
        a_change("mine", since + timedelta(seconds=1), "mine"),
    ]
    bound = {"Authorization": "Bearer bound"}

    async with http.stream(
        "GET", "/v1/events", params={"since": since.isoformat()}, headers=bound
    ) as answer:
        stream = Stream(answer)
        await stream.next()
        heard = json.loads((await stream.next())["data"])["run_id"]
    foreign = await http.get(EVENTS, headers=bound)

    assert heard == "mine"
    assert_problem(foreign, 404, "order-not-found")


async def test_a_quiet_stream_is_kept_alive(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment, which no client shows, so that no proxy closes the connection."""
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.02)

    async with http.stream("GET", EVENTS) as answer:
        stream = Stream(answer)
        await stream.next()
        ping = await stream.next()

    assert ping == {"": "ping"}


async def test_who_hangs_up_is_not_listened_for(app: FastAPI, http: httpx.AsyncClient) -> None:
    """Their connection's end ends the looks."""
    events: OrderEvents = app.state.events
    async with http.stream("GET", EVENTS) as answer:
        await Stream(answer).next()
        assert events.listeners == 1
    async with asyncio.timeout(PATIENCE):
        while events.listeners:  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.01)


async def test_a_server_that_ends_does_not_wait_for_streams(
    server: uvicorn.Server, http: httpx.AsyncClient
) -> None:
    """They end at once and without ``end``: the client asks again, elsewhere or later."""
    async with http.stream("GET", EVENTS) as one, http.stream("GET", "/v1/events") as everything:
        streams = [Stream(one), Stream(everything)]
        for stream in streams:
            await stream.next()
        server.should_exit = True
        assert [await stream.next() for stream in streams] == [{}, {}]
