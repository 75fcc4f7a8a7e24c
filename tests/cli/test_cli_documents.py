"""``hosted-numbers order bill`` and ``order offboard``: files and what cannot be undone."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from hosted_numbers.cli import order_actions
from hosted_numbers.cli.terminal import Output
from hosted_numbers.contract import Progress, ProvidedDocument, SupportingDocumentProgress
from hosted_numbers.errors import InvalidRequestError, NoWorkerError, RefusedError
from hosted_numbers.validation import NewHostedNumberOrder
from tests.cli.storied_orders import Run, StoriedOrders
from tests.documents.files import HTML, a_pdf, an_image
from tests.gateway.orders_in_memory import NUMBER, ORDER

TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def _an_open_order(orders: StoriedOrders) -> None:
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where files are kept."""
    found = tmp_path / "blobs"
    monkeypatch.setenv("HOSTED_NUMBERS_BLOB_STORE", found.as_uri())
    return found


@pytest.fixture
def bill(tmp_path: Path) -> str:
    """A file with a bill."""
    file = tmp_path / "bill.pdf"
    file.write_bytes(a_pdf())
    return str(file)


def files_in(directory: Path) -> list[bytes]:
    """What every file below a directory holds."""
    return [each.read_bytes() for each in directory.rglob("*") if each.is_file()]


def test_a_bill_is_kept_and_given_to_its_order(
    run: Run, orders: StoriedOrders, directory: Path, bill: str
) -> None:
    """The answer on stdout, the next command on stderr."""
    result = run("order", "bill", NUMBER, bill)

    assert result.exit_code == 0, result.output
    assert result.stdout == "bill taken. Wait.\n"
    assert f"order watch {NUMBER}" in result.stderr
    [(_, _, provided)] = orders.acts
    assert isinstance(provided, ProvidedDocument)
    assert provided.document.media_type == "application/pdf"
    assert (provided.type, provided.bill_date) == ("utility_bill", None)
    assert files_in(directory) == [Path(bill).read_bytes()]


