"""The names and models by which everything else talks to the workflow of an order.

Names are Temporal's (workflow type, signals, updates, query, task queue); models are what travels
in them. Fields are only ever added, with defaults, and unknown fields are ignored on read, so that
a backend, a gateway and a worker of different releases understand each other. That is also why
these models check types alone: what a person or a backend may send is checked where it comes in
(``hosted_numbers.validation``), and a stricter rule of a later release never wedges an open order.
"""

from datetime import date, datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

WORKFLOW_TYPE = "HostedNumberOrder"
OFFBOARDING_TYPE = "HostedNumberOffboarding"
DISPOSAL_TYPE = "DocumentDisposal"
NOTIFICATION_TYPE = "Notification"
LETTER_GROUP_TYPE = "AuthorizationDocument"
SWEEP_TYPE = "StatusSweep"
TASK_QUEUE = "hosted-numbers"
NOTIFICATION_QUEUE = "hosted-numbers-notifications"
"""Of its own, so that a receiver that is slow or gone takes nothing from the orders."""

# Each is an update, which answers, and a signal of the same name and model, which does not.
SUBMIT_VERIFICATION_CODE = "submit_verification_code"
REQUEST_VERIFICATION_CALL = "request_verification_call"
PROVIDE_DOCUMENT = "provide_document"
AMEND = "amend"
RESUME = "resume"
CANCEL_ORDER = "cancel_order"

ORDER_CHANGED = "order_changed"
"""Signal: a machine's hint that Twilio moved the order; the workflow then looks for itself."""

PROGRESS = "progress"
"""Query: where the order stands, a ``Progress``."""

READ_PROGRESS = "read_progress"
"""Update: the same, in the details of its refusal. It is never taken and leaves no event.

A query that waits for a worker while an event arrives can lead the SDK to record commands that do
not replay; an update cannot. So our own reads of an open order go this way
(docs/decisions/0005).
"""

FINGERPRINT_MEMO = "request_fingerprint"
"""Memo key: SHA-256 of the request, so that the same order sent twice is told from another one."""

IDEMPOTENCY_MEMO: Final = "idempotency_key"
"""Memo key: what a caller named the request that started the workflow by, hashed."""

BILL: Final = "utility_bill"
"""The type of the document that proves ownership; all others are supporting documents."""

Phase = Literal[
    "ordering", "verification", "authorization", "carrier", "completed", "failed", "cancelled"
]
WaitingFor = Literal[
    "nothing",
    "verification-call",
    "verification-code",
    "document",
    "document-review",
    "signature",
    "carrier",
    "operator",
]
NotificationType = Literal[
    "order.waiting_for_call",
    "order.waiting_for_code",
    "order.waiting_for_document",
    "order.waiting_for_review",
    "order.waiting_for_signature",
    "order.with_carrier",
    "order.on_hold",
    "order.reminder",
    "order.status_changed",
    "order.completed",
    "order.failed",
    "order.cancelled",
]


class Message(BaseModel):
    """What travels to or from a workflow: immutable, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StoredDocument(Message):
    """A file that was checked and kept in the blob store: only this reference travels."""

    blob: str = Field(description="Its name in the blob store, beneath the order's number")
    media_type: str = Field(description="As found in its content: a PDF, JPEG or PNG")
    size: int = Field(description="Bytes")


class SupportingDocumentRequest(Message):
    """A document that the number's regulation needs beside the order (SupportingDocuments API)."""

    type: str = Field(description="Twilio's SupportingDocument type, such as business_registration")
    friendly_name: str | None = Field(default=None, description="Up to 64 characters", repr=False)
    attributes: dict[str, JsonValue] = Field(
        default={}, description="What its type asks for, address_sids among it", repr=False
    )
    with_file: bool = Field(
        default=False, description="Its type wants an image as proof, which is provided later"
    )
    file: StoredDocument | None = Field(default=None, description="The image, where it is kept")


