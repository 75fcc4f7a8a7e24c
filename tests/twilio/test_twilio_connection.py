"""What became of a request: deadlines, resets, refused connections, on real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from hosted_numbers.twilio import (
    InvalidArgumentError,
    NotSentError,
    Outcome,
    RefusedError,
    TwilioClient,
    TwilioError,
    UnknownOutcomeError,
    UnreadableAnswerError,
    Upload,
)
from tests.listening import Handler, listening
from tests.twilio.stand_in import (
    BILL,
    CREDENTIALS,
    ORDER_SID,
    UPLOADED_SID,
    StandIn,
    json_answer,
    order,
    uploaded,
)


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """A server that reads a request's head and leaves the rest to ``handler``; its origin."""

    async def after_the_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await handler(reader, writer)

    async with listening(after_the_head) as host:
        yield f"http://{host}"


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
        connection = twilio.hosted_number_orders._connection
        assert connection._turns._patience == connection._deadline / 2
        connection._turns._patience = 0.05
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
            impatient.setattr(orders._connection, "_deadline", 0.05)
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


async def test_a_call_that_waits_when_the_client_is_closed_sends_nothing() -> None:
    """Its turn comes after the end: nothing is opened that nobody would close."""
    arrived, answered = asyncio.Event(), asyncio.Event()
    requests = 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal requests
        requests += 1
        arrived.set()
        await answered.wait()
        return json_answer(order())

    transport = httpx.MockTransport(answer)
    twilio = TwilioClient(CREDENTIALS, transport=transport, max_connections=1)
    first = asyncio.create_task(twilio.hosted_number_orders.fetch(ORDER_SID))
    await arrived.wait()
    second = asyncio.create_task(twilio.hosted_number_orders.fetch(ORDER_SID))
    await asyncio.sleep(0)
    await twilio.aclose()
    answered.set()
    assert (await first).sid == ORDER_SID
    with pytest.raises(NotSentError):
        await second
    assert requests == 1


async def test_an_upload_has_a_deadline_of_its_own() -> None:
    """A file takes longer than a form, and each of the two waits as long as it was told to."""

    async def ignore(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        server(ignore) as url,
        TwilioClient(CREDENTIALS, base_url=url, deadline=0.11, upload_deadline=0.12) as twilio,
    ):
        supporting = twilio.supporting_documents
        with pytest.raises(UnknownOutcomeError, match=r"within 0\.12 s"):
            await twilio.documents.upload(document_type="utility_bill", file=BILL)
        with pytest.raises(UnknownOutcomeError, match=r"within 0\.12 s"):
            await supporting.create(friendly_name="x", type="passport", file=BILL)
        with pytest.raises(UnknownOutcomeError, match=r"within 0\.11 s"):
            await supporting.create(friendly_name="x", type="passport")


@pytest.mark.parametrize("answers_early", [False, True])
async def test_a_large_file_goes_over_the_wire_whole(*, answers_early: bool) -> None:
    """All bytes arrive, by Content-Length; a refusal amid them is read rather than lost."""
    received = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answers_early:
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        while not received.endswith(b"--\r\n") and (chunk := await reader.read(65_536)):
            received.extend(chunk)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    body = httpx.Response(201, json=uploaded()).content
    bill = Upload(b"\0" * 5_000_000, "bill.pdf", "application/pdf")
    async with server(take) as url, TwilioClient(CREDENTIALS, base_url=url) as twilio:
        if answers_early:
            with pytest.raises(RefusedError, match="HTTP 413"):
                await twilio.documents.upload(document_type="utility_bill", file=bill)
        else:
            got = await twilio.documents.upload(document_type="utility_bill", file=bill)
            assert got.sid == UPLOADED_SID
            assert bill.content in received


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


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_deadline_is_positive_and_finite(seconds: float) -> None:
    """A call without a bound is a call that hangs one day."""
    with pytest.raises(InvalidArgumentError, match=r"^deadline"):
        TwilioClient(CREDENTIALS, deadline=seconds)
    with pytest.raises(InvalidArgumentError, match="upload_deadline"):
        TwilioClient(CREDENTIALS, upload_deadline=seconds)


def test_there_is_at_least_one_connection() -> None:
    """None at all would wait for ever."""
    with pytest.raises(InvalidArgumentError, match="max_connections"):
        TwilioClient(CREDENTIALS, max_connections=0)
