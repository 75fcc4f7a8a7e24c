"""Imports that live in memory, for whatever is built on ``BulkImports``."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from hosted_numbers.bulk.checking import BulkFileRefusedError, FileReport, check_file
from hosted_numbers.bulk.contract import FileFormat, ImportProgress, RowResult
from hosted_numbers.bulk.imports import (
    BulkImports,
    ResultsGoneError,
    StartedImport,
    unknown_import,
)

AN_ID = "0123456789abcdef" * 2
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RESULTS = [
    RowResult(line=2, phone_number="+15017122661", outcome="started"),
    RowResult(
        line=3,
        phone_number="+15017122663",
        outcome="refused",
        code="order-already-open",
        reason="Another order for +15017122663 is open.",
    ),
]


def a_progress(**changes: Any) -> ImportProgress:
    """An import of 120 rows."""
    fields = {"id": AN_ID, "name": "march.csv", "rows": 120, "began_at": NOW}
    return ImportProgress.model_validate(fields | changes)


class ImportsInMemory(BulkImports):
    """The same methods without Temporal and without a store; files are checked for real."""

    def __init__(self) -> None:
        self.known: dict[str, ImportProgress] = {}
        self.begun: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.failure: Exception | None = None
        self.story: list[ImportProgress | Exception] = []
        self.gone = False

    async def dry_run(
        self, file: BinaryIO, form: FileFormat, *, customer: str | None = None
    ) -> FileReport:
        """Checked."""
        self._fail()
        file.seek(0)
        return check_file(file, form, customer).report

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
        """Checked and kept; the second file is the first one."""
        report = await self.dry_run(file, form, customer=customer)
        if report.errors and not (skip_bad_rows and report.readable and report.good_rows):
            raise BulkFileRefusedError(report)
        asked = {"form": form, "name": name, "customer": customer, "idempotency": idempotency}
        self.begun.append(asked | {"skip_bad_rows": skip_bad_rows})
        if AN_ID in self.known:
            return StartedImport(self.known[AN_ID], created=False)
        progress = a_progress(
            name=name, customer=customer, rows=report.good_rows, left_out=report.bad_rows
        )
        self.known[AN_ID] = progress
        return StartedImport(progress, created=True, report=report)

    async def show(self, import_id: str) -> ImportProgress:
        """The next of the story, or what is known."""
        self._fail()
        if self.story:
            told = self.story.pop(0)
            if isinstance(told, Exception):
                raise told
            return told
        if import_id not in self.known:
            raise unknown_import()
        return self.known[import_id]

    async def listed(self, *, customer: str | None = None) -> AsyncIterator[ImportProgress]:
        """All of them, or a customer's."""
        self._fail()
        for each in self.known.values():
            if customer in {None, each.customer}:
                yield each

    async def cancel(self, import_id: str) -> ImportProgress:
        """Kept."""
        progress = await self.show(import_id)
        self.cancelled.append(import_id)
        return progress

    async def results(self, import_id: str) -> AsyncIterator[list[RowResult]]:
        """Two rows, one by one."""
        await self.show(import_id)
        if self.gone:
            raise ResultsGoneError("The results are not kept any more.", "Look at its orders.")
        for each in RESULTS:
            yield [each]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
