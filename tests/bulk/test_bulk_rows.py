"""A bulk file is read as it stands, and checked whole: every bad row is named by its line."""

import csv
import io
import json
from typing import Any

import pytest

from hosted_numbers.bulk import checking
from hosted_numbers.bulk.checking import CheckedFile, check_file
from hosted_numbers.bulk.contract import FileFormat
from hosted_numbers.bulk.rows import COLUMNS
from hosted_numbers.bulk.template import template
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.formats import MOST_IN_A_GROUP
from hosted_numbers.validation import NewHostedNumberOrder
from tests.bulk.files import a_row, as_csv, as_jsonl, number
from tests.orders import an_order

HEADER = "phone_number,email,address_sid,contact_title,contact_phone_number"
REST = f"owner@example.com,{'AD' + '0' * 32},Owner,+15017122662"


def check(text: str | bytes, form: FileFormat = "csv", customer: str | None = None) -> CheckedFile:
    """What comes of a file."""
    content = text if isinstance(text, bytes) else text.encode()
    return check_file(io.BytesIO(content), form, customer)


def errors(checked: CheckedFile) -> list[tuple[int, str]]:
    """Line and field of each complaint."""
    return [(each.line, each.field) for each in checked.report.errors]


def order(checked: CheckedFile, place: int = 0) -> HostedNumberOrderRequest:
    """One of the good rows' orders."""
    return HostedNumberOrderRequest.model_validate_json(checked.rows[place].order)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_template_is_a_file_that_is_taken(form: FileFormat) -> None:
    """As it is printed; with every column that there is in CSV."""
    checked = check(template(form), form)
    assert checked.report.errors == ()
    assert order(checked).cc_emails == ("office@example.com", "legal@example.com")
    if form == "csv":
        assert next(csv.reader(io.StringIO(template(form)))) == list(COLUMNS)


def test_columns_are_the_fields_of_an_order() -> None:
    """So a new field of the API is a column without further ado."""
    assert set(NewHostedNumberOrder.model_fields) - set(COLUMNS) == {"supporting_documents"}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_both_kinds_of_files_lead_to_the_same_orders(form: FileFormat) -> None:
    """As the same body of the API would."""
    fields: dict[str, Any] = {
        "cc_emails": ["a@example.com", "b@example.com"],
        "call_delay": 5,
        "call_when": "asked",
        "customer": "Elm Books",
    }
    file = (as_csv if form == "csv" else as_jsonl)(a_row(**fields), a_row(1))
    checked = check_file(file, form)
    assert order(checked) == an_order(phone_number=number(0), **fields)
    assert order(checked, 1) == an_order(phone_number=number(1))
    assert [row.line for row in checked.rows] == ([2, 3] if form == "csv" else [1, 2])


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEADER}\n{number(0)},{REST}\n",
        f"{HEADER}\r\n{number(0)},{REST}\r\n",
        f"{HEADER}\n{number(0)},{REST}",
        f'{HEADER}\n"{number(0)}",{REST}\n',
        f" phone_number , {HEADER.partition(',')[2]}\n {number(0)} ,{REST}\n\n,,,,\n",
    ],
    ids=["byte order mark", "CRLF", "no last newline", "quoted", "blanks and empty lines"],
)
def test_csv_may_come_from_any_program(text: str) -> None:
    """What spreadsheets write is taken."""
    checked = check(text)
    assert checked.report.errors == ()
    assert order(checked) == an_order(phone_number=number(0), contact_title="Owner")


def test_line_is_where_the_row_begins() -> None:
    """Also behind a cell that goes over several lines."""
    text = f'{HEADER},friendly_name\n{number(0)},{REST},"one\ntwo\nthree"\n{number(1)},x,,,,\n'
    checked = check(text)
    assert [row.line for row in checked.rows] == [2]
    assert {line for line, _ in errors(checked)} == {5}


def test_every_bad_row_is_named_and_no_value_is() -> None:
    """With each field that is wrong; a good row among them is counted as good."""
    secret = "very.personal@@example.com"
    checked = check_file(
        as_csv(
            a_row(0, email=secret),
            a_row(1),
            a_row(2, call_delay=99) | {"phone_number": "+442071838750"},
            a_row(3) | {"address_sid": ""},
        ),
        "csv",
    )
    assert errors(checked) == [
        (2, "email"),
        (4, "phone_number"),
        (4, "call_delay"),
        (5, "address_sid"),
    ]
    report = checked.report
    assert (report.rows, report.bad_rows, report.good_rows, report.readable) == (4, 3, 1, True)
    assert secret not in report.model_dump_json()
    assert "+442071838750" not in report.model_dump_json()


def test_same_number_twice_is_wrong_in_both_rows() -> None:
    """Each names where the other is; the rest of the file is as good as before."""
    checked = check_file(as_jsonl(a_row(0), a_row(1), a_row(0, email="b@example.com")), "jsonl")
    assert errors(checked) == [(1, "phone_number"), (3, "phone_number")]
    assert "line 1" in checked.report.errors[1].message
    assert [row.line for row in checked.rows] == [2]


