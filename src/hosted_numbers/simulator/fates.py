"""Numbers whose story is fixed: ``+1 NPA 555 01xx``, the range that is kept for fiction."""

import re
from dataclasses import dataclass
from enum import StrEnum

_FICTIONAL = re.compile(r"\+1[2-9]\d{2}55501(\d{2})")


class Fate(StrEnum):
    """What happens to an order, named by the last two digits of its number."""

    PLAIN = ""
    SMS_ENABLED = "10"
    ALREADY_HOSTED = "11"
    NEEDS_ACTION = "12"
    SIGNER_DECLINES = "13"
    LINE_BUSY = "14"
    UNREACHABLE = "15"
    BILL_REJECTED = "16"
    CARRIER_REFUSES = "17"
    LOA_FAILS = "18"


@dataclass(frozen=True, slots=True)
class FateRow:
    """One row of the table: the fate, its name, and its story as ``--help`` tells it."""

    fate: Fate
    name: str
    story: str


FATES = (
    FateRow(
        Fate.SMS_ENABLED,
        "refused as SMS-enabled",
        "is taken, then ends failed after twilio-processing, with its reason",
    ),
    FateRow(Fate.ALREADY_HOSTED, "already hosted", "create answers 22110"),
    FateRow(
        Fate.NEEDS_ACTION,
        "needs action",
        "the carrier puts it on action-required with a reason, once; "
        "it stays there until the control path moves it",
    ),
    FateRow(
        Fate.SIGNER_DECLINES,
        "signer declines",
        "the signer cancels the first LOA and signs the following",
    ),
    FateRow(Fate.LINE_BUSY, "line busy", "the first verification call answers 22123"),
    FateRow(Fate.UNREACHABLE, "line unreachable", "every verification call answers 22123"),
    FateRow(
        Fate.BILL_REJECTED,
        "bill rejected",
        "the reviewer rejects the first bill and approves the following",
    ),
    FateRow(Fate.CARRIER_REFUSES, "carrier refuses", "ends failed at the carrier, with its reason"),
    FateRow(Fate.LOA_FAILS, "LOA fails", "the first LOA ends failed with an error"),
)
"""Every fate but the plain one. A signer's or a reviewer's fate acts when that person does."""

_KNOWN = frozenset(row.fate for row in FATES)


def fate_of(phone_number: str) -> Fate:
    """The fate of an E.164 number; every number outside the table is ``Fate.PLAIN``."""
    match = _FICTIONAL.fullmatch(phone_number)
    if match is None or match.group(1) not in _KNOWN:
        return Fate.PLAIN
    return Fate(match.group(1))


def describe_fates() -> str:
    """The table in plain text, one line for each fate, for ``--help``."""
    width = max(len(row.name) for row in FATES)
    lines = [f"  +1 NPA 555 01{row.fate}  {row.name:<{width}}  {row.story}" for row in FATES]
    return "\n".join([*lines, "  every other number goes the plain way"])
