"""``hosted-numbers export`` on orders in memory: forms, exit codes, and what breaks off."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hosted_numbers.cli import export_actions
from hosted_numbers.contract import Progress
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_export import ExportedOrder, OrderExport, Selection
from tests.cli.storied_orders import Run
from tests.orders import NUMBER, an_order

STANDS = Progress(
    phone_number=NUMBER,
    phase="completed",
    waiting_for="nothing",
    reason="It is hosted.",
    next_step="Nothing.",
    attempts_left=2,
)


def exported(progress: Progress | None) -> ExportedOrder:
    """An order, with or without its progress."""
    return ExportedOrder(
        phone_number=NUMBER,
        workflow_id=order_workflow_id(NUMBER),
        run_id="1",
        state="open" if progress is None else "completed",
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
        request=an_order(),
        progress=progress,
        missing="no worker answered" if progress is None else None,
    )


class Exported(OrderExport):
    """A script of orders; what is an exception in it is raised."""

    def __init__(self, *story: ExportedOrder | Exception) -> None:
        self.story = story
        self.asked: list[Selection] = []

    async def selected(self, selection: Selection) -> AsyncIterator[ExportedOrder]:
        """All of them."""
        self.asked.append(selection)
        for each in self.story:
            if isinstance(each, Exception):
                raise each
            yield each


def reached(monkeypatch: pytest.MonkeyPatch, *story: ExportedOrder | Exception) -> Exported:
    """What the command reaches."""
    found = Exported(*story)

    async def connected() -> OrderExport:
        return found

    monkeypatch.setattr(export_actions, "connected", connected)
    return found


def test_an_order_without_its_progress_is_written_and_exits_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record says why, and the next step stands on stderr."""
    reached(monkeypatch, exported(STANDS), exported(None))

    result = run("export", "--all", "-o", "json")

    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert (first["progress"]["phase"], "progress" in second) == ("completed", False)
    assert second["missing"] == "no worker answered"
    assert "python worker.py" in result.stderr


def test_an_export_that_breaks_off_leaves_the_file_as_it_was(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A job's file is whole, or yesterday's."""
    file = tmp_path / "orders.jsonl"
    file.write_text("yesterday's")
    away = TemporalUnavailableError("Temporal does not answer.", "Try again shortly.")
    reached(monkeypatch, exported(STANDS), away)

    result = run("export", "--all", "--to", str(file))

    assert result.exit_code == 1
    assert "Temporal does not answer." in result.stderr
    assert [each.read_text() for each in tmp_path.iterdir()] == ["yesterday's"]


def test_a_span_is_asked_for_in_utc(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A date is its first moment; the query has both ends."""
    found = reached(monkeypatch)

    result = run("export", "--since", "2026-03-02", "--until", "2026-03-03T01:00+01:00")

    assert result.exit_code == 0
    [selection] = found.asked
    assert (
        "CloseTime >= '2026-03-02T00:00:00.000000Z' AND CloseTime < '2026-03-03T00:00:00.000000Z'"
        in selection.query()
    )
