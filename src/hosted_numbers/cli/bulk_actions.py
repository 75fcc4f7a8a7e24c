"""What the bulk commands do, once their words are read."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hosted_numbers import temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.checking import (
    MOST_BYTES,
    BulkFileRefusedError,
    FileReport,
    check_file,
)
from hosted_numbers.bulk.contract import FileFormat, ImportProgress
from hosted_numbers.bulk.imports import NAME_LENGTH, BulkImports, StartedImport
from hosted_numbers.bulk.receiving import FileTooLargeError, form_of
from hosted_numbers.bulk.results import csv_header, csv_lines
from hosted_numbers.bulk.template import template
from hosted_numbers.cli.bulk_rendering import complaints_table, import_view, imports_table
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.terminal import (
    FAILED,
    WRONG_USAGE,
    Output,
    say,
    stdout,
    suggest,
)
from hosted_numbers.errors import (
    InvalidRequestError,
    TemporalUnavailableError,
)
from hosted_numbers.order_lists import OrderLists
from hosted_numbers.settings import Settings

T = TypeVar("T")

LOOK: Final = timedelta(seconds=1)
_WITH_ORDERS: Final = TypeAdapter(dict[str, object])


@dataclass(frozen=True)
class Wishes:
    """How a file is to be imported."""

    dry_run: bool
    skip_bad_rows: bool
    customer: str | None
    name: str | None
    key: str | None
    wait: bool


@dataclass(frozen=True)
class Connected:
    """What the commands reach."""

    imports: BulkImports
    lists: OrderLists


async def connected() -> Connected:
    """The imports of the namespace, and the blob store, that the environment names.

    Raises:
        SettingsError: the environment is wrong.
        TemporalUnavailableError: Temporal does not answer.
        BlobStoreError: the store cannot be opened.
    """
    settings = Settings.read()
    deadline = settings.temporal_deadline()
    client = await temporal.connect(settings)
    blobs = BlobStore.of(settings)
    return Connected(BulkImports(client, blobs, deadline=deadline), OrderLists(client, deadline))


def print_template(form: FileFormat) -> None:
    """Print a file to begin with."""
    typer.echo(template(form), nl=False)


def import_file(path: str, form: FileFormat | None, wishes: Wishes, output: Output) -> None:
    """Check a file; start its orders and follow them, unless it is told otherwise.

    Raises:
        InvalidRequestError: the file cannot be read, or is not right.
    """
    form = form or form_of(path)
    if form is None:
        raise InvalidRequestError(
            "Whether the file is CSV or JSON Lines cannot be told from its name.",
            "Say --format csv or --format jsonl; nothing was started.",
        )
    with _opened(path) as file:
        if wishes.dry_run:
            _tell_report(check_file(file, form, wishes.customer).report, output)
            return
        begun = _begun(file, form, wishes, path)
    progress = begun.progress
    if not begun.created:
        say("This very file was taken before; to import it once more, name it by another --key.")
    elif begun.report is not None and begun.report.warnings:
        _tell_complaints(begun.report)
    if wishes.wait:
        progress = _followed(progress)
    _tell(progress, output)
    suggest(f"bulk show {progress.id} --results results.csv")
    if wishes.wait and (progress.status != "done" or progress.refused):
        raise typer.Exit(FAILED)


def show(import_id: str, results: str | None, output: Output) -> None:
    """Print where an import stands, and write what came of its rows."""

    async def look(found: Connected) -> tuple[ImportProgress, dict[str, int]]:
        progress = await found.imports.show(import_id)
        if results is not None:
            await _write_results(found.imports, import_id, results)
        return progress, await found.lists.of_import(import_id)

    progress, orders = _asked(look)
    if results == "-":
        return
    if output is Output.JSON:
        typer.echo(_WITH_ORDERS.dump_json(progress.model_dump() | {"orders": orders}))
    else:
        stdout().print(import_view(progress, orders))


def list_imports(customer: str | None, limit: int, output: Output) -> None:
    """Print the newest imports."""

    async def collect(found: Connected) -> list[ImportProgress]:
        rows: list[ImportProgress] = []
        async for progress in found.imports.listed(customer=customer):
            rows.append(progress)
            if len(rows) > limit:
                break
        return rows

    rows = _asked(collect)
    shown = rows[:limit]
    if output is Output.JSON:
        typer.echo(TypeAdapter(list[ImportProgress]).dump_json(shown))
    elif shown:
        stdout().print(imports_table(shown))
    else:
        say("No import matches.")
    if len(rows) > limit:
        say(f"There are more than these {limit}: raise --limit.")


def cancel(import_id: str, output: Output) -> None:
    """Start no further rows."""
    progress = _asked(lambda found: found.imports.cancel(import_id))
    _tell(progress, output)
    if not progress.has_ended:
        say("No further row will be started; the orders so far go on.")


def _begun(file: BinaryIO, form: FileFormat, wishes: Wishes, path: str) -> StartedImport:
    name = wishes.name or (None if path == "-" else Path(path).name[:NAME_LENGTH])
    try:
        return _asked(
            lambda found: found.imports.begin(
                file,
                form,
                name=name,
                customer=wishes.customer,
                skip_bad_rows=wishes.skip_bad_rows,
                idempotency=wishes.key,
            )
        )
    except BulkFileRefusedError as refused:
        _tell_complaints(refused.report)
        raise


def _followed(progress: ImportProgress) -> ImportProgress:
    """Show a bar until every row was handled; Ctrl-C leaves the import to itself."""
    try:
        return _asked(lambda found: _follow(found.imports, progress))
    except KeyboardInterrupt:
        say("The import goes on by itself.")
        suggest(f"bulk show {progress.id}")
        raise typer.Exit(FAILED) from None


async def _follow(imports: BulkImports, progress: ImportProgress) -> ImportProgress:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("Rows", total=progress.rows, completed=progress.handled)
        while not progress.has_ended:
            await asyncio.sleep(LOOK.total_seconds())
            try:
                progress = await imports.show(progress.id)
            except TemporalUnavailableError:
                bar.update(task, description="Temporal does not answer; rows")
                continue
            bar.update(task, completed=progress.handled, description=_words(progress))
    return progress


def _words(progress: ImportProgress) -> str:
    return f"In trouble: {progress.trouble} Rows" if progress.trouble else "Rows"


async def _write_results(imports: BulkImports, import_id: str, where: str) -> None:
    first = True
    try:
        with _target(where) as write:
            async for some in imports.results(import_id):
                write((csv_header() if first else "") + csv_lines(some))
                first = False
    except OSError:
        raise InvalidRequestError(
            "The results cannot be written there.", "Check the path and its rights."
        ) from None
    if where != "-":
        say(f"Written: {where}")


@contextmanager
def _target(where: str) -> Iterator[Callable[[str], object]]:
    if where == "-":
        yield lambda text: typer.echo(text, nl=False)
        return
    with Path(where).open("w", encoding="utf-8", newline="") as file:
        yield file.write


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The file, or what comes over stdin.

    Raises:
        InvalidRequestError: it cannot be read, or is too large.
    """
    with _handle(path) as file:
        if path == "-":
            file.write(sys.stdin.buffer.read(MOST_BYTES + 1))
        if file.seek(0, 2) > MOST_BYTES:
            raise FileTooLargeError
        file.seek(0)
        yield file


def _handle(path: str) -> BinaryIO:
    try:
        return tempfile.TemporaryFile() if path == "-" else Path(path).open("rb")
    except OSError:
        raise InvalidRequestError(
            "The file cannot be read.", "Correct the path, or its rights; nothing was started."
        ) from None


def _tell_report(report: FileReport, output: Output) -> None:
    """Print what a dry run came to; it exits as the import would."""
    if output is Output.JSON:
        typer.echo(report.model_dump_json())
    elif report.errors or report.warnings:
        stdout().print(complaints_table(report))
    if report.errors:
        say(str(BulkFileRefusedError(report)), style="red")
        raise typer.Exit(WRONG_USAGE)
    say(f"All {report.rows} rows are right. Nothing was started.")


def _tell_complaints(report: FileReport) -> None:
    Console(stderr=True, highlight=False).print(complaints_table(report))


def _tell(progress: ImportProgress, output: Output) -> None:
    if output is Output.JSON:
        typer.echo(progress.model_dump_json())
    else:
        stdout().print(import_view(progress))


def _asked(question: Callable[[Connected], Awaitable[T]]) -> T:
    async def ask() -> T:
        return await question(await connected())

    return run(ask())
