"""When a sweep is due, what it costs, and how long it is relied on."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from hosted_numbers import sweeping
from hosted_numbers.sweeping import SweepReport
from tests.orders import NOW


def a_report(**changes: object) -> SweepReport:
    """What a sweep found, nothing out of the ordinary."""
    fields: dict[str, object] = {
        "at": NOW,
        "complete": True,
        "complete_at": NOW,
        "full_at": NOW,
        "requests": 9,
        "open_orders": 1,
        "listed": {"received": 1},
    }
    return SweepReport.model_validate(fields | changes)


def requests_of(orders: int) -> int:
    """Pages of a thousand: the orders stand in three statuses, and a letter is out for a fifth."""
    per_status = [math.ceil(orders / 2), math.ceil(orders / 4), math.ceil(orders / 4)]
    lists = [*per_status, math.ceil(orders / 20)]
    return sum(math.ceil(each / 1000) for each in lists)


def per_hour(report: SweepReport) -> float:
    """Requests an hour when each sweep is like this one and a tick comes each minute."""
    ticks = max(1, math.ceil(sweeping.pause(report) / report.every))
    return report.requests * timedelta(hours=1) / (ticks * report.every)


@pytest.mark.parametrize(("orders", "requests"), [(100, 4), (10_000, 12), (100_000, 105)])
def test_waiting_costs_few_requests_whatever_the_fleet(orders: int, requests: int) -> None:
    """Under a hundred an hour while callbacks arrive, under 6,000 when all are lost."""
    assert requests_of(orders) == requests

    assert per_hour(a_report(requests=requests)) <= 100
    assert 60 <= per_hour(a_report(requests=requests, differing=1)) <= 6_000
    assert 60 <= per_hour(a_report(requests=requests, callbacks=False)) <= 6_000


def test_a_small_fleet_is_swept_each_minute_while_callbacks_are_lost() -> None:
    """And every few minutes while they are not: the pause is made of requests alone."""
    assert sweeping.pause(a_report(requests=3, differing=1)) < timedelta(seconds=60)
    assert sweeping.pause(a_report(requests=3)) == timedelta(minutes=2)
    assert sweeping.pause(a_report(requests=100)) == timedelta(minutes=66, seconds=40)


@pytest.mark.parametrize(
    "changes", [{"differing": 1}, {"callbacks": False}, {"complete": False}], ids=str
)
def test_a_sweep_that_heard_of_nothing_comes_sooner(changes: dict[str, object]) -> None:
    """Also one that did not come to its end."""
    report = a_report(requests=100, **changes)
    assert sweeping.pause(report) == timedelta(minutes=1)
    assert not sweeping.is_due(report, NOW + timedelta(seconds=59))
    assert sweeping.is_due(report, NOW + timedelta(seconds=60))


def test_the_first_sweep_is_due_and_lists_all() -> None:
    """And every status is listed again after an hour."""
    assert sweeping.is_due(None, NOW)
    assert sweeping.is_full_due(None, NOW)
    assert sweeping.is_full_due(a_report(full_at=None), NOW)
    assert not sweeping.is_full_due(a_report(), NOW + timedelta(minutes=59))
    assert sweeping.is_full_due(a_report(), NOW + timedelta(minutes=60))


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({}, 3 * 6),
        ({"requests": 100}, 200),
        ({"requests": 1, "every": timedelta(hours=1)}, 180),
        ({"requests": 100, "differing": 1}, 15),
        ({"complete": False}, 15),
    ],
    ids=str,
)
@pytest.mark.fault("F38")
def test_sweeps_are_relied_on_for_three_of_their_pauses(
    changes: dict[str, object], minutes: int
) -> None:
    """But for a quarter of an hour at least: clocks differ, and workers are restarted."""
    report = a_report(**changes)
    until = NOW + timedelta(minutes=minutes)
    assert sweeping.is_reliable(report, until - timedelta(seconds=1))
    assert not sweeping.is_reliable(report, until)
    assert sweeping.is_reliable(report, NOW - timedelta(minutes=10))


def test_a_sweep_that_never_came_to_its_end_is_not_relied_on() -> None:
    """However young it is."""
    assert not sweeping.is_reliable(a_report(complete=False, complete_at=None), NOW)


def test_a_report_of_another_release_is_read() -> None:
    """Fields are only ever added."""
    told = a_report().model_dump(mode="json") | {"weather": "fine"}
    assert SweepReport.model_validate(told) == a_report()
    assert SweepReport(
        at=datetime(2026, 3, 2, tzinfo=UTC), complete=False, requests=0, open_orders=0, listed={}
    ).callbacks
