"""``BulkImports``: what a backend, the gateway and the CLI call to import many orders from a file.

A file is checked whole before anything is started. Its good rows are then kept in the blob store,
and a workflow starts their orders, a batch at a time.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final

from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import search_attributes
from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk import contract
from hosted_numbers.bulk.checking import BulkFileRefusedError, CheckedFile, FileReport, check_file
from hosted_numbers.bulk.contract import BulkImportInput, FileFormat, ImportProgress, RowResult
from hosted_numbers.bulk.files import ImportFiles
from hosted_numbers.contract import TASK_QUEUE
from hosted_numbers.errors import (
    BlobMissingError,
    HostedNumbersError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
)
from hosted_numbers.ids import bulk_import_workflow_id
from hosted_numbers.search_attributes import quoted
from hosted_numbers.temporal_calls import TemporalCalls

ID_PATTERN: Final = r"^[0-9a-f]{32}$"
NAME_LENGTH: Final = 100

# Each check takes a processor for seconds; the others wait.
_CHECKS_AT_ONCE: Final = 2
_PIECE: Final = 1 << 20


class ImportNotFoundError(HostedNumbersError):
    """No import of that id is known, or Temporal keeps it no longer."""

    code = "import-not-found"


class ResultsGoneError(HostedNumbersError):
    """The files of the import were deleted after their retention."""

    code = "import-results-gone"


@dataclass(frozen=True)
class StartedImport:
    """The answer to a file that was sent; the same for the same file sent again."""

    progress: ImportProgress
    created: bool = field(compare=False)
    """False when this very file was taken before."""
    report: FileReport | None = field(default=None, compare=False)
    """What the check of the file said; None where it was taken before."""


class BulkImports:
    """The imports of one Temporal namespace.

    Args:
        client: connected by ``temporal.connect``; one of your own needs the data converter of
            ``converter.converter_of``, with the keys that the workers have.
        blobs: the store that the worker reads from, too.
        deadline: how long a call to Temporal may take.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time. None
    needs a worker.
    """

    def __init__(
        self, client: Client, blobs: BlobStore, *, deadline: timedelta = timedelta(seconds=4)
    ) -> None:
        self._client = client
        self._files = ImportFiles(blobs)
        self._calls = TemporalCalls(client, deadline)
        self._deadline = deadline
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def dry_run(
        self, file: BinaryIO, form: FileFormat, *, customer: str | None = None
    ) -> FileReport:
        """What is wrong with a file; nothing is kept and nothing is started.

        Args:
            file: read from its beginning, in a thread.
            form: what it is.
            customer: where given, all of its orders are this customer's.
        """
        return (await self._checked(file, form, customer)).report

    async def begin(
        self,
        file: BinaryIO,
        form: FileFormat,
        *,
        name: str | None = None,
        customer: str | None = None,
        skip_bad_rows: bool = False,
        idempotency: str | None = None,
    ) -> StartedImport:
        """Check a file and start its orders, or find that it was taken before.

        Args:
            file: read from its beginning, in a thread.
            form: what it is.
            name: what it is called in lists.
            customer: where given, all of its orders are this customer's.
            skip_bad_rows: leave bad rows out, in place of refusing the file.
            idempotency: names the import. Without it the file's content does: the same file sent
                again, for the same customer, is the same import.

        Raises:
            BulkFileRefusedError: it has bad rows, or none that can be read; nothing was started.
            IdempotencyKeyReusedError: another file was sent under the same ``idempotency``.
            BlobStoreError: the rows could not be kept; nothing was started.
        """
        fingerprint = await asyncio.to_thread(
            _fingerprint, file, form, customer or "", str(skip_bad_rows)
        )
        import_id = hashlib.sha256((idempotency or fingerprint).encode()).hexdigest()[:32]
        if (known := await self._described(import_id)) is not None:
            return await _taken_before(known, fingerprint)
        checked = await self._checked(file, form, customer)
        report = checked.report
        if not report.readable or (report.errors and not (skip_bad_rows and checked.rows)):
            raise BulkFileRefusedError(report)
        start = BulkImportInput(
            batches=await self._files.keep(import_id, checked),
            progress=ImportProgress(
                id=import_id,
                name=_name(name),
                customer=customer,
                rows=len(checked.rows),
                left_out=checked.report.bad_rows,
                began_at=datetime.now(UTC),
            ),
        )
        if not await self._started(start, fingerprint):
            known = await self._described(import_id)
            if known is not None:
                return await _taken_before(known, fingerprint)
        return StartedImport(start.progress, created=True, report=checked.report)

    async def show(self, import_id: str) -> ImportProgress:
        """Where an import stands.

        Raises:
            ImportNotFoundError: no import of that id is known.
        """
        execution = await self._described(import_id)
        if execution is None:
            raise unknown_import()
        return await _progress(execution)

    async def listed(self, *, customer: str | None = None) -> AsyncIterator[ImportProgress]:
        """The imports, newest first, as of a second ago.

        Args:
            customer: only those whose orders are all this customer's.

        Raises:
            InvalidRequestError: the customer holds a quote or a backslash.
        """
        query = f"WorkflowType = {quoted(contract.WORKFLOW_TYPE)}"
        if customer is not None:
            query += f" AND {search_attributes.CUSTOMER.name} = {quoted(customer)}"
        rows = self._client.list_workflows(query, rpc_timeout=self._deadline)
        while True:
            await self._calls.within(rows.fetch_next_page())
            for execution in rows.current_page or ():
                yield await _progress(execution)
            if not rows.next_page_token:
                return

    async def cancel(self, import_id: str) -> ImportProgress:
        """Start no further rows; orders that were started go on. One that has ended stays so.

        Raises:
            ImportNotFoundError: no import of that id is known.
        """
        signal = self._handle(import_id).signal(contract.CANCEL, rpc_timeout=self._deadline)
        try:
            await self._calls.within(signal)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
        return await self.show(import_id)

    async def results(self, import_id: str) -> AsyncIterator[list[RowResult]]:
        """What came of each row, some at a time: first those left out, then as the file has them.

        Raises:
            ImportNotFoundError: no import of that id is known.
            ResultsGoneError: its files were deleted, their retention being over.
        """
        progress = await self.show(import_id)
        batches = -(-progress.rows // contract.BATCH_ROWS)
        try:
            if progress.left_out:
                yield await self._files.left_out(import_id)
            for batch in range(batches):
                yield await self._files.results(import_id, batch)
        except BlobMissingError:
            raise ResultsGoneError(
                "The results of this import are not kept any more.",
                "Look at its orders: each says how it stands.",
            ) from None

    async def _checked(self, file: BinaryIO, form: FileFormat, customer: str | None) -> CheckedFile:
        async with self._checks:
            file.seek(0)
            return await asyncio.to_thread(check_file, file, form, customer)

    async def _started(self, start: BulkImportInput, fingerprint: str) -> bool:
        """Start the workflow; False where somebody else did at the same moment."""
        progress = start.progress
        found_by: list[SearchAttributePair[Any]] = []
        if progress.customer is not None:
            found_by.append(SearchAttributePair(search_attributes.CUSTOMER, progress.customer))
        try:
            await self._calls.within(
                self._client.start_workflow(
                    contract.WORKFLOW_TYPE,
                    start,
                    id=bulk_import_workflow_id(progress.id),
                    task_queue=TASK_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    memo={
                        contract.PROGRESS_MEMO: progress,
                        contract.FINGERPRINT_MEMO: fingerprint,
                    },
                    search_attributes=TypedSearchAttributes(found_by),
                    static_summary=f"Start {progress.rows} orders from a file",
                    rpc_timeout=self._deadline,
                )
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def _described(self, import_id: str) -> WorkflowExecutionDescription | None:
        handle = self._handle(import_id)
        try:
            return await self._calls.within(handle.describe(rpc_timeout=self._deadline))
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            raise

    def _handle(self, import_id: str) -> WorkflowHandle[object, ImportProgress]:
        if not re.fullmatch(ID_PATTERN, import_id):
            raise unknown_import()
        return self._client.get_workflow_handle(bulk_import_workflow_id(import_id))


async def _taken_before(execution: WorkflowExecutionDescription, fingerprint: str) -> StartedImport:
    if await execution.memo_value(contract.FINGERPRINT_MEMO, "") != fingerprint:
        raise IdempotencyKeyReusedError
    return StartedImport(await _progress(execution), created=False)


async def _progress(execution: WorkflowExecution) -> ImportProgress:
    """As the workflow wrote it down last; the end that Temporal knows of goes before."""
    progress: ImportProgress = await execution.memo_value(
        contract.PROGRESS_MEMO, type_hint=ImportProgress
    )
    stopped = execution.status not in {None, WorkflowExecutionStatus.RUNNING}
    if stopped and not progress.has_ended:
        update = {"status": "failed", "ended_at": execution.close_time}
        return progress.model_copy(update=update)
    return progress


def _fingerprint(file: BinaryIO, *how: str) -> str:
    """SHA-256 of a file and of how it was sent."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    for each in how:
        digest.update(b"\0" + each.encode())
    return digest.hexdigest()


def _name(name: str | None) -> str | None:
    """What people call a file, as lists show it.

    Raises:
        InvalidRequestError: it holds what no line of a list can show.
    """
    text = (name or "").strip()
    if not text.isprintable() or len(text) > NAME_LENGTH:
        raise InvalidRequestError(
            f"An import's name is up to {NAME_LENGTH} printable characters.",
            "Shorten it, or leave it out; nothing was started.",
        )
    return text or None


def unknown_import() -> ImportNotFoundError:
    """What is said of an id that no import has, or none that the caller may know of."""
    return ImportNotFoundError(
        "No import of that id is known.",
        "See hosted-numbers bulk list; Temporal forgets imports some time after their end.",
    )
