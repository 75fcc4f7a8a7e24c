"""What the notification commands do, once their words are read."""

import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import typer
from pydantic import TypeAdapter
from rich.table import Table

from hosted_numbers import temporal
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.terminal import Output, plain, say, stdout, suggest
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.notification_records import Notifications, NotificationSummary
from hosted_numbers.settings import Settings

MOST: Final = 10_000
"""Events of one range; whoever means more takes it in parts."""

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

T = TypeVar("T")


async def connected() -> Notifications:
    """The events of the namespace that the environment names.

    Raises:
        SettingsError: the environment is wrong.
        TemporalUnavailableError: Temporal does not answer.
    """
    settings = Settings.read()
    return Notifications(await temporal.connect(settings), deadline=settings.temporal_deadline())


def list_notifications(
    *, failed: bool, since: str | None, until: str | None, limit: int, output: Output
) -> None:
    """Print the newest events that match."""
    first, last = moment(since), moment(until)
    rows = _asked(lambda found: _collected(found, first, last, failed=failed, limit=limit + 1))
    shown = rows[:limit]
    if output is Output.JSON:
        typer.echo(TypeAdapter(list[NotificationSummary]).dump_json(shown))
    elif shown:
        stdout().print(_table(shown))
    else:
        say("No event matches.")
    if len(rows) > limit:
        say(f"There are more than these {limit}: raise --limit, or filter.")
    if any(row.outcome == "failed" for row in shown):
        suggest("notifications replay EVENT")


def replay_one(event_id: str, *, alone: bool) -> None:
    """Send one event again.

    Raises:
        InvalidRequestError: a range was named too.
    """
    if not alone:
        raise InvalidRequestError(
            "An event and a range were both named.", "Name one of them; nothing was sent."
        )
    _tell(event_id, sent=_asked(lambda found: found.send_again(event_id)))


def replay_range(*, since: str | None, until: str | None, failed: bool, sure: bool) -> None:
    """Send the events of a range again, after a yes.

    Raises:
        InvalidRequestError: the range has no beginning, or more in it than one command sends; or
            nobody is there to be asked.
    """
    if since is None:
        raise InvalidRequestError(
            "Without --since this would send every event that there ever was.",
            "Name an event, or say since when; nothing was sent.",
        )
    first, last = moment(since), moment(until) or datetime.now(UTC)
    rows = _asked(lambda found: _collected(found, first, last, failed=failed, limit=MOST + 1))
    if len(rows) > MOST:
        raise InvalidRequestError(
            f"There are more than {MOST} events in that range.",
            "Take it in parts by --until; nothing was sent.",
        )
    if not rows:
        say("No event matches.")
        return
    if not sure:
        _ask(len(rows))
    oldest_first = [row.event_id for row in reversed(rows)]

    async def send_all(found: Notifications) -> None:
        for event_id in oldest_first:
            _tell(event_id, sent=await found.send_again(event_id))

    _asked(send_all)


def moment(text: str | None) -> datetime | None:
    """A moment of a command line: ISO 8601, in UTC unless it says otherwise, or a span ago.

    Raises:
        InvalidRequestError: it is neither.
    """
    if text is None:
        return None
    try:
        if span := re.fullmatch(r"(\d{1,5})([mhd])", text):
            return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequestError(
            f"{text!r} is no moment.", "Write 2026-03-02T09:00, or 90m, 2h or 3d ago."
        ) from None


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise InvalidRequestError(
            f"{count} events would be sent again, and nobody is there to be asked.",
            "Say --yes if it is meant; nothing was sent.",
        )
    typer.confirm(f"Send {count} events again?", abort=True, err=True)


def _tell(event_id: str, *, sent: bool) -> None:
    if sent:
        stdout().print(plain(f"Sent again: {event_id}"), soft_wrap=True)
    else:
        say(f"Still on its way, left alone: {event_id}")


async def _collected(
    found: Notifications,
    since: datetime | None,
    until: datetime | None,
    *,
    failed: bool,
    limit: int,
) -> list[NotificationSummary]:
    rows: list[NotificationSummary] = []
    async for row in found.listed(since=since, until=until, failed=failed):
        rows.append(row)
        if len(rows) == limit:
            break
    return rows


def _asked(question: Callable[[Notifications], Awaitable[T]]) -> T:
    async def ask() -> T:
        return await question(await connected())

    return run(ask())


def _table(rows: list[NotificationSummary]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("event", "number", "type", "outcome"):
        table.add_column(name, no_wrap=True)
    for name in ("started", "ended"):
        table.add_column(name)
    for row in rows:
        words = (row.event_id, row.phone_number, row.type, row.outcome)
        moments = (_moment(row.started_at), _moment(row.ended_at))
        table.add_row(*(plain(text) for text in (*words, *moments)))
    return table


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "-"
