"""Clients that say half of what they have to say, and clients that do not listen."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import uvicorn
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.limits import BodyLimit
from hosted_numbers.gateway.server import configuration
from hosted_numbers.gateway.slow_clients import SlowClientProtocol
from tests.gateway.orders_in_memory import KEY, ORDERS, OrdersInMemory, settings_of_gateway
from tests.world import in_time

PATIENCE = timedelta(seconds=0.5)
LIMIT = 15.0
"""Seconds: far more than the patience, far less than the keep-alive of a client that drips."""

REQUEST = b"GET /health/live HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
LAST_REQUEST = REQUEST[:-2] + b"Connection: close\r\n\r\n"
POST = f"POST {ORDERS} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n".encode()
AUTHORIZED = POST + f"Authorization: Bearer {KEY}\r\n\r\n{{".encode()
HALVES = {
    "nothing": b"",
    "half a request line": REQUEST[:9],
    "half a head": REQUEST[:-5],
    "half a body": AUTHORIZED,
}


@dataclass
class Served:
    """An application that is served on loopback."""

    port: int
    server: uvicorn.Server
    clients: list["Client"] = field(default_factory=list)

    async def connect(self, sent: bytes = b"", receive_buffer: int | None = None) -> "Client":
        """Connect and say something."""
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        # Nothing is read ahead of the test: what it does not take stays in the server.
        client = Client(*await asyncio.open_connection(sock=sock, limit=1))
        self.clients.append(client)
        await client.say(sent)
        return client

    async def until_held(self, count: int) -> None:
        """Wait until the server holds so many connections."""
        async with asyncio.timeout(LIMIT):
            while len(self.server.server_state.connections) != count:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, words: bytes) -> None:
        """Send bytes."""
        self.writer.write(words)
        await self.writer.drain()

    async def answer(self, end: bytes = b"}") -> str:
        """One answer, up to the end of its JSON."""
        heard = b""
        async with asyncio.timeout(LIMIT):
            while not heard.endswith(end):
                piece = await self.reader.read(65_536)
                assert piece, heard
                heard += piece
        return heard.decode()

    async def farewell(self) -> str:
        """What the server says until it closes the connection; it must do so within the limit."""
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(LIMIT):
                while piece := await self.reader.read(65_536):
                    heard += piece
        self.writer.close()
        return heard.decode()

    async def drip(self, byte: bytes = b"x") -> None:
        """Send a byte now and then, for as long as the connection lives."""
        with contextlib.suppress(ConnectionError):
            while not self.writer.is_closing():
                await self.say(byte)
                await asyncio.sleep(PATIENCE.total_seconds() / 5)


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    patience: timedelta = PATIENCE,
    keep_alive: int = 2,
    connections: int | None = None,
) -> AsyncIterator[Served]:
    """Serve as the gateway is served, but in a hurry."""

    class Hasty(SlowClientProtocol):
        head_patience = patience
        answer_patience = patience

    config = configuration(app, settings_of_gateway(hosted_numbers_graceful_shutdown_seconds=1))
    config.http = Hasty
    config.timeout_keep_alive = keep_alive
    config.lifespan = "off"
    if connections is not None:
        config.limit_concurrency = connections
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        port = listener.getsockname()[1]
        running = asyncio.create_task(server.serve(sockets=[listener]))
        async with asyncio.timeout(LIMIT):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
        served = Served(port, server)
        try:
            yield served
        finally:
            for client in served.clients:
                client.writer.transport.abort()
            server.should_exit = True
            await running


@pytest.fixture
async def gateway() -> AsyncIterator[Served]:
    """The whole gateway; bodies, too, have to arrive in a hurry."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    async with serving(BodyLimit(app, patience=PATIENCE)) as served:
        yield served


@pytest.mark.fault("F16")
async def test_half_open_connections_are_closed_and_hold_up_nobody() -> None:
    """Two hundred of them: each gets 408 within the limit; a whole request is answered at once."""
    patience = timedelta(seconds=8)  # enough to make them all
    app = create_app(settings_of_gateway(), OrdersInMemory())
    async with serving(BodyLimit(app, patience=patience), patience=patience) as served:
        halves = [half for half in HALVES.values() for _ in range(50)]
        clients = [await served.connect(half) for half in halves]
        await served.until_held(200)

        async def answer() -> str:
            return await (await served.connect(REQUEST)).answer()

        wholes = await in_time(answer, 1)
        still_held = len(served.server.server_state.connections)
        farewells = await asyncio.gather(*(client.farewell() for client in clients))

    assert all(whole.startswith("HTTP/1.1 200 ") for whole in wholes)
    assert still_held >= 200  # so it waited for none of them
    assert {farewell[:13] for farewell in farewells} == {"HTTP/1.1 408 "}


@pytest.mark.fault("F16")
@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
async def test_what_is_said_to_a_client_that_is_too_slow(gateway: Served, half: bytes) -> None:
    """A problem with the next step, and the connection's end."""
    client = await gateway.connect(half)

    head, _, body = (await client.farewell()).partition("\r\n\r\n")

    assert " 408 " in head
    assert "connection: close" in head.lower()
    assert "application/problem+json" in head
    assert '"next_step":"Send the request again' in body


