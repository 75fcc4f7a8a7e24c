"""``HostedNumberOrders``: what a backend service calls to start, help, watch and cancel orders.

The gateway and the CLI are built on nothing else. Each call has its own deadline, so that a caller
never hangs on a Temporal that is away or on workers that are down.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateStage,
)
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, priorities, search_attributes
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
    TemporalUnavailableError,
)
from hosted_numbers.ids import offboarding_workflow_id, order_workflow_id
from hosted_numbers.order_lists import OrderLists, OrderSummary, summary_of
from hosted_numbers.order_starts import (
    StartedOrder,
    already_open,
    as_request,
    fingerprint,
    memo_of_key,
    named,
    started_under,
)
from hosted_numbers.order_state import OrderInput
from hosted_numbers.problem_reports import ProblemReports
from hosted_numbers.steps import NumberRelease
from hosted_numbers.temporal_calls import TemporalCalls, ToldProgressError, not_found

LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes of JSON. Temporal takes 2 MB at most, and an order is written down more than once; what
``validation`` lets through is far smaller, so only a caller that leaves it out meets this."""


class HostedNumberOrders:
    """The orders of one Temporal namespace.

    Args:
        client: connected by ``temporal.connect``; one of your own needs the data converter of
            ``converter.converter_of``, with the keys that the workers have.
        deadline: how long a call to Temporal may take.
        answer_deadline: how long to wait for the verdict on a person's act, once it was taken.

    Attributes:
        lists: which orders there are.
        problems: which workflows no worker can go on with.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time; those
    that need a worker raise ``NoWorkerError`` when none does.

    What changes something takes an ``idempotency``: text that is the same when a request is sent
    again, and is no other caller's. It is then carried out once, whichever process is asked, for as
    long as the order is the number's newest.
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
        self.lists = OrderLists(client, deadline)
        self.problems = ProblemReports(client, deadline)

    async def start(
        self,
        order: HostedNumberOrderRequest,
        *,
        idempotency: str | None = None,
        bulk_import: str | None = None,
    ) -> StartedOrder:
        """Start an order, or find that this very order is open already.

        Args:
            order: already checked, a ``validation.NewHostedNumberOrder``.
            idempotency: an order that was started under it is found even if it has ended.
            bulk_import: the import that it comes with; single orders go before it.

        Raises:
            InvalidRequestError: it is larger than an order can be.
            IdempotencyKeyReusedError: the number's newest order was started under the same
                ``idempotency``, and it is another one.
            OrderAlreadyOpenError: another order for the number is open.
        """
        _check_size(order)
        begin = partial(self._begin, order, idempotency=idempotency, bulk_import=bulk_import)
        with contextlib.suppress(WorkflowAlreadyStartedError):
            return await begin()  # for nearly all: the number's first order
        newest = await self._newest(order.phone_number)
        if newest is not None and newest.close_time is None:
            return await already_open(idempotency, newest, order)
        if newest and (found := await started_under(idempotency, newest, order)):
            return found
        with contextlib.suppress(WorkflowAlreadyStartedError):
            return await begin(after=newest.run_id if newest else "")
        newest = await self._newest(order.phone_number)  # somebody else was faster
        if newest is None:  # it has ended and was forgotten meanwhile
            raise OrderAlreadyOpenError(order.phone_number, order_workflow_id(order.phone_number))
        return await already_open(idempotency, newest, order)

    async def _begin(
        self,
        order: HostedNumberOrderRequest,
        *,
        idempotency: str | None,
        bulk_import: str | None,
        after: str | None = None,
    ) -> StartedOrder:
        """Start the workflow of an order.

        Args:
            order: what is ordered.
            idempotency: what the caller named the request by.
            bulk_import: the import that it comes with.
            after: the run of the number's order before; None where none is to be known.

        Raises:
            WorkflowAlreadyStartedError: an order is open, or known although it should not be.
        """
        handle: WorkflowHandle[object, object] = await self._calls.within(
            self._client.start_workflow(
                contract.WORKFLOW_TYPE,
                OrderInput.of(as_request(order), after or None),
                id=order_workflow_id(order.phone_number),
                task_queue=contract.TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE
                if after is None
                else WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                memo={contract.FINGERPRINT_MEMO: fingerprint(order), **memo_of_key(idempotency)},
                search_attributes=search_attributes.at_start(order.customer, bulk_import),
                priority=priorities.of_order(order.customer, imported=bulk_import is not None),
                static_summary=f"Host {order.phone_number} on Twilio for SMS",
                rpc_timeout=self._deadline,
            )
        )
        run_id = handle.first_execution_run_id or ""
        return StartedOrder(order.phone_number, handle.id, run_id, created=True)

    async def _newest(self, phone_number: str) -> WorkflowExecutionDescription | None:
        """The number's newest order, if Temporal knows one."""
        return await self._described(self._handle(phone_number))

    async def _described(
        self, handle: WorkflowHandle[Any, Any]
    ) -> WorkflowExecutionDescription | None:
        try:
            return await self._calls.within(handle.describe(rpc_timeout=self._deadline))
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            raise

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

    async def customer_of(self, phone_number: str) -> str | None:
        """The backend's reference of the number's newest order; no worker is needed.

        Raises:
            OrderNotFoundError: no order is known for the number.
        """
        execution = await self._newest(phone_number)
        if execution is None:
            raise not_found(phone_number)
        return execution.typed_search_attributes.get(search_attributes.CUSTOMER)

    async def summary(self, phone_number: str) -> OrderSummary | None:
        """What lists show of the number's newest order, without their lag; None without one.

        No worker is needed.
        """
        execution = await self._newest(phone_number)
        return None if execution is None else summary_of(execution)

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
        self, phone_number: str, entry: VerificationCodeEntry, *, idempotency: str | None = None
    ) -> Answer:
        """Hand in the code that the person heard; the answer says right, wrong or expired.

        Raises:
            RefusedError: no code is asked for.
        """
        return await self._act(phone_number, contract.SUBMIT_VERIFICATION_CODE, entry, idempotency)

    async def request_verification_call(
        self,
        phone_number: str,
        request: VerificationCallRequest,
        *,
        idempotency: str | None = None,
    ) -> Answer:
        """Have Twilio call the number now, for the first time or again.

        Raises:
            RefusedError: no call can be placed in the order's state, or all were used.
        """
        return await self._act(
            phone_number, contract.REQUEST_VERIFICATION_CALL, request, idempotency
        )

    async def provide_document(
        self, phone_number: str, provided: ProvidedDocument, *, idempotency: str | None = None
    ) -> Answer:
        """Hand in a file that is kept in the blob store: the bill, or a supporting document's.

        The order looks after the file from the moment it takes it; a file of a refused document
        is the caller's to delete.

        Raises:
            RefusedError: the order asks for no such document now, or its date is too old.
        """
        return await self._act(phone_number, contract.PROVIDE_DOCUMENT, provided, idempotency)

    async def amend(
        self, phone_number: str, amendment: Amendment, *, idempotency: str | None = None
    ) -> Answer:
        """Change who signs, or how the call is placed; an order on hold goes on with it.

        Raises:
            RefusedError: it is too late for that change.
        """
        return await self._act(phone_number, contract.AMEND, amendment, idempotency)

    async def resume(self, phone_number: str, *, idempotency: str | None = None) -> Answer:
        """Let an order that is on hold go on.

        Raises:
            RefusedError: the order is not on hold.
        """
        return await self._act(phone_number, contract.RESUME, Resumption(), idempotency)

    async def cancel(self, phone_number: str, *, idempotency: str | None = None) -> Answer:
        """Give the order up and delete it at Twilio.

        Raises:
            RefusedError: Twilio does not let an order go in the state that it is in.
        """
        return await self._act(phone_number, contract.CANCEL_ORDER, Cancellation(), idempotency)

    async def offboard(self, phone_number: str, *, idempotency: str | None = None) -> Answer:
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
        handle = await self._release(phone_number, progress.sid, idempotency)
        try:
            async with asyncio.timeout(self._answer_deadline.total_seconds()):
                return await handle.result()
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

    async def _release(
        self, phone_number: str, sid: str, idempotency: str | None
    ) -> WorkflowHandle[object, Answer]:
        """Have the number given back: the release that is under way, or was asked for before."""
        name = named(idempotency, sid)
        newest: WorkflowHandle[object, Answer] = self._client.get_workflow_handle(
            offboarding_workflow_id(phone_number), result_type=Answer
        )
        if name is not None and await self._was_named(newest, name):
            return newest
        return await self._calls.within(
            self._client.start_workflow(
                contract.OFFBOARDING_TYPE,
                NumberRelease(sid=sid),
                id=newest.id,
                memo=memo_of_key(name),
                task_queue=contract.TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                result_type=Answer,
                static_summary=f"Give {phone_number} back",
                rpc_timeout=self._deadline,
            )
        )

    async def _was_named(self, handle: WorkflowHandle[object, Answer], name: str) -> bool:
        execution = await self._described(handle)
        return (
            execution is not None
            and await execution.memo_value(contract.IDEMPOTENCY_MEMO, None) == name
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

    async def reachable(self, within: timedelta | None = None) -> bool:
        """Whether Temporal answers within the deadline, or within another time."""
        return await self._calls.reachable(within)

    async def _act(
        self, phone_number: str, name: str, message: Message, idempotency: str | None
    ) -> Answer:
        """Send an update and wait for its answer, in two steps with a deadline each."""
        _check_size(message)
        handle = self._handle(phone_number)
        # The same when it is sent again, so that it is taken once.
        update_id = named(idempotency, name) or uuid.uuid4().hex
        # A name that Temporal knows is answered with what came of it, also after the order ended.
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
            result: Answer = await self._calls.answered(
                lambda: started.result(rpc_timeout=self._answer_deadline),
                handle,
                deadline=self._answer_deadline,
            )
        except (NoWorkerError, TemporalUnavailableError):  # accepted is accepted
            return Answer(
                taken=True,
                reason="The order took it, and what came of it is not known yet.",
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
