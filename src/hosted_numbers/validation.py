"""What people and backends may send: the strict twins of the models in ``contract``.

They are used where something comes in (HTTP, CLI, ``orders``) and nowhere else. Unknown fields are
refused, so that a misspelt one is not silently ignored.
"""

from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    EmailStr,
    Field,
    model_validator,
)

from hosted_numbers.contract import (
    BILL,
    Amendment,
    HostedNumberOrderRequest,
    ProvidedDocument,
    StoredDocument,
    SupportingDocumentRequest,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.formats import (
    AccountSid,
    AddressSid,
    ApplicationSid,
    Attributes,
    BillDate,
    BlobName,
    CallDelay,
    CustomerReference,
    DialablePhoneNumber,
    DocumentType,
    Emails,
    Extension,
    HostablePhoneNumber,
    LoaGroupSize,
    LongText,
    MediaType,
    ShortText,
    VerificationCode,
    VerificationDocumentSid,
    WebAddress,
)
from hosted_numbers.letter_groups.contract import LetterAmendment

LONGEST_DEADLINE_DAYS: Final = 365
MOST_SUPPORTING_DOCUMENTS: Final = 10


def _not_cleared(emails: tuple[str, ...]) -> tuple[str, ...]:
    if not emails:
        raise ValueError("Twilio cannot clear the list of cc e-mails, only replace it.")
    return emails


class Strict(BaseModel):
    """The strict twin of a model.

    What a field is for, and whether it is personal, is said once, by the model that it is twin of.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Take over the descriptions of the fields, and whether ``repr`` shows them."""
        del kwargs
        for base in cls.__bases__:
            for name, twin in getattr(base, "model_fields", {}).items():
                cls.model_fields[name].description = twin.description
                cls.model_fields[name].repr = twin.repr
        cls.model_rebuild(force=True)


class NewStoredDocument(Strict, StoredDocument, extra="forbid"):
    """A reference to a file in the blob store."""

    blob: BlobName
    media_type: MediaType
    size: Annotated[int, Field(gt=0)]


class NewSupportingDocumentRequest(Strict, SupportingDocumentRequest, extra="forbid"):
    """A supporting document as a backend may ask for it."""

    type: DocumentType
    friendly_name: ShortText | None = None
    attributes: Attributes = {}
    file: NewStoredDocument | None = None

    @model_validator(mode="after")
    def _no_bill(self) -> Self:
        if self.type == BILL:
            raise ValueError(
                "A utility_bill proves ownership: ask for it by verification_type phone-bill."
            )
        return self


SupportingDocuments = Annotated[
    tuple[NewSupportingDocumentRequest, ...], Field(max_length=MOST_SUPPORTING_DOCUMENTS)
]


def _told_apart(documents: tuple[SupportingDocumentRequest, ...] | None) -> None:
    types = [document.type for document in documents or ()]
    if len(set(types)) < len(types):
        raise ValueError("Each supporting document is of another type.")


class NewHostedNumberOrder(Strict, HostedNumberOrderRequest, extra="forbid"):
    """An order as a backend may send it: required fields, formats and limits checked."""

    phone_number: HostablePhoneNumber
    email: EmailStr
    address_sid: AddressSid
    contact_title: ShortText
    contact_phone_number: DialablePhoneNumber
    friendly_name: ShortText | None = None
    cc_emails: Emails = ()
    sms_url: WebAddress | None = None
    sms_fallback_url: WebAddress | None = None
    sms_application_sid: ApplicationSid | None = None
    account_sid: AccountSid | None = None
    extension: Extension | None = None
    call_delay: CallDelay | None = None
    bill_date: BillDate | None = None
    supporting_documents: SupportingDocuments = ()
    customer: CustomerReference | None = None
    loa_group: CustomerReference | None = None
    loa_group_size: LoaGroupSize | None = None
    deadline_days: Annotated[int, Field(ge=1, le=LONGEST_DEADLINE_DAYS)] = 29

    @model_validator(mode="after")
    def _sized_group(self) -> Self:
        if self.loa_group_size is not None and self.loa_group is None:
            raise ValueError("A loa_group_size is the size of a loa_group: name the group too.")
        return self

    @model_validator(mode="after")
    def _own_documents(self) -> Self:
        _told_apart(self.supporting_documents)
        for document in self.supporting_documents:
            if document.file and not document.file.blob.startswith(f"{self.phone_number}/"):
                raise ValueError("A file of another number's order cannot be used.")
        return self


class NewVerificationCodeEntry(Strict, VerificationCodeEntry, extra="forbid"):
    """A code as a person may enter it."""

    code: VerificationCode


class NewVerificationCallRequest(Strict, VerificationCallRequest, extra="forbid"):
    """A call as a person may ask for it."""

    extension: Extension | None = None
    call_delay: CallDelay | None = None


class NewProvidedDocument(Strict, ProvidedDocument, extra="forbid"):
    """A document as a person may provide it."""

    document: NewStoredDocument
    type: DocumentType = BILL
    bill_date: BillDate | None = None


class NewAmendment(Strict, Amendment, extra="forbid"):
    """A change as a person may send it: at least one field."""

    email: EmailStr | None = None
    contact_title: ShortText | None = None
    contact_phone_number: DialablePhoneNumber | None = None
    address_sid: AddressSid | None = None
    cc_emails: Annotated[Emails, AfterValidator(_not_cleared)] | None = None
    extension: Extension | None = None
    call_delay: CallDelay | None = None
    friendly_name: ShortText | None = None
    unique_name: LongText | None = None
    sms_url: WebAddress | None = None
    sms_fallback_url: WebAddress | None = None
    sms_application_sid: ApplicationSid | None = None
    verification_document_sid: VerificationDocumentSid | None = None
    supporting_documents: SupportingDocuments | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if not self.changes():
            raise ValueError("Name at least one field to change.")
        _told_apart(self.supporting_documents)
        return self


class NewLetterAmendment(Strict, LetterAmendment, extra="forbid"):
    """A change of a group's letter as a person may send it: at least one field."""

    email: EmailStr | None = None
    contact_title: ShortText | None = None
    contact_phone_number: DialablePhoneNumber | None = None
    address_sid: AddressSid | None = None
    cc_emails: Annotated[Emails, AfterValidator(_not_cleared)] | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if not self.changes():
            raise ValueError("Name at least one field to change.")
        return self