@pytest.mark.parametrize(
    ("header", "field", "said"),
    [
        (HEADER + ",Sms URL", "column 6", "is it sms_url?"),
        (HEADER + ",secret-of-somebody", "column 6", "no such column"),
        (HEADER + ",email", "column 6", "is there twice"),
        (HEADER + ",supporting_documents", "column 6", "JSON Lines only"),
        (HEADER.replace("email,", ""), "email", "missing"),
        (f"{number(0)},{REST}", "header", "names none of the columns"),
        (HEADER.replace(",", ";"), "header", "save the file with commas"),
        ("", "header", "names none of the columns"),
    ],
    ids=["near", "unknown", "twice", "papers", "missing", "no header", "semicolons", "empty"],
)
def test_wrong_header_makes_the_file_unreadable(header: str, field: str, said: str) -> None:
    """One complaint that says which column, and never what stands there."""
    checked = check(f"{header}\n" if header else "")
    assert checked.report.readable is False
    assert errors(checked)[0] == (1, field)
    assert said in checked.report.errors[0].message
    assert "secret-of-somebody" not in checked.report.model_dump_json()


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        (b'"never closed\n', 3),
        (b'"quote"x,\n', 3),
        (b"caf\xe9,\n", 3),
        (b"x" * 140_000 + b"\n", 3),
    ],
    ids=["open quote", "quote inside", "Latin-1", "endless cell"],
)
def test_file_that_is_no_csv_is_unreadable_from_that_line_on(tail: bytes, line: int) -> None:
    """The rows before it are still looked at."""
    checked = check(f"{HEADER}\n{number(0)},{REST}\n".encode() + tail)
    assert errors(checked) == [(line, "file")]
    assert (checked.report.readable, checked.report.rows) == (False, 1)


def test_row_with_too_few_or_too_many_cells_is_wrong() -> None:
    """A forgotten comma must not move values into other fields."""
    checked = check(f"{HEADER}\n{number(0)}\n{number(1)},{REST},more\n")
    assert errors(checked) == [(2, "row"), (3, "row")]
    assert "1 cells, and the header names 5" in checked.report.errors[0].message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON."),
        ("[" * 100_000, "no JSON."),
        ('{"phone_number": NaN}', "no JSON."),
        ("[]", "no JSON object"),
        ('"text"', "no JSON object"),
    ],
    ids=["open", "deep", "NaN", "list", "text"],
)
def test_line_that_is_no_order_is_wrong(line: str, said: str) -> None:
    """The other lines are fine."""
    checked = check(f"{line}\n\n{json.dumps(a_row())}\n", "jsonl")
    assert errors(checked) == [(1, "row")]
    assert said in checked.report.errors[0].message
    assert [row.line for row in checked.rows] == [3]


def test_unknown_and_contradicting_fields_are_told_without_their_names() -> None:
    """A name that is not ours may be somebody's data."""
    document = {"type": "business_registration", "smith": 1}
    rows = [
        a_row(0) | {"smith": "x"},
        a_row(1) | {"supporting_documents": [document]},
        a_row(2) | {"supporting_documents": [{"type": "a"}, {"type": "a"}]},
        a_row(3) | {"email": 7, "phone_number": 7},
    ]
    checked = check_file(as_jsonl(*rows), "jsonl")
    assert errors(checked) == [
        (1, "row"),
        (2, "supporting_documents.0"),
        (3, "row"),
        (4, "phone_number"),
        (4, "email"),
    ]
    assert "smith" not in checked.report.model_dump_json()


def test_import_for_a_customer_fills_it_in_and_takes_no_other() -> None:
    """So nobody imports into another customer's orders by a cell."""
    rows = [a_row(0), a_row(1, customer="Elm Books"), a_row(2, customer="Oak Tools")]
    checked = check_file(as_jsonl(*rows), "jsonl", "Elm Books")
    assert [order(checked, place).customer for place in (0, 1)] == ["Elm Books"] * 2
    assert errors(checked) == [(3, "customer")]


def test_orders_that_share_a_letter_are_counted() -> None:
    """By group and signer; a row that says it itself, or has no group, is left alone."""
    rows = [
        a_row(0, loa_group="elm"),
        a_row(1, loa_group="elm"),
        a_row(2, loa_group="elm", email="b@example.com"),
        a_row(3, loa_group="oak", loa_group_size=9),
        a_row(4),
    ]
    checked = check_file(as_jsonl(*rows), "jsonl")
    assert [checked.group_size(row) for row in checked.rows] == [2, 2, 1, None, None]
    assert checked.report.loa_groups == 2
    [warning] = checked.report.warnings
    assert (warning.line, warning.field) == (3, "loa_group")
    assert "Differs in email from line 1" in warning.message
    assert "b@example.com" not in warning.message


def test_group_beyond_the_largest_letter_says_no_size() -> None:
    """Its orders go out by the group's window, in several letters."""
    rows = [a_row(each, loa_group="elm") for each in range(MOST_IN_A_GROUP + 1)]
    checked = check_file(as_jsonl(*rows), "jsonl")
    assert checked.group_size(checked.rows[0]) is None


def test_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row too many is refused with its line, and the rest is not read."""
    monkeypatch.setattr(checking, "MOST_ROWS", 2)
    checked = check_file(as_jsonl(a_row(0), a_row(1), a_row(2), a_row(0)), "jsonl")
    assert errors(checked) == [(3, "file")]
    assert checked.report.readable is False


@pytest.mark.parametrize("text", [f"{HEADER}\n", f"{HEADER}\n,,,,\n"])
def test_file_without_rows_is_refused(text: str) -> None:
    """A header alone is most likely the wrong file."""
    assert errors(check(text)) == [(1, "file")]
