"""The orders of a bulk import are started, a batch of rows at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk import contract
from hosted_numbers.bulk.contract import BatchOutcome, BatchStart, RowOutcome, RowResult
from hosted_numbers.bulk.files import ImportFiles, StoredRow
from hosted_numbers.complaints import checked
from hosted_numbers.errors import (
    BlobStoreError,
    DecryptionError,
    InvalidRequestError,
    OrderAlreadyOpenError,
    TemporalUnavailableError,
)
from hosted_numbers.orders import HostedNumberOrders

ROWS_AT_ONCE: Final = 10
"""Starts under way; each is two calls to Temporal, which is shared with all other orders."""

_RESULTS: Final = TypeAdapter(list[RowResult])


class BulkImportActivities:
    """What the workflow of an import does.

    Args:
        orders: starts them.
        blobs: where rows and results are.
        window: with so many orders of an import still on their way to Twilio, none is started.
        on_their_way: how many those are, by the import's id; None asks Temporal's visibility.
    """

    def __init__(
        self,
        orders: HostedNumberOrders,
        blobs: BlobStore,
        window: int,
        on_their_way: Callable[[str], Awaitable[int]] | None = None,
    ) -> None:
        self._orders = orders
        self._files = ImportFiles(blobs)
        self._window = window
        self._on_their_way = on_their_way or orders.lists.on_their_way

    @activity.defn(name=contract.START_ROWS)
    async def start_rows(self, start: BatchStart) -> BatchOutcome:
        """Start the orders of one batch, unless too many are on their way.

        Safe to run twice: each row's start is named by the import and its line, so a repeated try
        finds the orders that an earlier one started, and comes to the same results.
        """
        try:
            results = _of_earlier_try()
            if not results and await self._on_their_way(start.import_id) >= self._window:
                return BatchOutcome(full=True)
            rows = (await self._files.rows(start.import_id, start.batch))[len(results) :]
            for first in range(0, len(rows), ROWS_AT_ONCE):
                results += await self._together(start, rows[first : first + ROWS_AT_ONCE])
                activity.heartbeat([each.model_dump() for each in results])
            await self._files.keep_results(start.import_id, start.batch, results)
        except (BlobStoreError, DecryptionError, TemporalUnavailableError) as error:
            raise ApplicationError(
                str(error), type=error.code, category=ApplicationErrorCategory.BENIGN
            ) from None
        return _counted(results)

    async def _together(self, start: BatchStart, rows: Sequence[StoredRow]) -> list[RowResult]:
        """Start some rows at once; every one has come to its end when this returns or raises."""
        came_to = await asyncio.gather(
            *(self._start(start.import_id, row) for row in rows), return_exceptions=True
        )
        for each in came_to:
            if isinstance(each, BaseException):
                raise each
        return [each for each in came_to if isinstance(each, RowResult)]

    async def _start(self, import_id: str, row: StoredRow) -> RowResult:
        # with the first row: the models would take a tenth of a second of each worker's start
        from hosted_numbers.validation import NewHostedNumberOrder  # noqa: PLC0415 - see above

        try:
            # what was fine when the file was checked may be too old by now
            order = checked(NewHostedNumberOrder, row.whole().model_dump(exclude_unset=True))
            found = await self._orders.start(
                order, idempotency=f"bulk-import/{import_id}/{row.line}", bulk_import=import_id
            )
        except (InvalidRequestError, OrderAlreadyOpenError) as error:
            return RowResult(
                line=row.line,
                phone_number=row.order.phone_number,
                outcome="refused",
                code=error.code,
                reason=str(error),
            )
        outcome: RowOutcome = "started" if found.created or found.replayed else "already-open"
        return RowResult(line=row.line, phone_number=row.order.phone_number, outcome=outcome)


def _of_earlier_try() -> list[RowResult]:
    """What an earlier try of this batch had come to, as far as Temporal was told."""
    told = activity.info().heartbeat_details
    return _RESULTS.validate_python(told[0]) if told else []


def _counted(results: Sequence[RowResult]) -> BatchOutcome:
    outcomes = [each.outcome for each in results]
    return BatchOutcome(
        started=outcomes.count("started"),
        already_open=outcomes.count("already-open"),
        refused=outcomes.count("refused"),
    )
