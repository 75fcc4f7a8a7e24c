"""``hosted-numbers letter …``: the words of each command. What they do is in ``letter_actions``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.order_options import (
    AddressSid,
    CcEmail,
    ContactPhone,
    ContactTitle,
    Email,
    given,
)
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import letter_actions as actions
else:
    actions = lazily("hosted_numbers.cli.letter_actions")

commands = typer.Typer(
    name="letter",
    help="See and mend the letters of authorization that orders share.",
    no_args_is_help=True,
)

Group = Annotated[
    str, typer.Argument(help="The loa_group, or all of GROUP/12ab34cd where several are so named.")
]


@commands.command()
def show(group: Group, output: OutputOption = Output.TABLE) -> None:
    """Where a group stands: who waits, whose letter is out, what is in the way."""
    with outcome():
        actions.show(group, output)


@commands.command()
def send(group: Group, output: OutputOption = Output.TABLE) -> None:
    """Send the letter to the orders that wait now, without the others."""
    with outcome():
        actions.send(group, output)


@commands.command()
def resume(group: Group, output: OutputOption = Output.TABLE) -> None:
    """Let a group on hold go on: a letter that was declined or failed is issued anew for all."""
    with outcome():
        actions.resume(group, output)


@commands.command()
def amend(
    group: Group,
    *,
    email: Email = None,
    contact_title: ContactTitle = None,
    contact_phone_number: ContactPhone = None,
    address_sid: AddressSid = None,
    cc_email: CcEmail = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Change who signs for all; a letter that is out is withdrawn, changed and sent again."""
    fields = given(
        email=email,
        contact_title=contact_title,
        contact_phone_number=contact_phone_number,
        address_sid=address_sid,
        cc_emails=cc_email,
    )
    with outcome():
        actions.amend(group, fields, output)
