"""What the purge commands do, once their words are read."""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import typer
from rich.table import Table
from temporalio.client import Client

from hosted_numbers import temporal
from hosted_numbers.blobs import BlobStore, KeptFile
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.order_actions import e164
from hosted_numbers.cli.terminal import FAILED, Output, plain, say, stdout
from hosted_numbers.erasure.leftovers import Leftovers
from hosted_numbers.erasure.number import NumberErasure
from hosted_numbers.erasure.plan import Erased, Kind, Plan
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.process import log_to_stderr
from hosted_numbers.settings import Settings

MOST: Final = 10_000
"""Files of one command; whoever has more left over repeats it."""

_WORDS: Final[dict[Kind, str]] = {
    "order": "orders (runs of their workflows)",
    "event": "events for the backend",
    "disposal": "disposals of files",
    "release": "releases of the number",
    "letter group": "groups that shared a letter",
}


@dataclass(frozen=True)
class Connected:
    """What the commands reach."""

    client: Client
    blobs: BlobStore
    settings: Settings

    def erasure(self) -> NumberErasure:
        """Of one number."""
        deadline = self.settings.temporal_deadline()
        return NumberErasure(self.client, self.blobs, deadline=deadline)

    def leftovers(self) -> Leftovers:
        """Of the store."""
        settings = self.settings
        return Leftovers(
            self.client, self.blobs, settings.document_retention(), settings.temporal_deadline()
        )


async def connected() -> Connected:
    """The namespace and the blob store that the environment names.

    Raises:
        SettingsError: the environment is wrong.
        TemporalUnavailableError: Temporal does not answer.
        BlobStoreError: the store cannot be opened.
    """
    settings = Settings.read()
    client = await temporal.connect(settings)
    return Connected(client, BlobStore.of(settings), settings)


def purge_number(number: str, output: Output, *, dry_run: bool, sure: bool) -> None:
    """Show what would go, ask, delete it; exit 1 where Temporal is still at it.

    Raises:
        InvalidRequestError: nobody is there to be asked, or another number was typed.
        RefusedError: something of the number is under way.
    """
    phone_number = e164(number)
    plan = run(_planned(phone_number))
    if output is Output.TABLE:
        _show(plan)
    erased = None
    if plan.is_empty:
        say(f"Nothing is known of {phone_number} here.")
    elif dry_run:
        say("Nothing was deleted: this was a dry run.")
    else:
        if not sure:
            _ask_for_it_again(phone_number, output)
        erased = run(_carried_out(plan))
        say(f"Deleted: {erased.workflows} workflows, {erased.files} files, {erased.rows} lines.")
    if output is Output.JSON:
        typer.echo(json.dumps(_as_json(plan, erased)))
    say(
        "Logs, backups and what you exported are not touched: see docs/retention.md for what is "
        "in them, and how that ends."
    )
    if erased is not None and erased.pending:
        say(f"Temporal is still deleting: {', '.join(erased.pending)}", "red")
        say("Repeat the command in a minute; it finds what is left.")
        raise typer.Exit(FAILED)


def purge_expired(output: Output, *, dry_run: bool) -> None:
    """Delete the files whose time is up, or only name them."""
    files, more = run(_swept(dry_run=dry_run))
    names = [each.blob for each in files]
    if output is Output.JSON:
        typer.echo(json.dumps({"dry_run": dry_run, "files": names, "more": more}))
    else:
        for name in names:
            stdout().print(plain(name), soft_wrap=True)
    if names:
        say(f"{len(names)} files {'would be' if dry_run else 'were'} deleted.")
    else:
        say("No file has outlived its time.")
    if more:
        say("There are more of them: run it again.")


async def _planned(phone_number: str) -> Plan:
    return await (await connected()).erasure().plan(phone_number)


async def _carried_out(plan: Plan) -> Erased:
    log_to_stderr("purge")  # for the line that says what was purged
    return await (await connected()).erasure().carry_out(plan)


async def _swept(*, dry_run: bool) -> tuple[list[KeptFile], bool]:
    """The files whose time is up, which are deleted; and whether there are more of them."""
    found = await connected()
    days = found.settings.hosted_numbers_document_retention_days
    say(f"Files are kept for {days:g} days (HOSTED_NUMBERS_DOCUMENT_RETENTION_DAYS).")
    files: list[KeptFile] = []
    more = False
    async for file in found.leftovers().found(datetime.now(UTC)):
        if len(files) == MOST:
            more = True
            break
        files.append(file)
    for each in () if dry_run else files:
        await found.blobs.delete(each.blob)
    return files, more


def _show(plan: Plan) -> None:
    """What goes, and what stays."""
    if not plan.is_empty:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("goes", no_wrap=True)
        table.add_column("how many", justify="right")
        for kind, words in _WORDS.items():
            table.add_row(words, str(plan.count(kind)))
        table.add_row("files", str(plan.files))
        table.add_row("lines of bulk imports", str(sum(plan.rows.values())))
        stdout().print(table)
    for each in plan.remains:
        stdout().print(plain(f"Stays: {each.what}, until {each.until}. {each.then}"))


def _as_json(plan: Plan, erased: Erased | None) -> dict[str, Any]:
    return {
        "phone_number": plan.phone_number,
        "deleted": erased is not None,
        "workflows": {kind: plan.count(kind) for kind in _WORDS},
        "files": plan.files if erased is None else erased.files,
        "rows": sum(plan.rows.values()) if erased is None else erased.rows,
        "remains": [asdict(each) for each in plan.remains],
        "pending": [] if erased is None else erased.pending,
    }


def _ask_for_it_again(phone_number: str, output: Output) -> None:
    if output is Output.JSON or not _is_asked():
        raise InvalidRequestError(
            "This cannot be undone, and nobody is there to be asked.",
            "Say --yes if it is meant; nothing was deleted.",
        )
    question = f"All of this goes for good. Type {phone_number} to go on"
    if str(typer.prompt(question, err=True)).strip() != phone_number:
        raise InvalidRequestError("That is another number.", "Nothing was deleted.")


def _is_asked() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()
