"""Lists of orders, from Temporal's visibility store by search attributes; no second database.

The store lags by a second or so. It neither sorts by an attribute nor groups by one, so what is
wanted first is found by counting: a moment is halved until few enough orders lie before it, which
takes a dozen cheap counts even with a million open orders.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, search_attributes
from hosted_numbers.contract import WaitingFor
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.ids import PREFIX, phone_number_of
from hosted_numbers.search_attributes import quoted
from hosted_numbers.temporal_calls import TemporalCalls

T = TypeVar("T")

STATUSES: Final = (
    "twilio-processing",
    "received",
    "pending-verification",
    "verified",
    "pending-loa",
    "carrier-processing",
    "testing",
    "action-required",
)
"""Twilio's statuses of an open order, in the order in which most pass them."""

NEEDS_A_PERSON: Final[tuple[WaitingFor, ...]] = (
    "verification-call",
    "verification-code",
    "document",
    "operator",
)
"""What an order waits for when somebody of ours has to act."""

_FEW: Final = 200
_MOST: Final = 1000
_HALVINGS: Final = 32
_LONGEST: Final = timedelta(days=400)
_ORDER_SID: Final = re.compile(r"HR[0-9a-fA-F]{32}")
_NUMBER: Final = re.compile(r"\+?[0-9 ().-]+")


@dataclass(frozen=True)
class OrderSummary:
    """One row of a list."""

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
    since: datetime | None = None
    """Since when status and need are what they are; None before the order first waited."""


@dataclass(frozen=True)
class OrderPage:
    """A page of a list; ``next_cursor`` is None on the last one."""

    orders: tuple[OrderSummary, ...]
    next_cursor: bytes | None


@dataclass(frozen=True)
class StatusCount:
    """How many open orders stand in a status of Twilio's, and since when the oldest does."""

    status: str | None
    count: int
    oldest: OrderSummary | None


@dataclass(frozen=True)
class Pressing:
    """The orders that need a person, the soonest deadline first, and how many there are in all."""

    orders: tuple[OrderSummary, ...]
    total: int


