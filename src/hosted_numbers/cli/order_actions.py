"""What the order commands do, once their words are read."""

import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter
from rich.live import Live

from hosted_numbers.cli.connection import asked
from hosted_numbers.cli.rendering import orders_table, progress_line, progress_view
from hosted_numbers.cli.terminal import FAILED, Output, plain, say, stdout, suggest
from hosted_numbers.cli.watching import watched
from hosted_numbers.complaints import checked
from hosted_numbers.contract import Answer, Progress
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.order_lists import OrderSummary
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.phone_numbers import dialable_phone_number
from hosted_numbers.validation import (
    NewAmendment,
    NewHostedNumberOrder,
    NewVerificationCallRequest,
    NewVerificationCodeEntry,
)

_HELPFUL = {
    "verification-code": "code",
    "verification-call": "call",
    "document": "bill",
    "operator": "resume",
}
_MORE_WORDS = {"bill": " FILE"}


def create(fields: dict[str, Any], file: str | None, output: Output) -> None:
    """Start an order from options and, beneath them, a JSON file (``-`` for stdin)."""
    order = checked(NewHostedNumberOrder, (_read(file) if file else {}) | fields)
    started = asked(lambda orders: orders.start(order))
    if output is Output.JSON:
        typer.echo(json.dumps(asdict(started)))
    else:
        done = "Started" if started.created else "Already open"
        stdout().print(plain(f"{done}: {started.phone_number} as {started.workflow_id}"))
    suggest(f"order watch {started.phone_number}")


def show(number: str, output: Output) -> None:
    """Print where an order stands."""
    phone_number = e164(number)
    progress = asked(lambda orders: orders.progress(phone_number))
    if output is Output.JSON:
        typer.echo(progress.model_dump_json())
    else:
        stdout().print(progress_view(progress))
    if command := _HELPFUL.get(progress.waiting_for):
        suggest(f"order {command} {phone_number}{_MORE_WORDS.get(command, '')}")


def list_orders(
    *,
    status: str | None,
    waiting_for: str | None,
    customer: str | None,
    open_only: bool,
    limit: int,
    output: Output,
) -> None:
    """Print the newest orders that match."""

    async def collect(orders: HostedNumberOrders) -> tuple[list[OrderSummary], bool]:
        rows: list[OrderSummary] = []
        cursor: bytes | None = None
        while True:
            page = await orders.lists.page(
                status=status,
                waiting_for=waiting_for,
                customer=customer,
                open_only=open_only,
                page_size=min(limit - len(rows), 1000),
                cursor=cursor,
            )
            rows += page.orders
            cursor = page.next_cursor
            if cursor is None or len(rows) >= limit:
                return rows, cursor is not None

    rows, more = asked(collect)
    if output is Output.JSON:
        typer.echo(TypeAdapter(list[OrderSummary]).dump_json(rows))
    elif rows:
        stdout().print(orders_table(rows))
    else:
        say("No order matches.")
    if more:
        say(f"There are more than these {len(rows)}: raise --limit, or filter.")


def watch(number: str, output: Output) -> None:
    """Show an order's changes until it ends; exit 1 unless it completed."""
    console = stdout()
    live = (
        Live(console=console, auto_refresh=False)
        if output is Output.TABLE and console.is_terminal
        else None
    )

    def show_change(progress: Progress) -> None:
        if output is Output.JSON:
            typer.echo(progress.model_dump_json())
        elif live is None:
            console.print(progress_line(progress), soft_wrap=True)
        else:
            live.update(progress_view(progress), refresh=True)

    phone_number = e164(number)
    with live or nullcontext():
        end = asked(lambda orders: watched(orders, phone_number, show_change, say))
    if end.phase != "completed":
        raise typer.Exit(FAILED)


def submit_code(number: str, code: str | None, output: Output) -> None:
    """Hand in a code: the argument, stdin's first line for ``-``, or what is asked for."""
    given = _code(code)
    entry = checked(NewVerificationCodeEntry, {"code": given})
    act(number, output, lambda orders, phone: orders.submit_verification_code(phone, entry))


def call(number: str, fields: dict[str, Any], output: Output) -> None:
    """Have the number called."""
    request = checked(NewVerificationCallRequest, fields)
    act(number, output, lambda orders, phone: orders.request_verification_call(phone, request))


def amend(number: str, fields: dict[str, Any], output: Output) -> None:
    """Change an order that is under way."""
    amendment = checked(NewAmendment, fields)
    act(number, output, lambda orders, phone: orders.amend(phone, amendment))


def resume(number: str, output: Output) -> None:
    """Let an order go on."""
    act(number, output, lambda orders, phone: orders.resume(phone))


def cancel(number: str, output: Output, *, sure: bool) -> None:
    """Give an order up; at a terminal, only after a yes."""
    if not sure and sys.stdin.isatty():
        typer.confirm(f"Take the order for {number} back at Twilio?", abort=True, err=True)
    act(number, output, lambda orders, phone: orders.cancel(phone))


def offboard(number: str, output: Output, *, sure: bool) -> None:
    """Give a hosted number back for good, once the person has typed it again.

    Raises:
        InvalidRequestError: nobody is there to be asked, or another number was typed.
    """
    phone_number = e164(number)
    if not sure:
        _ask_for_it_again(phone_number)
    act(phone_number, output, lambda orders, phone: orders.offboard(phone))


def _ask_for_it_again(phone_number: str) -> None:
    if not sys.stdin.isatty():
        raise InvalidRequestError(
            "Twilio would host the number no more, and nobody is there to be asked.",
            "Say --yes if it is meant; nothing was changed.",
        )
    question = f"Twilio will host {phone_number} no more. Type the number to go on"
    if str(typer.prompt(question, err=True)).strip() != phone_number:
        raise InvalidRequestError("That is another number.", "Nothing was changed.")


def act(
    number: str,
    output: Output,
    carry_out: Callable[[HostedNumberOrders, str], Awaitable[Answer]],
) -> None:
    """Carry a person's act out and print what it came to; exit 1 where it was not taken."""
    phone_number = e164(number)
    answer = asked(lambda orders: carry_out(orders, phone_number))
    if output is Output.JSON:
        typer.echo(answer.model_dump_json())
    else:
        stdout().print(plain(f"{answer.reason} {answer.next_step}"), soft_wrap=True)
    if not answer.taken:
        raise typer.Exit(FAILED)
    suggest(f"order watch {phone_number}")


def e164(number: str) -> str:
    """The number of a command line.

    Raises:
        InvalidRequestError: it is none.
    """
    try:
        return dialable_phone_number(number)
    except ValueError as error:
        raise InvalidRequestError(str(error), "Correct the number; nothing was changed.") from None


def _code(code: str | None) -> str:
    if code == "-":
        return sys.stdin.readline().strip()
    if code is not None:
        return code
    if sys.stdin.isatty():
        return str(typer.prompt("Code heard on the call", hide_input=True, err=True)).strip()
    raise InvalidRequestError(
        "No code was given.", "Give it as the second argument, or - to read it from stdin."
    )


def _read(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidRequestError(
            "The file of --file cannot be read as a JSON object.",
            "Give one order as JSON; its fields are those of the options, with underscores.",
        )
    return found
