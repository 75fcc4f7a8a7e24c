"""Calls to Temporal with a deadline each, and its errors in our own words."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, search_attributes
from hosted_numbers.contract import Progress
from hosted_numbers.errors import (
    HostedNumbersError,
    NoWorkerError,
    OrderEndedError,
    OrderNotFoundError,
    RefusedError,
    TemporalUnavailableError,
)
from hosted_numbers.ids import phone_number_of

_log = logging.getLogger(__name__)

T = TypeVar("T")
Handle: TypeAlias = WorkflowHandle[Any, Any]

# Over the deadline of a call: for Temporal's own word that it was too late to arrive ...
_SLACK = timedelta(milliseconds=200)
# ... and for telling an absent Temporal from absent workers, once the caller has waited that long.
SECOND_LOOK = timedelta(milliseconds=500)

# Between two tries of what a workflow was not ready for.
_PAUSE = timedelta(milliseconds=100)

# What says nothing about the call itself: the SDK sends a call again by itself on all of them but
# the first two, and raises the last one when it gives up. A connection that broke in the middle of
# an answer is UNKNOWN or INTERNAL.
# Source: RETRYABLE_ERROR_CODES of https://github.com/temporalio/sdk-core (client/src/retry.rs)
_NO_ANSWER = {
    RPCStatusCode.CANCELLED,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.DATA_LOSS,
    RPCStatusCode.INTERNAL,
    RPCStatusCode.OUT_OF_RANGE,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.UNKNOWN,
}


class ToldProgressError(Exception):
    """The refusal of ``READ_PROGRESS``, which is its answer."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


class TemporalCalls:
    """Calls of one client.

    Args:
        client: connected, or lazy.
        deadline: how long a call may take.
    """

    def __init__(self, client: Client, deadline: timedelta) -> None:
        self._client = client
        self._deadline = deadline

    async def reachable(self, within: timedelta | None = None) -> bool:
        """Whether Temporal answers within the deadline, or within another time."""
        patience = within or self._deadline
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await self._client.service_client.check_health(timeout=patience)
        except (TimeoutError, RPCError, RuntimeError):
            return False

    async def answered(
        self,
        send: Callable[[], Awaitable[T]],
        handle: Handle,
        *,
        deadline: timedelta | None = None,
    ) -> T:
        """What a worker answers; its refusals and Temporal's errors in our own words.

        Args:
            send: sends the call; it is sent again while the workflow is not ready for it.
            handle: the order's workflow.
            deadline: how long it may take, where that is not what other calls may.

        Raises:
            ToldProgressError: the answer to ``READ_PROGRESS``.
            RefusedError: the workflow said no.
            OrderEndedError: it has ended.
            OrderNotFoundError: it never was.
            NoWorkerError: no worker answered in time.
            TemporalUnavailableError: Temporal did not.
        """
        try:
            return await self._in_time(_when_ready(send), deadline)
        except (WorkflowUpdateFailedError, WorkflowQueryFailedError) as error:
            raise _refusal(error) from None
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise await self._silent() from None
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise await self._missing(handle) from None
            if _is_no_answer(error):
                raise await self._silent() from None
            raise
        except RuntimeError as error:
            raise _disconnected(error) from None

    async def _missing(self, handle: Handle) -> HostedNumbersError:
        """Temporal found no open order: has it ended, or was there never one?"""
        try:
            execution = await self.within(handle.describe(rpc_timeout=self._deadline))
        except RPCError:
            return not_found(phone_number_of(handle.id))
        return _ended(execution)

    async def _silent(self) -> HostedNumbersError:
        """Nothing answered in time: is it Temporal or the workers?"""
        return _no_worker() if await self.reachable(SECOND_LOOK) else _unavailable()

    async def _in_time(self, call: Awaitable[T], deadline: timedelta | None = None) -> T:
        """The call's answer, or TimeoutError once the deadline is over.

        ``rpc_timeout`` alone does not bound a call: the SDK goes on trying for seconds when its
        connection breaks, and a lazy client connects without any limit.
        """
        async with asyncio.timeout(((deadline or self._deadline) + _SLACK).total_seconds()):
            return await call

    async def within(self, call: Awaitable[T], deadline: timedelta | None = None) -> T:
        """Temporal's answer within the deadline, its absence as ``TemporalUnavailableError``."""
        try:
            return await self._in_time(call, deadline)
        except TimeoutError:
            raise _unavailable() from None
        except RPCError as error:
            if _is_no_answer(error):
                raise _unavailable() from None
            raise
        except RuntimeError as error:
            raise _disconnected(error) from None


async def _when_ready(send: Callable[[], Awaitable[T]]) -> T:
    """Send again as long as Temporal says that the workflow is not ready for it.

    It does so for a moment when a workflow task failed, as happens to a task that was overtaken by
    an event, and for good when each task of the order fails; the caller's deadline ends it.
    """
    while True:
        try:
            return await send()
        except RPCError as error:
            if error.status != RPCStatusCode.FAILED_PRECONDITION:
                raise
        await asyncio.sleep(_PAUSE.total_seconds())


def _is_no_answer(error: RPCError) -> bool:
    """Whether an error is Temporal's absence, which the log then names by its status."""
    status = error.status.name
    if error.status in _NO_ANSWER:
        _log.info("Temporal gave no answer: %s", status, extra={"kind": status})
    return error.status in _NO_ANSWER


def not_found(phone_number: str) -> OrderNotFoundError:
    """What is said of a number that has no order, or none that the caller may know of."""
    return OrderNotFoundError(
        f"No order is known for {phone_number}. There was none, or its history expired.",
        "Check the number, or start an order for it. What Temporal has forgotten stands in the "
        "files that hosted-numbers export made in time, and at Twilio.",
    )


def _refusal(error: Exception) -> Exception:
    """The workflow's refusal, whose reason and next step travel as the error's details."""
    cause = error.__cause__ if isinstance(error, WorkflowUpdateFailedError) else None
    if isinstance(cause, ApplicationError) and cause.type == contract.READ_PROGRESS:
        return ToldProgressError(Progress.model_validate(cause.details[0]))
    if isinstance(cause, ApplicationError) and cause.details:
        return RefusedError(str(cause.details[0]), str(cause.details[1]))
    return RefusedError(
        "The order did not take this.", "Look at the order in the Temporal UI for the reason."
    )


def _ended(execution: WorkflowExecutionDescription) -> HostedNumbersError:
    status = execution.typed_search_attributes.get(search_attributes.STATUS)
    ended = f"{execution.close_time:%Y-%m-%d %H:%M} UTC" if execution.close_time else "a while ago"
    return OrderEndedError(
        f"The order ended at {ended}, at Twilio's status {status or 'unknown'}.",
        "Nothing can be changed any more. Read its progress, or start a new order.",
    )


def _no_worker() -> NoWorkerError:
    return NoWorkerError(
        "Temporal is up, but no worker answered in time.",
        "Start a worker (python worker.py) and try again; nothing is lost.",
    )


def _disconnected(error: RuntimeError) -> Exception:
    """A lazy client's first connection failed, which the SDK tells by a RuntimeError of its own."""
    return _unavailable() if "client connect" in str(error) else error


def _unavailable() -> TemporalUnavailableError:
    return TemporalUnavailableError(
        "Temporal does not answer.", "Try again shortly; open orders wait and nothing is lost."
    )