class OrderLists:
    """Lists of one Temporal namespace.

    Args:
        client: as for ``HostedNumberOrders``.
        deadline: how long a call to Temporal may take; a list may take several.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time.
    """

    def __init__(self, client: Client, deadline: timedelta) -> None:
        self._client = client
        self._deadline = deadline
        self._calls = TemporalCalls(client, deadline)

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
        """One page of orders, newest first.

        Args:
            status: Twilio's status, exactly.
            waiting_for: what it waits for, as in ``Progress``.
            customer: the backend's own reference, exactly.
            open_only: leave out orders that have ended.
            page_size: 1 to 1000 rows.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidRequestError: a filter holds a quote, or the cursor is unknown.
        """
        query = search_attributes.query(
            status=status, waiting_for=waiting_for, customer=customer, open_only=open_only
        )
        return await self._page(query, page_size, cursor)

    async def find(self, text: str, page_size: int = 50) -> OrderPage:
        """Orders by what a person types: a number or its beginning, a customer, an order's SID.

        Raises:
            InvalidRequestError: it holds a quote or a backslash.
        """
        text = text.strip()
        terms = [f"{search_attributes.CUSTOMER.name} = {quoted(text)}"]
        if _ORDER_SID.fullmatch(text):
            terms.append(f"{search_attributes.ORDER_SID.name} = {quoted(text)}")
        if _NUMBER.fullmatch(text) and (digits := re.sub(r"[^0-9]", "", text)):
            number = f"+{digits}" if text.startswith("+") or digits[0] == "1" else f"+1{digits}"
            terms.append(f"WorkflowId STARTS_WITH {quoted(PREFIX + number)}")
        return await self._page(f"{_ORDERS} AND ({' OR '.join(terms)})", page_size)

    async def census(self) -> tuple[StatusCount, ...]:
        """The open orders by status, in the order of ``STATUSES``.

        Those that are not at Twilio yet stand first, under None; those in a status that this
        release does not know stand last, under ``other``.
        """
        known = [f"{search_attributes.STATUS.name} = {quoted(each)}" for each in STATUSES]
        none = f"{search_attributes.STATUS.name} IS NULL"
        others = [f"{search_attributes.STATUS.name} != {quoted(each)}" for each in STATUSES]
        other = f"{search_attributes.STATUS.name} IS NOT NULL AND {' AND '.join(others)}"
        counted = await asyncio.gather(
            *(self._counted(f"{_OPEN} AND {term}") for term in (none, *known, other))
        )
        names = (None, *STATUSES, "other")
        return tuple(
            StatusCount(name, count, oldest)
            for name, (count, oldest) in zip(names, counted, strict=True)
            if name != "other" or count
        )

    async def of_import(self, import_id: str) -> dict[str, int]:
        """How many orders of a bulk import stand where; what none of them is at is left out.

        The open ones by Twilio's status, ``not-at-twilio`` before there is one and ``other`` where
        this release does not know it; then ``completed``, ``failed`` and ``ended`` for the others.
        """
        orders = f"{_ORDERS} AND {search_attributes.BULK_IMPORT.name} = {quoted(import_id)}"
        status = search_attributes.STATUS.name
        running = {"not-at-twilio": f"{status} IS NULL"} | {
            each: f"{status} = {quoted(each)}" for each in STATUSES
        }
        over = {each: f"{status} = {quoted(each)}" for each in ("completed", "failed")}
        found = await asyncio.gather(
            self._told_apart(f"{orders} AND ExecutionStatus = 'Running'", running, "other"),
            self._told_apart(f"{orders} AND ExecutionStatus != 'Running'", over, "ended"),
        )
        return {name: count for some in found for name, count in some.items() if count > 0}

    async def _told_apart(self, query: str, terms: dict[str, str], rest: str) -> dict[str, int]:
        """How many there are by each term, and under ``rest`` the others."""
        total = await self._count(query)
        if total == 0:
            return {}
        counts = await asyncio.gather(
            *(self._count(f"{query} AND {term}") for term in terms.values())
        )
        # the counts are not of one moment
        return dict(zip(terms, counts, strict=True)) | {rest: max(total - sum(counts), 0)}

    async def on_their_way(self, import_id: str) -> int:
        """How many orders of a bulk import Twilio is still to take.

        Those that are on hold do not count: whoever mends one may take days.
        """
        names = search_attributes
        return await self._count(
            f"{_OPEN} AND {names.BULK_IMPORT.name} = {quoted(import_id)} "
            f"AND {names.STATUS.name} IS NULL AND {names.WAITING_FOR.name} != 'operator'"
        )

    async def pressing(self, limit: int = 50) -> Pressing:
        """Open orders that need a person, those with the soonest deadline."""
        needs = ", ".join(quoted(each) for each in NEEDS_A_PERSON)
        query = f"{_OPEN} AND {search_attributes.WAITING_FOR.name} IN ({needs})"
        total, found = await self._first(query, search_attributes.DEADLINE, limit)
        return Pressing(_sorted(found, _deadline)[:limit], total)

    async def changed(
        self, since: datetime, customer: str | None = None
    ) -> tuple[OrderSummary, ...]:
        """Orders whose status or need changed at or after a moment, the first change first.

        At most 1000 of them: whoever follows changes asks every second or so, and asks again from
        the last one's moment on.
        """
        moment = quoted(since.astimezone(UTC).isoformat())
        query = f"{_ORDERS} AND {search_attributes.SINCE.name} >= {moment}"
        if customer is not None:
            query += f" AND {search_attributes.CUSTOMER.name} = {quoted(customer)}"
        _, found = await self._first(query, search_attributes.SINCE, _FEW)
        return _sorted(found, _since)

    async def _counted(self, query: str) -> tuple[int, OrderSummary | None]:
        count, found = await self._first(query, search_attributes.SINCE, 1)
        return count, min(found, key=_since, default=None)

    async def _first(
        self, query: str, key: SearchAttributeKey[datetime], least: int
    ) -> tuple[int, Sequence[OrderSummary]]:
        """How many there are, and enough of them to hold the ``least`` smallest by a moment."""
        count = await self._count(query)
        if count == 0:
            return 0, ()
        if count > _MOST:
            now = datetime.now(UTC)
            low, high = now - _LONGEST, now + _LONGEST
            for _ in range(_HALVINGS):
                middle = low + (high - low) / 2
                before = await self._count(f"{query} AND {_before(key, middle)}")
                if least <= before <= _MOST:
                    query = f"{query} AND {_before(key, middle)}"
                    break
                low, high = (middle, high) if before < least else (low, middle)
            else:  # more of them have one moment than a page holds: it shows some of those
                query = f"{query} AND {_before(key, high)}"
        page = await self._page(query, _MOST)
        return count, page.orders

    async def _count(self, query: str) -> int:
        counted = self._client.count_workflows(query, rpc_timeout=self._deadline)
        return (await self._asked(counted)).count

    async def _page(self, query: str, page_size: int, cursor: bytes | None = None) -> OrderPage:
        rows = self._client.list_workflows(
            query, page_size=page_size, next_page_token=cursor, rpc_timeout=self._deadline
        )
        await self._asked(rows.fetch_next_page())
        found = tuple(summary_of(row) for row in rows.current_page or ())
        return OrderPage(found, rows.next_page_token or None)

    async def _asked(self, call: Awaitable[T]) -> T:
        """The answer to a query, or what is wrong with it in our own words."""
        try:
            return await self._calls.within(call)
        except RPCError as error:
            if error.status == RPCStatusCode.INVALID_ARGUMENT:
                raise InvalidRequestError(
                    "Temporal does not take this list: its search attributes or the cursor are "
                    "unknown to it.",
                    "Run hosted-numbers setup once, and take a cursor only from the page before.",
                ) from None
            raise


_ORDERS: Final = f"WorkflowType = '{contract.WORKFLOW_TYPE}'"
_OPEN: Final = f"{_ORDERS} AND ExecutionStatus = 'Running'"


def _before(key: SearchAttributeKey[datetime], moment: datetime) -> str:
    return f"{key.name} < {quoted(moment.isoformat())}"


def _since(order: OrderSummary) -> datetime:
    return order.since or order.started_at


def _deadline(order: OrderSummary) -> datetime:
    return order.deadline or datetime.max.replace(tzinfo=UTC)


def _sorted(
    orders: Sequence[OrderSummary], by: Callable[[OrderSummary], datetime]
) -> tuple[OrderSummary, ...]:
    return tuple(sorted(orders, key=by))


def summary_of(row: WorkflowExecution) -> OrderSummary:
    """An order, as a row of a list or as it is described."""
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
        since=found.get(search_attributes.SINCE),
    )
