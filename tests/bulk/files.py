"""Bulk files for tests, and numbers of the range that is kept for fiction."""

import csv
import io
import json
from typing import Any, BinaryIO

from tests.orders import an_order

_AREAS = ("212", "415", "613", "501", "312", "206", "303", "404", "512", "617")


def number(place: int) -> str:
    """The number of a place, from 0: no two places have the same, up to 10,000.

    Outside the range for fiction: that one is too small for an import.
    """
    return f"+1{_AREAS[place // 1000]}555{2000 + place % 1000:04}"


def a_row(place: int = 0, **changes: Any) -> dict[str, Any]:
    """One order as a row."""
    order = an_order(phone_number=number(place), **changes)
    return order.model_dump(mode="json", exclude_defaults=True)


def as_jsonl(*rows: dict[str, Any]) -> BinaryIO:
    """A file of JSON Lines."""
    return io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())


def as_csv(*rows: dict[str, Any], **options: Any) -> BinaryIO:
    """A CSV file with the columns that its rows have."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, **options)
    writer.writeheader()
    writer.writerows(
        {name: ";".join(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in rows
    )
    return io.BytesIO(text.getvalue().encode())
