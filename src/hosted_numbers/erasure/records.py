"""The workflows in which a number stands: its orders and what went with them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from temporalio.client import WorkflowExecution

from hosted_numbers import contract
from hosted_numbers.erasure.plan import Kind, Target
from hosted_numbers.executions import Executions
from hosted_numbers.ids import document_disposal_id, offboarding_workflow_id, order_workflow_id
from hosted_numbers.notification_records import NUMBER_MEMO
from hosted_numbers.search_attributes import quoted
from hosted_numbers.steps import DocumentDisposal

_AT_ONCE: Final = 20


@dataclass(frozen=True)
class Records:
    """The workflows of one namespace, as somebody looks for a number in them.

    Each list of Temporal's lags by a second, so the newest run of an id is asked for by itself.
    """

    executions: Executions

    async def orders(self, phone_number: str) -> list[Target]:
        """Every run of the number's orders."""
        return await self._runs("order", order_workflow_id(phone_number))

    async def releases(self, phone_number: str) -> list[Target]:
        """Every run of giving the number back."""
        return await self._runs("release", offboarding_workflow_id(phone_number))

    async def letter_groups(self) -> AsyncIterator[list[Target]]:
        """Every run of every group that shares a letter, some at a time."""
        async for rows in self._some(_of(contract.LETTER_GROUP_TYPE)):
            yield [Target("letter group", row.id, row.run_id) for row in rows]

    async def events(self, phone_number: str) -> list[Target]:
        """Every event about the number, also of orders that Temporal has forgotten.

        Their memos tell, which no query can ask for: all events are looked through.
        """
        return [
            Target("event", row.id, row.run_id)
            async for row in self.executions.listed(_of(contract.NOTIFICATION_TYPE))
            if await row.memo_value(NUMBER_MEMO, None) == phone_number
        ]

    async def disposals(
        self, phone_number: str, orders: Iterable[Target], forgotten_before: datetime
    ) -> list[Target]:
        """The disposals of the number's files.

        Args:
            phone_number: E.164.
            orders: runs of its orders, each of which may have left its files to one.
            forgotten_before: orders that ended before are not among them any more. Which of the
                disposals of that time are the number's, only their inputs tell.
        """
        found: list[Target] = []
        for order in orders:
            found += await self._runs("disposal", document_disposal_id(order.run_id))
        known = {each.workflow_id for each in found}
        query = f"{_of(contract.DISPOSAL_TYPE)} AND StartTime < {_moment(forgotten_before)}"
        async for target, disposal in self.told_disposals(query):
            if disposal.phone_number == phone_number and target.workflow_id not in known:
                found.append(target)
        return found

    async def pending_disposals(self) -> AsyncIterator[DocumentDisposal]:
        """What the disposals are about whose time has not come."""
        query = f"{_of(contract.DISPOSAL_TYPE)} AND ExecutionStatus = 'Running'"
        async for _, disposal in self.told_disposals(query):
            yield disposal

    async def told_disposals(self, query: str) -> AsyncIterator[tuple[Target, DocumentDisposal]]:
        """Disposals with what they were told; those that end meanwhile may be left out."""
        async for rows in self._some(query):
            told = await asyncio.gather(
                *(
                    self.executions.started_with(row.id, row.run_id, DocumentDisposal)
                    for row in rows
                )
            )
            for row, disposal in zip(rows, told, strict=True):
                if disposal is not None:
                    yield Target("disposal", row.id, row.run_id), disposal

    async def _some(self, query: str) -> AsyncIterator[list[WorkflowExecution]]:
        """What a query finds, so many at a time as are looked into at once."""
        some: list[WorkflowExecution] = []
        async for row in self.executions.listed(query):
            some.append(row)
            if len(some) == _AT_ONCE:
                yield some
                some = []
        if some:
            yield some

    async def _runs(self, kind: Kind, workflow_id: str) -> list[Target]:
        query = f"WorkflowId = {quoted(workflow_id)}"
        runs = {row.run_id async for row in self.executions.listed(query)}
        newest = await self.executions.described(workflow_id)
        if newest is not None:
            runs.add(newest.run_id)
        return [Target(kind, workflow_id, run_id) for run_id in sorted(runs)]


def _of(workflow_type: str) -> str:
    return f"WorkflowType = {quoted(workflow_type)}"


def _moment(at: datetime) -> str:
    return quoted(at.isoformat())
