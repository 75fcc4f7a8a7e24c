"""Orders that an older release began go on: every recorded history replays on today's workflows."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from hosted_numbers.ids import order_workflow_id
from workflows import WORKFLOWS, sandbox

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
ENDINGS = {"completed", "failed", "cancelled", "cancelled_in_the_ui", "overdue"}


def test_there_is_a_history_for_every_ending() -> None:
    """Each way in which an order can end is on record."""
    assert {path.stem for path in HISTORIES} >= ENDINGS


@pytest.mark.fault("F44")
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_history_replays(path: Path) -> None:
    """The commands of today's workflow are those that the history recorded.

    When this fails, the change needs ``workflow.patched``: see CONTRIBUTING.
    """
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    history = WorkflowHistory.from_json(order_workflow_id("+15017122661"), text)
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=sandbox()
    )
    await replayer.replay_workflow(history)
