"""Files that outlived their time: what the disposal of an order's files should have deleted.

Each order, and each import, leaves its files to a workflow that deletes them in due time. This
finds what is left where that workflow never was (a file that no order took), was terminated, or
came to nothing. As long as one is waiting, its own clock decides, not the settings of this process.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from temporalio.client import Client

from hosted_numbers.blobs import BULK_IMPORTS, BlobStore, KeptFile
from hosted_numbers.erasure.import_rows import import_of
from hosted_numbers.erasure.records import Records
from hosted_numbers.executions import Executions
from hosted_numbers.ids import bulk_import_workflow_id, document_disposal_id, order_workflow_id


class Leftovers:
    """The files of one store that nobody is going to delete.

    Args:
        client: a connected client with the pydantic data converter (``temporal.connect``).
        blobs: the store that the gateway and the worker use, too.
        retention: how long files outlive their order or import.
        deadline: how long a call to Temporal may take.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time and
    ``BlobStoreError`` when the store does not do its work.
    """

    def __init__(
        self,
        client: Client,
        blobs: BlobStore,
        retention: timedelta,
        deadline: timedelta = timedelta(seconds=4),
    ) -> None:
        self._blobs = blobs
        self._retention = retention
        self._executions = Executions(client, deadline)
        self._records = Records(self._executions)

    async def found(self, now: datetime) -> AsyncIterator[KeptFile]:
        """The files whose time is up, as the store lists them, which is never held whole.

        Delete them once the list was read: not every store lists well what changes meanwhile.
        """
        due: dict[str, bool] = {}
        waiting: set[str] | None = None
        async for file in self._blobs.listed():
            if file.kept_at + self._retention > now:
                continue
            whose = _whose(file.blob)
            if whose not in due:
                ended = await self._ended(whose)
                if ended is None:  # forgotten, or never there: what waits knows of it, if anything
                    if waiting is None:
                        waiting = await self._waiting()
                    due[whose] = whose not in waiting
                else:
                    due[whose] = ended + self._retention <= now
            if due[whose]:
                yield file

    async def _ended(self, whose: str) -> datetime | None:
        """When an order or import ended; far ahead while it, or its disposal, has not."""
        known = await self._executions.described(
            order_workflow_id(whose) if whose.startswith("+") else bulk_import_workflow_id(whose)
        )
        if known is None:
            return None
        disposal = await self._executions.described(document_disposal_id(known.run_id))
        if known.close_time is None or (disposal is not None and disposal.close_time is None):
            return datetime.max.replace(tzinfo=known.start_time.tzinfo) - self._retention
        return known.close_time

    async def _waiting(self) -> set[str]:
        """The numbers and imports whose files are going to be deleted."""
        return {
            each.bulk_import or each.phone_number
            async for each in self._records.pending_disposals()
        }


def _whose(blob: str) -> str:
    """The number, or the id of the import, whose file it is."""
    return import_of(blob) if blob.startswith(f"{BULK_IMPORTS}/") else blob.partition("/")[0]
