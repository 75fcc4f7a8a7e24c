"""What the workflow of an order asks its activities, and what they answer.

Activities are called by name, so that workflow code imports neither them nor the Twilio client.
Answers are slim on purpose: each one stays in the history for as long as the order lives.
"""

from typing import Final, Literal

from pydantic import Field

from hosted_numbers.contract import Message

FIND_OR_CREATE_ORDER: Final = "find_or_create_hosted_number_order"
FETCH_ORDER: Final = "fetch_hosted_number_order"
DELETE_ORDER: Final = "delete_hosted_number_order"
PLACE_CALL: Final = "place_verification_call"
SUBMIT_CODE: Final = "submit_verification_code"
FIND_OR_CREATE_AUTHORIZATION: Final = "find_or_create_authorization_document"

TroubleKind = Literal["credentials", "not-found", "refused", "unreachable", "internal"]


class OrderLookup(Message):
    """Fetch an order and, where one is out for signature, its AuthorizationDocument."""

    sid: str
    authorization_document_sid: str | None = None


class OrderDeletion(Message):
    """Delete an order; without a SID, the one that carries our UniqueName, if there is any."""

    phone_number: str
    sid: str | None = None


class CallPlacement(Message):
    """Have Twilio call the number."""

    sid: str
    extension: str | None = None
    call_delay: int | None = None


class CodeSubmission(Message):
    """Hand Twilio the code that a person heard."""

    sid: str
    code: str = Field(repr=False)


class AuthorizationRequest(Message):
    """Send one AuthorizationDocument out for one order."""

    sid: str
    address_sid: str
    email: str = Field(repr=False)
    contact_title: str = Field(repr=False)
    contact_phone_number: str = Field(repr=False)
    cc_emails: tuple[str, ...] = Field(default=(), repr=False)


class OrderSnapshot(Message):
    """What Twilio says of an order at one moment."""

    sid: str
    status: str
    failure_reason: str | None = None
    calls_placed: int = 0
    verification_code: str | None = Field(default=None, repr=False)
    authorization_document_sid: str | None = None
    authorization_document_status: str | None = None
    operator_url: str | None = Field(
        default=None, description="Only after the create: where people act on orders"
    )
    code_accepted: bool | None = Field(
        default=None, description="Only after a code was handed in: whether it was right"
    )


class Trouble(Message):
    """Why an activity came to nothing."""

    kind: TroubleKind
    code: int | None = Field(default=None, description="Twilio's error code")
    status: int | None = Field(default=None, description="HTTP status")
    retry_after: float | None = Field(default=None, description="Seconds that Twilio asks to wait")
