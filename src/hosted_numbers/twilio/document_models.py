"""What Twilio answers about the documents that were uploaded to it.

Two APIs make them, both with SIDs of RD…, and neither knows the other's. They are read by the rules
of ``hosted_numbers.twilio.models``, and ``repr`` shows neither names nor attributes.

Source: https://www.twilio.com/docs/phone-numbers/documents-api and
https://www.twilio.com/docs/phone-numbers/regulatory/api/supporting-documents
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from hosted_numbers.twilio.fields import (
    Attributes,
    Codes,
    Count,
    Moment,
    Normalised,
    NotEmpty,
    Open,
    Resource,
    Text,
)


class DocumentStatus(StrEnum):
    """The statuses of an uploaded document, which Twilio writes in capitals."""

    DRAFT = "draft"
    PENDING_REVIEW = "pending-review"
    REJECTED = "rejected"
    APPROVED = "approved"
    EXPIRED = "expired"


class SupportingDocumentStatus(StrEnum):
    """The statuses of a supporting document; approved means that it complies."""

    DRAFT = "draft"
    PENDING_REVIEW = "pending-review"
    REJECTED = "rejected"
    APPROVED = "approved"
    EXPIRED = "expired"
    PROVISIONALLY_APPROVED = "provisionally-approved"


_DocumentStatus: TypeAlias = Annotated[DocumentStatus | NotEmpty, Open, Normalised]
_SupportingStatus: TypeAlias = Annotated[SupportingDocumentStatus | NotEmpty, Open, Normalised]


class Document(Resource):
    """A document of the Documents API, as its upload answers it; it cannot be looked up again.

    Attributes:
        sid: RD and 32 hexadecimal digits.
        account_sid: AC…, the account that owns the document.
        document_type: for instance ``utility_bill``.
        version: counted by Twilio.
        status: one of the enumeration, or Twilio's word in lower case with hyphens.
        mime_type: what Twilio found in the file.
        failure_reason: Twilio's words, where something went wrong.
        friendly_name: as given.
        created_by: AC…, who uploaded it.
        date_created: when it was uploaded.
        date_updated: when it was last changed.
    """

    sid: str = Field(pattern=r"^RD[0-9a-fA-F]{32}$")
    account_sid: Text = None
    document_type: Text = None
    version: Count = 0
    status: _DocumentStatus
    mime_type: Text = None
    failure_reason: Text = None
    friendly_name: Text = Field(default=None, repr=False)
    created_by: Text = None
    date_created: Moment = None
    date_updated: Moment = None


class SupportingDocument(Resource):
    """A document of the regulatory SupportingDocuments API.

    Attributes:
        sid: RD and 32 hexadecimal digits.
        account_sid: AC…, the account that owns the document.
        friendly_name: as given.
        mime_type: of its file, where it has one.
        status: one of the enumeration, or Twilio's word in lower case with hyphens.
        failure_reason: Twilio's words on ``rejected``.
        errors: Twilio's codes for why it was rejected, 18001 and on.
        type: for instance ``business_registration``.
        attributes: what the type asks for; Twilio may answer others than were sent.
        date_created: when it was made.
        date_updated: when it was last changed.
        url: the resource's address; the client does not follow it.
    """

    sid: str = Field(pattern=r"^RD[0-9a-fA-F]{32}$")
    account_sid: Text = None
    friendly_name: Text = Field(default=None, repr=False)
    mime_type: Text = None
    status: _SupportingStatus
    failure_reason: Text = None
    errors: Codes = ()
    type: Text = None
    attributes: Attributes = Field(default_factory=dict, repr=False)
    date_created: Moment = None
    date_updated: Moment = None
    url: Text = None