@pytest.mark.fault("F16")
async def test_dripping_a_head_gains_no_time(gateway: Served) -> None:
    """One byte now and then keeps no connection open, also where uvicorn keeps it alive."""
    first = await gateway.connect(b"GET /health/live HTTP/1.1\r\nX-Slow: ")
    second = await gateway.connect(REQUEST)
    assert "200 OK" in await second.answer()
    await second.say(b"GET /")

    drips = [asyncio.create_task(client.drip()) for client in (first, second)]
    farewells = await asyncio.gather(first.farewell(), second.farewell())
    await asyncio.gather(*drips)

    assert all(farewell.startswith("HTTP/1.1 408 ") for farewell in farewells)


@pytest.mark.fault("F16")
async def test_dripping_a_body_that_was_answered_gains_no_time() -> None:
    """Whoever is refused before the body is read cannot hold the connection with the rest of it."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    async with serving(app) as served:
        client = await served.connect(POST + b"\r\n")
        assert (await client.answer()).startswith("HTTP/1.1 401 ")

        drip = asyncio.create_task(client.drip())
        farewell = await client.farewell()
        await drip

    assert farewell == ""


async def test_a_connection_may_carry_request_after_request() -> None:
    """In a row, in one go, and with pauses that uvicorn's keep-alive allows; idle, it is closed."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    async with serving(BodyLimit(app, patience=PATIENCE), keep_alive=5) as served:
        client = await served.connect(REQUEST)
        assert "200 OK" in await client.answer()
        await client.say(REQUEST)
        assert "200 OK" in await client.answer()
        await asyncio.sleep(PATIENCE.total_seconds() * 1.5)

        await client.say(REQUEST + REQUEST[:20])
        await client.say(REQUEST[20:])

        both = await client.answer()
        if both.count("200 OK") == 1:
            both += await client.answer()
        assert both.count("200 OK") == 2
        assert await client.farewell() == ""


@pytest.mark.fault("F16")
async def test_a_head_that_is_too_long_is_refused(gateway: Served) -> None:
    """At once, without waiting for its end."""
    client = await gateway.connect(REQUEST[:-2] + b"X-Long: " + b"x" * 40_000)

    assert (await client.farewell()).startswith("HTTP/1.1 400 ")


@pytest.mark.fault("F16")
async def test_connections_beyond_the_limit_are_told_so() -> None:
    """503 while too many are open; once the slow ones are closed there is room again."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    patience = timedelta(seconds=5)  # enough to make them all
    async with serving(app, patience=patience, connections=20) as served:
        slow = [await served.connect(HALVES["half a head"]) for _ in range(20)]
        await served.until_held(20)
        refused = await (await served.connect(REQUEST)).answer(end=b"Unavailable")
        await asyncio.gather(*(client.farewell() for client in slow))
        taken = await (await served.connect(REQUEST)).answer()

    assert refused.startswith("HTTP/1.1 503 ")
    assert taken.startswith("HTTP/1.1 200 ")


def test_the_limits_of_the_gateway_itself() -> None:
    """Heads of 16 kB, five hundred connections, and the protocol that closes slow ones."""
    config = configuration(
        create_app(settings_of_gateway(), OrdersInMemory()), settings_of_gateway()
    )

    assert config.http is SlowClientProtocol
    assert SlowClientProtocol.head_patience == timedelta(seconds=10)
    assert config.h11_max_incomplete_event_size == 16_384
    assert config.limit_concurrency == 500
    assert config.timeout_keep_alive == 5


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """A few bytes, and again, for as long as anybody listens."""

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"event\n"
            await asyncio.sleep(PATIENCE.total_seconds() / 5)

    await StreamingResponse(pieces())(scope, receive, send)


async def test_a_stream_of_events_is_never_cut() -> None:
    """However long it lasts, as long as the client takes it."""
    async with serving(stream) as served:
        client = await served.connect(REQUEST)
        began, heard = time.monotonic(), b""
        while time.monotonic() - began < PATIENCE.total_seconds() * 3 or heard.count(b"event") < 10:
            async with asyncio.timeout(LIMIT):
                piece = await client.reader.read(1_000)
            assert piece
            heard += piece


async def much(scope: Scope, receive: Receive, send: Send) -> None:
    """More than the buffers between server and client hold, in one piece."""
    await PlainTextResponse(b"x" * 20_000_000)(scope, receive, send)


async def very_much(scope: Scope, receive: Receive, send: Send) -> None:
    """The same, piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    await StreamingResponse(pieces())(scope, receive, send)


@pytest.mark.fault("F16")
@pytest.mark.parametrize("app", [much, very_much])
@pytest.mark.parametrize("request_", [REQUEST, LAST_REQUEST], ids=["kept alive", "last"])
async def test_a_client_that_does_not_listen_is_let_go(app: ASGIApp, request_: bytes) -> None:
    """Its connection is cut, whether the answer is written already or not."""
    async with serving(app) as served:
        await served.connect(request_, receive_buffer=4_096)
        await served.until_held(1)

        await served.until_held(0)


@pytest.mark.parametrize("app", [much, very_much])
async def test_a_client_that_listens_slowly_gets_its_answer(app: ASGIApp) -> None:
    """As long as it takes some of it within the patience, whatever the whole takes."""
    patience = timedelta(seconds=3)  # which no pause of the machine's own is as long as
    async with serving(app, patience=patience) as served:
        client = await served.connect(LAST_REQUEST, receive_buffer=65_536)
        began, heard = time.monotonic(), 0
        while piece := await client.reader.read(65_536):
            heard += len(piece)
            await asyncio.sleep(0.015)

    assert heard >= 20_000_000
    assert time.monotonic() - began > patience.total_seconds()
