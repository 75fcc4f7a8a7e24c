"""Orders and moments for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hosted_numbers.contract import (
    HostedNumberOrderRequest,
    Message,
    StoredDocument,
    SupportingDocumentRequest,
)
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, Pace, Wait, elapsed, next_step, starting
from hosted_numbers.messages import refusal, taken
from hosted_numbers.order_state import CODE_LIFE, OrderState, begin
from hosted_numbers.steps import OrderSnapshot, Outcome

NUMBER = "+15017122661"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER_SID = "HR" + "a" * 32
DOCUMENT_SID = "PX" + "b" * 32
PACE = Pace(
    first_look=timedelta(seconds=15),
    longest_look=timedelta(hours=1),
    swept_look=timedelta(days=7),
    second_look=timedelta(seconds=60),
    next_call=timedelta(hours=2),
    calls_tried=3,
    reminders=(timedelta(days=7), timedelta(days=1)),
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


BLOB = f"{NUMBER}/00000000-0000-4000-8000-000000000000"
FILE = StoredDocument(blob=BLOB, media_type="application/pdf", size=1)
BILL_SID = "RD" + "c" * 32
SUPPORT_SID = "RD" + "d" * 32
PROOF = SupportingDocumentRequest(type="business_registration", with_file=True)
"""A supporting document whose image a person provides."""


def says(status: str, **more: Any) -> OrderSnapshot:
    """What Twilio says of the order."""
    return OrderSnapshot(sid=ORDER_SID, status=status, **more)


def act(state: OrderState, outcome: Outcome, at: datetime = NOW) -> OrderState:
    """The state after its next activity came to an outcome."""
    step = next_step(state, PACE)
    assert isinstance(step, Do), f"nothing to do: {step}"
    return learn(starting(state), step, outcome, at, PACE)


def doing(state: OrderState) -> str | None:
    """The name of the next activity, None while the order waits or when it has ended."""
    step = next_step(state, PACE)
    return step.activity if isinstance(step, Do) else None


def argument(state: OrderState) -> Any:
    """What the next activity is asked."""
    step = next_step(state, PACE)
    assert isinstance(step, Do), f"nothing to do: {step}"
    return step.argument


def waited(state: OrderState) -> OrderState:
    """The state after its next wait ran out."""
    step = next_step(state, PACE)
    assert isinstance(step, Wait), f"nothing to wait for: {step}"
    return elapsed(state, step.until, PACE)


def told(state: OrderState, *people: Message, at: datetime = NOW) -> OrderState:
    """The state after messages of people, none of which is refused."""
    for message in people:
        refused = refusal(state, message, at)
        assert refused is None, refused
        state = taken(state, message, at)
    return state


def standing_at(status: str | None, **order: object) -> OrderState:
    """An order that Twilio has in a status, with nothing under way; None: not at Twilio yet."""
    state = begin(an_order(**{"call_when": "asked", **order}), NOW)
    if status is None:
        return state
    state = act(state, says(status))
    if status == "pending-verification":
        return state.but(code_expires_at=NOW + CODE_LIFE, calls_placed=1, calls_seen=1)
    if status == "pending-loa":
        signing = {"authorization_document_status": "signing"}
        return state.but(authorization_document_sid=DOCUMENT_SID, **signing)
    return state
