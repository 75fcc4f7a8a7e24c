"""How the pages say things: names of states and needs, moments, durations."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

STATUSES: Final[dict[str | None, str]] = {
    None: "Not at Twilio yet",
    "twilio-processing": "Checked by Twilio",
    "received": "Ready to verify",
    "pending-verification": "Being verified",
    "verified": "Verified",
    "pending-loa": "Letter is out",
    "carrier-processing": "At the carrier",
    "testing": "Being tested",
    "completed": "Hosted",
    "failed": "Failed",
    "action-required": "Held by Twilio",
    "other": "In another status",
}
NEEDS: Final = {
    "nothing": "Nothing to do",
    "verification-call": "Ask for the call",
    "verification-code": "Enter the code",
    "document": "Hand in a document",
    "document-review": "Twilio reviews a document",
    "signature": "The owner signs",
    "carrier": "The carrier works",
    "operator": "Mend what is in the way",
}
IMPORT_STATES: Final = {
    "running": "Rows are being started",
    "done": "Every row was handled",
    "cancelled": "Cancelled",
    "failed": "Stopped in the Temporal UI",
}
REASONS: Final = {
    "verification-call": "The number can be called once somebody is at the phone.",
    "verification-code": "Twilio has called; the code lives for ten minutes.",
    "document": "A bill or a supporting document is asked for.",
    "operator": "The order is on hold until somebody mends what is in the way.",
}
PHASES: Final = {
    "ordering": "Being ordered",
    "verification": "Proving ownership",
    "authorization": "Authorization",
    "carrier": "At the carrier",
    "completed": "Hosted",
    "failed": "Failed",
    "cancelled": "Cancelled",
}

LEG_STATES: Final = {
    "done": "Done",
    "current": "It is here",
    "held": "It is held here",
    "failed": "It stopped here",
    "ahead": "Still ahead",
}

_COMMAND: Final = re.compile(r" ?\(hosted-numbers [^)]*\)")
_UNITS: Final = ((86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def status(value: str | None) -> str:
    """A status of Twilio's in words; one that is unknown here, as it is."""
    return STATUSES.get(value, value or "")


def document(value: str) -> str:
    """A document's type in words."""
    return value.replace("_", " ").capitalize()


def moment(at: datetime) -> str:
    """A moment to the minute, UTC."""
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def machine(at: datetime) -> str:
    """A moment as RFC 3339, for the ``datetime`` attribute."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def since(at: datetime) -> str:
    """How long ago a moment was."""
    return duration(datetime.now(UTC) - at)


def left(at: datetime) -> str:
    """How long it is until a moment, or that it has passed."""
    rest = at - datetime.now(UTC)
    return f"{duration(rest)} left" if rest > timedelta() else "time is up"


def is_soon(at: datetime) -> bool:
    """Whether a deadline is within a day."""
    return at - datetime.now(UTC) < timedelta(days=1)


def duration(length: timedelta) -> str:
    """A length of time in its two largest units, such as ``3 days 4 h``."""
    rest = max(int(length.total_seconds()), 0)
    parts = []
    for seconds, one, many in _UNITS:
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    return " ".join(parts[:2]) or "0 s"


def for_people(text: str) -> str:
    """A sentence without the commands in it: what they do, the page has a form for."""
    return _COMMAND.sub("", text)
