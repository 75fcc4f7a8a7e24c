"""The open orders, as Temporal's visibility store shows them: little of each, and quickly.

The SDK's own list makes an object of each row with all that it has. A sweep reads a hundred
thousand of them, so this takes the few attributes that it needs from the answer itself.
"""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client

from hosted_numbers import contract, search_attributes
from hosted_numbers.ids import order_workflow_id, phone_number_of
from hosted_numbers.search_attributes import quoted
from hosted_numbers.sweep_comparison import OpenOrder

Fields: TypeAlias = Mapping[str, Payload]
"""The search attributes of one order."""

PAGE: Final = 1000
"""The most that Temporal lists at once."""

NAMED_AT_ONCE: Final = 100
"""Ids in one query."""

_DEADLINE: Final = timedelta(seconds=10)
_OPEN: Final = f"WorkflowType = '{contract.WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"


async def pages(client: Client) -> AsyncIterator[dict[str, OpenOrder]]:
    """Iterate over all open orders by number, a page at a time, without ``OpenOrder.since``.

    Raises:
        RPCError: Temporal does not list them.
        TimeoutError: it does not answer in time.
    """
    async for page in _listed(client, _OPEN, _stands):
        yield page


async def shown(client: Client, phone_numbers: Sequence[str]) -> dict[str, OpenOrder]:
    """The open ones among these numbers' orders, as they stand now; raises the same."""
    found: dict[str, OpenOrder] = {}
    for some in _named(phone_numbers):
        async for page in _listed(client, f"{_OPEN} AND {_are(some)}", _stands_since):
            found |= page
    return found


async def all_still(client: Client, phone_numbers: Sequence[str], before: datetime) -> bool:
    """Whether each of these numbers' orders is open, at Twilio, and has not moved since.

    It is counted, which takes a store a tenth of what it takes to list them. Raises the same.

    Args:
        client: of Temporal.
        phone_numbers: whose.
        before: orders that last moved before this stood still.
    """
    status, since = search_attributes.STATUS.name, search_attributes.SINCE.name
    still = f"{_OPEN} AND {status} IS NOT NULL AND {since} < {quoted(before.isoformat())}"
    for some in _named(phone_numbers):
        request = CountWorkflowExecutionsRequest(
            namespace=client.namespace, query=f"{still} AND {_are(some)}"
        )
        async with asyncio.timeout(_DEADLINE.total_seconds()):
            answer = await client.workflow_service.count_workflow_executions(
                request, retry=True, timeout=_DEADLINE
            )
        if answer.count < len(some):
            return False
    return True


async def overdue(
    client: Client, waiting_for: str, now: datetime
) -> Sequence[tuple[str, OpenOrder]]:
    """The open orders that wait for something whose time is up; one page of them at most.

    Raises the same.
    """
    query = (
        f"{_OPEN} AND {search_attributes.WAITING_FOR.name} = {quoted(waiting_for)}"
        f" AND {search_attributes.DEADLINE.name} <= {quoted(now.isoformat())}"
    )
    async for page in _listed(client, query, _stands_since):
        return tuple(page.items())
    return ()


def _named(phone_numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as a query may name."""
    for first in range(0, len(phone_numbers), NAMED_AT_ONCE):
        yield phone_numbers[first : first + NAMED_AT_ONCE]


def _are(phone_numbers: Sequence[str]) -> str:
    ids = ", ".join(quoted(order_workflow_id(number)) for number in phone_numbers)
    return f"WorkflowId IN ({ids})"


async def _listed(
    client: Client, query: str, read: Callable[[Fields], OpenOrder]
) -> AsyncIterator[dict[str, OpenOrder]]:
    token = b""
    while True:
        request = ListWorkflowExecutionsRequest(
            namespace=client.namespace, page_size=PAGE, next_page_token=token, query=query
        )
        async with asyncio.timeout(_DEADLINE.total_seconds()):
            answer = await client.workflow_service.list_workflow_executions(
                request, retry=True, timeout=_DEADLINE
            )
        yield {
            phone_number_of(row.execution.workflow_id): read(row.search_attributes.indexed_fields)
            for row in answer.executions
        }
        token = answer.next_page_token
        if not token:
            return


def _stands(fields: Fields) -> OpenOrder:
    status, waiting_for = fields.get(_STATUS), fields.get(_WAITING_FOR)
    return _standing(status and status.data, waiting_for and waiting_for.data)


def _stands_since(fields: Fields) -> OpenOrder:
    since = datetime.fromisoformat(_text(fields[_SINCE].data)) if _SINCE in fields else None
    return _stands(fields)._replace(since=since)


@functools.lru_cache(maxsize=1024)
def _standing(status: bytes | None, waiting_for: bytes | None) -> OpenOrder:
    """One for all that stand alike: a hundred thousand orders stand in a few dozen ways."""
    return OpenOrder(
        status=None if status is None else _text(status),
        waiting_for=None if waiting_for is None else _text(waiting_for),
    )


def _text(written: bytes) -> str:
    """A value as Temporal itself writes it, in JSON, whatever converter the client has."""
    text: str = json.loads(written)
    return text


_STATUS: Final = search_attributes.STATUS.name
_WAITING_FOR: Final = search_attributes.WAITING_FOR.name
_SINCE: Final = search_attributes.SINCE.name
