"""The lines of bulk imports in which a number stands: found, and struck out.

The other lines stay as they are, so an import's results stay whole but for this one.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from hosted_numbers.blobs import BULK_IMPORTS, BlobStore
from hosted_numbers.bulk.contract import RowResult
from hosted_numbers.bulk.files import StoredRow
from hosted_numbers.errors import BlobMissingError


@dataclass(frozen=True)
class ImportRows:
    """The files of every import, one at a time: none is larger than a batch."""

    blobs: BlobStore

    async def found(self, phone_number: str) -> AsyncIterator[tuple[str, int]]:
        """Each file that names the number, and how many of its lines do.

        Raises:
            BlobStoreError: the store does not do its work.
        """
        async for each in self.blobs.listed(BULK_IMPORTS):
            lines, _ = await self._split(each.blob, phone_number)
            if lines:
                yield each.blob, lines

    async def strike(self, blob: str, phone_number: str) -> int:
        """Keep a file without the lines of a number; how many those were.

        Raises:
            BlobStoreError: it could not be written; what was there stays.
        """
        lines, others = await self._split(blob, phone_number)
        if lines:
            await self.blobs.write(blob, others)
        return lines

    async def _split(self, blob: str, phone_number: str) -> tuple[int, bytes]:
        """How many lines of a file are a number's, and what the others are."""
        try:
            content = await self.blobs.read(blob)
        except BlobMissingError:  # its time is up
            return 0, b""
        if phone_number.encode() not in content:
            return 0, content
        lines = content.splitlines(keepends=True)
        others = [line for line in lines if _number(blob, line) != phone_number]
        return len(lines) - len(others), b"".join(others)


def import_of(blob: str) -> str:
    """The id of the import whose file it is."""
    return blob.split("/")[1]


def _number(blob: str, line: bytes) -> str | None:
    """The number that a line is about."""
    if blob.rpartition("/")[2].startswith("rows-"):
        return StoredRow.model_validate_json(line).order.phone_number
    return RowResult.model_validate_json(line).phone_number
