"""``hosted-numbers doctor``: the words of the command; it acts in its sibling."""

from typing import TYPE_CHECKING

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import doctor_actions as actions
else:
    actions = lazily("hosted_numbers.cli.doctor_actions")


def doctor(*, output: OutputOption = Output.TABLE) -> None:
    """Check settings, Twilio, Temporal, workers and the sweep, and say what mends what is unwell.

    Exit code 1 when something is wrong.
    """
    with outcome():
        actions.examine(output)


def add_to(application: typer.Typer) -> None:
    """Put the command into the tree."""
    application.command()(doctor)
