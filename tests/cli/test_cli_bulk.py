"""``hosted-numbers bulk``: what each command prints, where, and how it exits."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hosted_numbers import temporal
from hosted_numbers.bulk.template import template
from hosted_numbers.cli import bulk_actions
from hosted_numbers.cli.bulk_actions import Connected
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.settings import Settings
from tests.bulk.files import a_row, as_csv, as_jsonl
from tests.bulk.imports import AN_ID, ImportsInMemory, a_progress
from tests.cli.storied_orders import Run
from tests.gateway.orders_in_memory import OrdersInMemory

DONE = "2026-03-02T10:00:00Z"


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> ImportsInMemory:
    """What every command reaches; nobody waits for the next look."""
    found = ImportsInMemory()

    async def connected() -> Connected:
        return Connected(found, OrdersInMemory().lists)

    monkeypatch.setattr(bulk_actions, "connected", connected)
    monkeypatch.setattr(bulk_actions, "LOOK", bulk_actions.LOOK * 0)
    return found


@pytest.fixture
def march(tmp_path: Path) -> Path:
    """A file of two good rows."""
    return a_file(tmp_path / "march.csv", a_row(0), a_row(1))


def a_file(path: Path, *rows: dict[str, Any]) -> Path:
    """A file of these rows."""
    write = as_csv if path.suffix == ".csv" else as_jsonl
    path.write_bytes(write(*rows).read())
    return path


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_template_is_printed_as_it_is(run: Run, form: Any) -> None:
    """To be written into a file."""
    result = run("bulk", "template", "--format", form)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.replace("\r\n", "\n") == template(form).replace("\r\n", "\n")


def test_import_is_followed_to_its_end(run: Run, imports: ImportsInMemory, march: Path) -> None:
    """A bar on stderr, the end on stdout, and where to look later."""
    imports.story = [
        a_progress(started=50),
        TemporalUnavailableError("Temporal does not answer.", "Try again."),
        a_progress(started=60, trouble="The store is away."),
        a_progress(status="done", started=119, already_open=1, ended_at=DONE),
    ]
    result = run("bulk", "import", str(march), "--customer", "Elm Books")
    assert result.exit_code == 0
    assert imports.begun == [
        {
            "form": "csv",
            "name": "march.csv",
            "customer": "Elm Books",
            "idempotency": None,
            "skip_bad_rows": False,
        }
    ]
    assert "started       119" in result.stdout
    assert "Next: hosted-numbers bulk show" in result.stderr
    assert imports.story == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"status": "done"}, 0),
        ({"status": "done", "refused": 1}, 1),
        ({"status": "cancelled"}, 1),
        ({"status": "failed"}, 1),
    ],
    ids=["done", "refused rows", "cancelled", "failed"],
)
def test_exit_code_says_whether_every_row_came_to_an_order(
    run: Run, imports: ImportsInMemory, march: Path, how: dict[str, Any], code: int
) -> None:
    """For scripts."""
    imports.story = [a_progress(**how)]
    result = run("bulk", "import", str(march), "--output", "json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["status"] == how["status"]


def test_import_need_not_be_waited_for(run: Run, imports: ImportsInMemory, march: Path) -> None:
    """The same file again says that it was taken."""
    words = ("bulk", "import", str(march), "--no-wait", "--name", "March", "--key", "k")
    result = run(*words)
    assert result.exit_code == 0
    assert AN_ID in result.stdout
    again = run(*words, "--skip-bad-rows")
    assert again.exit_code == 0
    assert "taken before" in again.stderr
    assert [each["skip_bad_rows"] for each in imports.begun] == [False, True]
    assert {(each["name"], each["idempotency"]) for each in imports.begun} == {("March", "k")}


def test_interrupt_leaves_the_import_to_itself(
    run: Run, imports: ImportsInMemory, march: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says how to look later."""

    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bulk_actions, "_follow", interrupted)
    result = run("bulk", "import", str(march))
    assert result.exit_code == 1
    assert "goes on by itself" in result.stderr
    assert f"bulk show {AN_ID}" in result.stderr
    assert imports.cancelled == []


