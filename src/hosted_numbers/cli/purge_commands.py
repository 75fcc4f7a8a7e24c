"""``hosted-numbers purge …``: the words of each command; they act in ``purge_actions``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.order_options import Number, Sure
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import purge_actions as actions
else:
    actions = lazily("hosted_numbers.cli.purge_actions")

commands = typer.Typer(
    name="purge",
    help="Erase what is known of a number, or what is over time.",
    no_args_is_help=True,
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")]


@commands.command()
def number(
    *,
    phone_number: Number,
    dry_run: DryRun = False,
    sure: Sure = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Erase a number for good: its ended orders, their events, files and rows of imports.

    It says what goes and what stays where, and asks before anything is deleted. Refused while an
    order of the number is open. Exits 0 for a number that nothing is known of, 1 where Temporal
    is still at it: repeat it then.
    """
    with outcome():
        actions.purge_number(phone_number, output, dry_run=dry_run, sure=sure)


@commands.command()
def expired(*, dry_run: DryRun = False, output: OutputOption = Output.TABLE) -> None:
    """Delete files that outlived HOSTED_NUMBERS_DOCUMENT_RETENTION_DAYS by any failure.

    Files of open orders, and those that a workflow is going to delete in due time, stay. It asks
    nothing, so a job may run it.
    """
    with outcome():
        actions.purge_expired(output, dry_run=dry_run)
