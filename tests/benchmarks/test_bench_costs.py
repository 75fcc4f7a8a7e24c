"""What waiting is computed to cost, and the plots of it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.costs import Measured, ours, per_hour, polling, sweep_requests
from benchmarks.plots import draw, measured_in
from hosted_numbers.sweeping import SweepReport

MEASURED = Measured(events=50, weekly_events=7)


def a_report(**changes: object) -> SweepReport:
    """A sweep that found nothing."""
    fields = {"at": "2026-01-01T00:00:00Z", "complete": True, "requests": 1}
    return SweepReport.model_validate(
        {**fields, "open_orders": 0, "listed": {}, "differing": 0, **changes}
    )


def test_a_naive_loop_pays_for_each_poll() -> None:
    """A day at five minutes: 288 requests, and eleven events for each beside the 36."""
    naive = polling(timedelta(minutes=5), in_history=True)
    assert naive.requests_of_one(timedelta(days=1)) == 288
    assert naive.events(timedelta(days=1)) == 36 + 11 * 288
    assert naive.requests_per_hour(100) == 1200


def test_a_retried_activity_asks_as_often_and_writes_nothing() -> None:
    """The server's own retries leave no event."""
    retry = polling(timedelta(minutes=5), in_history=False)
    assert retry.requests_of_one(timedelta(days=1)) == 288
    assert retry.events(timedelta(days=30)) == 36


def test_an_order_of_ours_pays_by_the_week() -> None:
    """A wait of an hour is what was counted, each week after it adds what a week adds."""
    swept = ours(MEASURED, callbacks=True)
    assert swept.events(timedelta(minutes=1)) == 50
    assert swept.events(timedelta(weeks=2, hours=1)) == 64
    assert swept.requests_of_one(timedelta(days=30)) == 0
    assert swept.requests_per_hour(1000) == sweep_requests(1000, callbacks=True)


def test_sweeps_ask_less_while_callbacks_arrive() -> None:
    """A hundred thousand orders: under a hundred requests an hour, or six thousand."""
    assert sweep_requests(100_000, callbacks=True) <= 100
    assert sweep_requests(100_000, callbacks=False) == 6000


def test_a_sweep_of_every_status_keeps_the_next_one_waiting() -> None:
    """Its further requests are paid for like all others: the hour's bound holds."""
    lost = a_report(differing=1)
    assert 5000 < per_hour(lost, 100, 7) < 6000
    assert per_hour(a_report(), 100, 7) <= 100


def test_a_sweep_begins_with_a_tick_of_its_schedule() -> None:
    """One request could be made forty seconds apart; the Schedule ticks once a minute."""
    assert per_hour(a_report(), 1) == 60


def test_plots_are_drawn_from_what_row_4_counted(tmp_path: Path) -> None:
    """Two pictures, small enough for a README and the same for the same figures."""
    bench = tmp_path / "bench.json"
    rows = [{"row": 4, "measured": each} for each in (60, 18, 9, 2.7)]
    bench.write_text(json.dumps([{"row": 1, "measured": 0.9}, *rows]), encoding="utf-8")
    measured = measured_in(bench)
    assert (measured.events, measured.weekly_events) == (60, 9)
    first = [path.read_bytes() for path in draw(measured, tmp_path / "one")]
    again = [path.read_bytes() for path in draw(measured, tmp_path / "two")]
    assert first == again
    assert all(len(picture) < 200_000 for picture in first)


def test_plots_need_row_4(tmp_path: Path) -> None:
    """Without it nothing is drawn from figures that are made up."""
    with pytest.raises(LookupError, match="row 4"):
        measured_in(tmp_path / "bench.json")
