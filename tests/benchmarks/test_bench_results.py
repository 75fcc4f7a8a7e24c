"""The arithmetic of the benchmarks: medians, spread, what is met, the table and the file."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.results import Goal, Result, figure, percentile, ratios, table, write


def a_result(samples: list[float], goal: Goal | None = None) -> Result:
    """A row as a benchmark makes it."""
    return Result(1, "one thing against another", goal or Goal(">=", 0.85), samples, "Nothing.")


def test_median_of_the_repetitions_is_reported_with_their_range() -> None:
    """One bad repetition moves the spread, not the figure."""
    result = a_result([0.9, 0.2, 0.91, 0.88, 0.95])
    assert result.measured == 0.9
    assert result.spread == "0.2-0.95"
    assert result.met


def test_one_sample_is_counted_not_timed() -> None:
    """A figure that was counted has no spread."""
    assert a_result([50], Goal("<=", 50)).spread == "one figure"


@pytest.mark.parametrize(
    ("side", "measured", "met"),
    [(">=", 0.85, True), (">=", 0.8499, False), ("<=", 0.85, True), ("<=", 0.8501, False)],
)
def test_a_goal_is_met_at_its_bound(side: str, measured: float, met: bool) -> None:  # noqa: FBT001 - parametrised
    """The bound itself is good enough, on both sides; what is rounded away in print counts."""
    goal = Goal(">=" if side == ">=" else "<=", 0.85)
    assert goal.met_by(measured) is met


def test_ratios_are_taken_round_by_round() -> None:
    """A slow round slows both and leaves the ratio."""
    assert ratios([10, 5], [20, 10]) == [0.5, 0.5]


def test_ratios_need_as_many_of_both() -> None:
    """A repetition that is missing is not passed over."""
    with pytest.raises(ValueError, match="shorter"):
        ratios([1, 2], [1])


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    """Of a hundred samples the 99th percentile is the second largest."""
    assert percentile([float(each) for each in range(100, 0, -1)], share) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(0.8512, "0.851"), (12.34, "12.3"), (999.4, "999"), (5999.6, "6,000")]
)
def test_figures_have_three_digits_that_count(value: float, text: str) -> None:
    """More would be noise; thousands are written out."""
    assert figure(value) == text


def test_table_shows_each_goal_and_what_it_cannot_show() -> None:
    """Number, goal, figure, spread and verdict stand in one row; each note stands once."""
    screen = io.StringIO()
    results = [a_result([0.9, 0.8, 0.7]), a_result([3.0], Goal("<=", 4, "s"))]
    Console(file=screen, width=200).print(table(results))
    shown = screen.getvalue()
    assert ">= 0.85" in shown
    assert "0.7-0.9" in shown
    assert "3 s" in shown
    assert shown.count("no ") == 1
    assert shown.count("1: Nothing.") == 1


def test_file_has_what_others_read(tmp_path: Path) -> None:
    """``bench.json`` is a list of row, what, goal, measured, spread and met, with details."""
    path = tmp_path / "new" / "bench.json"
    result = Result(
        8, "memory", Goal("<=", 80, "kB"), [72.0, 74.0], "Much.", {"server_kb_each": 160}
    )
    write([result], path)
    assert json.loads(path.read_text(encoding="utf-8")) == [
        {
            "row": 8,
            "what": "memory",
            "goal": "<= 80 kB",
            "measured": 73.0,
            "spread": "72-74",
            "met": True,
            "samples": [72.0, 74.0],
            "cannot_show": "Much.",
            "server_kb_each": 160,
        }
    ]
