"""``hosted-numbers bulk …``: the words of each command; they act in ``bulk_actions``."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import Output, OutputOption, outcome

if TYPE_CHECKING:
    from hosted_numbers.cli import bulk_actions as actions
else:
    actions = lazily("hosted_numbers.cli.bulk_actions")

commands = typer.Typer(
    name="bulk",
    help="Start many orders from one file, and see what came of it.",
    no_args_is_help=True,
)


class Form(StrEnum):
    """What a bulk file is."""

    CSV = "csv"
    JSONL = "jsonl"


Id = Annotated[str, typer.Argument(metavar="ID", help="The import's id, as bulk list shows it.")]


@commands.command()
def template(
    *, form: Annotated[Form, typer.Option("--format", help="CSV, or JSON Lines.")] = Form.CSV
) -> None:
    """Print a file to begin with: every column, and one order to see how they are filled in."""
    actions.print_template(form.value)


@commands.command("import")
def import_file(
    *,
    file: Annotated[str, typer.Argument(help="CSV or JSON Lines; - for stdin, with --format.")],
    form: Annotated[
        Form | None, typer.Option("--format", help="What it is; by the end of its name else.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it and start nothing.")] = False,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave bad rows out and start the others.")
    ] = False,
    customer: Annotated[
        str | None, typer.Option(help="All orders are this customer's; rows may leave it out.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What lists call it; by default the file's name.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="Names the import; the same file again under another key is another one."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow it until every row was handled.")
    ] = True,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check a file and start its orders; the same file sent twice is one import.

    Every row is checked before anything is started, and every bad one is named by its line. Exits 1
    where a row was refused or the import was cancelled, 2 where the file is not right.
    """
    with outcome():
        actions.import_file(
            file,
            form.value if form else None,
            actions.Wishes(
                dry_run=dry_run,
                skip_bad_rows=skip_bad_rows,
                customer=customer,
                name=name,
                key=key,
                wait=wait,
            ),
            output,
        )


@commands.command()
def show(
    *,
    import_id: Id,
    results: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write what came of each row there, as CSV; - prints it."
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Where an import and its orders stand."""
    with outcome():
        actions.show(import_id, results, output)


@commands.command("list")
def list_imports(
    *,
    customer: Annotated[str | None, typer.Option(help="Those of this customer alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many imports at most.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """The imports, newest first."""
    with outcome():
        actions.list_imports(customer, limit, output)


@commands.command()
def cancel(*, import_id: Id, output: OutputOption = Output.TABLE) -> None:
    """Start no further rows; the orders that were started go on."""
    with outcome():
        actions.cancel(import_id, output)
