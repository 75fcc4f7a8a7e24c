"""An edit that open orders would not survive is seen before it is merged."""

import difflib
from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow

from tests.replay.fingerprints import LIVES, advice, committed, lived
from workflows.hosted_number_order import HostedNumberOrderWorkflow

as_written = HostedNumberOrderWorkflow._leave_group


async def check(name: str) -> None:
    """Live a scenario, and compare its commands with those that are committed.

    Raises:
        AssertionError: they are others, with the difference and what to do about it.
    """
    expected, found = committed()[name], await lived(name)
    lines = difflib.unified_diff(expected.splitlines(), found.splitlines(), lineterm="", n=2)
    assert found == expected, advice(name, "\n".join(list(lines)[2:]))


def test_every_scenario_has_a_fingerprint() -> None:
    """And there is none of a scenario that is gone: make fingerprints."""
    assert set(committed()) == set(LIVES)


@pytest.mark.fault("F44")
@pytest.mark.parametrize("name", LIVES)
async def test_commands_are_those_that_are_committed(name: str) -> None:
    """Each workflow comes to the same activities, timers, children and upserts, in their order."""
    await check(name)


async def a_timer_more(self: Any) -> None:
    """Somebody lets an order rest a second before its end."""
    await workflow.sleep(timedelta(milliseconds=1), summary="A rest")
    await as_written(self)


async def nothing(_: Any) -> None:
    """Somebody leaves something out."""


@pytest.mark.fault("F44")
@pytest.mark.parametrize(
    ("life", "method", "edit", "line"),
    [
        ("cancelled_on_hold", "_leave_group", a_timer_more, '+  timer "A rest"'),
        ("bill", "_dispose_of_files", nothing, "-  child DocumentDisposal"),
    ],
    ids=["a-timer-more", "a-child-less"],
)
async def test_edit_of_a_workflow_is_seen_and_says_what_to_do(
    life: str, method: str, edit: Any, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure shows the command, and names the patch, the edition and how to take it over."""
    monkeypatch.setattr(HostedNumberOrderWorkflow, method, edit)
    with pytest.raises(AssertionError) as failure:
        await check(life)
    said = str(failure.value)
    assert line in said
    for way in ("workflow.patched", "edition", "make fingerprints", life):
        assert way in said
