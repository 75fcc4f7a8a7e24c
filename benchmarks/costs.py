"""What waiting costs in each style, computed from what one step of each was measured to cost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hosted_numbers import sweeping
from hosted_numbers.sweeping import SweepReport

PAGE: Final = 1000
"""Orders in a page of Twilio's list, the most that it gives."""

POLL_EVENTS: Final = 11
"""Of a loop that sleeps and polls: a timer (2), an activity (3), two workflow tasks (3 each)."""

POLL_BASE: Final = 36
"""Events of such an order without its polls."""

_WEEK: Final = timedelta(weeks=1)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Style:
    """One way to wait.

    Attributes:
        name: for the legend.
        requests_of_one: API requests of one order in a wait, without what all orders share.
        requests_per_hour: of so many open orders.
        events: history events of one order that waits so long.
    """

    name: str
    requests_of_one: Callable[[timedelta], float]
    requests_per_hour: Callable[[int], float]
    events: Callable[[timedelta], float]


@dataclass(frozen=True)
class Measured:
    """What row 4 counted.

    Attributes:
        events: of an order with a wait of an hour.
        weekly_events: added by each further week.
    """

    events: float
    weekly_events: float


def polling(every: timedelta, *, in_history: bool) -> Style:
    """A loop of each order's own: in the workflow, or as an activity that fails until it is so."""
    minutes = every / timedelta(minutes=1)
    where = "naive" if in_history else "retry"
    return Style(
        f"{where}, each {minutes:g} min",
        lambda wait: wait // every,
        lambda orders: orders * (_HOUR / every),
        lambda wait: POLL_BASE + (POLL_EVENTS * (wait / every) if in_history else 0),
    )


def ours(measured: Measured, *, callbacks: bool) -> Style:
    """This product: swept, with callbacks that arrive, or without any."""
    return Style(
        "this product, callbacks" if callbacks else "this product, callbacks lost",
        lambda _: 0,
        lambda orders: sweep_requests(orders, callbacks=callbacks),
        lambda wait: (
            measured.events + measured.weekly_events * max(wait - _HOUR, _HOUR * 0) / _WEEK
        ),
    )


def sweep_requests(orders: int, *, callbacks: bool) -> float:
    """Requests of an hour's sweeps over open orders in one status, by the product's own rule."""
    pages = max(-(-orders // PAGE), 1)
    return per_hour(_report(pages, differing=0 if callbacks else 1), pages)


def per_hour(report: SweepReport, requests: int, more_when_full: int = 0) -> float:
    """The requests of an hour, on the average of a week, if each sweep finds what this one did.

    The product's own rules say at each tick of the Schedule whether a sweep is due, and whether it
    lists every status.

    Args:
        report: of any sweep.
        requests: of each sweep.
        more_when_full: those that a sweep of every status makes besides.
    """
    now = begin = report.at
    last, made = None, 0
    while now < begin + _WEEK:
        if sweeping.is_due(last, now):
            full = sweeping.is_full_due(last, now)
            cost = requests + more_when_full * full
            changes = {
                "at": now,
                "requests": cost,
                "full_at": now if full else last and last.full_at,
            }
            last = report.model_copy(update=changes)
            made += cost
        now += report.every
    return made * (_HOUR / _WEEK)


def _report(requests: int, *, differing: int) -> SweepReport:
    return SweepReport.model_validate(
        {
            "at": "2026-01-01T00:00:00Z",
            "complete": True,
            "requests": requests,
            "open_orders": 0,
            "listed": {},
            "differing": differing,
        }
    )
