"""Reminders before a deadline, and its end with a reason before Twilio's own."""

from datetime import timedelta

import pytest

from tests.orders import NUMBER
from tests.world import World


async def reminders(world: World) -> list[str]:
    """The reminders given so far."""
    return [line for line in await world.story() if line.startswith("Reminder")]


@pytest.mark.fault("F34")
async def test_unsigned_letter_is_reminded_of_twice_and_ends(world: World) -> None:
    """A week before, a day before, then the end: deleted at Twilio, which would fail it later."""
    await world.verified()
    await world.days_go_by(21)
    assert await reminders(world) == []
    await world.days_go_by(2)
    assert len(await reminders(world)) == 1
    assert "not signed yet" in (await reminders(world))[0]
    await world.days_go_by(5)
    assert len(await reminders(world)) == 2
    await world.days_go_by(1)
    ended = await world.until(phase="failed")
    assert "stood still for 29 days" in ended.reason
    ledger = await world.ledger()
    assert [order["deleted"] for order in ledger["orders"]] == [True]
    assert [letter["status"] for letter in ledger["authorization_documents"]] == ["opened"]


async def test_order_that_moves_is_reminded_of_anew(world: World) -> None:
    """The deadline counts from the last change of status, and so do its reminders."""
    await world.start(call_when="asked", deadline_days=10)
    waiting = await world.until(waiting_for="verification-call")
    await world.days_go_by(4)
    assert len(await reminders(world)) == 1
    await world.tell(f"orders/{waiting.sid}", status="verified")
    signing = await world.until(waiting_for="signature", status="pending-loa")
    assert signing.deadline is not None
    assert signing.deadline - await world.env.get_current_time() > timedelta(days=9, hours=20)
    await world.days_go_by(4)
    assert len(await reminders(world)) == 2


async def test_short_deadline_has_only_the_reminders_that_fit(world: World) -> None:
    """Three days leave no week to remind of."""
    await world.start(call_when="asked", deadline_days=3)
    await world.until(waiting_for="verification-call")
    await world.days_go_by(2)
    await world.env.sleep(timedelta(hours=1))
    assert len(await reminders(world)) == 1


async def test_what_waits_for_nobody_is_not_reminded_of(slow_world: World) -> None:
    """Only Twilio can act at the carrier; past the deadline a person is called."""
    signing = await slow_world.verified(deadline_days=10)
    await slow_world.sign(signing)
    await slow_world.until(waiting_for="carrier")
    await slow_world.days_go_by(9)
    assert await reminders(slow_world) == []
    await slow_world.days_go_by(2)
    held = await slow_world.until(waiting_for="operator", status="carrier-processing")
    assert "deadline has passed" in held.reason
    await slow_world.tell(f"orders/{signing.sid}", status="completed")
    assert (await slow_world.handle().result()).phase == "completed"


async def test_deadline_without_an_order_at_twilio_ends_it_too(world: World) -> None:
    """The create was refused and nobody mended it."""
    number = "+12125550111"
    await world.start(phone_number=number, deadline_days=2)
    await world.until(number, waiting_for="operator")
    await world.days_go_by(2)
    await world.env.sleep(timedelta(minutes=1))
    ended = await world.until(number, phase="failed")
    assert "2 days" in ended.reason


async def test_deadline_that_twilio_does_not_let_pass_is_tried_again(world: World) -> None:
    """The deletion is refused: the order is held, and let go a day later."""
    await world.start(call_when="asked", deadline_days=2)
    await world.until(waiting_for="verification-call")
    await world.fault("DELETE", "*", "status", status=400, times=1)
    await world.days_go_by(2)
    await world.env.sleep(timedelta(minutes=1))
    await world.until(waiting_for="operator")
    await world.days_go_by(1)
    await world.env.sleep(timedelta(minutes=1))
    assert (await world.until(NUMBER, phase="failed")).status == "received"
