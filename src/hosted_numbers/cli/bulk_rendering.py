"""How imports look on a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hosted_numbers.bulk.checking import FileReport
from hosted_numbers.bulk.contract import ImportProgress
from hosted_numbers.cli.rendering import moment
from hosted_numbers.cli.terminal import plain

_STYLES = {"running": "bold", "done": "bold green"}


def import_view(
    progress: ImportProgress, orders: Mapping[str, int] | None = None
) -> RenderableType:
    """One import: what came of its rows, and where its orders stand."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    status = Text(progress.status, style=_STYLES.get(progress.status, "bold yellow"))
    counts = {
        "rows": progress.rows,
        "left out": progress.left_out,
        "started": progress.started,
        "open already": progress.already_open,
        "refused": progress.refused,
    }
    facts.add_row("import", plain(progress.id))
    facts.add_row("status", status)
    texts = {"name": progress.name, "customer": progress.customer, "trouble": progress.trouble}
    for name, text in texts.items():
        if text:
            facts.add_row(name, plain(text))
    for name, count in counts.items():
        facts.add_row(name, str(count))
    facts.add_row("began", moment(progress.began_at))
    facts.add_row("ended", moment(progress.ended_at))
    return Group(facts, Text(), _orders_table(orders)) if orders else facts


def imports_table(rows: Sequence[ImportProgress]) -> Table:
    """Many imports, one on each row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("import", no_wrap=True)
    for name in ("name", "status", "rows", "started", "refused", "customer", "began"):
        table.add_column(name)
    for each in rows:
        table.add_row(
            plain(each.id),
            plain(each.name or "-"),
            each.status,
            str(each.rows),
            str(each.started + each.already_open),
            str(each.refused),
            plain(each.customer or "-"),
            moment(each.began_at),
        )
    return table


def complaints_table(report: FileReport) -> Table:
    """What the check of a file found, line by line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("line", justify="right", no_wrap=True)
    table.add_column("field", no_wrap=True)
    table.add_column("what is wrong", overflow="fold")
    for each in report.errors:
        table.add_row(str(each.line), plain(each.field), plain(each.message))
    for each in report.warnings:
        table.add_row(str(each.line), plain(each.field), plain(f"(allowed) {each.message}"))
    return table


def _orders_table(orders: Mapping[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("its orders", no_wrap=True)
    table.add_column("", justify="right")
    for name, count in orders.items():
        table.add_row(name, str(count))
    return table
