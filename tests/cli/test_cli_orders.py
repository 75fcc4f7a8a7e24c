"""``hosted-numbers order``: what each command prints, where, and how it exits."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers.cli import order_actions, watching
from hosted_numbers.cli.terminal import Output
from hosted_numbers.contract import Answer, Progress, TimelineEntry
from hosted_numbers.errors import NoWorkerError, RefusedError, TemporalUnavailableError
from hosted_numbers.order_lists import OrderPage
from tests.cli.storied_orders import Run, StoriedOrders
from tests.gateway.orders_in_memory import NUMBER, ORDER

OPTIONS = [word for name, value in ORDER.items() for word in (f"--{name.replace('_', '-')}", value)]


def progress(**changes: Any) -> Progress:
    """Where an order may stand."""
    return Progress(
        **{
            "phone_number": NUMBER,
            "status": "pending-verification",
            "phase": "verification",
            "waiting_for": "verification-code",
            "reason": "It waits for the code.",
            "next_step": "Enter the code.",
            "attempts_used": 1,
            "attempts_left": 2,
            **changes,
        }
    )


DONE = progress(
    status="completed", phase="completed", waiting_for="nothing", reason="The number is hosted."
)


@pytest.fixture
def _open(run: Run, orders: StoriedOrders) -> None:
    """An order for the number is under way."""
    del orders
    assert run("order", "create", *OPTIONS).exit_code == 0


def test_create_starts_an_order_and_suggests_to_watch_it(run: Run, orders: StoriedOrders) -> None:
    """The order on stdout, the advice on stderr."""
    result = run("order", "create", *OPTIONS)

    assert result.exit_code == 0
    assert result.stdout == f"Started: {NUMBER} as hosted-number-order/{NUMBER}\n"
    assert f"hosted-numbers order watch {NUMBER}" in result.stderr
    assert orders.open[NUMBER].email == ORDER["email"]


@pytest.mark.usefixtures("_open")
def test_create_says_when_the_order_is_open_already(run: Run) -> None:
    """Sent twice, started once, and no failure."""
    result = run("order", "create", *OPTIONS)

    assert result.exit_code == 0
    assert result.stdout.startswith("Already open")


def test_create_takes_every_field(run: Run, orders: StoriedOrders) -> None:
    """Each option ends in the order's field of its name."""
    more = {
        "friendly_name": "Front desk",
        "sms_url": "https://example.com/sms",
        "sms_method": "POST",
        "sms_fallback_url": "https://example.com/fallback",
        "sms_fallback_method": "GET",
        "sms_application_sid": "AP" + "1" * 32,
        "account_sid": "AC" + "1" * 32,
        "verification_type": "phone-bill",
        "extension": "ww101",
        "call_delay": 5,
        "call_when": "business-hours",
        "bill_date": datetime.now(UTC).date(),
        "customer": "customer-4711",
        "loa_group": "spring 2026",
        "loa_group_size": 40,
        "deadline_days": 10,
    }
    words = [
        word for name, value in more.items() for word in (f"--{name.replace('_', '-')}", str(value))
    ]

    result = run(
        "order", "create", *OPTIONS, *words, "--cc-email", "a@example.com",
        "--cc-email", "b@example.com", "--output", "json",
    )  # fmt: skip

    assert result.exit_code == 0
    assert json.loads(result.stdout)["workflow_id"] == f"hosted-number-order/{NUMBER}"
    sent = orders.open[NUMBER].model_dump()
    assert sent.pop("supporting_documents") == ()
    assert {**ORDER, **more, "cc_emails": ("a@example.com", "b@example.com")} == sent


@pytest.mark.parametrize("source", ["stdin", "file"])
def test_create_reads_json_beneath_the_options(
    run: Run, orders: StoriedOrders, tmp_path: Path, source: str
) -> None:
    """What an option says goes before what the file says."""
    text = json.dumps(ORDER | {"customer": "from the file", "contact_title": "From the file"})
    file = tmp_path / "order.json"
    file.write_text(text)
    name = "-" if source == "stdin" else str(file)

    result = run("order", "create", "--file", name, "--customer", "from the option", stdin=text)

    assert result.exit_code == 0
    assert orders.open[NUMBER].customer == "from the option"
    assert orders.open[NUMBER].contact_title == "From the file"


