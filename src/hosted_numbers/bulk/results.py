"""The results of an import as CSV, which people open in a spreadsheet.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is taken there for a
formula (OWASP, "CSV Injection"). Such a cell gets a ``'`` before it; a phone number as E.164 stays
as it is, since nothing but digits follows its plus sign.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

from hosted_numbers.bulk.contract import RowResult

COLUMNS: Final = ("line", "phone_number", "outcome", "code", "reason")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_PHONE_NUMBER: Final = re.compile(r"\+[0-9]{1,15}")


def csv_header() -> str:
    """The first line."""
    return _written([COLUMNS])


def csv_lines(results: Sequence[RowResult]) -> str:
    """A line for each result."""
    return _written([[_cell(getattr(each, name)) for name in COLUMNS] for each in results])


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA) and not _PHONE_NUMBER.fullmatch(text):
        return f"'{text}"
    return text
