"""``LetterGroups``: how orders and people reach the workflows of letters that orders share."""

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, search_attributes, temporal_calls
from hosted_numbers.contract import Answer, Message, OrderChanged, Resumption
from hosted_numbers.errors import (
    HostedNumbersError,
    NoWorkerError,
    RefusedError,
    TemporalUnavailableError,
)
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.letter_groups import contract as names
from hosted_numbers.letter_groups.contract import (
    Joining,
    Leaving,
    LetterAmendment,
    LetterFields,
    LetterProgress,
    SendNow,
    group_workflow_id,
)
from hosted_numbers.letter_groups.state import GroupInput
from hosted_numbers.temporal_calls import TemporalCalls

T = TypeVar("T")

_KEY: Final = re.compile(r".+/[0-9a-f]{8}", re.DOTALL)
_PAUSE: Final = timedelta(milliseconds=100)
_NO_ANSWER: Final = "The group took it, and what came of it is not known yet."


class LetterGroupNotFoundError(HostedNumbersError):
    """No group of that name is known, or several are."""

    code = "letter-group-not-found"


class LetterGroups:
    """The groups of one Temporal namespace.

    Args:
        client: connected by ``temporal.connect``; one of your own needs the data converter of
            ``converter.converter_of``, with the keys that the workers have.
        deadline: how long a call to Temporal may take.
        answer_deadline: how long to wait for what a person's act comes to, once it was taken.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time; those
    for people raise ``LetterGroupNotFoundError``, and ``NoWorkerError`` when no worker answers.
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

    async def join(
        self, key: str, letter: LetterFields, joining: Joining, *, customer: str | None
    ) -> None:
        """Tell a group that an order waits, and begin the group where there is none.

        Args:
            key: the group's, ``contract.group_key``.
            letter: what its letter says, should it be begun.
            joining: who waits.
            customer: the backend's reference, by which the group is found in Temporal's lists.
        """
        await self._signal_with_start(key, letter, names.JOIN, joining, customer)

    async def leave(
        self,
        key: str,
        letter: LetterFields,
        leaving: Leaving,
        *,
        customer: str | None,
        joined: bool,
    ) -> None:
        """Tell a group that an order needs no letter.

        A group that the order had joined is told if it is still there. One that it had not is begun
        if need be: orders that have ended count when it asks itself whether it is complete.
        """
        if not joined:
            await self._signal_with_start(key, letter, names.LEAVE, leaving, customer)
            return
        handle = self._handle(key)
        await self._told(handle.signal(names.LEAVE, leaving, rpc_timeout=self._deadline))

    async def tell_order(self, phone_number: str, hint: OrderChanged) -> None:
        """Have an order look at Twilio; one that has ended need not."""
        handle = self._client.get_workflow_handle(order_workflow_id(phone_number))
        await self._told(
            handle.signal(contract.ORDER_CHANGED, hint, rpc_timeout=self._deadline),
        )

    async def progress(self, group: str) -> LetterProgress:
        """Where a group stands, whether it is open or has ended.

        Args:
            group: its key, or its name alone where that names one group.
        """
        handle = self._handle(await self._key(group))
        try:
            await self._answered(
                lambda: handle.execute_update(names.READ_PROGRESS, rpc_timeout=self._deadline)
            )
        except WorkflowUpdateFailedError as error:
            if isinstance(cause := error.__cause__, ApplicationError) and cause.details:
                return LetterProgress.model_validate(cause.details[0])
            raise _refusal(error) from None
        except LetterGroupNotFoundError:
            # a query is safe where no event can arrive any more
            return await self._answered(
                lambda: handle.query(
                    names.PROGRESS, result_type=LetterProgress, rpc_timeout=self._deadline
                )
            )
        raise NoWorkerError("The group's workflow has no progress to tell.", "Upgrade the worker.")

    async def send_now(self, group: str) -> Answer:
        """Send the letter to those who wait, without the others.

        Raises:
            RefusedError: nobody waits.
        """
        return await self._act(group, names.SEND_NOW, SendNow())

    async def resume(self, group: str) -> Answer:
        """Let a group that is on hold go on: a dead letter is issued anew.

        Raises:
            RefusedError: it is not on hold.
        """
        return await self._act(group, names.RESUME, Resumption())

    async def amend(self, group: str, amendment: LetterAmendment) -> Answer:
        """Change who signs the group's letter.

        Raises:
            RefusedError: no order needs a letter, or nothing is changed.
        """
        return await self._act(group, names.AMEND, amendment)

    async def _signal_with_start(
        self, key: str, letter: LetterFields, signal: str, message: Message, customer: str | None
    ) -> None:
        await self._calls.within(
            self._client.start_workflow(
                contract.LETTER_GROUP_TYPE,
                GroupInput(key=key, letter=letter),
                id=group_workflow_id(key),
                task_queue=contract.TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                search_attributes=search_attributes.at_start(customer),
                start_signal=signal,
                start_signal_args=[message],
                static_summary="One letter of authorization for many orders",
                rpc_timeout=self._deadline,
            )
        )

    async def _told(self, signal: Awaitable[None]) -> None:
        """Send a signal that is for nobody where the workflow has ended."""
        try:
            await self._calls.within(signal)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    async def _act(self, group: str, name: str, message: Message) -> Answer:
        """Send an update and wait for its answer, in two steps with a deadline each."""
        handle = self._handle(await self._key(group))
        try:
            started = await self._answered(
                lambda: handle.start_update(
                    name,
                    message,
                    id=uuid.uuid4().hex,
                    wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                    result_type=Answer,
                    rpc_timeout=self._deadline,
                )
            )
        except WorkflowUpdateFailedError as error:
            raise _refusal(error) from None
        try:
            result: Answer = await self._calls.within(
                started.result(rpc_timeout=self._answer_deadline), self._answer_deadline
            )
        except WorkflowUpdateFailedError as error:
            raise _refusal(error) from None
        except (TemporalUnavailableError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return Answer(
                taken=True, reason=_NO_ANSWER, next_step="Look at the group: letter show."
            )
        return result

    async def _answered(self, send: Callable[[], Awaitable[T]]) -> T:
        """A worker's answer, in time; its absence in our own words."""
        try:
            return await self._calls.within(_when_ready(send))
        except (WorkflowUpdateRPCTimeoutOrCancelledError, TemporalUnavailableError):
            raise await self._silent() from None
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise LetterGroupNotFoundError(
                    "The group has ended, or never was.",
                    "Check its name; an order that joins it begins it anew.",
                ) from None
            raise

    async def _silent(self) -> HostedNumbersError:
        """Nothing answered in time: is it Temporal or the workers?"""
        if await self._calls.reachable(temporal_calls.SECOND_LOOK):
            return NoWorkerError(
                "Temporal is up, but no worker answered in time.",
                "Start a worker (python worker.py) and try again; nothing is lost.",
            )
        return TemporalUnavailableError(
            "Temporal does not answer.", "Try again shortly; groups wait and nothing is lost."
        )

    async def _key(self, group: str) -> str:
        """The key that a person means, who may leave the digits out where one group is so named.

        Raises:
            LetterGroupNotFoundError: none is, or several are.
        """
        if _KEY.fullmatch(group):
            return group
        prefix = search_attributes.quoted(f"{group_workflow_id(group)}/")
        query = f"WorkflowType = '{contract.LETTER_GROUP_TYPE}' AND WorkflowId STARTS_WITH {prefix}"
        rows = self._client.list_workflows(query, page_size=100, rpc_timeout=self._deadline)
        await self._calls.within(rows.fetch_next_page())
        ids = [row.id for row in rows.current_page or ()]
        open_ids = [row.id for row in rows.current_page or () if row.close_time is None]
        known = sorted({each.removeprefix(names.PREFIX) for each in open_ids or ids})
        found = [key for key in known if key.rpartition("/")[0] == group]
        if len(found) == 1:
            return found[0]
        if found:
            raise LetterGroupNotFoundError(
                f"Several groups have that name: {', '.join(found)}.", "Name one of them whole."
            )
        raise LetterGroupNotFoundError(
            f"No group {group!r} is known.",
            "Check the name; a group is known once an order of it is verified.",
        )

    def _handle(self, key: str) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(group_workflow_id(key))


def _refusal(error: WorkflowUpdateFailedError) -> RefusedError:
    """The workflow's refusal, whose reason and next step travel as the error's details."""
    cause = error.__cause__
    if isinstance(cause, ApplicationError) and len(cause.details) > 1:
        return RefusedError(str(cause.details[0]), str(cause.details[1]))
    return RefusedError(
        "The group did not take this.", "Look at it in the Temporal UI for the reason."
    )


async def _when_ready(send: Callable[[], Awaitable[T]]) -> T:
    """Send again as long as Temporal says that the workflow is not ready for it."""
    while True:
        try:
            return await send()
        except RPCError as error:
            if error.status != RPCStatusCode.FAILED_PRECONDITION:
                raise
        await asyncio.sleep(_PAUSE.total_seconds())
