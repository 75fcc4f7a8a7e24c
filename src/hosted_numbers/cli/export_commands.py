"""``hosted-numbers export``: its words. What it does is in ``export_actions``."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import export_actions as actions
else:
    actions = lazily("hosted_numbers.cli.export_actions")


class Form(StrEnum):
    """How orders are written down."""

    JSONL = "jsonl"
    JSON = "json"


_MOMENT = "A moment such as 2026-03-02 (UTC unless it says otherwise), or 90m, 2h, 3d ago."


def export(
    *,
    phone_number: Annotated[
        str | None, typer.Option(help="The orders of this number, E.164, open and ended.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every order that Temporal knows, open and ended.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help=f"Orders that ended from then on. {_MOMENT}")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="With --since: those that ended before.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--output", "-o", help="One order on each line, or one JSON array.")
    ] = Form.JSONL,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write there, readable for you alone, whole or not at all."
        ),
    ] = None,
) -> None:
    """Write down the whole story of orders before Temporal forgets them; no files of theirs.

    What it writes names people: the e-mail, the title and the phone of whoever signed. Exits 1
    where an order is without its progress, because no worker could tell it.
    """
    with outcome():
        actions.export(
            actions.chosen(phone_number, since, until, everything=everything), form.value, to
        )


def add_to(application: typer.Typer) -> None:
    """Put the command into the tree."""
    application.command()(export)
