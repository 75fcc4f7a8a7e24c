"""Which keys are still needed, by all that Temporal and the blob store keep.

Each history is read whole, as a key may stand in any of its events: a worker that had not been
restarted yet, an order that went on under a new key. That is a request or two for each workflow, so
it is for the one time that somebody wants to take a key away. Nothing is decrypted.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeScheduleRequest,
    GetWorkflowExecutionHistoryRequest,
    ListSchedulesRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers.blobs import BlobStore
from hosted_numbers.encryption import codec

_PAGE: Final = 1000
_AT_ONCE: Final = 10
"""Histories that are read side by side, so that orders hardly notice."""

_DEADLINE: Final = timedelta(seconds=10)
# A payload's metadata as protobuf writes it: the name, then a length and the key's id.
_NAMED: Final = re.compile(
    bytes([len(codec.KEY_ID)]) + codec.KEY_ID.encode() + rb"\x12([\x01-\x40])([A-Za-z0-9._-]{1,64})"
)


@dataclass
class Usage:
    """How many of each need a key, by the key's id.

    Attributes:
        workflows: runs, open and closed.
        schedules: Schedules.
        files: files of the blob store.
    """

    workflows: Counter[str] = field(default_factory=Counter)
    schedules: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    def keys(self) -> AbstractSet[str]:
        """Every key that something needs."""
        return self.workflows.keys() | self.schedules.keys() | self.files.keys()


async def look(client: Client, blobs: BlobStore) -> Usage:
    """Look through everything.

    Raises:
        RPCError: Temporal does not let this through.
        BlobStoreError: the blob store does not do its work.
    """
    found = Usage(files=await blobs.encryption_keys())
    turns = asyncio.Semaphore(_AT_ONCE)

    async def count(run: WorkflowExecution, listed: AbstractSet[str]) -> None:
        async with turns:
            found.workflows.update(listed | await _of_history(client, run))

    async for page in _runs(client):
        await asyncio.gather(*(count(run, listed) for run, listed in page))
    async for keys in _of_schedules(client):
        found.schedules.update(keys)
    return found


def keys_in(message: bytes) -> set[str]:
    """The keys that the payloads in a message of Temporal's, as it is on the wire, need."""
    return {
        named[: length[0]].decode()
        for length, named in (m.groups() for m in _NAMED.finditer(message))
    }


async def _runs(client: Client) -> AsyncIterator[list[tuple[WorkflowExecution, set[str]]]]:
    """Every run that Temporal keeps, with the keys of its memo, a page at a time."""
    token = b""
    while True:
        answer = await client.workflow_service.list_workflow_executions(
            ListWorkflowExecutionsRequest(
                namespace=client.namespace, page_size=_PAGE, next_page_token=token
            ),
            retry=True,
            timeout=_DEADLINE,
        )
        yield [(row.execution, keys_in(row.SerializeToString())) for row in answer.executions]
        token = answer.next_page_token
        if not token:
            return


async def _of_history(client: Client, run: WorkflowExecution) -> set[str]:
    keys: set[str] = set()
    token = b""
    while True:
        try:
            answer = await client.workflow_service.get_workflow_execution_history(
                GetWorkflowExecutionHistoryRequest(
                    namespace=client.namespace, execution=run, next_page_token=token
                ),
                retry=True,
                timeout=_DEADLINE,
            )
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:  # its time was up meanwhile
                return set()
            raise
        keys |= keys_in(answer.SerializeToString())
        token = answer.next_page_token
        if not token:
            return keys


async def _of_schedules(client: Client) -> AsyncIterator[set[str]]:
    token = b""
    while True:
        page = await client.workflow_service.list_schedules(
            ListSchedulesRequest(
                namespace=client.namespace, maximum_page_size=_PAGE, next_page_token=token
            ),
            retry=True,
            timeout=_DEADLINE,
        )
        for each in page.schedules:
            described = await client.workflow_service.describe_schedule(
                DescribeScheduleRequest(namespace=client.namespace, schedule_id=each.schedule_id),
                retry=True,
                timeout=_DEADLINE,
            )
            yield keys_in(described.SerializeToString())
        token = page.next_page_token
        if not token:
            return
