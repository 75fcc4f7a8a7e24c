"""Open orders as Temporal shows them, without anybody who works on them."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsResponse
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.hinting import AT_ONCE
from benchmarks.costs import PAGE
from benchmarks.listed_twilio import STATUS, number
from benchmarks.machine import eventually
from hosted_numbers import contract, search_attributes
from hosted_numbers.ids import order_workflow_id

_AGES_AGO: Final = timedelta(days=1)


async def open_orders(client: Client, count: int) -> None:
    """Workflows that lists show as open orders in ``carrier-processing``; nothing works on them."""
    ids = [order_workflow_id(number(index)) for index in range(count)]
    shown = TypedSearchAttributes(
        [
            SearchAttributePair(search_attributes.STATUS, STATUS),
            SearchAttributePair(search_attributes.WAITING_FOR, "carrier"),
            SearchAttributePair(search_attributes.SINCE, datetime.now(UTC) - _AGES_AGO),
        ]
    )
    await start(client, ids, contract.WORKFLOW_TYPE, shown)
    query = f"WorkflowType = '{contract.WORKFLOW_TYPE}'"

    async def all_shown() -> bool:
        return (await client.count_workflows(query)).count >= count

    await eventually(all_shown)


async def start(
    client: Client,
    ids: Sequence[str],
    kind: str,
    shown: TypedSearchAttributes = TypedSearchAttributes.empty,
) -> None:
    """Start workflows on a queue that nobody polls."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(workflow_id: str) -> None:
        async with turn:
            await client.start_workflow(
                kind, id=workflow_id, task_queue="nobody", search_attributes=shown
            )

    await asyncio.gather(*(one(each) for each in ids))


class Stored:
    """A visibility store that answers from memory, in pages as Temporal sends them.

    Args:
        count: how many open orders it shows.
    """

    def __init__(self, count: int) -> None:
        since = (datetime.now(UTC) - _AGES_AGO).isoformat()
        shown = {
            search_attributes.STATUS.name: STATUS,
            search_attributes.WAITING_FOR.name: "carrier",
            search_attributes.SINCE.name: since,
        }
        self._pages: list[ListWorkflowExecutionsResponse] = []
        for first in range(0, count, PAGE):
            page = ListWorkflowExecutionsResponse()
            for index in range(first, min(first + PAGE, count)):
                row = page.executions.add()
                row.execution.workflow_id = order_workflow_id(number(index))
                for name, value in shown.items():
                    row.search_attributes.indexed_fields[name].data = json.dumps(value).encode()
            page.next_page_token = str(len(self._pages) + 1).encode()
            self._pages.append(page)
        self._pages[-1].next_page_token = b""
        self._bytes = [page.SerializeToString() for page in self._pages]

    async def list_workflow_executions(
        self, request: Any, **_: object
    ) -> ListWorkflowExecutionsResponse:
        """Answer one page; it is decoded as if it had come over the wire."""
        page = int(request.next_page_token or b"0")
        return ListWorkflowExecutionsResponse.FromString(self._bytes[page])

    def client(self) -> Any:
        """As much of a client as a sweep uses while nothing has changed."""
        return SimpleNamespace(namespace="default", workflow_service=self)
