"""``NumberErasure``: all that is known of one number is looked for, shown, and deleted.

What leads to other things goes last, so an erasure that was broken off finds the rest when it is
run again.
"""

import asyncio
import itertools
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionDescription

from hosted_numbers import search_attributes
from hosted_numbers.blobs import BlobStore
from hosted_numbers.erasure.import_rows import ImportRows, import_of
from hosted_numbers.erasure.letters import Letters
from hosted_numbers.erasure.plan import Erased, Plan, Remainder, Target
from hosted_numbers.erasure.records import Records
from hosted_numbers.errors import RefusedError
from hosted_numbers.executions import Executions
from hosted_numbers.ids import (
    bulk_import_workflow_id,
    offboarding_workflow_id,
    order_workflow_id,
)
from hosted_numbers.namespace_retention import namespace_retention
from hosted_numbers.phone_numbers import masked

PATIENCE: Final = timedelta(seconds=60)
"""Temporal takes up to half a minute over what has only just ended, and is quick about the rest."""

_AT_ONCE: Final = 10
# Clocks differ, and what expires is not deleted on the dot.
_SLACK: Final = timedelta(days=1)

_log = logging.getLogger(__name__)


class NumberErasure:
    """The right to erasure, for one number at a time.

    Args:
        client: a connected client with the pydantic data converter (``temporal.connect``).
        blobs: the store that the gateway and the worker use, too.
        deadline: how long a call to Temporal may take.
        patience: how long to wait until Temporal has deleted what it was told to; by default a
            minute.

    Every method raises ``TemporalUnavailableError`` when Temporal does not answer in time,
    ``BlobStoreError`` when the store does not do its work, and ``RefusedError`` as long as
    something of the number is under way. What was deleted until then is deleted.
    """

    def __init__(
        self,
        client: Client,
        blobs: BlobStore,
        *,
        deadline: timedelta = timedelta(seconds=4),
        patience: timedelta | None = None,
    ) -> None:
        self._client = client
        self._blobs = blobs
        self._deadline = deadline
        self._patience = PATIENCE if patience is None else patience
        self._executions = Executions(client, deadline)
        self._records = Records(self._executions)
        self._rows = ImportRows(blobs)

    async def plan(self, phone_number: str) -> Plan:
        """What an erasure of a number would delete, and what it would leave.

        Args:
            phone_number: E.164.

        Raises:
            RefusedError: an order of it is open, it is being given back, or an import that may
                start an order of it is under way.
        """
        at = datetime.now(UTC)
        newest = await self._nothing_under_way(phone_number)
        rows = {blob: lines async for blob, lines in self._rows.found(phone_number)}
        await self._no_import_under_way(rows)
        retention = await namespace_retention(self._client, self._deadline)
        orders = await self._records.orders(phone_number)
        groups, remains = await Letters(self._records, retention.kept).of(phone_number)
        if newest is not None:
            remains += _at_twilio(newest)
        if retention.archived:
            remains.append(_ARCHIVE)
        targets = [
            *await self._records.events(phone_number),
            *await self._records.disposals(phone_number, orders, at - retention.kept + _SLACK),
            *await self._records.releases(phone_number),
            *groups,
            *orders,
        ]
        files = [each async for each in self._blobs.listed(phone_number)]
        return Plan(phone_number, at, tuple(targets), len(files), rows, tuple(remains))

    async def carry_out(self, plan: Plan) -> Erased:
        """Delete what a plan names; safe to be broken off, and to repeat.

        Raises:
            RefusedError: an order of the number was started since.
        """
        number = plan.phone_number
        await self._nothing_under_way(number)
        files = await self._blobs.delete_until(number, datetime.now(UTC))
        rows = 0
        for blob in plan.rows:
            rows += await self._rows.strike(blob, number)
        for _, some in itertools.groupby(plan.targets, key=lambda each: each.kind):
            await self._deleted(list(some))
        left = await self._executions.still_there(
            ((each.workflow_id, each.run_id) for each in plan.targets), self._patience
        )
        erased = Erased(len(plan.targets), files, rows, tuple(sorted({each for each, _ in left})))
        _log.info(
            "Purged %s: %d workflows, %d files, %d rows of imports; %d workflows not gone yet",
            masked(number),
            erased.workflows,
            erased.files,
            erased.rows,
            len(erased.pending),
        )
        return erased

    async def _deleted(self, targets: Sequence[Target]) -> None:
        for first in range(0, len(targets), _AT_ONCE):
            await asyncio.gather(
                *(
                    self._executions.delete(each.workflow_id, each.run_id)
                    for each in targets[first : first + _AT_ONCE]
                )
            )

    async def _nothing_under_way(self, phone_number: str) -> WorkflowExecutionDescription | None:
        """The number's newest order, which has ended."""
        newest = await self._executions.described(order_workflow_id(phone_number))
        if newest is not None and newest.close_time is None:
            raise RefusedError(
                f"The order for {phone_number} is open; nothing was deleted.",
                f"Cancel it first: hosted-numbers order cancel {phone_number}",
            )
        release = await self._executions.described(offboarding_workflow_id(phone_number))
        if release is not None and release.close_time is None:
            raise RefusedError(
                f"{phone_number} is being given back; nothing was deleted.",
                f"Wait until {release.id} has ended: see the Temporal UI.",
            )
        return newest

    async def _no_import_under_way(self, blobs: Iterable[str]) -> None:
        for import_id in sorted({import_of(blob) for blob in blobs}):
            described = await self._executions.described(bulk_import_workflow_id(import_id))
            if described is not None and described.close_time is None:
                raise RefusedError(
                    f"The import {import_id}, which is under way, names the number; nothing was "
                    "deleted.",
                    f"Wait for its end, or end it: hosted-numbers bulk cancel {import_id}",
                )


_ARCHIVE: Final = Remainder(
    what="Temporal's archive has copies of histories",
    until="they are deleted there",
    then="Delete them there, or retire the encryption key that they were written with.",
)


def _at_twilio(order: WorkflowExecutionDescription) -> list[Remainder]:
    """The order at Twilio, by the last that its lists say of it."""
    sid = order.typed_search_attributes.get(search_attributes.ORDER_SID)
    if sid is None:
        return []
    if order.typed_search_attributes.get(search_attributes.STATUS) == "completed":
        then = (
            "While this order is known here, hosted-numbers order offboard gives the number back; "
            "afterwards only Twilio's console does. Ask Twilio to erase the rest."
        )
    else:
        then = "Delete it in Twilio's console or API where it is still there; ask Twilio the rest."
    return [
        Remainder(
            f"the order {sid} at Twilio, with its letter, papers and calls", "it is deleted", then
        )
    ]
