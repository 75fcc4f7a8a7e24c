"""A worker that sweeps, with the simulator, and a Temporal that only answers."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.sweep import Place, SweepActivities
from hosted_numbers import contract, open_orders
from hosted_numbers.contract import OrderChanged
from hosted_numbers.ids import order_workflow_id, phone_number_of
from hosted_numbers.sweep_comparison import Hint, OpenOrder
from hosted_numbers.sweeping import SweepReport, SweepTask
from tests.world import Twilio

BEGAN = datetime.now(UTC)
AGO = BEGAN - timedelta(hours=1)
ORDERS = "/HostedNumbers/HostedNumberOrders"
LETTERS = "/HostedNumbers/AuthorizationDocuments"


def number(index: int) -> str:
    """A number of its own, without a fate."""
    return f"+1212555{2000 + index}"


@dataclass
class Temporal:
    """The open orders as lists show them, what they were told, and those that are not shown."""

    shown: dict[str, OpenOrder] = field(default_factory=dict)
    told: list[Hint] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    ended: dict[str, datetime] = field(default_factory=dict)
    away: bool = False

    async def pages(self, client: object) -> AsyncIterator[dict[str, OpenOrder]]:
        """All of them."""
        del client
        yield dict(self.shown)

    async def shown_now(self, client: object, numbers: Iterable[str]) -> dict[str, OpenOrder]:
        """Those of some numbers."""
        del client
        return {each: self.shown[each] for each in numbers if each in self.shown}

    async def all_still(self, client: object, numbers: Sequence[str], before: datetime) -> bool:
        """Whether all of them stood still, counted from what is shown now."""
        found = await open_orders.shown(cast("Client", client), numbers)
        still = [each for each in found.values() if each.since and each.since < before]
        return sum(each.status is not None for each in still) == len(numbers)

    def get_workflow_handle(self, workflow_id: str) -> "Handle":
        """The workflow of an order."""
        return Handle(self, phone_number_of(workflow_id))


@dataclass
class Execution:
    """A workflow, as it is described."""

    close_time: datetime | None


@dataclass
class Handle:
    """What is said to the workflow of a number's order."""

    temporal: Temporal
    number: str

    async def signal(self, name: str, hint: OrderChanged, **_: object) -> None:
        """Note the hint, where there is somebody to take it."""
        assert name == contract.ORDER_CHANGED
        if self.temporal.away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        if self.number not in self.temporal.shown:
            raise RPCError("ended", RPCStatusCode.NOT_FOUND, b"")
        self.temporal.told.append(Hint(self.number, hint.status))

    async def describe(self, **_: object) -> Execution:
        """Open, ended, or not known."""
        if self.temporal.away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        if self.number in self.temporal.hidden:
            return Execution(None)
        if self.number in self.temporal.ended:
            return Execution(self.temporal.ended[self.number])
        raise RPCError("unknown", RPCStatusCode.NOT_FOUND, b"")


@dataclass
class Sweeper:
    """A worker that sweeps."""

    activities: SweepActivities
    heartbeats: list[Place] = field(default_factory=list)
    at: datetime = BEGAN

    async def sweep(
        self, *, last: SweepReport | None = None, full: bool = False, **info: Any
    ) -> SweepReport:
        """One try of a sweep."""
        task = SweepTask(at=self.at, full=full, last=last)
        return await self.environment(**info).run(self.activities.sweep, task)

    def environment(self, **info: Any) -> ActivityEnvironment:
        """Where a try runs."""
        env = ActivityEnvironment()
        env.info = replace(env.info, started_time=self.at, **info)
        env.on_heartbeat = self.heartbeats.append
        return env


async def at_twilio(twilio: Twilio, *numbers: str, status: str = "received") -> list[str]:
    """Orders of ours, in a status; their SIDs."""
    sids = []
    for each in numbers:
        order = await twilio.twilio.hosted_number_orders.create(
            phone_number=each, unique_name=order_workflow_id(each)
        )
        if status != "received":
            await twilio.tell(f"orders/{order.sid}", status=status)
        sids.append(order.sid)
    return sids


def known(temporal: Temporal, *numbers: str, status: str | None = "received") -> None:
    """Open orders that last knew this."""
    for each in numbers:
        temporal.shown[each] = OpenOrder(status, "nothing", AGO)
