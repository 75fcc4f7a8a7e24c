"""The rows of a bulk file as they stand there: CSV with a header, or JSON Lines.

CSV is RFC 4180 in UTF-8, with or without a byte order mark, lines ended either way; the header
names fields of ``POST /v1/hosted-number-orders``. JSON Lines holds one such body on each line.
Nothing that stands in a cell is repeated in a complaint: it may be personal.
"""

import csv
import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from hosted_numbers.bulk.contract import FileFormat
from hosted_numbers.validation import NewHostedNumberOrder

LISTS: Final = frozenset({"cc_emails"})
"""Columns whose cells hold several values with semicolons between."""

COLUMNS: Final = tuple(
    name for name in NewHostedNumberOrder.model_fields if name != "supporting_documents"
)
"""A supporting document has fields of its own, which no cell holds: JSON Lines has them."""

_NO_CSV: Final = (
    "From here on this is no CSV: quotes are not closed or stand where none may, a cell is longer "
    "than 131,072 characters, or lines end in another way."
)

REQUIRED: Final = tuple(
    name for name, field in NewHostedNumberOrder.model_fields.items() if field.is_required()
)


@dataclass(frozen=True)
class RawRow:
    """One row, unchecked.

    Attributes:
        line: where it begins in the file, from 1.
        fields: the order's fields by name; None where the row cannot be read.
        complaint: why it cannot.
    """

    line: int
    fields: dict[str, Any] | None
    complaint: str = ""


class UnreadableFileError(Exception):
    """No row behind this place can be read.

    Attributes:
        complaints: line, column or field, and a sentence, for each thing that is wrong.
    """

    def __init__(self, *complaints: tuple[int, str, str]) -> None:
        super().__init__(*complaints)
        self.complaints = complaints


def raw_rows(file: BinaryIO, form: FileFormat) -> Iterator[RawRow]:
    """The rows of a file, as they come; empty lines are none.

    Raises:
        UnreadableFileError: the header is wrong, or the file is none of its kind from a line on.
    """
    read: Callable[[Iterator[str]], Iterator[RawRow]] = _csv_rows if form == "csv" else _json_rows
    return read(_lines(file))


def _lines(file: BinaryIO) -> Iterator[str]:
    """The lines with their ends, decoded one by one, so that a bad byte has its line."""
    for number, line in enumerate(file, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise UnreadableFileError(
                (number, "file", "The file is not UTF-8 from here on: save it as CSV UTF-8.")
            ) from None


def _csv_rows(lines: Iterator[str]) -> Iterator[RawRow]:
    reader = csv.reader(lines, strict=True)
    try:
        header = _header(next(reader, []))
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield _csv_row(line, header, cells)
    except csv.Error:
        raise UnreadableFileError((max(reader.line_num, 1), "file", _NO_CSV)) from None


def _csv_row(line: int, header: Sequence[str], cells: Sequence[str]) -> RawRow:
    if len(cells) != len(header):
        return RawRow(
            line, None, f"The row has {len(cells)} cells, and the header names {len(header)}."
        )
    filled = {
        name: stripped
        for name, cell in zip(header, cells, strict=True)
        if (stripped := cell.strip())
    }
    return RawRow(
        line, {name: _several(text) if name in LISTS else text for name, text in filled.items()}
    )


def _several(text: str) -> list[str]:
    return [part for each in text.split(";") if (part := each.strip())]


def _header(cells: Sequence[str]) -> list[str]:
    """The columns' names.

    Raises:
        UnreadableFileError: one is unknown, missing or named twice.
    """
    names = [cell.strip() for cell in cells]
    if not set(names) & set(COLUMNS):
        raise UnreadableFileError((1, "header", _no_header(names)))
    wrong = [
        (1, f"column {place}", _column_complaint(name))
        for place, name in enumerate(names, 1)
        if name not in COLUMNS or name in names[: place - 1]
    ]
    wrong += [
        (1, name, "The column is missing; it is required.")
        for name in REQUIRED
        if name not in names
    ]
    if wrong:
        raise UnreadableFileError(*wrong)
    return names


def _no_header(names: Sequence[str]) -> str:
    if len(names) == 1 and set(names[0]) & {";", "\t"}:
        return "The columns are parted by something else than commas: save the file with commas."
    return "The first line names none of the columns: hosted-numbers bulk template prints them."


def _column_complaint(name: str) -> str:
    if name in COLUMNS:
        return f"The column {name} is there twice."
    if name == "supporting_documents":
        return "Supporting documents stand in JSON Lines only."
    close = difflib.get_close_matches(name.lower().replace(" ", "_"), COLUMNS, n=1)
    return "There is no such column" + (f"; is it {close[0]}?" if close else ".")


def _json_rows(lines: Iterator[str]) -> Iterator[RawRow]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _json_row(number, line)


def _json_row(line: int, text: str) -> RawRow:
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return RawRow(line, None, "The line is no JSON.")
    if not isinstance(found, dict):
        return RawRow(line, None, "The line is no JSON object.")
    return RawRow(line, found)


def _no_number(constant: str) -> float:
    raise ValueError(constant)
