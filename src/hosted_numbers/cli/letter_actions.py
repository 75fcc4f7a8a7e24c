"""What the letter commands do, once their words are read."""

import shlex
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from hosted_numbers import temporal
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.terminal import FAILED, Output, plain, stdout, suggest
from hosted_numbers.complaints import checked
from hosted_numbers.contract import Answer
from hosted_numbers.letter_groups.client import LetterGroups
from hosted_numbers.letter_groups.contract import LetterProgress
from hosted_numbers.settings import Settings
from hosted_numbers.validation import NewLetterAmendment

T = TypeVar("T")


async def connected() -> LetterGroups:
    """The groups of the namespace that the environment names.

    Raises:
        SettingsError: the environment is wrong.
        TemporalUnavailableError: Temporal does not answer.
    """
    settings = Settings.read()
    return LetterGroups(
        await temporal.connect(settings),
        deadline=settings.temporal_deadline(),
        answer_deadline=settings.answer_deadline(),
    )


def show(group: str, output: Output) -> None:
    """Print where a group stands."""
    progress = _asked(lambda groups: groups.progress(group))
    if output is Output.JSON:
        typer.echo(progress.model_dump_json())
    else:
        stdout().print(_view(progress))
    if progress.waiting_for == "operator":
        suggest(f"letter resume {shlex.quote(progress.group)}")


def send(group: str, output: Output) -> None:
    """Send the letter to those who wait."""
    _act(group, output, lambda groups: groups.send_now(group))


def resume(group: str, output: Output) -> None:
    """Let a group go on."""
    _act(group, output, lambda groups: groups.resume(group))


def amend(group: str, fields: dict[str, Any], output: Output) -> None:
    """Change who signs."""
    amendment = checked(NewLetterAmendment, fields)
    _act(group, output, lambda groups: groups.amend(group, amendment))


def _act(
    group: str, output: Output, carry_out: Callable[[LetterGroups], Awaitable[Answer]]
) -> None:
    """Carry a person's act out and print what it came to; exit 1 where it was not taken."""
    answer = _asked(carry_out)
    if output is Output.JSON:
        typer.echo(answer.model_dump_json(exclude={"attempts_left"}))
    else:
        stdout().print(plain(f"{answer.reason} {answer.next_step}"), soft_wrap=True)
    if not answer.taken:
        raise typer.Exit(FAILED)
    suggest(f"letter show {shlex.quote(group)}")


def _asked(question: Callable[[LetterGroups], Awaitable[T]]) -> T:
    async def ask() -> T:
        return await question(await connected())

    return run(ask())


def _view(progress: LetterProgress) -> Group:
    """One group: where it stands, who does what by when, what happened."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    known = f" of {progress.size}" if progress.size is not None else ""
    orders = f"{progress.gathered} waiting, {progress.out} out, {progress.signed} signed"
    for name, value in (
        ("group", progress.group),
        ("status", progress.status),
        ("waiting for", progress.waiting_for),
        ("why", progress.reason),
        ("next step", progress.next_step),
        ("by", _moment(progress.deadline) if progress.deadline else ""),
        (f"orders{known}", f"{orders}, {progress.left} left"),
        ("LOA at Twilio", "\n".join(progress.document_sids)),
    ):
        if value:
            facts.add_row(name, plain(value))
    story = Table(box=None, pad_edge=False, header_style="bold")
    story.add_column("at", no_wrap=True)
    story.add_column("what", overflow="fold")
    for entry in progress.timeline:
        story.add_row(_moment(entry.at), plain(entry.what))
    return Group(facts, Text(), story) if progress.timeline else Group(facts)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
