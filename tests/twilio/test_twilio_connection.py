"""What became of a request: deadlines, resets, refused connections, on real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from hosted_numbers.twilio import (
    InvalidArgumentError,
    NotSentError,
    Outcome,
    TwilioClient,
    TwilioError,
    UnknownOutcomeError,
    UnreadableAnswerError,
)
from tests.twilio.stand_in import CREDENTIALS, ORDER_SID, StandIn, json_answer, order

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """A server on a free port that reads a request's head and leaves the rest to ``handler``."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, which several tests are about
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        host, port = listener.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def fetch(base_url: str, deadline: float = 5.0) -> object:
    async with TwilioClient(CREDENTIALS, base_url=base_url, deadline=deadline) as twilio:
        return await twilio.hosted_number_orders.fetch(ORDER_SID)


@pytest.mark.fault("F15")
async def test_a_trickling_answer_meets_the_deadline() -> None:
    """A byte now and then does not keep a call alive: the deadline is for the whole call."""

    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    clock = asyncio.get_running_loop().time
    async with server(trickle) as url:
        start = clock()
        with pytest.raises(UnknownOutcomeError, match=r"no answer within 0\.2 s") as caught:
            await fetch(url, deadline=0.2)
        assert clock() - start < 3
    assert caught.value.outcome is Outcome.UNKNOWN


async def test_silence_meets_the_deadline() -> None:
    """A request that was taken and never answered has an unknown outcome."""

    async def ignore(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(ignore) as url:
        with pytest.raises(UnknownOutcomeError):
            await fetch(url, deadline=0.1)


@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"220 smtp.example.com ESMTP\r\n\r\n",
    ],
)
async def test_a_broken_answer_is_an_unknown_outcome(bytes_sent: bytes) -> None:
    """Closed before, amid or without an answer: the write may have happened."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes_sent)
        await writer.drain()

    async with server(answer) as url:
        with pytest.raises(UnknownOutcomeError, match="the connection broke") as caught:
            await fetch(url)
    assert type(caught.value) is UnknownOutcomeError
    assert "smtp" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.fault("F14")
async def test_a_reset_is_an_unknown_outcome() -> None:
    """A connection that is reset after the request was sent says nothing about the write."""

    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with server(reset) as url:
        with pytest.raises(UnknownOutcomeError):
            await fetch(url)


@pytest.mark.fault("F13")
async def test_a_refused_connection_was_not_sent() -> None:
    """Nobody listens, so nothing happened."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(NotSentError, match="ConnectError") as caught:
            await fetch(url)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert caught.value.operation == "fetch HostedNumberOrder"


