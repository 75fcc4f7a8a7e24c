"""The fault proxy does what Toxiproxy's toxics of the same names do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.chaos.proxy import Proxy
from tests.chaos.toxics import (
    TOXICS,
    Bandwidth,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Stream,
    Timeout,
)
from tests.listening import listening, port_of

PATIENCE = 20.0


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy in front of a server that says everything back, in the pieces that it reads."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async with (
        listening(echo) as address,
        Proxy("echo", port_of(address), seed=7).running() as it,
    ):
        yield it


class Client:
    """One connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, proxy: Proxy) -> AsyncIterator["Client"]:
        """Connect, and leave nothing open afterwards."""
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            yield cls(reader, writer)
        finally:
            writer.transport.abort()

    async def said_back(self, data: bytes) -> bytes:
        """What comes back of what is said, until all of it has or the connection ends."""
        self.writer.write(data)
        heard = b""
        async with asyncio.timeout(PATIENCE):
            while len(heard) < len(data) and (piece := await self.reader.read(65536)):
                heard += piece
        return heard


def elapsed_since(began: float) -> float:
    """Seconds since a moment of the loop's clock."""
    return asyncio.get_running_loop().time() - began


def test_the_toxics_have_the_names_that_toxiproxy_gives_them() -> None:
    """Whoever knows that tool knows what a report says."""
    assert {toxic.type for toxic in TOXICS} == {
        "latency",
        "bandwidth",
        "slow_close",
        "timeout",
        "reset_peer",
        "slicer",
        "limit_data",
    }


async def test_without_toxics_everything_passes(proxy: Proxy) -> None:
    """Whole and in order, with a half-closed connection as well; nothing is left open."""
    content = bytes(range(256)) * 4096
    async with Client.of(proxy) as client:
        assert await client.said_back(content) == content
        client.writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            assert await client.reader.read() == b""
            while proxy.connections:  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.01)
    assert proxy.struck == 0


async def test_a_server_that_is_not_there_ends_the_connection() -> None:
    """The client is taken and cut off, as by Toxiproxy."""
    async with Proxy("nowhere", upstream=1).running() as proxy, Client.of(proxy) as client:
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE):
                assert await client.reader.read() == b""


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
async def test_latency_delays_and_does_not_add_up(proxy: Proxy, stream: Stream) -> None:
    """Ten things said at once come back after one latency, not ten."""
    async with Client.of(proxy) as client, proxy.suffering(Latency(stream=stream, latency=300)):
        began = asyncio.get_running_loop().time()
        for _ in range(9):
            client.writer.write(b"x")
            await asyncio.sleep(0)
        assert len(await client.said_back(b"x" * 10)) >= 10
        assert elapsed_since(began) >= 0.3
    assert proxy.struck == 1


async def test_bandwidth_takes_its_time(proxy: Proxy) -> None:
    """20 kB over a line of 50 kB a second take 0.4 seconds at least."""
    async with Client.of(proxy) as client, proxy.suffering(Bandwidth(rate=50)):
        began = asyncio.get_running_loop().time()
        assert await client.said_back(b"x" * 20_000) == b"x" * 20_000
        assert elapsed_since(began) >= 0.3


async def test_slow_close_passes_the_end_on_later(proxy: Proxy) -> None:
    """What was said comes at once, the end does not."""
    async with Client.of(proxy) as client, proxy.suffering(SlowClose(delay=400)):
        assert await client.said_back(b"hello") == b"hello"
        began = asyncio.get_running_loop().time()
        client.writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            assert await client.reader.read() == b""
        assert elapsed_since(began) >= 0.4


async def test_timeout_lets_nothing_through_and_closes(proxy: Proxy) -> None:
    """The client hears nothing, then the end."""
    async with Client.of(proxy) as client, proxy.suffering(Timeout(timeout=200)):
        assert await client.said_back(b"hello") == b""


async def test_timeout_of_zero_holds_back_until_it_is_taken_away(proxy: Proxy) -> None:
    """The connection stays open, and what was said in between arrives after all."""
    async with Client.of(proxy) as client:
        async with proxy.suffering(Timeout(timeout=0)):
            client.writer.write(b"hel")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.reader.read(1)
        client.writer.write(b"lo")
        async with asyncio.timeout(PATIENCE):
            assert await client.reader.readexactly(5) == b"hello"


async def test_reset_peer_resets_idle_connections_too(proxy: Proxy) -> None:
    """Nobody need say anything for it."""
    async with Client.of(proxy) as client:
        assert await client.said_back(b"hello") == b"hello"
        async with proxy.suffering(ResetPeer(timeout=50)), asyncio.timeout(PATIENCE):
            with pytest.raises(ConnectionResetError):
                await client.reader.read()


async def test_slicer_cuts_into_pieces(proxy: Proxy) -> None:
    """Several small pieces arrive in place of one, and they are the whole."""
    pieces: list[int] = []
    async with Client.of(proxy) as client:
        toxic = Slicer(average_size=10, size_variation=5, delay=2000)
        async with proxy.suffering(toxic), asyncio.timeout(PATIENCE):
            client.writer.write(b"x" * 100)
            while sum(pieces) < 100:
                pieces.append(len(await client.reader.read(65536)))
    assert len(pieces) > 1


async def test_limit_data_cuts_after_so_many_bytes(proxy: Proxy) -> None:
    """What is below the limit arrives, the rest does not, and the connection is closed."""
    async with Client.of(proxy) as client, proxy.suffering(LimitData(bytes=4)):
        with contextlib.suppress(ConnectionResetError):
            assert await client.said_back(b"hello world") in {b"", b"hell"}
            async with asyncio.timeout(PATIENCE):
                assert await client.reader.read() == b""


async def test_down_resets_and_refuses_until_it_is_up(proxy: Proxy) -> None:
    """On the same port afterwards."""
    async with Client.of(proxy) as client:
        assert await client.said_back(b"hello") == b"hello"
        await proxy.disable()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(ConnectionResetError):
                await client.reader.read()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", proxy.port)
    await proxy.enable()
    async with Client.of(proxy) as client:
        assert await client.said_back(b"again") == b"again"


async def test_toxicity_is_the_share_of_connections_that_suffer(proxy: Proxy) -> None:
    """None at 0; at 0.5 some of them, and others not."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client.of(proxy)) for _ in range(40)]
        for client in clients:
            assert await client.said_back(b"hello") == b"hello"
        async with proxy.suffering(ResetPeer(toxicity=0.0)):
            assert proxy.struck == 0
        async with proxy.suffering(ResetPeer(toxicity=0.5, timeout=60_000)):
            assert 0 < proxy.struck < 40
        for client in clients:
            assert await client.said_back(b"hello") == b"hello"
