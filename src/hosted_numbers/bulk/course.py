"""How an import goes on: the rules, without Temporal.

Batch after batch is started in the order of the file, as long as there is room. What is full is
looked at again after a pause that grows; what is in trouble, too.
"""

from datetime import datetime, timedelta
from typing import Final

from hosted_numbers.bulk.contract import BatchOutcome, BulkImportInput, ImportStatus

_FIRST_PAUSE: Final = timedelta(seconds=2)
_LONGEST_PAUSE: Final = timedelta(minutes=1)
"""Counts lag by a second or so, and a pause costs the history eleven events with its look."""


def is_through(state: BulkImportInput) -> bool:
    """Whether every batch was started."""
    return state.next_batch >= state.batches


def counted(state: BulkImportInput, outcome: BatchOutcome) -> BulkImportInput:
    """The state after the next batch was tried; the same one comes next where there is no room."""
    progress = state.progress.model_copy(
        update={
            "started": state.progress.started + outcome.started,
            "already_open": state.progress.already_open + outcome.already_open,
            "refused": state.progress.refused + outcome.refused,
            "trouble": None,
        }
    )
    next_batch = state.next_batch + (0 if outcome.full else 1)
    return state.model_copy(update={"progress": progress, "next_batch": next_batch})


def in_trouble(state: BulkImportInput, why: str) -> BulkImportInput:
    """The state after the next batch could not be tried; it is tried again."""
    progress = state.progress.model_copy(update={"trouble": why})
    return state.model_copy(update={"progress": progress})


def ended(state: BulkImportInput, at: datetime) -> BulkImportInput:
    """The state once no further row is started, by the end of the file or by a person."""
    status: ImportStatus = "done" if is_through(state) else "cancelled"
    progress = state.progress.model_copy(update={"status": status, "trouble": None, "ended_at": at})
    return state.model_copy(update={"progress": progress})


def pause(in_vain: int) -> timedelta:
    """How long to wait after so many looks in a row that found no room, or trouble.

    Args:
        in_vain: from 1.
    """
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(in_vain - 1, 10)
    return min(doubled, _LONGEST_PAUSE)
