"""A server on a real socket, for what an answer alone cannot show."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(
    handler: Handler, *, context: ssl.SSLContext | None = None, path: Path | None = None
) -> AsyncIterator[str]:
    """A server that leaves each connection to ``handler``, and leaves none open when it ends.

    Args:
        handler: serves one connection, which is closed when it returns.
        context: of TLS, where it is spoken.
        path: of the socket in the file system to listen on, in place of a free port of loopback.

    Yields:
        ``host:port``, or ``unix:path``.
    """
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, which several tests are about
        finally:
            writer.close()

    # no coroutine: a task that is cancelled before it began would leave its connection to nobody
    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    if path is None:
        listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
        address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    else:
        listener = await asyncio.start_unix_server(accept, path, ssl=context)
        address = f"unix:{path}"
    try:
        yield address
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # what was aborted is closed in the loop's next turn


def port_of(address: str) -> int:
    """The port of ``host:port``."""
    return int(address.rpartition(":")[2])
