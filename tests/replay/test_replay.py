"""Orders that an older release began go on: every recorded history replays on today's workflows."""

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from hosted_numbers import contract
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_state import EDITION, OrderInput, OrderState, begin
from tests.orders import NOW, an_order
from tests.receiver import Inbox
from tests.replay.scenarios import (
    EVENTS,
    LONG,
    SCENARIOS,
    SLOW,
    SWEPT,
    TOLD,
    Scenario,
    amended_while_signing,
    busy_line,
    cancelled_on_hold,
    failed,
)
from tests.replay.scenarios_of_many import MANY
from tests.world import ENCRYPTING, a_world, eventually
from workflows import NOTIFICATION_WORKFLOWS, WORKFLOWS, patches
from workflows.runner import runner

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
FIRST_RELEASE = Path(__file__).parent / "histories" / "0.1.0"
ENDINGS = (
    {scenario.__name__ for scenario in (*SCENARIOS, *SLOW, *SWEPT, *MANY, *EVENTS)}
    | {f"{scenario.__name__}_{part}" for scenario in LONG for part in ("before", "after")}
    | {f"{scenario.__name__}_told" for scenario in TOLD}
)


async def recorded(path: Path) -> WorkflowHistory:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    return WorkflowHistory.from_json(order_workflow_id("+15017122661"), text)


async def replay(history: WorkflowHistory) -> None:
    """Replay it as a worker with keys does, which reads what was never encrypted, too."""
    replayer = Replayer(
        workflows=[*WORKFLOWS, *NOTIFICATION_WORKFLOWS],
        data_converter=ENCRYPTING,
        workflow_runner=runner(),
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
async def test_history_that_a_patch_marks_replays(
    scenario: Scenario, patch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done differently for an order that a backend of 0.3 starts is marked as such."""
    monkeypatch.setattr(OrderInput, "of", as_before_editions)
    async with a_world(Inbox()) as world:
        handle = await scenario(world) or world.handle()
        await handle.result()
        history = await handle.fetch_history()
    assert patch in patch_ids(history)
    await replay(history)


def as_before_editions(order: HostedNumberOrderRequest, previous: str | None) -> OrderInput:
    """The input as releases up to 0.3 have it."""
    return OrderInput(**order.model_dump(), previous_run_id=previous)


@pytest.mark.fault("F44")
async def test_order_of_today_asks_for_no_patch() -> None:
    """It began after all of them: a patch would cost it two events."""
    async with a_world(Inbox()) as world:
        await amended_while_signing(world)
        await world.handle().result()
        history = await world.handle().fetch_history()
    assert patch_ids(history) == set()
    await replay(history)


@pytest.mark.fault("F44")
async def test_order_of_a_later_edition_is_left_to_a_worker_that_knows_it() -> None:
    """After a roll-back nothing is done by the wrong rules: the workflow task fails, and waits."""
    order = OrderInput.of(an_order(), None).model_dump(mode="json")
    assert order["carried"] == {"edition": EDITION, "state": None}
    async with a_world() as world:
        handle = await world.client.start_workflow(
            contract.WORKFLOW_TYPE,
            order | {"carried": {"edition": EDITION + 1, "state": None}},
            id=world.handle().id,
            task_queue=contract.TASK_QUEUE,
        )

        async def refused() -> bool:
            history = await handle.fetch_history()
            return any(e.HasField("workflow_task_failed_event_attributes") for e in history.events)

        await eventually(refused)
        assert (await handle.describe()).close_time is None
        assert (await world.ledger())["requests"] == {}


@pytest.mark.parametrize("edition", [1, EDITION])
def test_history_that_is_begun_anew_keeps_its_rules(edition: int) -> None:
    """Continued as new, an order goes on by the edition that it was begun with."""
    state = begin(an_order(), NOW).but(edition=edition)
    again = OrderInput.model_validate_json(OrderInput.continuing(state).model_dump_json())
    assert again.state(NOW) == state


def test_worker_before_editions_cannot_read_an_order_of_today() -> None:
    """It takes what is carried for a state, which this is none of."""
    with pytest.raises(ValidationError):
        OrderState.model_validate({"edition": EDITION, "state": None})


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
