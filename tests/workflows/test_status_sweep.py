"""The sweep with everything real: the Temporal dev server, orders at work, the simulator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities import twilio_activities
from activities.expired_codes import ExpiredCodeActivities
from activities.sweep import SweepActivities
from hosted_numbers import contract, open_orders, search_attributes
from hosted_numbers.cli.doctor_actions import adoption
from hosted_numbers.contract import Progress, VerificationCodeEntry
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_lists import STATUSES
from hosted_numbers.order_state import CODE_LIFE
from hosted_numbers.sweeping import SweepPace, SweepReport
from hosted_numbers.twilio import ListedOrder, Listing
from hosted_numbers.twilio.hosted_number_orders import HostedNumberOrders
from tests.orders import an_order
from tests.world import ENCRYPTING, RETENTION, World, a_dev_server, a_world_on, eventually
from workflows import WORKFLOWS, hosted_number_order
from workflows.policies import PACE
from workflows.runner import runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDERS = "/HostedNumbers/HostedNumberOrders"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal dev server, for all of these tests."""
    async with await a_dev_server() as env:
        await search_attributes.register(env.client)
        yield env


class AtWork:
    """A sweep that is at work, so that no order looks by itself."""

    async def alive(self) -> bool:
        """It is."""
        return True


@dataclass
class SweptWorld:
    """A world, and a sweep that a test sets off."""

    world: World
    client: Client
    sweeps: int = 0

    async def sweep(self) -> SweepReport:
        """One tick, as if it were the first one."""
        self.sweeps += 1
        report: SweepReport = await self.client.execute_workflow(
            contract.SWEEP_TYPE,
            SweepPace(),
            id=f"sweep-{id(self)}-{self.sweeps}",
            task_queue=contract.TASK_QUEUE,
            result_type=SweepReport,
        )
        return report

    async def shown(self, number: str, status: str) -> None:
        """Wait until Temporal's list has the order in a status."""

        async def is_shown() -> bool:
            found = await open_orders.shown(self.client, [number])
            return number in found and found[number].status == status

        await eventually(is_shown)

    async def gone(self, number: str) -> None:
        """Wait until Temporal's list of open orders has it no more."""

        async def is_gone() -> bool:
            return not await open_orders.shown(self.client, [number])

        await eventually(is_gone)

    async def moved(self, number: str, **expected: object) -> Progress:
        """What a sweep makes of an order."""
        await self.sweep()
        return await self.world.until(number, **expected)


@pytest_asyncio.fixture(loop_scope="module")
async def swept(env: WorkflowEnvironment) -> AsyncIterator[SweptWorld]:
    """Everything up, and a sweep that believes at once what it sees."""
    async with a_world_on(env, pace=1_000_000) as world:
        sweeping = SweepActivities(
            world.twilio, env.client, callbacks=True, grace=timedelta(seconds=0)
        )
        activities = twilio_activities(
            world.twilio,
            world.blobs,
            public_base_url="http://127.0.0.1",
            document_retention=RETENTION,
            sweep=AtWork(),
        )
        async with Worker(
            env.client,
            task_queue=contract.TASK_QUEUE,
            workflows=WORKFLOWS,
            activities=[*activities, sweeping.sweep, ExpiredCodeActivities(env.client).hint],
            workflow_runner=runner(),
        ):
            yield SweptWorld(world, env.client)


async def end(swept: SweptWorld, number: str) -> None:
    """Leave no order open for the next test."""
    await swept.client.get_workflow_handle(order_workflow_id(number)).terminate()
    await swept.gone(number)


async def held(swept: SweptWorld, number: str) -> list[dict[str, Any]]:
    """What Twilio ever had for a number."""
    orders = (await swept.world.ledger())["orders"]
    return [each for each in orders if each["phone_number"] == number]


@pytest.mark.fault("F21")
async def test_orders_get_through_when_all_callbacks_are_lost(swept: SweptWorld) -> None:
    """Each of Twilio's moves is found by the next sweep, and by nothing else."""
    number, world = "+12125550131", swept.world
    world.callbacks.lost = True
    await world.start(phone_number=number)
    await swept.shown(number, "twilio-processing")
    waiting = await swept.moved(number, waiting_for="verification-code")
    entry = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(number, entry)).taken
    signing = await world.until(number, waiting_for="signature", status="pending-loa")
    await swept.shown(number, "pending-loa")
    assert (await swept.sweep()).signalled == 0

    await world.sign(signing)
    await swept.moved(number, status="carrier-processing")
    await swept.shown(number, "carrier-processing")
    await world.tell(f"orders/{signing.sid}", status="completed")
    done = await swept.moved(number, phase="completed")

    assert done.status == "completed"
    assert [each["status"] for each in await held(swept, number)] == ["completed"]
    history = await world.handle(number).fetch_history()
    await Replayer(
        workflows=WORKFLOWS, workflow_runner=runner(), data_converter=ENCRYPTING
    ).replay_workflow(history)