async def test_waiting_for_a_connection_in_vain_was_not_sent() -> None:
    """Connections are bounded; who does not get one in half the deadline has sent nothing."""
    arrived = asyncio.Event()
    connections = 0

    async def ignore(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        arrived.set()
        await reader.read()

    async with (
        server(ignore) as url,
        TwilioClient(CREDENTIALS, base_url=url, max_connections=1) as twilio,
    ):
        assert twilio._connection._patience == twilio._connection._deadline / 2
        twilio._connection._patience = 0.05
        first = asyncio.create_task(twilio.hosted_number_orders.fetch(ORDER_SID))
        await arrived.wait()
        with pytest.raises(NotSentError, match="PoolTimeout"):
            await twilio.hosted_number_orders.fetch(ORDER_SID)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    assert connections == 1


async def test_a_cancelled_call_stays_cancelled() -> None:
    """Cancellation is the caller's business and is not turned into an error of the tree."""
    arrived = asyncio.Event()

    async def ignore(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()

    async with server(ignore) as url:
        call = asyncio.create_task(fetch(url))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert call.cancelled()


class Answering:
    """Answers every request on every connection with an order, and counts connections."""

    def __init__(self) -> None:
        self.connections = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client closes the connection."""
        self.connections += 1
        body = httpx.Response(200, json=order()).content
        while True:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await reader.readuntil(b"\r\n\r\n")


async def test_one_connection_serves_many_calls() -> None:
    """Connections are kept and shared, as a TLS handshake per call would be dear."""
    answering = Answering()
    async with server(answering.answer) as url, TwilioClient(CREDENTIALS, base_url=url) as twilio:
        for _ in range(3):
            assert (await twilio.hosted_number_orders.fetch(ORDER_SID)).sid == ORDER_SID
    assert answering.connections == 1


async def test_many_calls_at_once_share_the_bounded_connections() -> None:
    """Calls beyond the bound wait for their turn and are all answered."""
    answering = Answering()
    async with (
        server(answering.answer) as url,
        TwilioClient(CREDENTIALS, base_url=url, max_connections=3) as twilio,
    ):
        calls = [twilio.hosted_number_orders.fetch(ORDER_SID) for _ in range(20)]
        assert len(await asyncio.gather(*calls)) == 20
    assert 1 <= answering.connections <= 3


async def test_a_failed_or_cancelled_call_gives_its_turn_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a deadline and a cancellation the only connection is there for the next call."""
    silent = True
    answering = Answering()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if silent:
            await reader.read()
        await answering.answer(reader, writer)

    async with (
        server(answer) as url,
        TwilioClient(CREDENTIALS, base_url=url, max_connections=1) as twilio,
    ):
        orders = twilio.hosted_number_orders
        with monkeypatch.context() as impatient:
            impatient.setattr(twilio._connection, "_deadline", 0.05)
            with pytest.raises(UnknownOutcomeError):
                await orders.fetch(ORDER_SID)
        call = asyncio.create_task(orders.fetch(ORDER_SID))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        silent = False
        assert (await orders.fetch(ORDER_SID)).sid == ORDER_SID


async def test_the_environment_chooses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an explicit transport may put someone between the client and Twilio."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    async with server(Answering().answer) as url, TwilioClient(CREDENTIALS, base_url=url) as twilio:
        assert (await twilio.hosted_number_orders.fetch(ORDER_SID)).sid == ORDER_SID


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpx.ConnectError("x"), NotSentError),
        (httpx.ConnectTimeout("x"), NotSentError),
        (httpx.PoolTimeout("x"), NotSentError),
        (httpx.ProxyError("x"), NotSentError),
        (httpx.ReadTimeout("x"), UnknownOutcomeError),
        (httpx.WriteTimeout("x"), UnknownOutcomeError),
        (httpx.ReadError("x"), UnknownOutcomeError),
        (httpx.WriteError("x"), UnknownOutcomeError),
        (httpx.CloseError("x"), UnknownOutcomeError),
        (httpx.RemoteProtocolError("x"), UnknownOutcomeError),
        (httpx.LocalProtocolError("x"), UnknownOutcomeError),
        (httpx.DecodingError("x"), UnreadableAnswerError),
        (ConnectionResetError("x"), UnknownOutcomeError),
        (TimeoutError("x"), UnknownOutcomeError),
    ],
)
async def test_each_failure_of_the_transport_has_one_outcome(
    raised: Exception, expected: type[TwilioError]
) -> None:
    """Only what surely happened before sending is NOT_SENT, and nothing is tried twice."""
    stand_in = StandIn(raised)
    async with stand_in.client() as twilio:
        with pytest.raises(TwilioError) as caught:
            await twilio.hosted_number_orders.fetch(ORDER_SID)
    assert type(caught.value) is expected
    assert caught.value.operation == "fetch HostedNumberOrder"
    assert len(stand_in.requests) == 1


async def test_an_answer_that_cannot_be_decompressed_is_unreadable() -> None:
    """Rubbish that calls itself gzip is an unknown outcome."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    async with server(answer) as url:
        with pytest.raises(UnreadableAnswerError, match="decompressed"):
            await fetch(url)


async def test_a_closed_client_sends_nothing() -> None:
    """A call that comes after the shutdown surely took no effect."""
    stand_in = StandIn(json_answer(order()))
    twilio = stand_in.client()
    await twilio.aclose()
    with pytest.raises(NotSentError, match="closed"):
        await twilio.hosted_number_orders.fetch(ORDER_SID)
    assert stand_in.requests == []


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "preview.twilio.com",
        "ftp://preview.twilio.com",
        "https://",
        "https://user:pass@preview.twilio.com",
        "https://preview.twilio.com/HostedNumbers",
        "https://preview.twilio.com?a=1",
        "https://preview.twilio.com#a",
        "https://preview.twilio.com:99999",
        "https://preview.twilio.com:0",
        "https://[::1",
    ],
)
def test_a_base_url_is_an_origin_and_nothing_else(base_url: str) -> None:
    """What would be dropped or misread is refused at once."""
    with pytest.raises(InvalidArgumentError, match="base_url"):
        TwilioClient(CREDENTIALS, base_url=base_url)


@pytest.mark.parametrize("deadline", [0, -1, float("inf"), float("nan")])
def test_a_deadline_is_positive_and_finite(deadline: float) -> None:
    """A call without a bound is a call that hangs one day."""
    with pytest.raises(InvalidArgumentError, match="deadline"):
        TwilioClient(CREDENTIALS, deadline=deadline)


def test_there_is_at_least_one_connection() -> None:
    """None at all would wait for ever."""
    with pytest.raises(InvalidArgumentError, match="max_connections"):
        TwilioClient(CREDENTIALS, max_connections=0)
