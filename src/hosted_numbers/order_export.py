"""The whole story of orders, to be kept where their history is not: in a file of yours.

Temporal forgets an order some time after its end (the namespace's retention). What it knows until
then is read here, a few orders at a time, however many there are.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import Field
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from hosted_numbers import contract, search_attributes
from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import HostedNumberOrderRequest, Message, Progress
from hosted_numbers.errors import HostedNumbersError, TemporalUnavailableError
from hosted_numbers.executions import Executions
from hosted_numbers.ids import order_workflow_id, phone_number_of
from hosted_numbers.letter_groups.contract import group_key
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.search_attributes import quoted
from hosted_numbers.temporal_calls import TemporalCalls

State = Literal["open", "completed", "cancelled", "failed", "terminated", "timed-out"]

_STATES: Final[dict[WorkflowExecutionStatus | None, State]] = {
    WorkflowExecutionStatus.RUNNING: "open",
    WorkflowExecutionStatus.COMPLETED: "completed",
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.TERMINATED: "terminated",
    WorkflowExecutionStatus.TIMED_OUT: "timed-out",
}
# A run that was continued as new goes on in the next one, which has all that is known.
_WHOLE: Final = (
    f"WorkflowType = {quoted(contract.WORKFLOW_TYPE)} AND ExecutionStatus != 'ContinuedAsNew'"
)
_AT_ONCE: Final = 10
_PAGE: Final = 200


class ExportedOrder(Message):
    """One order of one number: what was asked for, how it went, where it is to be found."""

    phone_number: str
    workflow_id: str
    run_id: str
    state: State = Field(description="The workflow's; the order's own end stands in progress")
    started_at: datetime = Field(description="Of this run; the timeline begins with the order")
    closed_at: datetime | None = None
    bulk_import: str | None = Field(default=None, description="The import that it came with")
    letter_group: str | None = Field(default=None, description="The key of its letter's group")
    files: tuple[str, ...] = Field(
        default=(), description="What the blob store keeps for the number now, by name"
    )
    request: HostedNumberOrderRequest | None = Field(
        default=None, description="The order as it was sent", repr=False
    )
    progress: Progress | None = Field(
        default=None, description="Where it stands, or how it ended, with its timeline", repr=False
    )
    missing: str | None = Field(default=None, description="Why there is no progress")


@dataclass(frozen=True)
class Selection:
    """Which orders are meant; without a word, all of them.

    Attributes:
        phone_number: those of this number alone, E.164.
        since: those that ended then or later.
        until: those that ended before.
    """

    phone_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> str:
        """The same in Temporal's words."""
        terms = [_WHOLE]
        if self.phone_number is not None:
            terms.append(f"WorkflowId = {quoted(order_workflow_id(self.phone_number))}")
        if self.since is not None:
            terms.append(f"CloseTime >= {_moment(self.since)}")
        if self.until is not None:
            terms.append(f"CloseTime < {_moment(self.until)}")
        return " AND ".join(terms)


class OrderExport:
    """The orders of one Temporal namespace, as records.

    Args:
        client: a connected client with the pydantic data converter (``temporal.connect``).
        orders: of the same namespace; reads open orders, for which a worker is needed.
        blobs: where their files are.
        deadline: how long a call to Temporal may take.
    """

    def __init__(
        self,
        client: Client,
        orders: HostedNumberOrders,
        blobs: BlobStore,
        deadline: timedelta = timedelta(seconds=4),
    ) -> None:
        self._client = client
        self._orders = orders
        self._blobs = blobs
        self._deadline = deadline
        self._calls = TemporalCalls(client, deadline)
        self._executions = Executions(client, deadline)

    async def selected(self, selection: Selection) -> AsyncIterator[ExportedOrder]:
        """The orders that are meant, one after another; one that is forgotten meanwhile is not.

        Raises:
            TemporalUnavailableError: Temporal does not answer in time.
            BlobStoreError: the store does not do its work.
            UnknownEncryptionKeyError: an order was written with a key that is not here.
        """
        some: list[WorkflowExecution] = []
        async for row in self._executions.listed(selection.query(), _PAGE):
            some.append(row)
            if len(some) == _AT_ONCE:
                for each in await self._exported(some):
                    yield each
                some = []
        for each in await self._exported(some):
            yield each

    async def _exported(self, rows: Sequence[WorkflowExecution]) -> list[ExportedOrder]:
        found = await asyncio.gather(*(self._order(row) for row in rows))
        return [each for each in found if each is not None]

    async def _order(self, row: WorkflowExecution) -> ExportedOrder | None:
        request = await self._executions.started_with(row.id, row.run_id, HostedNumberOrderRequest)
        if request is None:
            return None
        number = phone_number_of(row.id)
        progress, missing = await self._progress(row)
        return ExportedOrder(
            phone_number=number,
            workflow_id=row.id,
            run_id=row.run_id,
            state=_STATES.get(row.status, "failed"),
            started_at=row.start_time,
            closed_at=row.close_time,
            bulk_import=row.typed_search_attributes.get(search_attributes.BULK_IMPORT),
            letter_group=group_key(request),
            files=tuple([each.blob async for each in self._blobs.listed(number)]),
            request=request,
            # it was good for minutes, and whoever heard it owns the number
            progress=progress and progress.model_copy(update={"verification_code": None}),
            missing=missing,
        )

    async def _progress(self, row: WorkflowExecution) -> tuple[Progress | None, str | None]:
        """Where an order stands, or why nobody can say."""
        if row.status == WorkflowExecutionStatus.COMPLETED:
            return await self._executions.ended_with(row.id, row.run_id, Progress), None
        try:
            return await self._asked(row), None
        except TemporalUnavailableError:
            raise
        except HostedNumbersError as error:
            return None, error.reason

    async def _asked(self, row: WorkflowExecution) -> Progress:
        """What a worker says of an order that is open, or was stopped."""
        if row.status == WorkflowExecutionStatus.RUNNING:
            return await self._orders.progress(phone_number_of(row.id))
        handle = self._client.get_workflow_handle(row.id, run_id=row.run_id)
        return await self._calls.answered(
            lambda: handle.query(
                contract.PROGRESS, result_type=Progress, rpc_timeout=self._deadline
            ),
            handle,
        )


def _moment(at: datetime) -> str:
    return f"'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}'"
