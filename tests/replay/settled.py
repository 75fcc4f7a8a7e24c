"""A world in which nothing overlaps, so that a life comes to the same commands each time.

In the other worlds callbacks, people and timers race the activities, as they do in life: a hint
that comes while the order looks anyway saves it a look. Here a callback is handed over, and a
scenario goes on, only once the workflows have nothing under way.
"""

import asyncio
import contextlib
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Final, Self, TypeAlias

from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError

from hosted_numbers.contract import OrderChanged
from hosted_numbers.errors import OrderEndedError, OrderNotFoundError
from hosted_numbers.orders import HostedNumberOrders
from tests.orders import NUMBER
from tests.world import World, eventually

Handle: TypeAlias = WorkflowHandle[Any, Any]

_ROUNDS: Final = 20
"""Of the event loop: the simulator hands over what is due in fewer."""

_ENDS: Final = ("_COMPLETED", "_FAILED", "_TIMED_OUT", "_CANCELED", "_CONTINUED_AS_NEW")
"""Of events that end a workflow or an activity."""

_DONE: Final = "WORKFLOW_TASK_COMPLETED"
_NEWS: Final = (
    *(f"ACTIVITY_TASK{end}" for end in _ENDS),
    "CHILD_WORKFLOW_EXECUTION_",
    "EXTERNAL_WORKFLOW_EXECUTION_",
    "TIMER_FIRED",
    "WORKFLOW_EXECUTION_CANCEL_REQUESTED",
    "WORKFLOW_EXECUTION_SIGNALED",
    "WORKFLOW_TASK_",
)
"""Of events after which a workflow task is completed."""


@dataclass
class Kept:
    """Callbacks that have come and are not handed over yet."""

    waiting: deque[tuple[str, OrderChanged]] = field(default_factory=deque)

    async def order_changed(self, number: str, hint: OrderChanged) -> None:
        """Keep one."""
        self.waiting.append((number, hint))


class Slowly:
    """Something whose every act waits for all to be quiet, before and after.

    Args:
        of: whose acts.
        settle: comes back when all is quiet.
    """

    def __init__(self, of: Any, settle: Callable[[], Awaitable[None]]) -> None:
        self._of = of
        self._settle = settle

    def __getattr__(self, name: str) -> Any:
        """The same attribute, slowed down where it is an act."""
        found = getattr(self._of, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def act(*given: Any, **named: Any) -> Any:
            await self._settle()
            try:
                return await found(*given, **named)
            finally:
                await self._settle()

        return act


@dataclass
class SettledWorld(World):
    """A world that goes on step by step; ``watched`` are the workflows that must be quiet."""

    watched: dict[str, Handle] = field(default_factory=dict)
    mail: Kept = field(default_factory=Kept)
    hinting: HostedNumberOrders | None = None

    @classmethod
    def of(cls, world: World) -> Self:
        """The same world, slowed down."""
        settled = cls(**{each.name: getattr(world, each.name) for each in fields(world)})
        keeping: Any = settled.mail
        orders: Any = Slowly(world.orders, settled.settle)
        env: Any = Slowly(world.env, settled.settle)
        world.callbacks.orders = keeping
        settled.hinting, settled.orders, settled.env = world.orders, orders, env
        return settled

    def handle(self, number: str = NUMBER) -> Handle:
        """The workflow of a number's order, which is watched from now on."""
        return self.watched.setdefault(number, super().handle(number))

    async def tell(self, path: str, /, **body: object) -> Any:
        """A control path of the simulator."""
        told = await super().tell(path, **body)
        await self.settle()
        return told

    async def settle(self) -> None:
        """Hand over all callbacks, one after the other, until nothing is left to be done."""
        while True:
            for handle in list(self.watched.values()):
                await eventually(partial(is_quiet, handle), patience=30)
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
            if not self.mail.waiting:
                return
            await self._hand_over(*self.mail.waiting.popleft())

    async def _hand_over(self, number: str, hint: OrderChanged) -> None:
        """Give the order one callback; a signal shows in its history somewhat later."""
        assert self.hinting is not None
        handle = self.handle(number)
        before = await _signals(handle)
        with contextlib.suppress(OrderEndedError, OrderNotFoundError):
            await self.hinting.order_changed(number, hint)

            async def shows() -> bool:
                return await _signals(handle) > before or await is_over(handle)

            await eventually(shows)


async def is_quiet(handle: Handle) -> bool:
    """Whether a workflow waits for time or for messages alone, has ended, or is not there yet."""
    try:
        history = await handle.fetch_history()
        task, activities = _left_open(history)
        if task or not activities:
            return not task
        pending = (await handle.describe()).raw_description.pending_activities
    except RPCError:
        return True
    return len(pending) == activities and all(
        each.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED and each.attempt > 1
        for each in pending
    )


def _left_open(history: WorkflowHistory) -> tuple[bool, int]:
    """Whether a workflow task is under way or has to follow, and how many activities are open."""
    kinds = [
        EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events
    ]
    if kinds[-1] in {f"WORKFLOW_EXECUTION{end}" for end in _ENDS}:
        return False, 0
    done = max((at for at, kind in enumerate(kinds) if kind == _DONE), default=-1)
    after = kinds[done + 1 :]
    begun = kinds.count("ACTIVITY_TASK_SCHEDULED")
    over = sum(kinds.count(f"ACTIVITY_TASK{end}") for end in _ENDS)
    return done < 0 or any(kind.startswith(_NEWS) for kind in after), begun - over


async def _signals(handle: Handle) -> int:
    """How many signals a workflow has had."""
    history = await handle.fetch_history()
    return sum(
        event.HasField("workflow_execution_signaled_event_attributes") for event in history.events
    )


async def is_over(handle: Handle) -> bool:
    """Whether a workflow has ended."""
    return (await handle.describe()).close_time is not None
