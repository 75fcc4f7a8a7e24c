"""Waiting for a connection: in order, bounded, and at no cost."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hosted_numbers.twilio.transports import Transports
from hosted_numbers.twilio.turns import Turns


def turns(at_once: int = 1, patience: float = 5.0) -> Turns:
    """Turns that nothing is sent in."""
    return Turns(at_once, patience, Transports(httpx.MockTransport(lambda _: httpx.Response(200))))


async def settled() -> None:
    """All tasks have come to where they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_turns_come_in_the_order_of_asking() -> None:
    """Nobody is passed, also not by one that asks in the moment in which a turn ends."""
    order: list[str] = []
    bounded = turns()

    async def call(name: str) -> None:
        async with bounded.one():
            order.append(name)

    async with asyncio.TaskGroup() as calls:
        async with bounded.one():
            for name in "abc":
                calls.create_task(call(name))
            await settled()
        # the turn is free, and a is about to take it
        await call("newcomer")
    assert order == ["a", "b", "c", "newcomer"]


async def test_one_that_gives_up_waiting_takes_no_turn_with_it() -> None:
    """A cancelled call leaves the queue, and the next one moves up."""
    bounded = turns()

    async def call() -> str:
        async with bounded.one():
            return "done"

    async with bounded.one():
        first, second = asyncio.create_task(call()), asyncio.create_task(call())
        await settled()
        first.cancel()
    assert await second == "done"
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await call() == "done"


async def test_a_waiting_call_does_nothing() -> None:
    """A thousand calls that wait cost memory, and no time of the event loop."""
    bounded = turns()
    loop = asyncio.get_running_loop()
    scheduled: list[object] = []
    asked = [asyncio.create_task(_one(bounded)) for _ in range(100)]
    async with bounded.one():
        await settled()
        call_soon: Callable[..., asyncio.Handle] = loop.call_soon

        def counted(*args: Any, **kwargs: Any) -> asyncio.Handle:
            scheduled.append(args[0])
            return call_soon(*args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "call_soon", counted)
            await settled()
        assert len(scheduled) <= 11  # the loop's own rounds, and none of those that wait
        assert not any(task.done() for task in asked)
    await asyncio.gather(*asked)


async def _one(bounded: Turns) -> None:
    async with bounded.one():
        await asyncio.sleep(0)


async def test_the_wait_is_bounded() -> None:
    """Then the call surely was not sent, and the turn goes to the next one all the same."""
    bounded = turns(patience=0.01)
    async with bounded.one():
        with pytest.raises(httpx.PoolTimeout):
            await _one(bounded)
    await _one(bounded)


async def test_the_last_one_used_is_the_next() -> None:
    """Few connections stay warm; another one is made when those made are busy."""
    made: list[httpx.AsyncBaseTransport] = []

    class Counting(Transports):
        def one(self) -> httpx.AsyncBaseTransport:
            made.append(httpx.MockTransport(lambda _: httpx.Response(200)))
            return made[-1]

    bounded = Turns(3, 5.0, Counting(None))
    async with bounded.one() as first, bounded.one() as second:
        assert [first, second] == made
    for _ in range(3):
        async with bounded.one() as again:
            assert again is first
    assert len(made) == 2
