"""What each workflow commands in each scenario: ``make fingerprints`` writes it down.

The recorded histories show that orders of older releases go on. What stands in ``fingerprints.txt``
shows whether today's orders would still go on with what is being changed: a command more, fewer or
elsewhere is a line in a diff, which needs ``workflow.patched`` or an edition of its own.
"""

import asyncio
import contextlib
import functools
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, TypeAlias

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from hosted_numbers.converter import DATA_CONVERTER  # noqa: E402
from hosted_numbers.delivery import GoneError  # noqa: E402  # the path is set above, for all
from tests.receiver import Inbox  # noqa: E402
from tests.replay.record import AtWork  # noqa: E402
from tests.replay.scenarios import (  # noqa: E402
    SCENARIOS,
    SLOW,
    SWEPT,
    TOLD,
    Scenario,
    notification,
    notification_undelivered,
)
from tests.replay.scenarios_of_many import imported, shared_letter, swept  # noqa: E402
from tests.replay.settled import SettledWorld, is_over  # noqa: E402
from tests.world import World, a_dev_server, a_world, a_world_on, eventually  # noqa: E402

Place: TypeAlias = Callable[[], AbstractAsyncContextManager[World]]

FILE: Final = Path(__file__).parent / "fingerprints.txt"
SLOW_TWILIO: Final = 10_000_000
_LONGEST_GROUP: Final = 6
_MANY: Final = 10
"""How often an order looks from Saturday to Monday depends on the season: the clocks change."""

_ADVICE: Final = """
The commands of {name} are no longer those of tests/replay/fingerprints.txt:

{difference}

An order that is open today would meet them in the middle of its life. Put the change behind
workflow.patched (workflows/patches.py) where it must reach open orders, or give new orders another
edition (docs/decisions/0010-editions.md): see "Changing a workflow" in CONTRIBUTING.md. Where it is
meant and guarded: make fingerprints, and commit the file with the change."""


def advice(name: str, difference: str) -> str:
    """What to do about commands that have changed."""
    return _ADVICE.format(name=name, difference=difference)


@contextlib.asynccontextmanager
async def _among_many() -> AsyncIterator[World]:
    async with (
        await a_dev_server(converter=DATA_CONVERTER) as env,
        a_world_on(env) as world,
        world.working(),
    ):
        yield world


def _gone() -> Inbox:
    return Inbox(always=GoneError("The receiver answered 410."))


# In the clear: a timer is told apart by its summary.
_plain: Final = functools.partial(a_world, converter=DATA_CONVERTER)


def _lives() -> Iterator[tuple[str, Scenario, Place]]:
    for each in SCENARIOS:
        yield each.__name__, each, _plain
    for each in TOLD:
        yield f"{each.__name__}_told", each, lambda: _plain(Inbox())
    for each in SLOW:
        yield each.__name__, each, lambda: _plain(pace=SLOW_TWILIO)
    for each in SWEPT:
        yield each.__name__, each, lambda: _plain(sweep=AtWork(), pace=SLOW_TWILIO)
    yield "notification", notification, lambda: _plain(Inbox())
    yield "notification_undelivered", notification_undelivered, lambda: _plain(_gone())
    for each in (shared_letter, imported, swept):
        yield each.__name__, each, _among_many


LIVES: Final = {name: (scenario, place) for name, scenario, place in _lives()}
"""By name. Histories that are begun anew are left to the replay: the server says when they are."""


async def lived(name: str) -> str:
    """Live a scenario, step by step; its fingerprint."""
    scenario, place = LIVES[name]
    async with place() as world:
        settled = SettledWorld.of(world)
        handle = await scenario(settled) or settled.handle()
        await settled.settle()
        await eventually(lambda: is_over(handle))
        return fingerprint(await handle.fetch_history())


def fingerprint(history: WorkflowHistory) -> str:
    """The type of a workflow and its commands, one a line; what repeats is counted."""
    started = history.events[0].workflow_execution_started_event_attributes
    lines = [line for event in history.events if (line := _command(event))]
    return "\n".join([started.workflow_type.name, *(f"  {line}" for line in _counted(lines))])


def committed() -> dict[str, str]:
    """What stands in the file, by name."""
    parts = FILE.read_text(encoding="utf-8").strip().split("\n\n")
    return dict(part.split(": ", 1) for part in parts)


def written(prints: dict[str, str]) -> str:
    """The file's text."""
    return "\n\n".join(f"{name}: {prints[name]}" for name in sorted(prints)) + "\n"


def _command(event: HistoryEvent) -> str | None:
    """A command, or the acceptance of an update, as a line; None for any other event."""
    kind = (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")
    made = _COMMANDS.get(kind)
    return made(event) if made else None


def _timer(event: HistoryEvent) -> str:
    return f"timer {event.user_metadata.summary.data.decode()}"


def _marker(event: HistoryEvent) -> str:
    marker = event.marker_recorded_event_attributes
    if marker.marker_name == "core_patch":
        return f"patch {json.loads(marker.details['patch-data'].payloads[0].data)['id']}"
    return f"local {json.loads(marker.details['data'].payloads[0].data)['activity_type']}"


def _counted(lines: Sequence[str]) -> Iterator[str]:
    """The lines, with each group that follows itself told once."""
    at = 0
    while at < len(lines):
        size, times = max(
            ((size, _times(lines, at, size)) for size in range(1, _LONGEST_GROUP + 1)),
            key=lambda found: (found[0] * (found[1] - 1), -found[0]),
        )
        group = lines[at : at + size]
        if times > 1:
            yield f"{times if times < _MANY else 'many'} times:"
            yield from (f"  {line}" for line in group)
            at += size * times
        else:
            yield lines[at]
            at += 1


def _times(lines: Sequence[str], at: int, size: int) -> int:
    """How often the group that begins there stands there, one after the other."""
    group, times = lines[at : at + size], 1
    while lines[at + times * size : at + (times + 1) * size] == group:
        times += 1
    return times


def _activity(event: HistoryEvent) -> str:
    return f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"


def _upsert(event: HistoryEvent) -> str:
    upsert = event.upsert_workflow_search_attributes_event_attributes
    return " ".join(["upsert", *sorted(upsert.search_attributes.indexed_fields)])


def _child(event: HistoryEvent) -> str:
    child = event.start_child_workflow_execution_initiated_event_attributes
    return f"child {child.workflow_type.name}"


def _signal(event: HistoryEvent) -> str:
    signal = event.signal_external_workflow_execution_initiated_event_attributes
    return f"signal {signal.signal_name}"


def _update(event: HistoryEvent) -> str:
    update = event.workflow_execution_update_accepted_event_attributes
    return f"update {update.accepted_request.input.name}"


_COMMANDS: Final[dict[str, Callable[[HistoryEvent], str]]] = {
    "activity_task_scheduled": _activity,
    "marker_recorded": _marker,
    "signal_external_workflow_execution_initiated": _signal,
    "start_child_workflow_execution_initiated": _child,
    "timer_canceled": lambda _: "timer cancelled",
    "timer_started": _timer,
    "upsert_workflow_search_attributes": _upsert,
    "workflow_execution_canceled": lambda _: "cancelled",
    "workflow_execution_completed": lambda _: "completed",
    "workflow_execution_continued_as_new": lambda _: "continued as new",
    "workflow_execution_failed": lambda _: "failed",
    "workflow_execution_update_accepted": _update,
    "workflow_properties_modified": lambda _: "memo",
}


async def _all() -> dict[str, str]:
    return {name: await lived(name) for name in LIVES}


if __name__ == "__main__":
    FILE.write_text(written(asyncio.run(_all())), encoding="utf-8")
