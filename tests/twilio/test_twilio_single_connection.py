"""The one connection of a transport: kept while it is warm, opened anew when it may be gone."""

import asyncio

import httpcore
import httpx
import pytest

from hosted_numbers.twilio import NotSentError, TwilioClient
from hosted_numbers.twilio import single_connection as module
from hosted_numbers.twilio.single_connection import SingleConnection
from hosted_numbers.twilio.transports import Transports
from tests.listening import listening
from tests.twilio.stand_in import CREDENTIALS, ORDER_SID

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request, and counts connections; it ends each one after so many answers."""

    def __init__(self, answers_each: int = 1000) -> None:
        self.connections = 0
        self.hung_up = asyncio.Event()
        self._answers_each = answers_each

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        for _ in range(self._answers_each):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
        writer.close()
        await writer.wait_closed()
        self.hung_up.set()


def a_connection() -> SingleConnection:
    """As the client makes them."""
    made = Transports(None).one()
    assert isinstance(made, SingleConnection)
    return made


async def test_a_connection_that_the_server_closed_is_opened_anew() -> None:
    """Nothing is sent into one that is known to be gone: the outcome would be unknown."""
    server, connection = Server(answers_each=1), a_connection()
    async with listening(server.serve) as host:
        for _ in range(3):
            server.hung_up.clear()
            answer = await connection.handle_async_request(httpx.Request("GET", f"http://{host}/"))
            assert (answer.status_code, answer.content) == (200, b"{}")
            await server.hung_up.wait()
        await connection.aclose()
    assert server.connections == 3


@pytest.mark.parametrize(("kept", "opened"), [(3600.0, 1), (-1.0, 2)])
async def test_a_connection_that_was_idle_for_long_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch, kept: float, opened: int
) -> None:
    """The server may be about to close it."""
    monkeypatch.setattr(module, "KEPT_IDLE", kept)
    server, connection = Server(), a_connection()
    async with listening(server.serve) as host:
        for _ in range(2):
            await connection.handle_async_request(httpx.Request("GET", f"http://{host}/"))
        await connection.aclose()
    assert server.connections == opened


async def test_a_connection_goes_to_one_origin_only() -> None:
    """Credentials that are meant for one host reach no other, whatever goes wrong above."""
    server, other, connection = Server(), Server(), a_connection()
    async with listening(server.serve) as host, listening(other.serve) as elsewhere:
        await connection.handle_async_request(httpx.Request("GET", f"http://{host}/"))
        with pytest.raises(RuntimeError):
            await connection.handle_async_request(httpx.Request("GET", f"http://{elsewhere}/"))
        await connection.aclose()
    assert other.connections == 0


async def test_a_connection_that_was_never_used_can_be_closed() -> None:
    """A client may come and go without a call."""
    await a_connection().aclose()


async def test_https_is_spoken_from_the_first_byte() -> None:
    """No credentials go out before a certificate was checked."""
    first = bytearray()

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        first.extend(await reader.read(1000))

    async with (
        listening(hang_up) as host,
        TwilioClient(CREDENTIALS, base_url=f"https://{host}") as twilio,
    ):
        with pytest.raises(NotSentError):
            await twilio.hosted_number_orders.fetch(ORDER_SID)
    assert first.startswith(b"\x16\x03")
    assert b"Basic" not in first


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpcore.ConnectError, httpx.ConnectError),
        (httpcore.ConnectTimeout, httpx.ConnectTimeout),
        (httpcore.ReadError, httpx.ReadError),
        (httpcore.ReadTimeout, httpx.ReadTimeout),
        (httpcore.WriteError, httpx.WriteError),
        (httpcore.WriteTimeout, httpx.WriteTimeout),
        (httpcore.LocalProtocolError, httpx.LocalProtocolError),
        (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    ],
)
async def test_failures_are_those_of_httpx(
    monkeypatch: pytest.MonkeyPatch, raised: type[Exception], expected: type[Exception]
) -> None:
    """Whoever sends knows httpx's names only, which tell sent from unsent."""

    class Failing(httpcore.AsyncHTTPConnection):
        async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
            raise raised(request.method.decode())

    monkeypatch.setattr(httpcore, "AsyncHTTPConnection", Failing)
    with pytest.raises(expected) as caught:
        await a_connection().handle_async_request(httpx.Request("GET", "http://127.0.0.1/"))
    assert type(caught.value) is expected
