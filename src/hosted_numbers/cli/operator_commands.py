"""``hosted-numbers operator-password``: the hash of the password that signs in to the pages."""

import getpass
import sys
from typing import Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import extra, outcome, say
from hosted_numbers.errors import InvalidRequestError

passwords = lazily("hosted_numbers.gateway.pages.passwords")


def operator_password(
    *,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the password from standard input, not asking.")
    ] = False,
) -> None:
    """Print the argon2id hash of the operator's password.

    Put it into HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH of the gateway; the password itself is kept
    nowhere.
    """
    with outcome(), extra("gateway"):
        password = _read() if stdin else _asked()
        try:
            its_hash = passwords.hashed(password)
        except ValueError as error:
            raise InvalidRequestError(str(error), "Take another one.") from None
        typer.echo(its_hash)
        say("Set HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH to this, in single quotes: it holds $.")


def add_to(application: typer.Typer) -> None:
    """Put the command into the tree."""
    application.command()(operator_password)


def is_a_person_there() -> bool:
    """Whether somebody at a terminal can be asked."""
    return sys.stdin.isatty()


def _read() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _asked() -> str:
    if not is_a_person_there():
        raise InvalidRequestError(
            "Nobody is there to be asked for a password.", "Say --stdin and write it there."
        )
    # typer's own prompt would put an empty line onto stdout, where the hash goes
    first = getpass.getpass("New operator's password: ")
    if getpass.getpass("The same again: ") != first:
        raise InvalidRequestError("These are two different passwords.", "Try again.")
    return first
