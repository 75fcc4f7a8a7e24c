"""A TCP proxy between two parts of the product that lets their connections suffer.

It knows Toxiproxy's toxics by Toxiproxy's names, so that whoever knows that tool knows this one; it
is driven from the same process, so that a run needs nothing that is not on the machine.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

from deploy.processes import LOOPBACK, free_port
from tests.chaos.toxics import LimitData, ResetPeer, SlowClose, Stream, Timeout, Toxic

_PIECE: Final = 64 * 1024
_ON_THE_WAY: Final = 32
"""Pieces that a direction holds back at most; then its sender has to wait."""

_LINGER_NOT: Final = struct.pack("ii", 1, 0)

Watch: TypeAlias = Callable[[int, Stream, bytes], None]
"""Told what was written to the server, and what was read from it, by connection."""


class Proxy:
    """Listens on a port of its own and passes on to another.

    Args:
        name: what it is called in reports.
        upstream: the port that it passes on to.
        seed: of the luck in toxics.
        watch: told what passes between it and the server.
    """

    def __init__(
        self, name: str, upstream: int, seed: object = 0, watch: Watch | None = None
    ) -> None:
        self.name = name
        self.port = free_port()
        self.struck = 0
        """Connections that suffered a toxic, or found the proxy down."""
        self._upstream = upstream
        self._luck = random.Random(f"{seed}/{name}")  # noqa: S311  # repeatable, not secret
        self._watch = watch
        self._toxics: list[Toxic] = []
        self._connections: dict[int, _Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._count = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Listen until the block ends."""
        await self.enable()
        try:
            yield self
        finally:
            await self.disable()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)  # what was aborted is closed in the loop's next turn

    async def enable(self) -> None:
        """Take connections; the end of ``down``."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, LOOPBACK, self.port, backlog=1024
            )

    async def disable(self) -> None:
        """Be ``down``: reset what is open, refuse what comes."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.struck += len(self._connections)
        for connection in list(self._connections.values()):
            connection.reset()

    @contextlib.asynccontextmanager
    async def suffering(self, toxic: Toxic) -> AsyncIterator[None]:
        """Have a toxic on while the block runs, on open connections as on new ones."""
        self._toxics.append(toxic)
        for connection in list(self._connections.values()):
            self._expose(connection, toxic)
        try:
            yield
        finally:
            self._toxics.remove(toxic)
            for connection in self._connections.values():
                connection.relieve(toxic)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection; whatever becomes of that, it is closed then."""
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        name = self._count
        try:
            there = await asyncio.open_connection(LOOPBACK, self._upstream)
        except OSError:
            return
        watch = self._watch
        connection = _Connection(
            (reader, writer),
            there,
            random.Random(self._luck.random()),  # noqa: S311  # repeatable, not secret
            (lambda stream, data: watch(name, stream, data)) if watch else None,
        )
        self._connections[name] = connection
        for toxic in self._toxics:
            self._expose(connection, toxic)
        try:
            await connection.run()
        finally:
            del self._connections[name]

    def _expose(self, connection: "_Connection", toxic: Toxic) -> None:
        if connection.luck.random() >= toxic.toxicity:
            return
        self.struck += 1
        connection.suffer(toxic)


class _Connection:
    """A client's connection and the one to the server, with a link in each direction."""

    def __init__(
        self,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        luck: random.Random,
        watch: Callable[[Stream, bytes], None] | None,
    ) -> None:
        self.luck = luck
        self._writers = here[1], there[1]
        self._links: dict[Stream, _Link] = {
            "upstream": _Link("upstream", here[0], there[1], luck, watch),
            "downstream": _Link("downstream", there[0], here[1], luck, watch),
        }
        self._timers: dict[Toxic, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Pass on in both directions until both have ended."""
        try:
            async with asyncio.TaskGroup() as both:
                for link in self._links.values():
                    both.create_task(link.run())
        except* (OSError, _CutError):
            pass
        finally:
            for timer in self._timers.values():
                timer.cancel()
            for writer in self._writers:
                writer.transport.abort()

    def suffer(self, toxic: Toxic) -> None:
        """Have a toxic on one of the links."""
        self._links[toxic.stream].suffer(toxic)
        loop = asyncio.get_running_loop()
        match toxic:
            case Timeout(timeout=timeout) if timeout:
                self._timers[toxic] = loop.call_later(timeout / 1000, self.close)
            case ResetPeer(timeout=timeout):
                self._timers[toxic] = loop.call_later(timeout / 1000, self.reset)

    def relieve(self, toxic: Toxic) -> None:
        """Take a toxic away, if it is on."""
        self._links[toxic.stream].relieve(toxic)
        if timer := self._timers.pop(toxic, None):
            timer.cancel()

    def close(self) -> None:
        """End it at once, in good order."""
        for writer in self._writers:
            writer.close()

    def reset(self) -> None:
        """End it at once by RST."""
        for writer in self._writers:
            endpoint = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()


class _CutError(Exception):
    """A toxic ended the connection."""


class _Link:
    """One direction of a connection: what is read is stamped, and goes on when its time has come.

    So a latency delays everything by as much, and does not add up.
    """

    def __init__(
        self,
        stream: Stream,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        luck: random.Random,
        watch: Callable[[Stream, bytes], None] | None,
    ) -> None:
        self._stream = stream
        self._reader = reader
        self._writer = writer
        self._luck = luck
        self._watch = watch
        self._toxics: dict[Toxic, int] = {}
        """With the bytes that passed under each."""
        self._calm = asyncio.Event()
        self._calm.set()
        self._held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_ON_THE_WAY)

    def suffer(self, toxic: Toxic) -> None:
        self._toxics[toxic] = 0
        self._settle()

    def relieve(self, toxic: Toxic) -> None:
        self._toxics.pop(toxic, None)
        self._settle()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read())
            both.create_task(self._write())

    def _settle(self) -> None:
        if any(isinstance(toxic, Timeout) for toxic in self._toxics):
            self._calm.clear()
        else:
            self._calm.set()

    async def _read(self) -> None:
        now = asyncio.get_running_loop().time
        while data := await self._reader.read(_PIECE):
            if self._stream == "downstream" and self._watch is not None:
                self._watch(self._stream, data)
            await self._held.put((now(), data))
        await self._held.put((now(), b""))

    async def _write(self) -> None:
        while True:
            read_at, data = await self._held.get()
            await self._calm.wait()
            if not data:
                await self._end()
                return
            for toxic in list(self._toxics):
                elapsed = asyncio.get_running_loop().time() - read_at
                if (pause := toxic.wait(len(data), self._luck) - elapsed) > 0:
                    await asyncio.sleep(pause)
            for piece in self._pieces(data):
                await self._pass_on(piece)

    def _pieces(self, data: bytes) -> list[bytes]:
        pieces = [data]
        for toxic in self._toxics:
            pieces = [each for piece in pieces for each in toxic.slices(piece, self._luck)]
        return pieces

    async def _pass_on(self, data: bytes) -> None:
        cut = False
        for toxic in self._toxics:
            if isinstance(toxic, LimitData):
                left = toxic.bytes - self._toxics[toxic]
                cut, data = cut or left <= len(data), data[: max(left, 0)]
            self._toxics[toxic] += len(data)
        if data:
            self._writer.write(data)
            await self._writer.drain()
            if self._stream == "upstream" and self._watch is not None:
                self._watch(self._stream, data)
        if cut:
            raise _CutError
        for toxic in list(self._toxics):
            if toxic.type == "slicer":
                await asyncio.sleep(toxic.wait(len(data), self._luck))

    async def _end(self) -> None:
        for toxic in list(self._toxics):
            if isinstance(toxic, SlowClose):
                await asyncio.sleep(toxic.delay / 1000)
        if self._writer.can_write_eof():
            self._writer.write_eof()
