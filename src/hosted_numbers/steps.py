"""What the workflow of an order asks its activities, and what they answer.

Activities are called by name, so that workflow code imports neither them nor the Twilio client.
Answers are slim on purpose: each one stays in the history for as long as the order lives.
"""

from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from pydantic import Field

from hosted_numbers.contract import Message, StoredDocument, SupportingDocumentRequest
from hosted_numbers.letter_groups.contract import LetterFields

FIND_OR_CREATE_ORDER: Final = "find_or_create_hosted_number_order"
FETCH_ORDER: Final = "fetch_hosted_number_order"
UPDATE_ORDER: Final = "update_hosted_number_order"
DELETE_ORDER: Final = "delete_hosted_number_order"
PLACE_CALL: Final = "place_verification_call"
SUBMIT_CODE: Final = "submit_verification_code"
UPLOAD_BILL: Final = "upload_utility_bill"
ATTACH_BILL: Final = "attach_verification_document"
FIND_OR_CREATE_DOCUMENT: Final = "find_or_create_supporting_document"
FIND_OR_CREATE_AUTHORIZATION: Final = "find_or_create_authorization_document"
REOPEN_AUTHORIZATION: Final = "reopen_authorization_document"
RESEND_AUTHORIZATION: Final = "resend_authorization_document"

JOIN_LETTER_GROUP: Final = "join_letter_group"
LEAVE_LETTER_GROUP: Final = "leave_letter_group"

RELEASE_NUMBER: Final = "release_incoming_phone_number"
DISPOSAL_DELAY: Final = "document_disposal_delay"
DISPOSE_OF_DOCUMENTS: Final = "dispose_of_documents"
START_NOTIFICATION: Final = "start_notification"
DELIVER_NOTIFICATION: Final = "deliver_notification"
CHECK_SWEEP: Final = "check_status_sweep"
HINT_AT_EXPIRED_CODES: Final = "hint_at_expired_codes"
SWEEP_ORDERS: Final = "sweep_hosted_number_orders"

TroubleKind = Literal["credentials", "not-found", "refused", "unreachable", "internal"]


class OrderLookup(Message):
    """Fetch an order and, where one is out for signature, its AuthorizationDocument."""

    sid: str
    authorization_document_sid: str | None = None
    supporting_document_sids: tuple[str, ...] = Field(
        default=(), description="Those under review, to be looked at too"
    )
    phone_number: str | None = None
    call_after: datetime | None = Field(
        default=None, description="Say when business hours are, from this moment on"
    )


class OrderUpdate(Message):
    """What to change about the order itself at Twilio; what is absent stays."""

    sid: str
    friendly_name: str | None = Field(default=None, repr=False)
    unique_name: str | None = Field(default=None, repr=False)
    email: str | None = Field(default=None, repr=False)
    cc_emails: tuple[str, ...] | None = Field(default=None, repr=False)


class OrderDeletion(Message):
    """Delete an order; without a SID, the one that carries our UniqueName, if there is any."""

    phone_number: str
    sid: str | None = None


class CallPlacement(Message):
    """Have Twilio call the number."""

    sid: str
    extension: str | None = None
    call_delay: int | None = None
    verification_type: Literal["phone-call"] | None = Field(
        default=None, description="Only to come back from a bill to the call"
    )


class CodeSubmission(Message):
    """Hand Twilio the code that a person heard."""

    sid: str
    code: str = Field(repr=False)


class BillUpload(Message):
    """Bring a bill from the blob store to Twilio."""

    file: StoredDocument
    bill_date: date | None = None


class BillAttachment(Message):
    """Have the order verified by a bill that Twilio has."""

    sid: str
    document_sid: str
    start: bool = Field(description="Ask for the verification too; not in action-required")


class SupportingDocumentCreation(Message):
    """Create a supporting document, with its file where it has one."""

    phone_number: str
    edition: int
    request: SupportingDocumentRequest


class AuthorizationRequest(Message):
    """Send one AuthorizationDocument out for one order."""

    sid: str
    address_sid: str
    email: str = Field(repr=False)
    contact_title: str = Field(repr=False)
    contact_phone_number: str = Field(repr=False)
    cc_emails: tuple[str, ...] = Field(default=(), repr=False)


class AuthorizationChange(AuthorizationRequest):
    """Withdraw a letter that is out, or send a withdrawn one again as it shall be."""

    authorization_document_sid: str


class GroupCall(Message):
    """What an order tells the group that shares one letter."""

    group: str = Field(description="The group's key")
    letter: LetterFields = Field(repr=False)
    customer: str | None = None
    phone_number: str
    size: int | None = None
    sid: str | None = None
    voided_document_sid: str | None = Field(
        default=None, description="The letter that the order was on and that came to nothing"
    )
    joined: bool = Field(default=False, description="Whether the group knows of the order")


class GroupTold(Message):
    """The group knows."""

    group: str


class SweepCheck(Message):
    """Say whether the status sweep looks for all orders, as it once did."""


class SweepSeen(Message):
    """Whether it does."""

    alive: bool


class NumberRelease(Message):
    """Give the number of a completed order back: its SMS is hosted no more."""

    sid: str


class DocumentDisposal(Message):
    """Delete the files of an order, or of a bulk import, that has ended."""

    phone_number: str = Field(default="", description="Whose order it was, E.164")
    ended_at: datetime
    bulk_import: str | None = Field(default=None, description="The import, in place of a number")


class DocumentSnapshot(Message):
    """What Twilio says of a document at one moment, or why it was not sent there."""

    type: str
    sid: str | None = None
    status: str | None = Field(
        default=None, description="In lower case with hyphens, or missing where it is not found"
    )
    reason: str | None = Field(default=None, description="Why it is refused, in words")


class OrderSnapshot(Message):
    """What Twilio says of an order at one moment."""

    sid: str
    status: str
    failure_reason: str | None = None
    calls_placed: int = 0
    verification_type: str | None = None
    verification_document_sid: str | None = None
    call_from: datetime | None = Field(
        default=None, description="Where asked for: when business hours are"
    )
    verification_code: str | None = Field(default=None, repr=False)
    authorization_document_sid: str | None = None
    authorization_document_status: str | None = Field(
        default=None, description="Twilio's, or missing where it does not find the document"
    )
    supporting_documents: tuple[DocumentSnapshot, ...] = ()
    previous_sid: str | None = Field(
        default=None, description="Only after the create: the number's failed order before"
    )
    operator_url: str | None = Field(
        default=None, description="Only after the create: where people act on orders"
    )
    code_accepted: bool | None = Field(
        default=None, description="Only after a code was handed in: whether it was right"
    )
    notifies: bool | None = Field(
        default=None, description="After a create or a look: whether events are sent to a backend"
    )
    swept: bool | None = Field(
        default=None, description="After a create or a look: whether the status sweep is at work"
    )


class OrderGone(Message):
    """The order is deleted at Twilio."""

    letter: Literal["none", "withdrawn", "shared"] = Field(
        description="What became of the letter that it was on"
    )


class Trouble(Message):
    """Why an activity came to nothing."""

    kind: TroubleKind
    code: int | None = Field(default=None, description="Twilio's error code")
    status: int | None = Field(default=None, description="HTTP status")
    retry_after: float | None = Field(default=None, description="Seconds that Twilio asks to wait")


Outcome: TypeAlias = (
    OrderSnapshot | DocumentSnapshot | OrderGone | GroupTold | SweepSeen | Trouble | None
)
"""What a step of an order came to; None where nothing is told."""
