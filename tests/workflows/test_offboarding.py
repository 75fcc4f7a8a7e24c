"""A hosted number given back, and a number that is ordered again."""

import asyncio
import contextlib
import json
from datetime import timedelta

import pytest
from temporalio.service import RPCError

from hosted_numbers.contract import Progress
from hosted_numbers.errors import OrderNotFoundError, RefusedError
from hosted_numbers.ids import offboarding_workflow_id
from hosted_numbers.orders import HostedNumberOrders
from tests.orders import NUMBER, an_order
from tests.world import World

NUMBERS = "/2010-04-01/Accounts/*/IncomingPhoneNumbers/*"


async def hosted(world: World) -> Progress:
    """An order that has completed."""
    await world.sign(await world.verified())
    return await world.until(phase="completed")


async def test_number_is_given_back_and_hosted_again(world: World) -> None:
    """Off-boarded, its old order is no obstacle: a new one is made, and knows the old run."""
    first = await hosted(world)
    run_id = (await world.handle().describe()).run_id
    answer = await world.orders.offboard(NUMBER)
    assert answer.taken
    assert "hosts the number no more" in answer.reason
    released = (await world.ledger())["released_numbers"]
    assert [each["order_sid"] for each in released] == [first.sid]
    await world.orders.start(an_order())
    again = await world.until(waiting_for="verification-code")
    assert again.sid != first.sid
    assert again.previous_run_id == run_id
    assert f"in the run {run_id}" in again.timeline[1].what


async def test_number_of_an_order_that_twilio_forgot_is_left_to_a_person(world: World) -> None:
    """Where the number is to be found, nobody knows but Twilio's console."""
    await hosted(world)
    await world.fault("GET", "/HostedNumbers/HostedNumberOrders/*", "status", status=404)
    answer = await world.orders.offboard(NUMBER)
    assert not answer.taken
    assert "was not given back" in answer.reason
    assert "console" in answer.next_step
    assert (await world.ledger())["released_numbers"] == []


async def test_number_that_is_given_back_twice_stays_so(world: World) -> None:
    """A number that is gone already counts as given back."""
    await hosted(world)
    assert (await world.orders.offboard(NUMBER)).taken
    assert (await world.orders.offboard(NUMBER)).taken
    assert len((await world.ledger())["released_numbers"]) == 1


async def test_number_that_is_not_hosted_cannot_be_given_back(world: World) -> None:
    """An open order is cancelled instead; a number without one is unknown."""
    with pytest.raises(OrderNotFoundError):
        await world.orders.offboard(NUMBER)
    await world.verified()
    with pytest.raises(RefusedError, match="has completed") as refusal:
        await world.orders.offboard(NUMBER)
    assert "cancel it" in refusal.value.next_step


async def test_refusal_of_twilio_is_the_answer(world: World) -> None:
    """With what to do, and that it can be tried again."""
    await hosted(world)
    body = json.dumps({"code": 20003, "message": "Authenticate", "status": 401})
    await world.fault("DELETE", NUMBERS, "status", status=401, body=body, times=1)
    answer = await world.orders.offboard(NUMBER)
    assert not answer.taken
    assert "credentials" in answer.reason
    assert "off-board the number again" in answer.next_step
    assert (await world.orders.offboard(NUMBER)).taken


async def test_number_is_given_back_once_though_nobody_heard(world: World) -> None:
    """The answer of the deletion is lost: the next try finds the number gone."""
    await hosted(world)
    await world.fault("DELETE", NUMBERS, "commit-then-drop", times=1)
    assert (await world.orders.offboard(NUMBER)).taken  # waiting for a result skips the pauses
    assert len((await world.ledger())["released_numbers"]) == 1


async def test_slow_twilio_is_told_to_who_gives_a_number_back(world: World) -> None:
    """The answer names the workflow that goes on with it."""
    await hosted(world)
    await world.hold("DELETE", NUMBERS)
    hasty = HostedNumberOrders(world.client, answer_deadline=timedelta(milliseconds=100))
    answer = await hasty.offboard(NUMBER)
    assert answer.taken
    assert offboarding_workflow_id(NUMBER) in answer.next_step
    await world.well_again()
    assert (await world.orders.offboard(NUMBER)).taken  # the same one, to its end
    assert len((await world.ledger())["released_numbers"]) == 1


async def test_giving_back_that_is_stopped_in_the_temporal_ui_is_told(world: World) -> None:
    """Whoever waits for it learns that somebody stopped it."""
    await hosted(world)
    await world.fault("DELETE", NUMBERS, "drop")
    giving_back = asyncio.create_task(world.orders.offboard(NUMBER))
    handle = world.client.get_workflow_handle(offboarding_workflow_id(NUMBER))
    stopped = False
    async with asyncio.timeout(10):
        while not stopped:
            await asyncio.sleep(0.01)
            with contextlib.suppress(RPCError):  # it is not there yet
                await handle.terminate()
                stopped = True
    with pytest.raises(RefusedError, match="stopped in the Temporal UI"):
        await giving_back


async def test_failed_order_is_followed_by_another(world: World) -> None:
    """Ordered again after Twilio failed it: a new order, which names the old one and its run."""
    signing = await world.verified()
    await world.tell(f"orders/{signing.sid}", status="failed", failure_reason="SMS is enabled")
    await world.until(phase="failed")
    run_id = (await world.handle().describe()).run_id
    await world.orders.start(an_order())
    again = await world.until(waiting_for="verification-code")
    assert again.sid != signing.sid
    assert again.previous_run_id == run_id
    story = await world.story()
    assert f"The number was ordered before, in the run {run_id}." in story
    assert f"Twilio failed the number's order before, {signing.sid}." in story
    assert [order["status"] for order in (await world.ledger())["orders"]] == [
        "failed",
        "pending-verification",
    ]


async def test_cancelled_order_is_followed_by_another(world: World) -> None:
    """What was deleted at Twilio is no trace there, and the run before is linked all the same."""
    await world.verified()
    await world.orders.cancel(NUMBER)
    await world.until(phase="cancelled")
    await world.orders.start(an_order())
    again = await world.until(waiting_for="verification-code")
    assert again.previous_run_id is not None
    first = await world.orders.start(an_order())
    assert not first.created  # the same order again: the link to the run before is none of it
