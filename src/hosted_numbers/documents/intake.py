"""The way of a file into the blob store: received, checked, then kept, or else gone.

While it is checked it stands in a file without a name, which the operating system removes by
itself however this process ends.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterable
from typing import BinaryIO, Final

from hosted_numbers.blobs import BlobStore, blob_store_error
from hosted_numbers.contract import StoredDocument
from hosted_numbers.documents.inspector import inspected
from hosted_numbers.documents.virus_scan import VirusScanner
from hosted_numbers.errors import DocumentRefusedError

TOO_LARGE: Final = "document-too-large"
# Each check takes a processor for a moment and, of a hostile file, much memory.
_CHECKS_AT_ONCE: Final = 4


class Intake:
    """Takes files in.

    Args:
        store: where good ones are kept.
        checks_at_once: how many are checked at the same time; the others wait.
        scanner: looks at what the check has found good, where there is one.
    """

    def __init__(
        self,
        store: BlobStore,
        checks_at_once: int = _CHECKS_AT_ONCE,
        scanner: VirusScanner | None = None,
    ) -> None:
        self._store = store
        self._checks = asyncio.Semaphore(checks_at_once)
        self._scanner = scanner

    async def take_in(
        self,
        chunks: AsyncIterable[bytes],
        *,
        phone_number: str,
        most_bytes: int,
        declared: str | None = None,
    ) -> StoredDocument:
        """Receive a file, check it and keep it.

        Args:
            chunks: its content, in pieces of any size.
            phone_number: E.164, of the order.
            most_bytes: the largest file that is taken.
            declared: the media type that it comes with, if any; its content must be of that type.

        Raises:
            DocumentRefusedError: the file is none that Twilio could take, or the virus scanner
                found something in it; nothing is kept.
            VirusScannerError: the virus scanner gave no verdict; nothing is kept.
            BlobStoreError: there is no room for it, or the store does not do its work.
        """
        with _nameless_file() as file:
            await _receive(chunks, file, most_bytes)
            async with self._checks:
                media_type = await inspected(file)
                if declared and declared != media_type:
                    raise _another_type(media_type)
            if self._scanner is not None:  # it has turns of its own, and may be slow
                await self._scanner.check(file)
            async with self._checks:
                file.seek(0)
                return await self._store.keep(phone_number, file, media_type)


def _nameless_file() -> BinaryIO:
    """A file that goes with its last handle; a full disk is noticed at each write into it."""
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise blob_store_error(error) from None


async def _receive(chunks: AsyncIterable[bytes], file: BinaryIO, most_bytes: int) -> None:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise too_large(most_bytes)
        _write(file, chunk)
    if size == 0:
        raise DocumentRefusedError(
            "document-empty",
            "The file is empty.",
            "Send the file itself as the body; check that it is not empty on your side.",
        )


def _write(file: BinaryIO, chunk: bytes) -> None:
    """Write all of a piece; an unbuffered file may take it bit by bit."""
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise blob_store_error(error) from None


def too_large(most_bytes: int) -> DocumentRefusedError:
    """The refusal of a file that Twilio would find too large."""
    return DocumentRefusedError(
        TOO_LARGE,
        f"The file is larger than {most_bytes:,} bytes.",
        "Scan it at 200 dpi in grey, or send only the pages that matter.",
    )


def _another_type(media_type: str) -> DocumentRefusedError:
    return DocumentRefusedError(
        "document-type-mismatch",
        f"The file is of type {media_type}, which is not what it was sent as.",
        f"Send it with Content-Type: {media_type}, or check that it is the right file.",
    )
