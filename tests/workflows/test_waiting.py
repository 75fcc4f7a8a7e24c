"""Waiting costs an order next to nothing while the status sweep looks for all of them."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hosted_numbers.contract import OrderChanged
from hosted_numbers.order_state import CODE_LIFE
from tests.orders import NUMBER
from tests.world import World, a_world

FETCH = "GET /HostedNumbers/HostedNumberOrders/{sid}"
MOST_EVENTS = 50


class AtWork:
    """A sweep, as a worker knows of it."""

    def __init__(self) -> None:
        self.well = True

    async def alive(self) -> bool:
        """Whether it looks for all orders."""
        return self.well


@pytest.fixture
def sweep() -> AtWork:
    """A sweep that is at work."""
    return AtWork()


@pytest.fixture
async def world(sweep: AtWork) -> AsyncIterator[World]:
    """One whose orders are told that they are swept."""
    async with a_world(sweep=sweep, pace=10_000_000) as world:
        yield world


async def events(world: World) -> int:
    """How long the history is."""
    return (await world.handle().describe()).history_length


async def looks(world: World) -> int:
    """How often Twilio was asked for the order."""
    return int((await world.ledger())["requests"].get(FETCH, 0))


async def carried(world: World) -> None:
    """An order that is with its carrier, which takes its time; from then on, callbacks are lost."""
    signing = await world.verified()
    await world.tell(f"orders/{signing.sid}", status="carrier-processing")
    await world.until(waiting_for="carrier")
    world.callbacks.lost = True


@pytest.mark.fault("F21")
async def test_month_of_waiting_is_a_few_events(world: World) -> None:
    """Thirty days with all callbacks lost: what the sweep finds at the end, and no look before."""
    await carried(world)
    before, asked = await events(world), await looks(world)
    await world.days_go_by(28)
    sid = (await world.orders.progress(NUMBER)).sid
    await world.tell(f"orders/{sid}", status="completed")
    await world.orders.order_changed(NUMBER, OrderChanged(status="completed"))
    result = await world.handle().result()
    assert result.phase == "completed"
    assert await events(world) - before <= MOST_EVENTS
    assert await looks(world) - asked == 1


async def test_order_looks_for_itself_once_the_sweep_is_gone(world: World, sweep: AtWork) -> None:
    """Once a week it asks; where nobody sweeps any more, it looks every hour or so."""
    await carried(world)
    await world.days_go_by(6)
    sweep.well = False
    asked = await looks(world)
    await world.days_go_by(3)
    assert await looks(world) - asked > 24


async def test_swept_code_expires_when_a_hint_comes(world: World) -> None:
    """It has no timer of its own: the sweep, the clock of all orders, hints at those overdue."""
    await world.start()
    await world.until(waiting_for="verification-code")
    await world.pass_time(CODE_LIFE + timedelta(minutes=1))
    assert (await world.orders.progress(NUMBER)).waiting_for == "verification-code"
    await world.orders.order_changed(NUMBER, OrderChanged())
    await world.until(waiting_for="verification-call")
    assert "The verification code expired after ten minutes." in await world.story()
