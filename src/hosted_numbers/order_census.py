"""How many open orders stand where, and since when the oldest does: figures for metrics.

They come from Temporal's visibility store by counting. It cannot group by an attribute of ours nor
sort by one, so each status and each need is counted, then those pairs of the two that can exist;
and the oldest order of many is found by halving the time before which there are any.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, get_args

from temporalio.client import Client

from hosted_numbers import contract, search_attributes
from hosted_numbers.contract import WaitingFor
from hosted_numbers.order_lists import STATUSES, summary_of
from hosted_numbers.search_attributes import quoted
from hosted_numbers.temporal_calls import TemporalCalls

T = TypeVar("T")

NOT_AT_TWILIO: Final = "not-at-twilio"
"""In place of a status, while Twilio has no order yet."""
OTHER: Final = "other"
"""A status that this release does not know."""
NEEDS: Final[tuple[str, ...]] = get_args(WaitingFor)

_AT_ONCE: Final = 4
_FEW: Final = 50
_LONGEST: Final = timedelta(days=400)
_CLOSE_ENOUGH: Final = timedelta(seconds=1)

_RUNNING: Final = "ExecutionStatus = 'Running'"
_OPEN: Final = f"WorkflowType = '{contract.WORKFLOW_TYPE}' AND {_RUNNING}"
_TROUBLED: Final = f"{_RUNNING} AND TemporalReportedProblems IS NOT NULL"
"""Workflows whose tasks fail again and again; the server says so by an attribute of its own."""
_STATUS: Final = search_attributes.STATUS.name
_NEED: Final = search_attributes.WAITING_FOR.name
_SINCE: Final = search_attributes.SINCE.name

_STATUS_TERMS: Final = {
    NOT_AT_TWILIO: f"{_STATUS} IS NULL",
    **{each: f"{_STATUS} = {quoted(each)}" for each in STATUSES},
    OTHER: " AND ".join(
        [f"{_STATUS} IS NOT NULL", *(f"{_STATUS} != {quoted(each)}" for each in STATUSES)]
    ),
}
_NEED_TERMS: Final = {each: f"{_NEED} = {quoted(each)}" for each in NEEDS}


@dataclass(frozen=True)
class Group:
    """The open orders in one status that wait for the same.

    Attributes:
        status: Twilio's, ``not-at-twilio`` or ``other``.
        waiting_for: as in ``Progress``.
        count: how many there are.
        oldest_since: since when the one that has stood there longest does, to a second or so.
    """

    status: str
    waiting_for: str
    count: int
    oldest_since: datetime


class OrderCensus:
    """Counts the orders of one Temporal namespace; a few questions are under way at once.

    Args:
        client: of Temporal.
        deadline: how long one question may take.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time, and
    ``RPCError`` when it does not take the question.
    """

    def __init__(self, client: Client, deadline: timedelta) -> None:
        self._client = client
        self._deadline = deadline
        self._calls = TemporalCalls(client, deadline)
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def groups(self) -> tuple[Group, ...]:
        """The groups that have an order in them.

        The counts are not of one moment, and the store lags by a second or so.
        """
        if not await self._count(_OPEN):
            return ()
        statuses, needs = await asyncio.gather(self._used(_STATUS_TERMS), self._used(_NEED_TERMS))
        found = await asyncio.gather(
            *(self._group(status, need) for status in statuses for need in needs)
        )
        return tuple(each for each in found if each is not None)

    async def troubled(self) -> int:
        """How many workflows, of every type, report problems: see ``TemporalReportedProblems``."""
        return await self._count(_TROUBLED)

    async def _used(self, terms: dict[str, str]) -> list[str]:
        counts = await asyncio.gather(
            *(self._count(f"{_OPEN} AND {term}") for term in terms.values())
        )
        return [name for name, count in zip(terms, counts, strict=True) if count]

    async def _group(self, status: str, need: str) -> Group | None:
        query = f"{_OPEN} AND {_STATUS_TERMS[status]} AND {_NEED_TERMS[need]}"
        count = await self._count(query)
        oldest = await self._oldest(query, count) if count else None
        return Group(status, need, count, oldest) if oldest else None

    async def _oldest(self, query: str, count: int) -> datetime | None:
        """Since when the oldest order of a query stands there; None where all of them have left."""
        now = datetime.now(UTC)
        low, high = now - _LONGEST, now + timedelta(minutes=15)  # another machine's clock is ahead
        while count > _FEW and high - low > _CLOSE_ENOUGH:
            middle = low + (high - low) / 2
            before = await self._count(f"{query} AND {_SINCE} < {quoted(middle.isoformat())}")
            if before:
                high, count = middle, before
            else:
                low = middle
        if count > _FEW:
            return high
        before_high = f"{query} AND ({_SINCE} < {quoted(high.isoformat())} OR {_SINCE} IS NULL)"
        return await self._first(before_high)

    async def _first(self, query: str) -> datetime | None:
        rows = self._client.list_workflows(query, page_size=_FEW, rpc_timeout=self._deadline)
        await self._asked(rows.fetch_next_page())
        orders = [summary_of(row) for row in rows.current_page or ()]
        return min((each.since or each.started_at for each in orders), default=None)

    async def _count(self, query: str) -> int:
        counted = self._client.count_workflows(query, rpc_timeout=self._deadline)
        return (await self._asked(counted)).count

    async def _asked(self, call: Awaitable[T]) -> T:
        async with self._turn:
            return await self._calls.within(call)
