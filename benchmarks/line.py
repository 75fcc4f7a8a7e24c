"""A line between two processes of a benchmark that costs next to nothing: Unix datagrams of JSON.

It stands for what reaches an order from outside where a variant has no Twilio, or no way of its own
to be told something by another process.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any


class Caller:
    """The end that speaks.

    Args:
        path: where the other end listens.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(str(path))

    def say(self, **words: Any) -> None:
        """Send one message; none is lost, as the kernel makes a sender wait."""
        self._socket.send(json.dumps(words).encode())

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[dict[str, Any]], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, _: object) -> None:
        """Hand one message on."""
        self._hear(json.loads(data))


@contextlib.asynccontextmanager
async def listening(path: Path, hear: Callable[[dict[str, Any]], None]) -> AsyncIterator[None]:
    """The end that hears.

    Args:
        path: where to listen; the file stays, and goes with its folder.
        hear: told each message.
    """
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Listener(hear), local_addr=str(path), family=socket.AF_UNIX
    )
    try:
        yield
    finally:
        transport.close()