@pytest.mark.parametrize(
    "words",
    [
        ["create"],
        ["create", *OPTIONS, "--email", "nobody"],
        ["create", *OPTIONS, "--phone-number", "+442079460000"],
        ["create", *OPTIONS, "--call-when", "later"],
        ["create", "--file", "/nowhere/order.json"],
        ["create", "--file", "-"],
        ["show", "5017122661"],
        ["watch", "5017122661"],
        ["code", NUMBER, "12"],
        ["code", NUMBER],
        ["call", NUMBER, "--extension", "abc"],
        ["call", NUMBER, "--call-delay", "61"],
        ["amend", NUMBER],
        ["amend", NUMBER, "--email", "nobody"],
        ["resume", "hosted"],
        ["cancel", "hosted"],
        ["list", "--limit", "0"],
        ["dance"],
    ],
)
def test_wrong_usage_exits_2_and_reaches_nothing(
    run: Run, orders: StoriedOrders, words: list[str]
) -> None:
    """The reason on stderr, nothing on stdout, nothing sent."""
    result = run("order", *words, stdin="[1]")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert orders.untouched


ACTS = [
    (["code", NUMBER, "0471"], "code", {"code": "0471"}),
    (
        ["call", NUMBER, "--extension", "w1", "--call-delay", "0"],
        "call",
        {"extension": "w1", "call_delay": 0},
    ),
    (["call", NUMBER], "call", {}),
    (
        ["amend", NUMBER, "--contact-title", "CFO", "--cc-email", "a@example.com"],
        "amend",
        {"contact_title": "CFO", "cc_emails": ("a@example.com",)},
    ),
    (["resume", NUMBER], "resume", {}),
    (["cancel", NUMBER], "cancel", {}),
]


@pytest.mark.usefixtures("_open")
@pytest.mark.parametrize(("words", "name", "fields"), ACTS)
def test_an_act_is_carried_out_and_answered(
    run: Run, orders: StoriedOrders, words: list[str], name: str, fields: dict[str, object]
) -> None:
    """The answer on stdout, the next command on stderr."""
    result = run("order", *words)

    assert result.exit_code == 0
    assert result.stdout == f"{name} taken. Wait.\n"
    assert "hosted-numbers order watch" in result.stderr
    [(act, number, message)] = orders.acts
    assert (act, number) == (name, NUMBER)
    assert message.model_dump(exclude_none=True) == fields


@pytest.mark.usefixtures("_open")
@pytest.mark.parametrize(("words", "name", "fields"), ACTS)
def test_an_acts_answer_as_json(
    run: Run, words: list[str], name: str, fields: dict[str, object]
) -> None:
    """One JSON object on stdout."""
    del fields

    result = run("order", *words, "-o", "json")

    assert json.loads(result.stdout)["reason"] == f"{name} taken."


