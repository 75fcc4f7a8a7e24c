"""``hosted-numbers config``: its words; what it does is in ``config_actions``."""

from typing import TYPE_CHECKING

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import config_actions as actions
else:
    actions = lazily("hosted_numbers.cli.config_actions")

commands = typer.Typer(name="config", help="What the settings come to.", no_args_is_help=True)


@commands.callback()
def _config() -> None:
    """What the settings come to."""


@commands.command()
def show(*, output: OutputOption = Output.TABLE) -> None:
    """Show what a process with this environment would go by; of secrets, that they are set.

    Exit code 2 when it would not start with it.
    """
    with outcome():
        actions.show(output)
