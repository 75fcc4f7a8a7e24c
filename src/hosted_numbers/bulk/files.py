"""The files of an import in the blob store: its rows as they were checked, what came of them.

Beneath ``bulk-imports/<id>/`` stand ``rows-<batch>.jsonl``, ``results-<batch>.jsonl`` and, where
bad rows were left out, ``left-out.jsonl``. They name owners of numbers, so none of it travels
through Temporal, and they are deleted once the import has ended and its retention is over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ConfigDict

from hosted_numbers.blobs import BULK_IMPORTS, BlobStore
from hosted_numbers.bulk.contract import BATCH_ROWS, RowResult
from hosted_numbers.contract import HostedNumberOrderRequest, Message
from hosted_numbers.errors import BlobMissingError

if TYPE_CHECKING:  # a worker reads what was checked long ago
    from hosted_numbers.bulk.checking import CheckedFile, CheckedRow

_LEFT_OUT: Final = "left-out"


class StoredRow(Message):
    """One row as it is kept: its order, and how many orders share its letter."""

    model_config = ConfigDict(hide_input_in_errors=True)

    line: int
    loa_group_size: int | None = None
    order: HostedNumberOrderRequest

    def whole(self) -> HostedNumberOrderRequest:
        """The order as it is to be started."""
        if self.loa_group_size is None:
            return self.order
        return self.order.model_copy(update={"loa_group_size": self.loa_group_size})


@dataclass(frozen=True)
class ImportFiles:
    """The files of every import.

    Every method raises ``BlobStoreError`` when the store does not do its work.
    """

    blobs: BlobStore

    async def keep(self, import_id: str, checked: "CheckedFile") -> int:
        """Keep the good rows, and what is wrong with the others; how many batches that makes.

        Safe to repeat: the same file leads to the same content.
        """
        batches = [
            checked.rows[first : first + BATCH_ROWS]
            for first in range(0, len(checked.rows), BATCH_ROWS)
        ]
        for number, rows in enumerate(batches):
            content = "".join(_stored(row, checked.group_size(row)) for row in rows)
            await self.blobs.write(_name(import_id, f"rows-{number}"), content.encode())
        if left_out := _left_out(checked):
            await self._write_results(import_id, _LEFT_OUT, left_out)
        return len(batches)

    async def rows(self, import_id: str, batch: int) -> list[StoredRow]:
        """The rows of one batch.

        Raises:
            BlobMissingError: they are not there, or not any more.
        """
        return [
            StoredRow.model_validate_json(line)
            for line in await self._lines(import_id, f"rows-{batch}")
        ]

    async def keep_results(self, import_id: str, batch: int, results: Sequence[RowResult]) -> None:
        """Keep what came of a batch, in place of what an earlier try kept."""
        await self._write_results(import_id, f"results-{batch}", results)

    async def results(self, import_id: str, batch: int) -> list[RowResult]:
        """What came of one batch; all of its rows as not started where it was not tried.

        Raises:
            BlobMissingError: its rows are not there either.
        """
        try:
            return await self._read_results(import_id, f"results-{batch}")
        except BlobMissingError:
            return [
                RowResult(line=row.line, phone_number=row.order.phone_number, outcome="not-started")
                for row in await self.rows(import_id, batch)
            ]

    async def left_out(self, import_id: str) -> list[RowResult]:
        """The bad rows that were left out; none where there were none.

        Raises:
            BlobMissingError: they are not there any more.
        """
        return await self._read_results(import_id, _LEFT_OUT)

    async def _write_results(self, import_id: str, name: str, results: Iterable[RowResult]) -> None:
        lines = (each.model_dump_json(exclude_defaults=True) + "\n" for each in results)
        await self.blobs.write(_name(import_id, name), "".join(lines).encode())

    async def _read_results(self, import_id: str, name: str) -> list[RowResult]:
        return [RowResult.model_validate_json(line) for line in await self._lines(import_id, name)]

    async def _lines(self, import_id: str, name: str) -> list[bytes]:
        return (await self.blobs.read(_name(import_id, name))).splitlines()


def _name(import_id: str, name: str) -> str:
    return f"{BULK_IMPORTS}/{import_id}/{name}.jsonl"


def _stored(row: "CheckedRow", size: int | None) -> str:
    """A row as a line; the order is JSON already."""
    group = "" if size is None else f'"loa_group_size":{size},'
    return f'{{"line":{row.line},{group}"order":{row.order}}}\n'


def _left_out(checked: "CheckedFile") -> list[RowResult]:
    """One result for each bad row, with all that is wrong with it."""
    wrong: dict[int, list[str]] = {}
    for each in checked.report.errors:
        wrong.setdefault(each.line, []).append(f"{each.field}: {each.message}")
    return [
        RowResult(line=line, outcome="left-out", code="invalid-row", reason=" ".join(complaints))
        for line, complaints in wrong.items()
    ]