class HostedNumberOrderRequest(Message):
    """The order that a backend sends: a number to be hosted on Twilio for SMS.

    Field names are Twilio's (HostedNumberOrder and AuthorizationDocument resources) in snake_case.
    """

    phone_number: str = Field(description="The number to host, E.164, US or Canada")
    email: str = Field(description="Owner of the number, who signs the LOA", repr=False)
    address_sid: str = Field(description="Twilio Address of the owner, AD…")
    contact_title: str = Field(description="Title of the person who signs the LOA", repr=False)
    contact_phone_number: str = Field(description="Phone of the person who signs", repr=False)
    friendly_name: str | None = Field(default=None, description="Up to 64 characters", repr=False)
    cc_emails: tuple[str, ...] = Field(default=(), description="Also told of the LOA", repr=False)
    sms_url: str | None = Field(default=None, description="Twilio asks it for each message")
    sms_method: Literal["GET", "POST"] | None = None
    sms_fallback_url: str | None = Field(default=None, description="Asked when sms_url fails")
    sms_fallback_method: Literal["GET", "POST"] | None = None
    sms_application_sid: str | None = Field(default=None, description="AP…, overrides the URLs")
    account_sid: str | None = Field(default=None, description="Subaccount AC… to host it in")
    verification_type: Literal["phone-call", "phone-bill"] = Field(
        default="phone-call", description="How ownership is proven"
    )
    extension: str | None = Field(
        default=None, description="Keyed after pick-up: digits, #, *, w (waits half a second)"
    )
    call_delay: int | None = Field(default=None, description="Seconds before dialling, 0 to 30")
    call_when: Literal["now", "business-hours", "asked"] = Field(
        default="now",
        description="Place the call as soon as Twilio is ready, then but in business hours where "
        "the line is, or when a person asks",
    )
    bill_date: date | None = Field(
        default=None, description="The date on the bill, which must be of the last 30 days"
    )
    supporting_documents: tuple[SupportingDocumentRequest, ...] = Field(
        default=(), description="What the number's regulation needs beside the order"
    )
    customer: str | None = Field(default=None, description="The backend's own reference")
    loa_group: str | None = Field(
        default=None,
        description="Orders that name the same group, signer and address share one LOA",
    )
    loa_group_size: int | None = Field(
        default=None,
        description="How many orders the group will have; its LOA goes out once so many are "
        "verified or have ended, and without it when the group's window is up",
    )
    deadline_days: int = Field(
        default=29,
        description="Days without a change of status after which the order ends; Twilio itself "
        "fails it after 30, without a word",
    )


class VerificationCodeEntry(Message):
    """The code that the person heard on the verification call, 4 to 10 digits."""

    code: str = Field(repr=False)


class VerificationCallRequest(Message):
    """Call the number now. What is given here goes before what the order says."""

    extension: str | None = None
    call_delay: int | None = None


class ProvidedDocument(Message):
    """A file for the order: the bill that proves ownership, or a supporting document's image."""

    document: StoredDocument
    type: str = Field(default=BILL, description="utility_bill, or a supporting document's type")
    bill_date: date | None = Field(
        default=None, description="The date on the bill; without it, the one that the order says"
    )


class Amendment(Message):
    """What to change about an order that is under way. What is absent stays."""

    email: str | None = Field(default=None, repr=False)
    contact_title: str | None = Field(default=None, repr=False)
    contact_phone_number: str | None = Field(default=None, repr=False)
    address_sid: str | None = None
    cc_emails: tuple[str, ...] | None = Field(default=None, repr=False)
    extension: str | None = None
    call_delay: int | None = None
    friendly_name: str | None = Field(default=None, repr=False)
    unique_name: str | None = Field(default=None, description="Up to 128 characters", repr=False)
    sms_url: str | None = None
    sms_method: Literal["GET", "POST"] | None = None
    sms_fallback_url: str | None = None
    sms_fallback_method: Literal["GET", "POST"] | None = None
    sms_application_sid: str | None = None
    verification_document_sid: str | None = Field(
        default=None, description="A bill that Twilio has already, RI… or RD…"
    )
    supporting_documents: tuple[SupportingDocumentRequest, ...] | None = Field(
        default=None, description="Each replaces the one of its type"
    )

    def changes(self) -> dict[str, object]:
        """The fields to change, by name."""
        return {name: value for name, value in self if value is not None}