def test_an_act_that_was_not_taken_exits_1(
    run: Run, orders: StoriedOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is printed all the same."""

    async def wrong(phone_number: str, entry: object) -> Answer:
        del phone_number, entry
        return Answer(taken=False, reason="The code is wrong.", next_step="Try again.")

    monkeypatch.setattr(orders, "submit_verification_code", wrong)

    result = run("order", "code", NUMBER, "1234")

    assert result.exit_code == 1
    assert result.stdout == "The code is wrong. Try again.\n"


def test_a_refusal_exits_1_with_its_next_step(run: Run, orders: StoriedOrders) -> None:
    """Reason and next step on stderr."""
    orders.failure = RefusedError("No code is asked for.", "Ask for a call first.")

    result = run("order", "code", NUMBER, "1234")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "No code is asked for.\nAsk for a call first.\n"


def test_temporals_own_refusal_exits_1(run: Run, orders: StoriedOrders) -> None:
    """The status by name, and where to look."""
    orders.failure = RPCError("canary", RPCStatusCode.PERMISSION_DENIED, b"")

    result = run("order", "list")

    assert result.exit_code == 1
    assert "PERMISSION_DENIED" in result.stderr
    assert "canary" not in result.stderr


@pytest.mark.usefixtures("_open")
def test_a_code_is_read_from_stdin(run: Run, orders: StoriedOrders) -> None:
    """So that it stands in no process list."""
    result = run("order", "code", NUMBER, "-", stdin="0471\n")

    assert result.exit_code == 0
    assert orders.acts[0][2].model_dump() == {"code": "0471"}


@pytest.mark.usefixtures("_open")
def test_a_code_is_asked_for_at_a_terminal(
    orders: StoriedOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prompt hides what is typed."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: dict[str, object] = {}

    def prompt(text: str, **how: object) -> str:
        asked.update(how, text=text)
        return " 0471 "

    monkeypatch.setattr(typer, "prompt", prompt)

    order_actions.submit_code(NUMBER, None, Output.JSON)

    assert asked["hide_input"] is True
    assert orders.acts[0][2].model_dump() == {"code": "0471"}


@pytest.mark.usefixtures("_open")
@pytest.mark.parametrize("sure", [True, False])
def test_cancel_asks_at_a_terminal(
    orders: StoriedOrders, monkeypatch: pytest.MonkeyPatch, *, sure: bool
) -> None:
    """Unless told not to."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr(typer, "confirm", lambda text, **_: asked.append(text))

    order_actions.cancel(NUMBER, Output.TABLE, sure=sure)

    assert bool(asked) is not sure
    assert [name for name, _, _ in orders.acts] == ["cancel"]


FULL = progress(
    sid="HR" + "1" * 32,
    verification_code="0471",
    authorization_document_sid="PX" + "1" * 32,
    document_sid="RI" + "1" * 32,
    failure_reason="\x1b[31m[bold]Some carrier's words",
    deadline=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    timeline=(TimelineEntry(at=datetime(2026, 1, 1, tzinfo=UTC), what="The order was sent."),),
)


def test_show_tells_where_an_order_stands(run: Run, orders: StoriedOrders) -> None:
    """What it waits for, the code to key in, who does what by when, what happened."""
    orders.story = [FULL]

    result = run("order", "show", NUMBER)

    assert result.exit_code == 0
    for text in (
        "verification-code",
        "0471",
        "Enter the code.",
        "2026-01-02 03:04:05 UTC",
        "1 placed, 2 left",
        "The order was sent.",
        FULL.sid or "",
        FULL.authorization_document_sid or "",
    ):
        assert text in result.stdout
    assert f"Next: hosted-numbers order code {NUMBER}" in result.stderr


def test_what_others_wrote_cannot_steer_the_terminal(run: Run, orders: StoriedOrders) -> None:
    """Neither control sequences nor markup in a carrier's words are obeyed."""
    orders.story = [FULL]

    result = run("order", "show", NUMBER)

    assert "\ufffd[31m[bold]Some carrier's words" in result.stdout
    assert "\x1b" not in result.stdout


def test_show_as_json_is_the_progress(run: Run, orders: StoriedOrders) -> None:
    """The same model as in the query and the API."""
    orders.story = [FULL]

    result = run("order", "show", NUMBER, "--output", "json")

    assert Progress.model_validate_json(result.stdout) == FULL


def test_show_suggests_nothing_when_nobody_is_needed(run: Run, orders: StoriedOrders) -> None:
    """An order that has ended waits for nobody."""
    orders.story = [DONE]

    result = run("order", "show", NUMBER)

    assert "The number is hosted." in result.stdout
    assert result.stderr == ""


def test_show_of_an_unknown_order_exits_1(run: Run, orders: StoriedOrders) -> None:
    """With what to do."""
    del orders

    result = run("order", "show", NUMBER)

    assert result.exit_code == 1
    assert "No order is known" in result.stderr


@pytest.mark.usefixtures("_open")
def test_list_prints_a_table(run: Run, orders: StoriedOrders) -> None:
    """One row for each order; the filters are passed on."""
    result = run("order", "list", "--status", "received", "--waiting-for", "nothing", "--open")

    assert result.exit_code == 0
    assert NUMBER in result.stdout
    assert "2026-01-02 03:04:05 UTC" in result.stdout
    assert orders.queries[0]["status"] == "received"
    assert orders.queries[0]["waiting_for"] == "nothing"
    assert orders.queries[0]["open_only"] is True
    assert orders.queries[0]["page_size"] == 50


@pytest.mark.usefixtures("_open")
def test_list_walks_the_pages_up_to_its_limit(
    run: Run, orders: StoriedOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON as one array; that there is more is said on stderr."""
    sizes: list[int] = []
    row = order_page(orders)

    async def page(*, page_size: int, cursor: bytes | None, **_: object) -> OrderPage:
        sizes.append(page_size)
        return OrderPage(row.orders * 2, b"more" if cursor is None else b"still more")

    monkeypatch.setattr(orders.lists, "page", page)

    result = run("order", "list", "--limit", "4", "-o", "json")

    assert sizes == [4, 2]
    assert [each["phone_number"] for each in json.loads(result.stdout)] == [NUMBER] * 4
    assert "more than these 4" in result.stderr


def order_page(orders: StoriedOrders) -> OrderPage:
    """The page that orders in memory have."""
    return asyncio.run(orders.lists.page())


def test_an_empty_list_is_said(run: Run, orders: StoriedOrders) -> None:
    """Not on stdout, which stays empty; JSON is an empty array."""
    del orders

    table = run("order", "list")
    as_json = run("order", "list", "-o", "json")

    assert (table.exit_code, table.stdout) == (0, "")
    assert "No order matches" in table.stderr
    assert json.loads(as_json.stdout) == []


@pytest.mark.parametrize(
    ("end", "exit_code"),
    [
        (DONE, 0),
        (progress(phase="failed", status="failed", waiting_for="nothing"), 1),
        (progress(phase="cancelled", waiting_for="nothing"), 1),
    ],
)
def test_watch_prints_a_line_for_each_change(
    run: Run, orders: StoriedOrders, end: Progress, exit_code: int
) -> None:
    """Until the order ends; the exit code tells how."""
    orders.story = [FULL, end]

    result = run("order", "watch", NUMBER)

    first, second = result.stdout.splitlines()
    assert "waiting for verification-code" in first
    assert "code 0471" in first
    assert end.reason in second
    assert result.exit_code == exit_code


def test_watch_as_json_prints_a_line_for_each_change(run: Run, orders: StoriedOrders) -> None:
    """JSON lines."""
    orders.story = [FULL, DONE]

    result = run("order", "watch", NUMBER, "--output", "json")

    lines = [Progress.model_validate_json(line) for line in result.stdout.splitlines()]
    assert lines == [FULL, DONE]


@pytest.mark.parametrize(
    "outage",
    [NoWorkerError("No worker.", "Start one."), TemporalUnavailableError("No Temporal.", "Wait.")],
)
async def test_watch_goes_on_through_an_outage(orders: StoriedOrders, outage: Exception) -> None:
    """It says so, and shows nothing twice."""
    orders.story = [FULL, outage, FULL, DONE]
    shown: list[Progress] = []
    told: list[str] = []

    end = await watching.watched(
        orders, NUMBER, shown.append, told.append, pause=watching.PAUSE * 0
    )

    assert end == DONE
    assert shown == [FULL, DONE]
    assert told == [f"{outage.args[0]} Still watching."]


def test_watch_gives_up_when_nothing_ever_answered(run: Run, orders: StoriedOrders) -> None:
    """An outage from the start is a failure with its next step."""
    orders.story = [TemporalUnavailableError("No Temporal.", "Start it.")]

    result = run("order", "watch", NUMBER)

    assert result.exit_code == 1
    assert "Start it." in result.stderr


def test_watch_is_live_at_a_terminal(
    orders: StoriedOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The view is redrawn in place."""
    orders.story = [FULL, DONE]
    console = Console(force_terminal=True, record=True, width=120, height=50)
    monkeypatch.setattr(order_actions, "stdout", lambda: console)

    order_actions.watch(NUMBER, Output.TABLE)

    drawn = console.export_text()
    assert "The number is hosted." in drawn
    assert "Enter the code." in drawn
