"""What the commands for encryption keys do, once their words are read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import typer
from rich.table import Table

from hosted_numbers import temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.terminal import FAILED, Output, plain, say, stdout, suggest
from hosted_numbers.encryption import ring_file, usage
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.encryption.usage import Usage
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.settings import Settings


@dataclass(frozen=True)
class Row:
    """One key, as it is listed.

    Attributes:
        id: its name.
        writes: whether it is the one to write with.
        on_ring: whether it is there at all.
        workflows: runs whose history needs it; None where nobody looked.
        schedules: Schedules that need it.
        files: files that need it.
    """

    id: str
    writes: bool
    on_ring: bool
    workflows: int | None = None
    schedules: int | None = None
    files: int | None = None


def make(file: str | None) -> None:
    """Make a ring; show it, or write it into a file.

    Raises:
        InvalidRequestError: the file is there already, or cannot be written.
    """
    if file is None:
        say("The ring: one line for HOSTED_NUMBERS_ENCRYPTION_KEYS, a secret. Keep a copy of it:")
        typer.echo(str(Key.new()))
    else:
        key = ring_file.make(Path(file))
        typer.echo(key.id)
        say(f"Written: {file}. Name it by HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE; keep a copy of it.")
    say("Without it nobody can read what was written with it.")


def rotate(file: str | None, promote: str | None) -> None:
    """Do one of the two steps of a rotation, and say what comes next.

    Raises:
        SettingsError: the file is no ring.
        InvalidRequestError: no file is named; it has no such key, or cannot be written.
    """
    if file is None:
        raise InvalidRequestError(
            "No file is named.",
            "Say --file PATH, or set HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE; nothing was changed.",
        )
    path = Path(file)
    if promote is None:
        key = ring_file.add(path)
        typer.echo(key.id)
        say(
            "It is read with, and not written with yet. Bring the ring to every worker, gateway "
            "and terminal; those that have it as a file read it again by themselves."
        )
        suggest(f"encryption-keys rotate --file {file} --promote {key.id}")
    else:
        typer.echo(ring_file.promote(path, promote).id)
        say(
            "It is written with by each process that starts from now on: restart workers and "
            "gateways. Keep the other keys for the namespace's retention and 30 days more, and "
            "until nothing needs them:"
        )
        suggest(f"encryption-keys list --file {file} --in-use")


def list_keys(file: str | None, output: Output, *, in_use: bool) -> None:
    """Print the keys; exit 1 where something needs one that is not on the ring.

    Raises:
        SettingsError: the file is no ring, or there is none.
        TemporalUnavailableError: Temporal does not answer.
        BlobStoreError: the blob store does not.
    """
    ring = ring_file.read(Path(file)) if file is not None else Settings.read().key_ring()
    if ring is None:
        raise InvalidRequestError(
            "There is no ring of keys.", "Make one with: hosted-numbers encryption-keys new"
        )
    found = run(_looked(Settings.read())) if in_use else None
    rows = _rows(ring, found)
    if output is Output.JSON:
        typer.echo(json.dumps([asdict(each) for each in rows]))
    else:
        stdout().print(_table(rows, looked=in_use))
    missing = [each.id for each in rows if not each.on_ring]
    if missing:
        say(f"Not on this ring, and needed: {', '.join(missing)}. Put them back.", style="red")
        raise typer.Exit(FAILED)


async def _looked(settings: Settings) -> Usage:
    client = await temporal.connect(settings)
    return await usage.look(client, BlobStore.of(settings))


def _rows(ring: KeyRing, found: Usage | None) -> list[Row]:
    ids = list(ring.keys)
    if found is None:
        return [Row(each, each == ring.current.id, on_ring=True) for each in ids]
    ids += sorted(found.keys() - ring.keys.keys())
    return [
        Row(
            each,
            each == ring.current.id,
            each in ring.keys,
            found.workflows[each],
            found.schedules[each],
            found.files[each],
        )
        for each in ids
    ]


def _table(rows: list[Row], *, looked: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    counted = ("workflows", "schedules", "files") if looked else ()
    for name in ("key", "", *counted):
        table.add_column(name, no_wrap=True)
    for row in rows:
        does = "writes and reads" if row.writes else "reads" if row.on_ring else "missing"
        counts = (row.workflows, row.schedules, row.files) if looked else ()
        table.add_row(*(plain(str(each)) for each in (row.id, does, *counts)))
    return table
