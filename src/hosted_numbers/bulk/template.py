"""The template of a bulk file: its columns, and one order to see how they are filled in."""

import csv
import io
import json
from typing import Any, Final

from hosted_numbers.bulk.contract import FileFormat
from hosted_numbers.bulk.rows import COLUMNS

EXAMPLE: Final[dict[str, Any]] = {
    "phone_number": "+15017122661",
    "email": "owner@example.com",
    "address_sid": "AD00000000000000000000000000000001",
    "contact_title": "Owner",
    "contact_phone_number": "+15017122662",
    "cc_emails": ["office@example.com", "legal@example.com"],
    "sms_url": "https://example.com/sms",
    "customer": "customer-4711",
    "loa_group": "elm-street",
}
"""An order of nobody's; what is not in it is optional and left out."""


def template(form: FileFormat) -> str:
    """A whole file with one order: CSV with every column, or one line of JSON."""
    if form == "jsonl":
        return json.dumps(EXAMPLE) + "\n"
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerow(_cell(EXAMPLE.get(name, "")) for name in COLUMNS)
    return text.getvalue()


def _cell(value: Any) -> str:
    return ";".join(value) if isinstance(value, list) else str(value)