@pytest.mark.fault("F35")
async def test_an_order_that_vanished_is_held_and_then_left_in_peace(
    swept: SweptWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep notices, the order looks twice and waits for a person; further sweeps are silent."""
    soon = replace(PACE, second_look=timedelta(milliseconds=100))
    monkeypatch.setattr(hosted_number_order, "PACE", soon)
    number, world = "+12125550133", swept.world
    progress = await world.verified(phone_number=number)
    await swept.shown(number, "pending-loa")
    await world.twilio.hosted_number_orders.delete(str(progress.sid))
    first = await swept.sweep()
    assert (first.signalled, first.absent) == (1, (number,))
    vanished = await world.until(number, waiting_for="operator")
    assert "no longer knows the order" in vanished.reason
    before = (await world.handle(number).describe()).history_length
    assert [(await swept.sweep()).signalled for _ in range(3)] == [0, 0, 0]
    assert (await world.handle(number).describe()).history_length == before
    assert len(await held(swept, number)) == 1
    await end(swept, number)


async def test_an_orphan_is_adopted_by_the_command_that_doctor_names(swept: SweptWorld) -> None:
    """Its workflow was terminated by an admin: the same order, sent again, finds it at Twilio."""
    number, world = "+12125550134", swept.world
    progress = await world.verified(phone_number=number)
    await swept.shown(number, "pending-loa")
    await end(swept, number)
    (orphan,) = (await swept.sweep()).orphans
    assert (orphan.phone_number, orphan.sid, orphan.status) == (number, progress.sid, "pending-loa")
    assert adoption(orphan).startswith(f"hosted-numbers order create --phone-number {number} ")

    await world.orders.start(an_order(phone_number=number))
    adopted = await world.until(number, waiting_for="signature")
    assert adopted.sid == progress.sid
    assert adopted.authorization_document_sid == progress.authorization_document_sid
    assert len(await held(swept, number)) == 1
    assert (await swept.sweep()).orphans == ()
    await end(swept, number)


@pytest.mark.fault("F11")
async def test_a_sweep_that_twilio_holds_up_goes_on_where_it_was(
    swept: SweptWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the pause that was asked for; what it listed before is not listed again."""
    number = "+12125550135"
    await swept.world.verified(phone_number=number)
    await swept.shown(number, "pending-loa")
    listed: list[str] = []
    pages = HostedNumberOrders.pages

    def limited(
        self: HostedNumberOrders, *, status: str, after: str | None
    ) -> AsyncIterator[Listing[ListedOrder]]:
        listed.append(status)
        return _after(pages(self, status=status, after=after), len(listed))

    async def _after(
        walk: AsyncIterator[Listing[ListedOrder]], count: int
    ) -> AsyncIterator[Listing[ListedOrder]]:
        if count == 2:
            headers = {"Retry-After": "1"}
            await swept.world.fault("GET", ORDERS, "status", status=429, headers=headers, times=1)
        async for page in walk:
            yield page

    monkeypatch.setattr(HostedNumberOrders, "pages", limited)
    report = await swept.sweep()

    first, *others = STATUSES
    assert listed == [first, others[0], *others]
    assert (report.requests, report.complete) == (len(STATUSES), False)
    await end(swept, number)


async def test_orders_whose_time_is_up_are_found(swept: SweptWorld) -> None:
    """By what they wait for, and by the moment that their deadline shows."""
    number = "+15017122696"
    await swept.world.start(phone_number=number)
    await swept.world.until(number, waiting_for="verification-code")
    await swept.shown(number, "pending-verification")
    now = datetime.now(UTC)
    assert await open_orders.overdue(swept.client, "verification-code", now) == ()
    late = await open_orders.overdue(swept.client, "verification-code", now + 2 * CODE_LIFE)
    assert [each for each, _ in late] == [number]
    await end(swept, number)
