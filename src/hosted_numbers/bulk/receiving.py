"""A bulk file as it comes in over HTTP: into a file without a name, no larger than it may be."""

import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Final

from hosted_numbers.blobs import blob_store_error
from hosted_numbers.bulk.checking import MOST_BYTES
from hosted_numbers.bulk.contract import FileFormat
from hosted_numbers.errors import InvalidRequestError

MEDIA_TYPES: Final[dict[str, FileFormat]] = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
}
"""What a bulk file may be declared as (RFC 4180 for ``text/csv``; the others have no RFC)."""

_ENDINGS: Final[dict[str, FileFormat]] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class FileTooLargeError(InvalidRequestError):
    """A bulk file is larger than ``MOST_BYTES``; nothing of it was kept."""

    code = "body-too-large"

    def __init__(self) -> None:
        super().__init__(
            f"A bulk file has at most {MOST_BYTES:,} bytes.",
            "Send it in parts; nothing was started.",
        )


@asynccontextmanager
async def received(pieces: AsyncIterable[bytes]) -> AsyncIterator[BinaryIO]:
    """The file, whole, for as long as it is needed; then it is gone, however the process ends.

    Raises:
        FileTooLargeError: it grew beyond ``MOST_BYTES``.
        BlobStoreError: there is no room for it.
    """
    with _nameless() as file:
        size = 0
        async for piece in pieces:
            size += len(piece)
            if size > MOST_BYTES:
                raise FileTooLargeError
            try:
                file.write(piece)
            except OSError as error:
                raise blob_store_error(error) from None
        yield file


def _nameless() -> BinaryIO:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise blob_store_error(error) from None


def form_of(filename: str) -> FileFormat | None:
    """What a file is by the end of its name; None where that tells nothing."""
    return next(
        (form for ending, form in _ENDINGS.items() if filename.lower().endswith(ending)), None
    )
