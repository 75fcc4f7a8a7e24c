"""How orders look on a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hosted_numbers.cli.terminal import plain
from hosted_numbers.contract import Progress
from hosted_numbers.order_lists import OrderSummary

_STYLES = {"completed": "bold green", "failed": "bold red", "cancelled": "bold yellow"}


def progress_view(progress: Progress) -> RenderableType:
    """One order: where it stands, what it waits for, who does what by when, what happened."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(progress):
        if value:
            facts.add_row(name, value)
    parts: list[RenderableType] = [facts]
    if progress.supporting_documents:
        parts += [Text(), _supporting_documents(progress)]
    if progress.timeline:
        parts += [Text(), _timeline(progress)]
    return Group(*parts)


def progress_line(progress: Progress) -> Text:
    """One change of an order, on one line."""
    parts = [progress.phone_number, progress.phase, progress.status or "not yet at Twilio"]
    if progress.waiting_for != "nothing":
        parts.append(f"waiting for {progress.waiting_for}")
    if progress.verification_code:
        parts.append(f"code {progress.verification_code}")
    return plain(f"{'  '.join(parts)}  {progress.reason}")


def orders_table(rows: Sequence[OrderSummary]) -> Table:
    """Many orders, one on each row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("number", no_wrap=True)
    for name in ("status", "waiting for", "customer", "started", "deadline", "ended"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            plain(row.phone_number),
            plain(row.status or "-"),
            plain(row.waiting_for or "-"),
            plain(row.customer or "-"),
            moment(row.started_at),
            moment(row.deadline),
            moment(row.closed_at),
        )
    return table


def _facts(progress: Progress) -> list[tuple[str, Text | None]]:
    attempts = f"{progress.attempts_used} placed, {progress.attempts_left} left"
    return [
        ("number", plain(progress.phone_number)),
        ("phase", Text(progress.phase, style=_STYLES.get(progress.phase, "bold"))),
        ("status at Twilio", _if_any(progress.status)),
        ("waiting for", _if_any(progress.waiting_for)),
        ("why", plain(progress.reason)),
        ("next step", plain(progress.next_step)),
        ("by", moment(progress.deadline) if progress.deadline else None),
        ("code to key in", _if_any(progress.verification_code)),
        ("calls", plain(attempts)),
        ("failed because", _if_any(progress.failure_reason)),
        ("order at Twilio", _if_any(progress.sid)),
        ("LOA at Twilio", _if_any(progress.authorization_document_sid)),
        ("bill at Twilio", _if_any(progress.document_sid)),
    ]


def _supporting_documents(progress: Progress) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("supporting document", no_wrap=True)
    for name in ("status at Twilio", "SID", "why another one"):
        table.add_column(name, overflow="fold")
    for each in progress.supporting_documents:
        table.add_row(*(plain(t or "-") for t in (each.type, each.status, each.sid, each.reason)))
    return table


def _timeline(progress: Progress) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("at", no_wrap=True)
    table.add_column("what", overflow="fold")
    for entry in progress.timeline:
        table.add_row(moment(entry.at), plain(entry.what))
    return table


def _if_any(text: str | None) -> Text | None:
    return plain(text) if text else None


def moment(at: datetime | None) -> Text:
    """A moment in UTC; a dash where there was none."""
    return Text(f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "-")
