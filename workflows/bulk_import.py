"""Many orders from one file: batch after batch, never more on their way than there is room for."""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from hosted_numbers import contract as orders
from hosted_numbers import steps
from hosted_numbers.bulk import contract
from hosted_numbers.bulk.contract import (
    BatchOutcome,
    BatchStart,
    BulkImportInput,
    ImportProgress,
)
from hosted_numbers.bulk.course import counted, ended, in_trouble, is_through, pause
from hosted_numbers.errors import (
    BlobMissingError,
    BlobStoreError,
    BlobStoreFullError,
    TemporalUnavailableError,
)
from hosted_numbers.ids import document_disposal_id
from workflows.policies import START_ROWS, START_ROWS_HEARTBEAT

_OUR_CODES: Final = frozenset(
    {
        BlobStoreError.code,
        BlobMissingError.code,
        BlobStoreFullError.code,
        TemporalUnavailableError.code,
    }
)
"""Of errors whose words are fit to be shown."""


@workflow.defn(name=contract.WORKFLOW_TYPE)
class BulkImportWorkflow:
    """One file. Its result is its last ``ImportProgress``, which its memo holds, too."""

    @workflow.init
    def __init__(self, start: BulkImportInput) -> None:
        self._state = start
        self._cancelled = False

    @workflow.signal(name=contract.CANCEL, description="Start no further rows")
    def cancel(self) -> None:
        """Start no further rows; the batch that is being started is finished."""
        self._cancelled = True

    @workflow.run
    async def run(self, start: BulkImportInput) -> ImportProgress:
        """Start the orders of every batch, or as many as there are before a person says stop."""
        del start  # taken by the constructor, which runs before any signal does
        in_vain = 0
        while not (is_through(self._state) or self._cancelled):
            before = self._state
            await self._start_next()
            in_vain = 0 if self._state.next_batch > before.next_batch else in_vain + 1
            if in_vain:
                await self._wait(pause(in_vain))
            if workflow.info().is_continue_as_new_suggested() and not self._cancelled:
                workflow.continue_as_new(self._state)
        self._show(ended(self._state, workflow.now()))
        await self._dispose_of_files()
        return self._state.progress

    async def _start_next(self) -> None:
        batch = BatchStart(import_id=self._state.progress.id, batch=self._state.next_batch)
        try:
            outcome = await workflow.execute_activity(
                contract.START_ROWS,
                batch,
                result_type=BatchOutcome,
                start_to_close_timeout=START_ROWS.attempt,
                schedule_to_close_timeout=START_ROWS.total,
                heartbeat_timeout=START_ROWS_HEARTBEAT,
                retry_policy=START_ROWS.retry,
                summary=f"Start the rows of batch {batch.batch}",
            )
        except ActivityError as error:
            self._show(in_trouble(self._state, _words(error)))
        else:
            self._show(counted(self._state, outcome))

    async def _wait(self, span: timedelta) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._cancelled, timeout=span, timeout_summary="Until there may be room"
            )
        except TimeoutError:
            return

    def _show(self, state: BulkImportInput) -> None:
        if state.progress != self._state.progress:  # each upsert is an event
            workflow.upsert_memo({contract.PROGRESS_MEMO: state.progress})
        self._state = state

    async def _dispose_of_files(self) -> None:
        """Leave rows and results to a workflow of their own, which deletes them in due time."""
        await workflow.start_child_workflow(
            orders.DISPOSAL_TYPE,
            steps.DocumentDisposal(bulk_import=self._state.progress.id, ended_at=workflow.now()),
            id=document_disposal_id(workflow.info().run_id),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            static_summary="Delete the import's files when their time is up",
        )


def _words(error: ActivityError) -> str:
    """Why a batch could not be started, in our own words where there are any."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in _OUR_CODES:
        return cause.message
    return "No worker starts its rows in time: look at its workflow in the Temporal UI."
