"""A look at a file by ClamAV's daemon, before anything of it is kept.

The file is streamed to the daemon by its ``INSTREAM`` command (clamd(8)): pieces with their length
before them, an empty one at the end, one line as the answer. That is all of the protocol that is
needed, and the clients on PyPI are older than the Pythons that this runs on.

What is not surely clean is not kept: a scanner that is away, slow or makes no sense stops uploads,
and nothing else.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import BinaryIO, Final

from hosted_numbers.errors import DocumentRefusedError, VirusScannerError

PATIENCE: Final = timedelta(seconds=20)

_PIECE: Final = 65_536
_LONGEST_ANSWER: Final = 4_096
# As many as are checked at once; the daemon has ten threads unless it is told otherwise.
_AT_ONCE: Final = 4
_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_UNIX: Final = "unix:"
_MOST_PORTS: Final = 65_535

_log = logging.getLogger(__name__)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def connector(address: str) -> Callable[[], Awaitable[Connection]]:
    """What connects to the daemon.

    Args:
        address: ``host:port``, ``[IPv6]:port`` or ``unix:/path``.

    Raises:
        ValueError: it is none of these.
    """
    if address.startswith(f"{_UNIX}/"):
        path = address.removeprefix(_UNIX)
        return lambda: asyncio.open_unix_connection(path, limit=_LONGEST_ANSWER)
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None or not 1 <= int(found[2]) <= _MOST_PORTS:
        raise ValueError("a scanner's address is host:port or unix:/path")
    host, port = found[1].strip("[]"), int(found[2])
    return lambda: asyncio.open_connection(host, port, limit=_LONGEST_ANSWER)


class VirusScanner:
    """One daemon.

    Args:
        address: where it listens, as for ``connector``.
        patience: how long one file may take, the wait for its turn included.

    Raises:
        ValueError: it is no address.
    """

    def __init__(self, address: str, patience: timedelta = PATIENCE) -> None:
        self._connect = connector(address)
        self._patience = patience
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def at(cls, address: str | None) -> "VirusScanner | None":
        """The scanner of an installation; None where there is none."""
        return None if address is None else cls(address)

    async def check(self, file: BinaryIO) -> None:
        """Have a file looked at.

        Args:
            file: read from its start.

        Raises:
            DocumentRefusedError: something was found in it.
            VirusScannerError: nobody can say whether it is clean.
        """
        answer = await self._asked(lambda connection: _streamed(connection, file))
        if answer == "stream: OK":
            return
        if answer.startswith("stream: ") and answer.endswith(" FOUND"):
            _log.warning("The virus scanner found something in a file: %s", answer[8:-6])
            raise DocumentRefusedError(
                "document-infected",
                "The virus scanner found something in the file.",
                "Do not pass the file on. Scan the machine that it came from, then scan or "
                "photograph the document anew and send that.",
            )
        _log.warning("The virus scanner could not look at a file: %s", answer)
        raise _no_verdict()

    async def answers(self) -> bool:
        """Whether the daemon is there and well."""
        try:
            return await self._asked(_pinged) == "PONG"
        except VirusScannerError:
            return False

    async def _asked(self, talk: Callable[[Connection], Awaitable[str]]) -> str:
        """What the daemon says, in time.

        Raises:
            VirusScannerError: it is away, slow, or breaks off.
        """
        try:
            async with asyncio.timeout(self._patience.total_seconds()), self._turns:
                connection = await self._connect()
                try:
                    return await talk(connection)
                finally:
                    connection[1].transport.abort()  # a daemon that reads no more holds nobody
        except TimeoutError:
            _log.warning("The virus scanner did not answer in %s", self._patience)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            _log.warning("The virus scanner does not answer: %s", type(error).__name__)
        raise _no_verdict()


async def _streamed(connection: Connection, file: BinaryIO) -> str:
    reader, writer = connection
    file.seek(0)
    # a daemon that has had enough says so and stops reading, and what it said is still to be read
    with contextlib.suppress(ConnectionError):
        writer.write(b"zINSTREAM\0")
        while piece := file.read(_PIECE):
            writer.write(len(piece).to_bytes(4) + piece)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()
    return await _answer(reader)


async def _pinged(connection: Connection) -> str:
    connection[1].write(b"zPING\0")
    return await _answer(connection[0])


async def _answer(reader: asyncio.StreamReader) -> str:
    """The one line that is the answer, of which nothing can break a log."""
    told = (await reader.readuntil(b"\0"))[:-1].decode("ascii", "replace").strip()
    return "".join(each if each.isprintable() else "?" for each in told)[:200]


def _no_verdict() -> VirusScannerError:
    return VirusScannerError(
        "The virus scanner does not do its work; nothing was kept.",
        "Send the file again shortly. If it stays so, look at the daemon of "
        "HOSTED_NUMBERS_CLAMD_ADDRESS: it must be up, and its StreamMaxLength 10 MB or more.",
    )
