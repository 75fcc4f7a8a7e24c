"""Orders and moments for tests."""

from datetime import UTC, datetime, timedelta

from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.lifecycle import Pace

NUMBER = "+15017122661"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER_SID = "HR" + "a" * 32
DOCUMENT_SID = "PX" + "b" * 32
PACE = Pace(
    first_look=timedelta(seconds=15),
    longest_look=timedelta(hours=1),
    second_look=timedelta(seconds=60),
)

STATUSES = [
    "twilio-processing",
    "received",
    "pending-verification",
    "verified",
    "pending-loa",
    "carrier-processing",
    "testing",
    "completed",
    "failed",
    "action-required",
    "quantum-review",
]


def an_order(**changes: object) -> HostedNumberOrderRequest:
    """An order that a backend might send."""
    fields: dict[str, object] = {
        "phone_number": NUMBER,
        "email": "owner@example.com",
        "address_sid": "AD" + "0" * 32,
        "contact_title": "Chief Executive",
        "contact_phone_number": "+15017122662",
    }
    return HostedNumberOrderRequest.model_validate(fields | changes)