class Resumption(Message):
    """What was in the way is mended: go on."""


class Cancellation(Message):
    """Give the order up and take it back at Twilio."""


class OrderChanged(Message):
    """A hint that Twilio may have moved the order. It is never taken for the truth."""

    status: str | None = Field(default=None, description="What the hint says, if anything")


class Answer(Message):
    """What a person's act came to."""

    taken: bool = Field(description="Whether the act was carried out, or will be")
    reason: str = Field(description="What happened, in words")
    next_step: str = Field(description="What to do now, in words")
    attempts_left: int | None = Field(
        default=None, description="Verification calls that Twilio still places"
    )


class TimelineEntry(Message):
    """One step of an order's life, in business words."""

    at: datetime
    what: str


class SupportingDocumentProgress(Message):
    """Where a supporting document stands."""

    type: str
    sid: str | None = Field(default=None, description="Twilio's SupportingDocument, RD…")
    status: str | None = Field(default=None, description="Twilio's, null before it has it")
    reason: str | None = Field(default=None, description="Why another one is asked for")


class Progress(Message):
    """Where an order stands: the same in the query, the API, the CLI and the workflow's result."""

    phone_number: str
    sid: str | None = Field(default=None, description="Twilio's HostedNumberOrder, HR…")
    status: str | None = Field(default=None, description="Twilio's, null before it has the order")
    customer: str | None = Field(default=None, description="The backend's own reference")
    phase: Phase
    waiting_for: WaitingFor
    reason: str = Field(description="Why it waits, or how it ended")
    next_step: str = Field(description="Who does what next")
    deadline: datetime | None = Field(default=None, description="By when, UTC")
    attempts_used: int = Field(default=0, description="Verification calls placed")
    attempts_left: int = Field(description="Verification calls that Twilio still places")
    verification_code: str | None = Field(
        default=None, description="To be keyed into the ringing phone, while it lives", repr=False
    )
    document_sid: str | None = Field(
        default=None, description="The bill that proves ownership, RD… or RI…"
    )
    supporting_documents: tuple[SupportingDocumentProgress, ...] = ()
    authorization_document_sid: str | None = Field(default=None, description="The LOA, PX…")
    failure_reason: str | None = None
    previous_run_id: str | None = Field(
        default=None, description="The run of the number's order before this one"
    )
    timeline: tuple[TimelineEntry, ...] = ()


class NotificationData(Message):
    """Which order an event is about, and how it stood then; whoever wants more reads the order.

    Nothing here is about a person: no code, no e-mail, no name, no words of Twilio's. Values are
    plain text, so that a worker passes on what a later release says.
    """

    phone_number: str
    sid: str | None = Field(default=None, description="Twilio's HostedNumberOrder, HR…")
    status: str | None = Field(default=None, description="Twilio's, null before it has the order")
    previous_status: str | None = Field(
        default=None, description="The one that was last told, where it is another"
    )
    phase: str = Field(description="As in the order's progress")
    waiting_for: str = Field(description="As in the order's progress")
    about: tuple[str, ...] = Field(
        default=(), description="Stable names of what is in the way, or of the documents wanted"
    )
    deadline: datetime | None = Field(default=None, description="By when, UTC")
    customer: str | None = Field(default=None, description="The backend's own reference")


class NotificationEvent(Message):
    """What a backend is told: the body of a notification (Standard Webhooks 1.0)."""

    id: str = Field(description="The same in each try and each replay: the webhook-id header")
    type: str = Field(description="A NotificationType")
    timestamp: datetime = Field(description="When it happened, by the order's own clock")
    data: NotificationData
