"""The status sweep as pure rules: when one is due, and what it reports.

Twilio's requests are the scarce thing. So the next sweep waits as long as the last one's requests
ask for, and callbacks that arrive make it wait longer.
"""

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from hosted_numbers.contract import Message

EVERY: Final = timedelta(seconds=60)
"""How often a sweep may begin, unless a setting says otherwise."""

QUIET_REQUESTS: Final = 90
"""Requests an hour while callbacks arrive. A sweep then only proves that they do; it stays under a
hundred whatever the size of the fleet: 100,000 orders are listed every 70 minutes or so."""

LOST_REQUESTS: Final = 6_000
"""Requests an hour when callbacks are lost, or none are asked for: 100 pages of 1000 a minute."""

FULL_EVERY: Final = timedelta(hours=1)
"""How often every status is listed, also those that none of our orders is in, to find orphans."""

RELIABLE: Final = timedelta(minutes=15)
"""Younger than this a sweep can be relied on, whatever was planned: clocks may be ten minutes off
(F38), and a worker's restart takes a while."""

NAMED: Final = 100
"""How many orphans and strays a report names; it travels from sweep to sweep."""

LOOKS_AT_ONCE: Final = 1000
"""How many orders a sweep tells just to look. Should Twilio's lists come back empty by its fault,
not each of a hundred thousand orders asks it at once; where it is true, the next sweeps go on."""


class SweepPace(Message):
    """What the Schedule tells each sweep."""

    every: timedelta = Field(default=EVERY, description="Between two beginnings")


class Orphan(Message):
    """An order at Twilio that carries our unique name, and no open workflow looks after it."""

    phone_number: str
    sid: str
    status: str


class SweepReport(Message):
    """What a sweep found. It is the workflow's result, so the next sweep has it."""

    at: datetime = Field(description="When it began")
    every: timedelta = EVERY
    complete: bool = Field(description="Every list was read from its beginning to its end")
    complete_at: datetime | None = Field(
        default=None, description="When the last complete sweep began"
    )
    full_at: datetime | None = Field(
        default=None, description="When a complete sweep last listed every status"
    )
    callbacks: bool = Field(default=True, description="Twilio is told where to report changes")
    requests: int = Field(description="Requests to Twilio")
    open_orders: int = Field(description="Orders with an open workflow")
    listed: dict[str, int] = Field(description="Orders at Twilio, by the statuses listed")
    signalled: int = Field(default=0, description="Hints given, of every kind")
    differing: int = Field(
        default=0, description="Orders that Twilio moved without our hearing of it, found newly"
    )
    absent: tuple[str, ...] = Field(
        default=(), description="Numbers of open orders that no list had; the first hundred"
    )
    absent_total: int = 0
    strays: tuple[str, ...] = Field(
        default=(), description="Those among them that the sweep before had not either"
    )
    strays_total: int = Field(default=0, description="A hundred: that many or more")
    orphans: tuple[Orphan, ...] = Field(
        default=(), description="Of the last full sweep; the first hundred"
    )
    orphans_total: int = 0


class SweepTask(Message):
    """One sweep, as the workflow asks for it."""

    at: datetime = Field(description="When it began, by the workflow's clock")
    every: timedelta = EVERY
    full: bool = Field(description="List every status, to find orphans")
    last: SweepReport | None = None


def pause(report: SweepReport) -> timedelta:
    """How long the requests of a sweep keep the next one waiting."""
    heard = report.callbacks and report.complete and not report.differing
    per_hour = QUIET_REQUESTS if heard else LOST_REQUESTS
    return report.requests * timedelta(hours=1) / per_hour


def is_due(last: SweepReport | None, now: datetime) -> bool:
    """Whether a sweep shall list orders now. The Schedule asks no more often than its pace."""
    return last is None or now - last.at >= pause(last)


def is_full_due(last: SweepReport | None, now: datetime) -> bool:
    """Whether it shall list every status."""
    return last is None or last.full_at is None or now - last.full_at >= FULL_EVERY


def is_reliable(report: SweepReport, now: datetime) -> bool:
    """Whether the sweep goes on well enough that an order need not look for itself."""
    planned = max(report.every, pause(report))
    return report.complete_at is not None and now - report.complete_at < max(3 * planned, RELIABLE)
