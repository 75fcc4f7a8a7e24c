"""``hosted-numbers api-key``: its words. What it does is in ``key_actions``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.order_options import given
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import key_actions as actions
else:
    actions = lazily("hosted_numbers.cli.key_actions")


def api_key(
    name: Annotated[str, typer.Argument(help="Names the key in the log: letters, digits, . _ -")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do, once for each: orders:read, orders:write, codes:write, "
            "bills:write; admin, the default, is everything."
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT", help="Not taken from then on, such as 2027-01-31T00:00:00Z."
        ),
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="The only customer whose orders it reaches.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make an API key. It is shown once; the gateway is told its entry, which holds no secret."""
    with outcome():
        actions.make(name, given(scopes=scope, expires=expires, customer=customer), output)


def add_to(application: typer.Typer) -> None:
    """Put the command into the tree."""
    application.command("api-key")(api_key)
