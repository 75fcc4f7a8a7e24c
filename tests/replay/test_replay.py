"""Orders that an older release began go on: every recorded history replays on today's workflows."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_state import OrderState
from tests.receiver import Inbox
from tests.replay.scenarios import (
    EVENTS,
    LONG,
    SCENARIOS,
    SLOW,
    TOLD,
    Scenario,
    amended_while_signing,
    busy_line,
    cancelled_on_hold,
    failed,
)
from tests.world import a_world
from workflows import NOTIFICATION_WORKFLOWS, WORKFLOWS, patches, sandbox

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
FIRST_RELEASE = Path(__file__).parent / "histories" / "0.1.0"
ENDINGS = (
    {scenario.__name__ for scenario in (*SCENARIOS, *SLOW, *EVENTS)}
    | {f"{scenario.__name__}_{part}" for scenario in LONG for part in ("before", "after")}
    | {f"{scenario.__name__}_told" for scenario in TOLD}
)


async def recorded(path: Path) -> WorkflowHistory:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    return WorkflowHistory.from_json(order_workflow_id("+15017122661"), text)


async def replay(history: WorkflowHistory) -> None:
    replayer = Replayer(
        workflows=[*WORKFLOWS, *NOTIFICATION_WORKFLOWS],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
    )
    await replayer.replay_workflow(history)


def patch_ids(history: WorkflowHistory) -> set[str]:
    """The patches that a history was begun with."""
    found: set[str] = set()
    for event in history.events:
        details = event.marker_recorded_event_attributes.details
        for payload in details["patch-data"].payloads if "patch-data" in details else ():
            found |= {name for name in PATCHES if name.encode() in payload.data}
    return found


PATCHES = {
    patches.REPAIRS,
    patches.BUSY_LINES,
    patches.NOTIFICATIONS,
    patches.EARLY_NOTIFICATIONS,
}


def test_there_is_a_history_for_every_ending() -> None:
    """Each way in which an order can end, and each path that leads there, is on record."""
    assert {path.stem for path in HISTORIES} >= ENDINGS


@pytest.mark.fault("F44")
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_history_replays(path: Path) -> None:
    """The commands of today's workflow are those that the history recorded.

    When this fails, the change needs ``workflow.patched``: see CONTRIBUTING.
    """
    await replay(await recorded(path))


@pytest.mark.fault("F44")
@pytest.mark.parametrize(
    ("scenario", "patch"),
    [
        (amended_while_signing, patches.REPAIRS),
        (busy_line, patches.BUSY_LINES),
        (failed, patches.NOTIFICATIONS),
        (cancelled_on_hold, patches.EARLY_NOTIFICATIONS),
    ],
    ids=["repairs", "busy-lines", "notifications", "early-notifications"],
)
async def test_history_that_a_patch_marks_replays(scenario: Scenario, patch: str) -> None:
    """What today's release does differently is marked in its histories, and replays as such."""
    async with a_world(Inbox()) as world:
        handle = await scenario(world) or world.handle()
        await handle.result()
        history = await handle.fetch_history()
    assert patch in patch_ids(history)
    await replay(history)


@pytest.mark.fault("F44")
async def test_history_of_the_first_release_needs_its_patch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has no mark, so it goes the old way; without the patch its commands would be others."""
    history = await recorded(FIRST_RELEASE / "letter_amended.json")
    assert patch_ids(history) == set()

    def new_way(_before: OrderState, after: OrderState) -> OrderState:
        return after

    monkeypatch.setattr(patches, "message_taken", new_way)
    with pytest.raises(NondeterminismError):
        await replay(history)
