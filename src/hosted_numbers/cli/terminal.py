"""What goes where: data to stdout, everything else to stderr, the outcome to the exit code.

Exit codes: 0 done, 1 refused or failed with the reason, 2 wrong usage or settings.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from hosted_numbers.errors import HostedNumbersError, InvalidRequestError, SettingsError

FAILED: Final = 1
WRONG_USAGE: Final = 2

# A pipe has no width: what reads it gets whole lines.
_WIDTH_OF_A_PIPE: Final = 240


class Output(StrEnum):
    """How data is shown."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="Tables for people, JSON for programs.")
]


def stdout() -> Console:
    """Where data goes. rich honours NO_COLOR and drops colours where there is no terminal."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
    return Console(highlight=False, width=width)


def say(message: str, style: str = "") -> None:
    """Tell the person something that is not data."""
    console = Console(stderr=True, highlight=False)
    console.print(plain(message), style=style or None, soft_wrap=True)


def suggest(command: str) -> None:
    """Name the command that makes sense next."""
    say(f"Next: hosted-numbers {command}", style="dim")


def plain(text: str) -> Text:
    """The text as it is: no markup, and nothing that a terminal would obey."""
    return Text("".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text))


@contextmanager
def outcome() -> Iterator[None]:
    """Turn an error into its sentence, its next step and the exit code."""
    try:
        yield
    except HostedNumbersError as error:
        say(error.reason, style="red")
        say(error.next_step)
        wrong = isinstance(error, InvalidRequestError | SettingsError)
        raise typer.Exit(WRONG_USAGE if wrong else FAILED) from None


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say which extra to install where a command's packages are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "hosted_numbers":
            raise
        say(f"This command needs more packages ({error.name} is missing).", style="red")
        say(f"Install them: pip install 'hosted-numbers[{name}]'")
        raise typer.Exit(FAILED) from None
