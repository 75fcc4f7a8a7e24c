"""Row 4: what waiting costs: history events, and actions as Temporal Cloud bills them.

Orders live on the time-skipping server, where an hour and a month pass at once. All else is the
product, with a Twilio whose clock is moved along: each callback arrives as a hint, by the gateway's
rule for echoes, and the status sweep looks after the orders.

What is held against the goal is the path that the goal was set for: created, called, the code
entered, the letter signed, two hints (carrier-processing, completed). A Twilio that shows
twilio-processing and testing as well adds two hints; that is counted beside it.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from temporalio.api.history.v1 import HistoryEvent
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import twilio_activities
from benchmarks.machine import PARTS, eventually
from benchmarks.outside import Twilio, a_twilio, an_order, new_number
from benchmarks.results import Goal, Result
from benchmarks.same_shape import counts_of
from deploy.local import ACCOUNT_SID, Deployment
from deploy.processes import free_port
from hosted_numbers import contract, search_attributes
from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import OrderChanged, VerificationCodeEntry
from hosted_numbers.converter import encrypting
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.gateway.echoes import PATIENCE, Echoes
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.twilio import Credentials, TwilioClient
from workflows import WORKFLOWS
from workflows.runner import runner

WEEKS: Final = 3
"""As long as no reminder of the deadline falls into."""

_STEP: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_NEVER: Final = timedelta(days=365)
_PATIENCE: Final = 90.0

_ACTIONS: Final = {
    "workflow_execution_started_event_attributes",
    "activity_task_scheduled_event_attributes",
    "timer_started_event_attributes",
    "workflow_execution_signaled_event_attributes",
    "workflow_execution_update_accepted_event_attributes",
    "upsert_workflow_search_attributes_event_attributes",
    "start_child_workflow_execution_initiated_event_attributes",
}


def actions_of(events: Iterable[HistoryEvent]) -> int:
    """How many actions a history was billed.

    The start, each activity and each repetition of one, timer, signal, update, child workflow and
    change of search attributes is one; all local activities of one workflow task are one together.
    Source: Temporal's documentation, Temporal Cloud actions. Refused updates, queries and
    heartbeats are not in a history; an order has neither of the last two.
    """
    actions = 0
    with_local: set[int] = set()
    for event in events:
        what = event.WhichOneof("attributes")
        actions += what in _ACTIONS
        if what == "activity_task_started_event_attributes":
            actions += max(event.activity_task_started_event_attributes.attempt - 1, 0)
        marker = event.marker_recorded_event_attributes
        if marker.marker_name == "core_local_activity":
            with_local.add(marker.workflow_task_completed_event_id)
    return actions + len(with_local)


def shown_status(events: Iterable[HistoryEvent]) -> str | None:
    """The status in which an order last showed itself to lists."""
    shown = None
    for event in events:
        changes = event.upsert_workflow_search_attributes_event_attributes.search_attributes
        if payload := changes.indexed_fields.get(search_attributes.STATUS.name):
            shown = str(json.loads(payload.data))
    return shown


class Swept:
    """A sweep that is at work: this server has no schedules and no lists for a real one."""

    async def alive(self) -> bool:
        """It is."""
        return True


@dataclass(frozen=True)
class World:
    """The product on the time-skipping server."""

    env: WorkflowEnvironment
    twilio: Twilio
    orders: HostedNumberOrders
    echoes: Echoes

    async def hear(self, number: str, status: str) -> None:
        """Pass a callback on, unless it tells the order what it has just done."""
        await self.echoes.pass_on(number, OrderChanged(status=status))

    async def pass_time(self, span: timedelta) -> None:
        """Time goes by at Twilio and for the order; a day at a time, as a call has a deadline."""
        while span > timedelta(0):
            some = min(span, timedelta(days=1))
            self.twilio.simulator.advance_clock(some)
            await self.env.sleep(some)
            span -= some

    async def until(self, number: str, status: str) -> None:
        """Wait until the order shows a status. Reads of its progress leave events here."""

        async def shown() -> bool:
            return shown_status(await self.history(number)) == status

        await eventually(shown, _PATIENCE)

    async def history(self, number: str) -> list[HistoryEvent]:
        """The history of the number's order."""
        handle = self.env.client.get_workflow_handle(order_workflow_id(number))
        return list((await handle.fetch_history()).events)

    async def lived(self, wait: timedelta, *, passing: bool = False) -> list[HistoryEvent]:
        """The history of an order whose carrier takes so long.

        Args:
            wait: how long.
            passing: whether Twilio shows twilio-processing and testing too.
        """
        number = new_number()
        self.twilio.pace(_STEP.total_seconds() if passing else 0)
        await self.orders.start(an_order(number))
        if passing:
            await self.until(number, "twilio-processing")
            await self.pass_time(_STEP)
        await self.until(number, "pending-verification")
        entry = VerificationCodeEntry(code=self.twilio.code(number))
        await self.orders.submit_verification_code(number, entry)
        await self.until(number, "pending-loa")
        await asyncio.sleep(2 * PATIENCE.total_seconds())  # the last echo has been heard
        self.twilio.pace(_NEVER.total_seconds())
        self.twilio.sign(number)
        await self.until(number, "carrier-processing")
        await self.pass_time(wait)
        if passing:
            self.twilio.move(number, "testing")
            await self.until(number, "testing")
        self.twilio.move(number, "completed")
        await self.until(number, "completed")
        return await self.history(number)


