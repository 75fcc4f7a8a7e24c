"""A stand-in for ClamAV's daemon, as far as its INSTREAM and PING commands go."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from tests.listening import listening

# The test file of the European Institute for Computer Antivirus Research, in pieces, so that no
# scanner takes these sources for it.
EICAR: Final = b"".join(
    (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$", b"EICAR-STANDARD-", b"ANTIVIRUS-TEST-", b"FILE!$H+H*")
)


class Clamd:
    """Keeps what it was sent, and finds the EICAR file in it.

    Args:
        most: bytes of a stream that it takes (``StreamMaxLength``).
        says: what it answers in place of its own verdict.
        ends: whether it ends what it says, as it should.
        sleeps: whether it says nothing at all.
    """

    def __init__(
        self,
        *,
        most: int = 100_000_000,
        says: bytes | None = None,
        ends: bool = True,
        sleeps: bool = False,
    ) -> None:
        self.most = most
        self.says = says
        self.ends = ends
        self.sleeps = sleeps
        self.seen: list[bytes] = []

    @contextlib.asynccontextmanager
    async def listening(self, path: Path | None = None) -> AsyncIterator[str]:
        """Its address, while it listens: a port of loopback, or a socket of the file system."""
        async with listening(self._serve, path=path) as address:
            yield address

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        answer = b"PONG" if command == b"zPING\0" else await self._looked_at(reader)
        if self.sleeps:
            await asyncio.Event().wait()
        writer.write((self.says or answer) + (b"\0" if self.ends else b""))
        await writer.drain()

    async def _looked_at(self, reader: asyncio.StreamReader) -> bytes:
        content = b""
        while size := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(size)
            if len(content) > self.most:
                return b"INSTREAM size limit exceeded. ERROR"
        self.seen.append(content)
        return b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
