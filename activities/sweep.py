"""One look at Twilio's lists for all open orders; those that differ are told to look themselves."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import Field
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode

from activities.failures import twilio_failures
from activities.hinting import GRACE, Hinting
from hosted_numbers import open_orders, steps
from hosted_numbers.contract import Message
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_lists import STATUSES
from hosted_numbers.sweep_comparison import PENDING_LOA, Comparison, Hints, OpenOrder
from hosted_numbers.sweeping import NAMED, Orphan, SweepReport, SweepTask
from hosted_numbers.twilio import TwilioClient

_DESCRIBE_DEADLINE: Final = timedelta(seconds=4)


class Place(Message):
    """How far a sweep has come, told with each heartbeat."""

    statuses: tuple[str, ...] = Field(default=(), description="What it lists, in this order")
    index: int = Field(default=0, description="Which of them is being listed")
    after: str | None = Field(default=None, description="The page to go on behind")
    requests: int = 0
    listed: dict[str, int] = Field(default={}, description="Orders by status so far")


class SweepActivities:
    """The sweep, and what this worker remembers of the ones before.

    Args:
        twilio: the worker's one client.
        client: of Temporal, with the pydantic data converter.
        callbacks: whether Twilio is told where to report changes.
        grace: see ``hinting.GRACE``.
    """

    def __init__(
        self, twilio: TwilioClient, client: Client, *, callbacks: bool, grace: timedelta = GRACE
    ) -> None:
        self._twilio = twilio
        self._client = client
        self._callbacks = callbacks
        self._grace = grace
        self._hints = Hints()

    @activity.defn(name=steps.SWEEP_ORDERS)
    async def sweep(self, task: SweepTask) -> SweepReport:
        """List the orders in each status that an open order is in, and hint where they differ.

        Safe to run twice: it only reads and hints. A repeated try goes on with the page that the
        last one told by its heartbeat. What that one saw is not known any more, so the sweep then
        says nothing of orders that are missing, and is not complete.
        """
        sweep = _Sweep(self._twilio, self._client, self._hints, task, self._grace)
        with twilio_failures():
            report = await sweep.run()
        report = report.model_copy(update={"callbacks": self._callbacks})
        self._hints.forget(task.at)
        return report


class _Sweep:
    """One try of one sweep."""

    def __init__(
        self,
        twilio: TwilioClient,
        client: Client,
        hints: Hints,
        task: SweepTask,
        grace: timedelta,
    ) -> None:
        self._twilio = twilio
        self._client = client
        self._hints = hints
        self._task = task
        self._grace = grace
        # by Temporal's clock, as the moments are with which it is compared
        self._began = activity.info().started_time
        self._place = _told_before() or Place()
        self._complete = not self._place.requests

    async def run(self) -> SweepReport:
        """List, compare, hint."""
        orders = await self._open_orders()
        if self._complete:
            used = {order.status for order in orders.values()}
            planned = tuple(each for each in STATUSES if self._task.full or each in used)
            self._place = Place(statuses=planned)
        compared = Comparison(orders, self._began)
        hinting = Hinting(
            self._client,
            compared,
            self._hints,
            at=self._task.at,
            grace=self._grace,
            tell=self._tell,
        )
        await self._list(compared, hinting)
        absent: list[str] = []
        if self._complete:
            absent = sorted(compared.absent(self._place.statuses))
            hinting.look(absent, is_change=True)
            hinting.look(compared.unlistable(STATUSES), is_change=False)
            hinting.look(compared.under_review(), is_change=False, soon=True)
            if self._place.listed.get(PENDING_LOA):
                hinting.look(compared.unsigned(await self._letters_out()), is_change=False)
        await hinting.finish()
        report = self._report(len(orders), hinting)
        if self._complete:
            found = self._strays(await hinting.still_open(absent[:NAMED]), len(absent))
            report = report.model_copy(update=found)
        if self._complete and self._task.full:
            report = report.model_copy(update=await self._orphans(compared.strangers))
        return report

    async def _open_orders(self) -> dict[str, OpenOrder]:
        orders: dict[str, OpenOrder] = {}
        async for page in open_orders.pages(self._client):
            orders |= page
            self._tell()
        return orders

    async def _list(self, compared: Comparison, hinting: Hinting) -> None:
        orders = self._twilio.hosted_number_orders
        for index in range(self._place.index, len(self._place.statuses)):
            status = self._place.statuses[index]
            async for page in orders.pages(status=status, after=self._place.after):
                listed = self._place.listed
                self._move(
                    index=index if page.after else index + 1,
                    after=page.after,
                    requests=self._place.requests + 1,
                    listed=listed | {status: listed.get(status, 0) + len(page.items)},
                )
                await hinting.add(compared.differing(page.items))

    async def _letters_out(self) -> set[str]:
        """The SIDs of all letters that are out for signature."""
        out: set[str] = set()
        async for page in self._twilio.authorization_documents.pages(status="signing"):
            out.update(each.sid for each in page.items)
            self._move(requests=self._place.requests + 1)
        return out

    def _report(self, open_: int, hinting: Hinting) -> SweepReport:
        """What was found; of what was not looked for, what the last sweep found."""
        task, place = self._task, self._place
        last = task.last or SweepReport(
            at=task.at, complete=False, requests=0, open_orders=0, listed={}
        )
        news: dict[str, object] = {
            "at": task.at,
            "every": task.every,
            "complete": self._complete,
            "requests": place.requests,
            "open_orders": open_,
            "listed": place.listed,
            "signalled": hinting.signalled,
            "differing": hinting.differing,
        }
        if self._complete:
            news["complete_at"] = task.at
        if self._complete and task.full:
            news["full_at"] = task.at
        return last.model_copy(update=news)

    def _strays(self, still: Sequence[str], absent: int) -> dict[str, object]:
        """The orders that Twilio lacks, and those that it lacked the last time, too."""
        before = self._task.last.absent if self._task.last else ()
        strays = tuple(number for number in still if number in before)
        return {
            "absent": tuple(still),
            "absent_total": len(still) + max(absent - NAMED, 0),
            "strays": strays,
            "strays_total": len(strays),
        }

    async def _orphans(self, strangers: Sequence[Orphan]) -> dict[str, object]:
        """Strangers without an open workflow, which is asked of each, as lists lag."""
        asked = strangers[:NAMED]
        alone = await asyncio.gather(*(self._is_alone(each) for each in asked))
        orphans = tuple(each for each, is_alone in zip(asked, alone, strict=True) if is_alone)
        unasked = len(strangers) - len(asked)
        return {"orphans": orphans, "orphans_total": len(orphans) + unasked}

    async def _is_alone(self, order: Orphan) -> bool:
        handle = self._client.get_workflow_handle(order_workflow_id(order.phone_number))
        try:
            execution = await handle.describe(rpc_timeout=_DESCRIBE_DEADLINE)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return True
            raise
        # one that ended since the lists were read may have ended its order at Twilio, too
        return execution.close_time is not None and execution.close_time < self._began

    def _move(self, **changes: object) -> None:
        self._place = self._place.model_copy(update=changes)
        self._tell()

    def _tell(self) -> None:
        """Tell Temporal how far this is, and stop where the worker stops: another goes on there.

        Raises:
            ApplicationError: the worker is told to stop.
        """
        activity.heartbeat(self._place)
        if activity.is_worker_shutdown():
            raise ApplicationError(
                "The worker stops; another one goes on with the sweep.",
                type="stopping",
                category=ApplicationErrorCategory.BENIGN,
            )


def _told_before() -> Place | None:
    """How far an earlier try of this sweep had come."""
    details = activity.info().heartbeat_details
    return Place.model_validate(details[0]) if details else None