@pytest.mark.security("S9")
def test_a_bill_waits_for_the_virus_scanner(
    run: Run, orders: StoriedOrders, directory: Path, bill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is away: nothing is kept, and the next step names its setting."""
    monkeypatch.setenv("HOSTED_NUMBERS_CLAMD_ADDRESS", f"unix:{directory.parent}/no.sock")

    result = run("order", "bill", NUMBER, bill)

    assert result.exit_code == 1
    assert "HOSTED_NUMBERS_CLAMD_ADDRESS" in result.stderr
    assert (orders.acts, files_in(directory)) == ([], [])


@pytest.mark.usefixtures("directory")
def test_what_the_file_is_stands_in_the_options(
    run: Run, orders: StoriedOrders, tmp_path: Path
) -> None:
    """Its type and the date on it; its content tells the rest, whatever its name."""
    file = tmp_path / "proof.pdf"
    file.write_bytes(an_image("JPEG"))
    words = ["--type", "business_registration", "--date", TODAY.isoformat(), "-o", "json"]

    result = run("order", "bill", NUMBER, str(file), *words)

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["taken"] is True
    [(_, _, provided)] = orders.acts
    assert isinstance(provided, ProvidedDocument)
    assert (provided.type, provided.bill_date) == ("business_registration", TODAY)
    assert provided.document.media_type == "image/jpeg"


@pytest.mark.parametrize(
    "words",
    [
        ["5017122661", "BILL"],
        [NUMBER, "/nowhere/bill.pdf"],
        [NUMBER, "/"],
        [NUMBER],
        [NUMBER, "BILL", "--type", "../../etc/passwd"],
        [NUMBER, "BILL", "--date", "yesterday"],
        [NUMBER, "BILL", "--date", "2020-01-01"],
    ],
)
def test_wrong_usage_keeps_nothing(
    run: Run, orders: StoriedOrders, directory: Path, bill: str, words: list[str]
) -> None:
    """Exit 2."""
    result = run("order", "bill", *[bill if word == "BILL" else word for word in words])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert orders.acts == []
    assert files_in(directory) == []


@pytest.mark.fault("F43")
def test_a_bad_file_is_refused_with_its_reason(
    run: Run, orders: StoriedOrders, directory: Path, tmp_path: Path
) -> None:
    """Exit 1, as by the gateway."""
    file = tmp_path / "bill.pdf"
    file.write_bytes(HTML)

    result = run("order", "bill", NUMBER, str(file))

    assert result.exit_code == 1
    assert "no PDF, no JPEG and no PNG" in result.stderr
    assert orders.acts == []
    assert files_in(directory) == []


def test_a_file_that_cannot_be_read_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, directory: Path, bill: str
) -> None:
    """Exit 2."""

    def unreadable(*_: Any, **__: Any) -> Any:
        raise PermissionError

    monkeypatch.setattr(Path, "open", unreadable)

    result = run("order", "bill", NUMBER, bill)

    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
    monkeypatch.undo()
    assert files_in(directory) == []


def test_an_ended_order_takes_no_file(
    run: Run, orders: StoriedOrders, directory: Path, bill: str
) -> None:
    """Exit 1 before the file is read."""
    orders.phase = "failed"

    result = run("order", "bill", NUMBER, bill)

    assert result.exit_code == 1
    assert "has ended" in result.stderr
    assert not directory.exists()


@pytest.mark.parametrize(
    ("refusal", "kept"),
    [(RefusedError("No bill is asked for.", "Wait."), 0), (NoWorkerError("None.", "Wait."), 1)],
)
def test_a_file_that_the_order_refuses_is_deleted_again(
    *,
    run: Run,
    orders: StoriedOrders,
    directory: Path,
    bill: str,
    refusal: Exception,
    kept: int,
) -> None:
    """One that it may have taken stays."""
    orders.refusal = refusal

    result = run("order", "bill", NUMBER, bill)

    assert result.exit_code == 1
    assert len(files_in(directory)) == kept


def test_a_store_that_cannot_be_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, bill: str
) -> None:
    """Exit 2, with the variable."""
    monkeypatch.setenv("HOSTED_NUMBERS_BLOB_STORE", "ftp://example.com")

    result = run("order", "bill", NUMBER, bill)

    assert result.exit_code == 2
    assert "HOSTED_NUMBERS_BLOB_STORE" in result.stderr


def test_an_order_that_waits_for_a_document_has_its_command_suggested(
    run: Run, orders: StoriedOrders
) -> None:
    """With the word that is missing. Supporting documents have a table of their own."""
    orders.story = [
        Progress(
            phone_number=NUMBER,
            phase="verification",
            waiting_for="document",
            reason="It waits for the bill.",
            next_step="Hand it in.",
            attempts_left=3,
            document_sid="RI" + "1" * 32,
            supporting_documents=(
                SupportingDocumentProgress(
                    type="business_registration", status="twilio-rejected", reason="Blurred."
                ),
                SupportingDocumentProgress(type="proof_of_address", sid="RD" + "2" * 32),
            ),
        )
    ]

    result = run("order", "show", NUMBER)

    assert f"hosted-numbers order bill {NUMBER} FILE" in result.stderr
    for word in ("RI" + "1" * 32, "business_registration", "twilio-rejected", "Blurred.", "RD2"):
        assert word in result.stdout


@pytest.mark.parametrize("words", [["--yes"], ["-y"]])
def test_a_number_is_given_back_where_it_is_said_to_be_meant(
    run: Run, orders: StoriedOrders, words: list[str]
) -> None:
    """Without a question."""
    result = run("order", "offboard", NUMBER, *words)

    assert result.exit_code == 0
    assert [name for name, _, _ in orders.acts] == ["offboard"]


def test_without_a_terminal_nobody_can_be_asked(run: Run, orders: StoriedOrders) -> None:
    """Exit 2, and nothing changed: a pipe is no person."""
    result = run("order", "offboard", NUMBER, stdin=f"{NUMBER}\n")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert orders.acts == []


@pytest.mark.parametrize("typed", [NUMBER, f" {NUMBER} ", "+15017122662", "yes"])
def test_at_a_terminal_the_number_is_typed_again(
    monkeypatch: pytest.MonkeyPatch, run: Run, orders: StoriedOrders, typed: str
) -> None:
    """Anything else changes nothing."""
    del run
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: typed)

    if typed.strip() == NUMBER:
        order_actions.offboard(NUMBER, Output.TABLE, sure=False)
        assert [name for name, _, _ in orders.acts] == ["offboard"]
    else:
        with pytest.raises(InvalidRequestError):
            order_actions.offboard(NUMBER, Output.TABLE, sure=False)
        assert orders.acts == []


def test_amend_takes_every_field(run: Run, orders: StoriedOrders) -> None:
    """Each option ends in the amendment's field of its name."""
    fields = {
        "friendly_name": "Front desk",
        "unique_name": "front-desk",
        "sms_url": "https://example.com/sms",
        "sms_method": "POST",
        "sms_fallback_url": "https://example.com/fallback",
        "sms_fallback_method": "GET",
        "sms_application_sid": "AP" + "1" * 32,
        "verification_document_sid": "RI" + "1" * 32,
    }
    words = [
        word for name, value in fields.items() for word in (f"--{name.replace('_', '-')}", value)
    ]

    result = run("order", "amend", NUMBER, *words)

    assert result.exit_code == 0, result.output
    [(_, _, amendment)] = orders.acts
    assert amendment.model_dump(exclude_none=True) == fields
