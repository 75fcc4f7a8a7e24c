"""Groups that share a letter, as far as a number was a member: which of them may go.

The history of a group names all of its orders, and who signs. As long as another of them is open,
it is that order's history, too, and stays.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.api.history.v1 import HistoryEvent

from hosted_numbers.erasure.plan import Remainder, Target
from hosted_numbers.erasure.records import Records
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.letter_groups import contract as groups
from hosted_numbers.letter_groups.contract import Leaving
from hosted_numbers.letter_groups.state import GroupInput


@dataclass(frozen=True)
class Letters:
    """The groups of one namespace.

    Attributes:
        records: where they are looked for.
        kept: how long the namespace keeps what has ended.
    """

    records: Records
    kept: timedelta

    async def of(self, phone_number: str) -> tuple[list[Target], list[Remainder]]:
        """The runs of groups that go with a number, and those that stay.

        All groups are looked through, since one may outlive what is known of the order.
        """
        go: list[Target] = []
        stay: list[Remainder] = []
        async for some in self.records.letter_groups():
            members = await asyncio.gather(*(self._members(run) for run in some))
            for run, numbers in zip(some, members, strict=True):
                if phone_number not in numbers:
                    continue
                reason = await self._why_it_stays(run, numbers - {phone_number})
                if reason is None:
                    go.append(run)
                else:
                    stay.append(reason)
        return go, stay

    async def _members(self, run: Target) -> set[str]:
        """The numbers of all orders that a run of a group heard of."""
        found: set[str] = set()
        async for event in self.records.executions.history(run.workflow_id, run.run_id):
            found |= await self._named(event)
        return found

    async def _named(self, event: HistoryEvent) -> set[str]:
        executions = self.records.executions
        if event.HasField("workflow_execution_started_event_attributes"):
            started = event.workflow_execution_started_event_attributes
            group = await executions.decoded(started.input.payloads, GroupInput)
            return set(group.carried.seen) if group and group.carried else set()
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name in {groups.JOIN, groups.LEAVE}:
            # joining or leaving, it names its number alike
            order = await executions.decoded(signal.input.payloads, Leaving)
            return {order.phone_number} if order else set()
        return set()

    async def _why_it_stays(self, run: Target, others: set[str]) -> Remainder | None:
        key = run.workflow_id.removeprefix(groups.PREFIX)
        executions = self.records.executions
        described = await executions.described(run.workflow_id, run.run_id)
        if described is None:
            return None
        if described.close_time is None:
            return Remainder(
                what=f"the group {key!r} is open: it waits for orders of other numbers",
                until=f"{_days(self.kept)} after its end",
                then="Purge the number again once it has ended (hosted-numbers letter show).",
            )
        for other in sorted(others):
            order = await executions.described(order_workflow_id(other))
            if order is not None and order.close_time is None:
                return Remainder(
                    what=f"the group {key!r}: another order on its letter is open",
                    until=_until(described.close_time + self.kept),
                    then="Purge the number again once that order has ended.",
                )
        return None


def _days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):g} days"


def _until(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
