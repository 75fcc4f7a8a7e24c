"""The names and models by which a bulk import is started, run and read.

As in ``hosted_numbers.contract``: fields are only ever added, with defaults, and unknown fields are
ignored on read, since an import may outlive a release.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from pydantic import Field

from hosted_numbers.contract import Message

WORKFLOW_TYPE: Final = "BulkImport"
START_ROWS: Final = "start_bulk_import_rows"
"""The activity that starts the orders of one batch of rows."""

CANCEL: Final = "cancel"
"""Signal: start no further rows. Orders that were started go on."""

PROGRESS_MEMO: Final = "bulk_import_progress"
"""Memo key: an ``ImportProgress``. So an import is read without a worker and listed in one call."""

FINGERPRINT_MEMO: Final = "bulk_import_fingerprint"
"""Memo key: SHA-256 of the file and of how it was sent, to tell one file from another."""

BATCH_ROWS: Final = 100
"""Rows that are kept in one file and started by one activity."""

FileFormat: TypeAlias = Literal["csv", "jsonl"]
RowOutcome: TypeAlias = Literal["started", "already-open", "refused", "left-out", "not-started"]
ImportStatus: TypeAlias = Literal["running", "done", "cancelled", "failed"]


class ImportProgress(Message):
    """Where an import stands: the same in the memo, the API, the CLI and the workflow's result."""

    id: str
    name: str | None = Field(default=None, description="What whoever sent the file calls it")
    customer: str | None = Field(default=None, description="Whose orders all of its rows are")
    status: ImportStatus = "running"
    rows: int = Field(description="Orders that the file holds, without those left out")
    left_out: int = Field(default=0, description="Bad rows, which were left out on request")
    started: int = Field(default=0, description="Rows whose order was started")
    already_open: int = Field(default=0, description="Rows whose very order was open already")
    refused: int = Field(default=0, description="Rows that came to nothing; the results say why")
    trouble: str | None = Field(default=None, description="Why no row can be started at present")
    began_at: datetime
    ended_at: datetime | None = None

    @property
    def handled(self) -> int:
        """Rows that something came of."""
        return self.started + self.already_open + self.refused

    @property
    def has_ended(self) -> bool:
        """Whether no further row will be started."""
        return self.status != "running"


class RowResult(Message):
    """What came of one row of the file."""

    line: int = Field(description="Where the row begins in the file, from 1")
    phone_number: str | None = Field(default=None, description="None where it cannot be read")
    outcome: RowOutcome
    code: str | None = Field(default=None, description="Why it was refused, for programs")
    reason: str | None = Field(default=None, description="The same for people")


class BulkImportInput(Message):
    """What the workflow of an import is started with, and goes on with in its next run."""

    progress: ImportProgress
    batches: int = Field(description="Files of rows, numbered from 0")
    next_batch: int = Field(default=0, description="The first one that is still to be started")


class BatchStart(Message):
    """Start the orders of one batch, if there is room for more on their way to Twilio."""

    import_id: str
    batch: int


class BatchOutcome(Message):
    """What came of a batch, in numbers; the results of its rows are in the blob store."""

    full: bool = Field(default=False, description="Too many orders are on their way: none started")
    started: int = 0
    already_open: int = 0
    refused: int = 0
