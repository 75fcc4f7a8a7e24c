"""The tree of commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from hosted_numbers.cli import (
    bulk_commands,
    config_commands,
    doctor_commands,
    export_commands,
    key_commands,
    letter_commands,
    notification_commands,
    operator_commands,
    order_commands,
    process_commands,
    purge_commands,
    ring_commands,
)

application = typer.Typer(
    name="hosted-numbers",
    help="Host phone numbers on Twilio for SMS, one durable workflow per order.",
    no_args_is_help=True,
    # A traceback with its local variables would show codes and e-mails.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
application.add_typer(order_commands.commands)
application.add_typer(letter_commands.commands)
application.add_typer(bulk_commands.commands)
application.add_typer(notification_commands.commands)
application.add_typer(ring_commands.commands)
application.add_typer(config_commands.commands)
application.add_typer(purge_commands.commands)
process_commands.add_to(application)
doctor_commands.add_to(application)
export_commands.add_to(application)
key_commands.add_to(application)
operator_commands.add_to(application)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"hosted-numbers {version('hosted-numbers')}")
        raise typer.Exit


@application.callback()
def _root(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which."),
    ] = False,
) -> None:
    """Host phone numbers on Twilio for SMS, one durable workflow per order."""