@contextlib.asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    """Everything up."""
    with tempfile.TemporaryDirectory() as folder:
        ports = {name: free_port() for name in PARTS}
        deployment = Deployment(Path(folder), ports, keep=False, people="", pace=0)
        environment = deployment.environment("twilio")
        async with (
            await WorkflowEnvironment.start_time_skipping(
                data_converter=encrypting(KeyRing(str(Key.new())), "default"),
                test_server_existing_path=str(Path(sys.executable).parent / "temporal-test-server"),
            ) as env,
            a_twilio(deployment, pace=_STEP.total_seconds(), signs=False) as twilio,
            TwilioClient(
                Credentials.account(ACCOUNT_SID, environment["TWILIO_AUTH_TOKEN"]),
                base_url=environment["TWILIO_BASE_URL"],
            ) as client,
        ):
            await search_attributes.add(env.client)
            activities = twilio_activities(
                client,
                BlobStore.at("memory:///"),
                public_base_url=environment["PUBLIC_BASE_URL"],
                document_retention=timedelta(days=30),
                sweep=Swept(),
            )
            orders = HostedNumberOrders(env.client)
            world = World(env, twilio, orders, Echoes(orders))
            with twilio.callbacks.also(world.hear):
                async with Worker(
                    env.client,
                    task_queue=contract.TASK_QUEUE,
                    workflows=WORKFLOWS,
                    activities=activities,
                    workflow_runner=runner(),
                ):
                    yield world


async def row_4(console: Console) -> list[Result]:
    """Count a wait of an hour, and what each further week adds."""
    async with a_world() as world:
        short = await world.lived(_HOUR)
        passing = await world.lived(_HOUR, passing=True)
        long = await world.lived(_HOUR + timedelta(weeks=WEEKS))
    blind = (
        "Counted on the time-skipping server, each callback arriving alone; callbacks that arrive "
        "together share a workflow task. The sweep's own cost is shared by all orders. A Twilio "
        f"that shows twilio-processing and testing too makes it {len(passing)} events and "
        f"{actions_of(passing)} actions."
    )
    weekly_events = (len(long) - len(short)) / WEEKS
    weekly_actions = (actions_of(long) - actions_of(short)) / WEEKS
    console.print(f"  an hour: {dict(counts_of(short))}", highlight=False)
    console.print(f"  and {WEEKS} weeks: {dict(counts_of(long))}", highlight=False)

    def result(what: str, most: float, counted: float) -> Result:
        details = {
            "an_hour": dict(counts_of(short)),
            "and_weeks": dict(counts_of(long)),
            "with_passing_statuses": dict(counts_of(passing)),
            "history_kb": [sum(each.ByteSize() for each in some) / 1000 for some in (short, long)],
        }
        return Result(4, what, Goal("<=", most), [counted], blind, details)

    return [
        result("history events of an order with a wait of an hour", 50, len(short)),
        result("Temporal actions of an order with a wait of an hour", 16, actions_of(short)),
        result("history events added by each further week", 12, weekly_events),
        result("Temporal actions added by each further week", 3, weekly_actions),
    ]
