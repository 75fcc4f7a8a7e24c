"""What ``export`` does, once its words are read."""

import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, TextIO

import typer

from hosted_numbers import temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.notification_actions import moment
from hosted_numbers.cli.order_actions import e164
from hosted_numbers.cli.terminal import FAILED, say
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.order_export import ExportedOrder, OrderExport, Selection
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings

# What stands before each order, between two and behind the last, by the form.
_FRAMES: Final = {"jsonl": ("", "\n", "\n"), "json": ("[\n", ",\n", "\n]\n")}


async def connected() -> OrderExport:
    """The orders of the namespace that the environment names.

    Raises:
        SettingsError: the environment is wrong.
        TemporalUnavailableError: Temporal does not answer.
        BlobStoreError: the store cannot be opened.
    """
    settings = Settings.read()
    client = await temporal.connect(settings)
    deadline = settings.temporal_deadline()
    orders = HostedNumberOrders(client, deadline=deadline)
    blobs = BlobStore.of(settings)
    return OrderExport(client, orders, blobs, deadline)


def chosen(
    phone_number: str | None, since: str | None, until: str | None, *, everything: bool
) -> Selection:
    """Which orders the words mean.

    Raises:
        InvalidRequestError: they mean none, or two things at once; or one of them is malformed.
    """
    if [phone_number is not None, everything, since is not None].count(True) != 1 or (
        until is not None and since is None
    ):
        raise InvalidRequestError(
            "Which orders are meant is not clear.",
            "Say one of --phone-number, --all and --since (with or without --until).",
        )
    number = None if phone_number is None else e164(phone_number)
    return Selection(number, moment(since), moment(until))


def export(selection: Selection, form: str, to: str | None) -> None:
    """Write the orders down; exit 1 where something of them is missing."""
    if to is None:
        say("What follows names people: keep it as closed as Temporal itself.")
        count, missing = _written(selection, form, sys.stdout)
    else:
        with _whole(Path(to)) as file:
            count, missing = _written(selection, form, file)
        say(f"Written: {to}, which names people: keep it as closed as Temporal itself.")
    say(f"{count} orders." if count else "No order matches.")
    if missing:
        say(f"{missing} of them are without their progress; each says why in 'missing'.", "red")
        say("Start a worker (python worker.py) and export again.")
        raise typer.Exit(FAILED)


def _written(selection: Selection, form: str, file: TextIO) -> tuple[int, int]:
    """Write the orders one by one; how many there are, and how many lack something."""

    async def write() -> tuple[int, int]:
        count = missing = 0
        before, between, behind = _FRAMES[form]
        file.write(before)
        async for order in _orders(selection):
            file.write((between if count else "") + order.model_dump_json(exclude_none=True))
            count += 1
            missing += order.progress is None
        file.write(behind if count or form == "json" else "")
        file.flush()
        return count, missing

    return run(write())


async def _orders(selection: Selection) -> AsyncIterator[ExportedOrder]:
    found = await connected()
    async for order in found.selected(selection):
        yield order


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[TextIO]:
    """A file that is there under its name once it is whole, for its owner alone.

    Raises:
        InvalidRequestError: it cannot be written there.
    """
    try:
        # mkstemp makes it with mode 0600
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise _not_there(error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError as error:
        raise _not_there(error) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _not_there(error: OSError) -> InvalidRequestError:
    return InvalidRequestError(
        f"The export cannot be written there: {error.strerror}.",
        "Check the path, its rights and the room on the disk; what was there stays.",
    )