def test_dry_run_reports_every_bad_row(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By line and field, without Temporal; it exits as the import would."""

    async def connect(_: Settings) -> None:
        raise AssertionError("a dry run needs nobody")

    monkeypatch.setattr(temporal, "connect", connect)
    rows = [
        a_row(0, email="somebody@@example.com", loa_group="elm"),
        a_row(1, loa_group="elm"),
        a_row(2, loa_group="elm", contact_title="Other"),
    ]
    file = a_file(tmp_path / "march.jsonl", *rows)
    result = run("bulk", "import", str(file), "--dry-run")
    assert result.exit_code == 2
    _, bad, odd = (line.split()[:2] for line in result.stdout.splitlines())
    assert (bad, odd) == (["1", "email"], ["3", "loa_group"])
    assert "1 of the file's 3 rows are not right." in " ".join(result.stderr.split())
    assert "somebody" not in result.output
    as_json = run("bulk", "import", str(file), "--dry-run", "--output", "json")
    assert json.loads(as_json.stdout)["bad_rows"] == 1


def test_dry_run_of_a_good_file_says_so(run: Run, march: Path) -> None:
    """On stderr: it is no data."""
    result = run("bulk", "import", str(march), "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "All 2 rows are right." in result.stderr


def test_bad_file_is_refused_with_its_rows(
    run: Run, imports: ImportsInMemory, tmp_path: Path
) -> None:
    """On stderr; what is odd about a good one is told, too."""
    bad = a_file(tmp_path / "bad.csv", a_row(0, email="x"))
    result = run("bulk", "import", str(bad))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "email" in result.stderr
    assert imports.begun == []
    rows = [a_row(0, loa_group="elm"), a_row(1, loa_group="elm", contact_title="Other")]
    odd = run("bulk", "import", str(a_file(tmp_path / "odd.csv", *rows)), "--no-wait")
    assert odd.exit_code == 0
    assert "(allowed)" in odd.stderr


@pytest.mark.usefixtures("imports")
@pytest.mark.parametrize(
    ("name", "said"),
    [("missing.csv", "cannot be read"), ("march.txt", "--format"), ("-", "--format")],
)
def test_file_that_cannot_be_read_is_told(run: Run, tmp_path: Path, name: str, said: str) -> None:
    """Exit 2, and what to do."""
    result = run("bulk", "import", name if name == "-" else str(tmp_path / name))
    assert result.exit_code == 2
    assert said in result.stderr


def test_file_may_come_over_stdin(run: Run, imports: ImportsInMemory) -> None:
    """With its kind said; it has no name then."""
    content = as_jsonl(a_row(0)).read().decode()
    result = run("bulk", "import", "-", "--format", "jsonl", "--no-wait", stdin=content)
    assert result.exit_code == 0
    assert (imports.begun[0]["form"], imports.begun[0]["name"]) == ("jsonl", None)


@pytest.mark.usefixtures("imports")
def test_file_that_is_too_large_is_refused(
    run: Run, march: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is read."""
    monkeypatch.setattr(bulk_actions, "MOST_BYTES", 10)
    result = run("bulk", "import", str(march))
    assert result.exit_code == 2
    assert "at most" in result.stderr


def test_show_tells_where_rows_and_orders_stand(run: Run, imports: ImportsInMemory) -> None:
    """For people and for programs."""
    imports.known[AN_ID] = a_progress(
        status="cancelled", left_out=2, trouble="T.", customer="Elm Books", ended_at=DONE
    )
    result = run("bulk", "show", AN_ID)
    assert result.exit_code == 0
    for said in ("cancelled", "march.csv", "Elm Books", "T.", "left out", "received", "completed"):
        assert said in result.stdout
    shown = json.loads(run("bulk", "show", AN_ID, "--output", "json").stdout)
    assert (shown["rows"], shown["orders"]) == (120, {"received": 3, "completed": 2})


def test_results_are_written_as_csv(run: Run, imports: ImportsInMemory, tmp_path: Path) -> None:
    """Into a file beside what is shown, or alone to stdout."""
    imports.known[AN_ID] = a_progress()
    file = tmp_path / "results.csv"
    result = run("bulk", "show", AN_ID, "--results", str(file))
    assert result.exit_code == 0
    lines = file.read_text().splitlines()
    assert lines[:2] == ["line,phone_number,outcome,code,reason", "2,+15017122661,started,,"]
    assert "Written" in result.stderr
    printed = run("bulk", "show", AN_ID, "--results", "-")
    assert printed.stdout.splitlines() == lines
    nowhere = run("bulk", "show", AN_ID, "--results", str(tmp_path / "no" / "r.csv"))
    assert nowhere.exit_code == 2
    imports.gone = True
    assert run("bulk", "show", AN_ID, "--results", "-").exit_code == 1


def test_list_shows_each_import_on_a_line(run: Run, imports: ImportsInMemory) -> None:
    """The newest so many; it says when there is more or nothing."""
    assert "No import matches." in run("bulk", "list").stderr
    imports.known[AN_ID] = a_progress(started=5, already_open=2)
    imports.known["f" * 32] = a_progress(id="f" * 32, name=None, customer="Elm Books")
    result = run("bulk", "list")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["import", AN_ID, "f" * 32]
    more = run("bulk", "list", "--limit", "1", "--output", "json")
    assert [each["id"] for each in json.loads(more.stdout)] == [AN_ID]
    assert "more than these 1" in more.stderr
    ours = run("bulk", "list", "--customer", "Elm Books", "--output", "json")
    assert [each["id"] for each in json.loads(ours.stdout)] == ["f" * 32]


def test_cancel_says_what_it_means(run: Run, imports: ImportsInMemory) -> None:
    """An unknown import is told; one that has ended is left as it is."""
    assert run("bulk", "cancel", AN_ID).exit_code == 1
    imports.known[AN_ID] = a_progress()
    result = run("bulk", "cancel", AN_ID)
    assert result.exit_code == 0
    assert "No further row will be started" in result.stderr
    imports.known[AN_ID] = a_progress(status="done", ended_at=DONE)
    assert "No further row" not in run("bulk", "cancel", AN_ID).stderr


def test_commands_reach_temporal_and_the_store_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the other commands do."""

    async def connect(_: Settings) -> object:
        return object()

    monkeypatch.setattr(temporal, "connect", connect)
    monkeypatch.setenv("HOSTED_NUMBERS_BLOB_STORE", "memory:///")
    found = asyncio.run(bulk_actions.connected())
    assert isinstance(found, Connected)
