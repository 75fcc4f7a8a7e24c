"""``hosted-numbers encryption-keys …``: their words. What they do is in ``ring_actions``."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import ring_actions as actions
else:
    actions = lazily("hosted_numbers.cli.ring_actions")

VARIABLE: Final = "HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE"

commands = typer.Typer(
    name="encryption-keys",
    help="The keys that payloads and files are encrypted with: make, rotate, list.",
    no_args_is_help=True,
)

FileOption = Annotated[
    str | None, typer.Option("--file", metavar="PATH", envvar=VARIABLE, help="The ring of keys.")
]


@commands.command()
def new(
    *,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="PATH", help="Write it there, for its owner alone; never over a file."
        ),
    ] = None,
) -> None:
    """Make a ring of one key: a line for HOSTED_NUMBERS_ENCRYPTION_KEYS, or a file."""
    with outcome():
        actions.make(file)


@commands.command()
def rotate(
    *,
    file: FileOption = None,
    promote: Annotated[
        str | None,
        typer.Option(metavar="KEY_ID", help="Write with this key from the next start on."),
    ] = None,
) -> None:
    """Add a new key to a ring, to be read with; then, when all have it, --promote it.

    No key is taken away: what was written with it could not be read any more.
    """
    with outcome():
        actions.rotate(file, promote)


@commands.command("list")
def list_keys(
    *,
    file: FileOption = None,
    in_use: Annotated[
        bool,
        typer.Option(
            "--in-use",
            help="Look through all that Temporal and the blob store keep for what needs each key.",
        ),
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the keys by their ids: which is written with, and with --in-use which are needed."""
    with outcome():
        actions.list_keys(file, output, in_use=in_use)
