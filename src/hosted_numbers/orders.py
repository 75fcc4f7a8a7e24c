"""``HostedNumberOrders``: what a backend service calls to start, help, watch and cancel orders.

The gateway and the CLI are built on nothing else. Each call has its own deadline, so that a caller
never hangs on a Temporal that is away or on workers that are down.
"""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateStage,
)
from temporalio.common import (
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, search_attributes
from hosted_numbers.contract import (
    Amendment,
    Answer,
    Cancellation,
    HostedNumberOrderRequest,
    Message,
    OrderChanged,
    Progress,
    ProvidedDocument,
    Resumption,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import (
    InvalidRequestError,
    NoWorkerError,
    OrderAlreadyOpenError,
    OrderEndedError,
    RefusedError,
)
from hosted_numbers.ids import offboarding_workflow_id, order_workflow_id, phone_number_of
from hosted_numbers.order_state import OrderInput
from hosted_numbers.steps import NumberRelease
from hosted_numbers.temporal_calls import TemporalCalls, ToldProgressError

LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes of JSON. Temporal takes 2 MB at most, and an order is written down more than once; what
``validation`` lets through is far smaller, so only a caller that leaves it out meets this."""


@dataclass(frozen=True)
class StartedOrder:
    """The answer to a start; the same for the same order sent again, but for ``created``."""

    phone_number: str
    workflow_id: str
    run_id: str
    created: bool = field(compare=False)
    """False when this very order was open already."""


@dataclass(frozen=True)
class OrderSummary:
    """One row of a list, from Temporal's visibility store, which lags by a second or so."""

    phone_number: str
    workflow_id: str
    run_id: str
    open: bool
    started_at: datetime
    closed_at: datetime | None
    status: str | None
    waiting_for: str | None
    sid: str | None
    customer: str | None
    deadline: datetime | None


@dataclass(frozen=True)
class OrderPage:
    """A page of a list; ``next_cursor`` is None on the last one."""

    orders: tuple[OrderSummary, ...]
    next_cursor: bytes | None


class HostedNumberOrders:
    """The orders of one Temporal namespace.

    Args:
        client: a connected client with the pydantic data converter (``temporal.connect``).
        deadline: how long a call to Temporal may take.
        answer_deadline: how long to wait for the verdict on a person's act, once it was taken.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time; those
    that need a worker raise ``NoWorkerError`` when none does.
    """

    def __init__(
        self,
        client: Client,
        *,
        deadline: timedelta = timedelta(seconds=4),
        answer_deadline: timedelta = timedelta(seconds=20),
    ) -> None:
        self._client = client
        self._calls = TemporalCalls(client, deadline)
        self._deadline = deadline
        self._answer_deadline = answer_deadline

    async def start(self, order: HostedNumberOrderRequest) -> StartedOrder:
        """Start an order, or find that this very order is open already.

        Args:
            order: already checked, a ``validation.NewHostedNumberOrder``.

        Raises:
            InvalidRequestError: it is larger than an order can be.
            OrderAlreadyOpenError: another order for the number is open.
        """
        _check_size(order)
        workflow_id = order_workflow_id(order.phone_number)
        fingerprint = _fingerprint(order)
        try:
            handle: WorkflowHandle[object, object] = await self._calls.within(
                self._client.start_workflow(
                    contract.WORKFLOW_TYPE,
                    OrderInput(
                        **_as_request(order).model_dump(),
                        previous_run_id=await self._previous_run(order.phone_number),
                    ),
                    id=workflow_id,
                    task_queue=contract.TASK_QUEUE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    memo={contract.FINGERPRINT_MEMO: fingerprint},
                    search_attributes=search_attributes.at_start(order.customer),
                    static_summary=f"Host {order.phone_number} on Twilio for SMS",
                    rpc_timeout=self._deadline,
                )
            )
        except WorkflowAlreadyStartedError as error:
            return await self._already_open(order, error.run_id, fingerprint)
        run_id = handle.first_execution_run_id or ""
        return StartedOrder(order.phone_number, workflow_id, run_id, created=True)

    async def _previous_run(self, phone_number: str) -> str | None:
        """The run of the number's order before, if it has ended and Temporal still knows it."""
        describe = self._handle(phone_number).describe(rpc_timeout=self._deadline)
        try:
            execution = await self._calls.within(describe)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            raise
        return execution.run_id if execution.close_time is not None else None

    async def _already_open(
        self, order: HostedNumberOrderRequest, run_id: str | None, fingerprint: str
    ) -> StartedOrder:
        handle = self._handle(order.phone_number)
        execution = await self._calls.within(handle.describe(rpc_timeout=self._deadline))
        if await execution.memo_value(contract.FINGERPRINT_MEMO, "") != fingerprint:
            raise OrderAlreadyOpenError(order.phone_number, handle.id)
        return StartedOrder(
            order.phone_number, handle.id, run_id or execution.run_id, created=False
        )

    async def progress(self, phone_number: str) -> Progress:
        """Where the number's newest order stands, whether it is open or has ended.

        Raises:
            OrderNotFoundError: no order is known for the number.
        """
        handle = self._handle(phone_number)
        try:
            await self._calls.answered(
                lambda: handle.execute_update(contract.READ_PROGRESS, rpc_timeout=self._deadline),
                handle,
            )
        except ToldProgressError as told:
            return told.progress
        except OrderEndedError:
            # a query is safe where no event can arrive any more
            return await self._calls.answered(
                lambda: handle.query(
                    contract.PROGRESS, result_type=Progress, rpc_timeout=self._deadline
                ),
                handle,
            )
        raise NoWorkerError("The order's workflow has no progress to tell.", "Upgrade the worker.")

    async def watch(
        self, phone_number: str, interval: timedelta = timedelta(seconds=1)
    ) -> AsyncIterator[Progress]:
        """Each change of the order's progress, the present one first, until the order has ended."""
        seen: Progress | None = None
        while seen is None or seen.phase not in {"completed", "failed", "cancelled"}:
            progress = await self.progress(phone_number)
            if progress != seen:
                yield progress
            else:
                await asyncio.sleep(interval.total_seconds())
            seen = progress

    async def submit_verification_code(
        self, phone_number: str, entry: VerificationCodeEntry
    ) -> Answer:
        """Hand in the code that the person heard; the answer says right, wrong or expired.

        Raises:
            RefusedError: no code is asked for.
        """
        return await self._act(phone_number, contract.SUBMIT_VERIFICATION_CODE, entry)

    async def request_verification_call(
        self, phone_number: str, request: VerificationCallRequest
    ) -> Answer:
        """Have Twilio call the number now, for the first time or again.

        Raises:
            RefusedError: no call can be placed in the order's state, or all were used.
        """
        return await self._act(phone_number, contract.REQUEST_VERIFICATION_CALL, request)

    async def provide_document(self, phone_number: str, provided: ProvidedDocument) -> Answer:
        """Hand in a file that is kept in the blob store: the bill, or a supporting document's.

        The order looks after the file from the moment it takes it; a file of a refused document
        is the caller's to delete.

        Raises:
            RefusedError: the order asks for no such document now, or its date is too old.
        """
        return await self._act(phone_number, contract.PROVIDE_DOCUMENT, provided)

    async def amend(self, phone_number: str, amendment: Amendment) -> Answer:
        """Change who signs, or how the call is placed; an order on hold goes on with it.

        Raises:
            RefusedError: it is too late for that change.
        """
        return await self._act(phone_number, contract.AMEND, amendment)

    async def resume(self, phone_number: str) -> Answer:
        """Let an order that is on hold go on.

        Raises:
            RefusedError: the order is not on hold.
        """
        return await self._act(phone_number, contract.RESUME, Resumption())

    async def cancel(self, phone_number: str) -> Answer:
        """Give the order up and delete it at Twilio.

        Raises:
            RefusedError: Twilio does not let an order go in the state that it is in.
        """
        return await self._act(phone_number, contract.CANCEL_ORDER, Cancellation())

    async def offboard(self, phone_number: str) -> Answer:
        """Give the number of a completed order back: Twilio hosts its SMS no more.

        Raises:
            OrderNotFoundError: no order is known for the number.
            RefusedError: its newest order has not completed.
        """
        progress = await self.progress(phone_number)
        if progress.phase != "completed" or progress.sid is None:
            raise RefusedError(
                "Only a number whose newest order has completed can be off-boarded.",
                f"The order stands at {progress.phase}: cancel it, or let it complete first.",
            )
        handle: WorkflowHandle[object, Answer] = await self._calls.within(
            self._client.start_workflow(
                contract.OFFBOARDING_TYPE,
                NumberRelease(sid=progress.sid),
                id=offboarding_workflow_id(phone_number),
                task_queue=contract.TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                result_type=Answer,
                static_summary=f"Give {phone_number} back",
                rpc_timeout=self._deadline,
            )
        )
        try:
            return await asyncio.wait_for(handle.result(), self._answer_deadline.total_seconds())
        except WorkflowFailureError:
            raise RefusedError(
                "Giving the number back was stopped in the Temporal UI.", "Off-board it again."
            ) from None
        except (TimeoutError, RPCError):
            return Answer(
                taken=True,
                reason="The number is being given back, and Twilio has not answered yet.",
                next_step=f"Look at the workflow {handle.id} in the Temporal UI.",
            )

    async def order_changed(self, phone_number: str, hint: OrderChanged) -> bool:
        """Pass on a machine's hint. False when no open order is there to take it."""
        signal = self._handle(phone_number).signal(
            contract.ORDER_CHANGED, hint, rpc_timeout=self._deadline
        )
        try:
            await self._calls.within(signal)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def page(
        self,
        *,
        status: str | None = None,
        waiting_for: str | None = None,
        customer: str | None = None,
        open_only: bool = False,
        page_size: int = 50,
        cursor: bytes | None = None,
    ) -> OrderPage:
        """One page of orders, newest first, from Temporal's visibility store.

        Args:
            status: Twilio's status, exactly.
            waiting_for: what it waits for, as in ``Progress``.
            customer: the backend's own reference, exactly.
            open_only: leave out orders that have ended.
            page_size: 1 to 1000 rows.
            cursor: ``next_cursor`` of the page before.
        """
        query = search_attributes.query(
            status=status, waiting_for=waiting_for, customer=customer, open_only=open_only
        )
        rows = self._client.list_workflows(
            query, page_size=page_size, next_page_token=cursor, rpc_timeout=self._deadline
        )
        try:
            await self._calls.within(rows.fetch_next_page())
        except RPCError as error:
            if error.status == RPCStatusCode.INVALID_ARGUMENT:
                raise InvalidRequestError(
                    "Temporal does not take this list: its search attributes or the cursor are "
                    "unknown to it.",
                    "Run hosted-numbers setup once, and take a cursor only from the page before.",
                ) from None
            raise
        found = tuple(_summary(row) for row in rows.current_page or ())
        return OrderPage(found, rows.next_page_token or None)

    async def reachable(self, within: timedelta | None = None) -> bool:
        """Whether Temporal answers within the deadline, or within another time."""
        return await self._calls.reachable(within)

    async def _act(self, phone_number: str, name: str, message: Message) -> Answer:
        """Send an update and wait for its answer, in two steps with a deadline each."""
        _check_size(message)
        handle = self._handle(phone_number)
        update_id = uuid.uuid4().hex  # the same when it is sent again, so that it is taken once
        started = await self._calls.answered(
            lambda: handle.start_update(
                name,
                message,
                id=update_id,
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                result_type=Answer,
                rpc_timeout=self._deadline,
            ),
            handle,
        )
        try:
            result: Answer = await asyncio.wait_for(
                self._calls.answered(
                    lambda: started.result(rpc_timeout=self._answer_deadline),
                    handle,
                    in_time=False,
                ),
                self._answer_deadline.total_seconds(),
            )
        except (TimeoutError, NoWorkerError):
            return Answer(
                taken=True,
                reason="The order took it, and Twilio has not answered yet.",
                next_step="Look at the order's progress: it tells what came of it.",
            )
        return result

    def _handle(self, phone_number: str) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(order_workflow_id(phone_number))


def _check_size(message: Message) -> None:
    """Refuse what Temporal would refuse without saying why, or answer as if it were away."""
    if len(message.model_dump_json().encode()) > LARGEST_MESSAGE:
        raise InvalidRequestError(
            "This is larger than anything that an order takes.",
            "Shorten it. Files go to the blob store; only their reference travels.",
        )


def _as_request(order: HostedNumberOrderRequest) -> HostedNumberOrderRequest:
    """The wire model of an order, whichever strict twin it came in as."""
    return HostedNumberOrderRequest.model_validate(order.model_dump())


def _fingerprint(order: HostedNumberOrderRequest) -> str:
    """SHA-256 over the order's own words; defaults left out, so that new fields change nothing."""
    text = _as_request(order).model_dump_json(exclude_defaults=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _summary(row: WorkflowExecution) -> OrderSummary:
    found: TypedSearchAttributes = row.typed_search_attributes
    return OrderSummary(
        phone_number=phone_number_of(row.id),
        workflow_id=row.id,
        run_id=row.run_id,
        open=row.status == WorkflowExecutionStatus.RUNNING,
        started_at=row.start_time,
        closed_at=row.close_time,
        status=found.get(search_attributes.STATUS),
        waiting_for=found.get(search_attributes.WAITING_FOR),
        sid=found.get(search_attributes.ORDER_SID),
        customer=found.get(search_attributes.CUSTOMER),
        deadline=found.get(search_attributes.DEADLINE),
    )
