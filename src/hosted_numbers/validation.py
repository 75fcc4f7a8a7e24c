"""What people and backends may send: the strict twins of the models in ``contract``.

They are used where something comes in (HTTP, CLI, ``orders``) and nowhere else. Unknown fields are
refused, so that a misspelt one is not silently ignored.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    EmailStr,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from hosted_numbers.bills import bill_complaint
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
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.letter_groups.contract import LetterAmendment
from hosted_numbers.phone_numbers import dialable_phone_number, hostable_phone_number

CODE_PATTERN: Final = r"^[0-9]{4,10}$"
EXTENSION_PATTERN: Final = r"^[0-9#*w]{1,50}$"
CUSTOMER_PATTERN: Final = r"^[^'\"`\\\x00-\x1f]*$"
CALL_DELAY_SECONDS: Final = 30
LONGEST_DEADLINE_DAYS: Final = 365
DOCUMENT_TYPE_PATTERN: Final = r"^[a-z][a-z0-9_]{0,63}$"
BLOB_PATTERN: Final = r"^\+[1-9][0-9]{6,14}/[0-9a-f-]{36}$"
MEDIA_TYPES: Final = ("application/pdf", "image/jpeg", "image/png")
MOST_SUPPORTING_DOCUMENTS: Final = 10
MOST_ATTRIBUTES: Final = 50
MOST_IN_A_GROUP: Final = 1000
_URL_LENGTH: Final = 2000


def _web_address(url: str) -> str:
    """An absolute http(s) URL that Twilio can ask (error code 22105)."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", url):
        raise ValueError("A URL is absolute and begins with https:// (or http://) and a host.")
    if parts.username or parts.password:
        raise ValueError("A URL carries no user name and no password.")
    return url


def _fresh(bill_date: date) -> date:
    """The date on a bill that Twilio may take, as of today."""
    if complaint := bill_complaint(bill_date, datetime.now(UTC).date()):
        raise ValueError(complaint)
    return bill_date


def _not_cleared(emails: tuple[str, ...]) -> tuple[str, ...]:
    if not emails:
        raise ValueError("Twilio cannot clear the list of cc e-mails, only replace it.")
    return emails


def _like(pattern: str, sentence: str) -> FieldInfo:
    """Text of a pattern; the sentence, not the pattern, is what a person is told."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(sentence)
        return text

    field: FieldInfo = Field(json_schema_extra={"pattern": pattern})
    field.metadata.append(AfterValidator(check))
    return field


def _sid(prefix: str, name: str) -> FieldInfo:
    sentence = f"{name} SID is {prefix} and 32 hexadecimal digits."
    return _like(rf"^{prefix}[0-9a-fA-F]{{32}}$", sentence)


# A pattern for those who read the description; what is wrong is said by the validators.
_E164: Final = Field(json_schema_extra={"pattern": r"^\+[1-9][0-9]{6,14}$"})
HostablePhoneNumber = Annotated[str, AfterValidator(hostable_phone_number), _E164]
DialablePhoneNumber = Annotated[str, AfterValidator(dialable_phone_number), _E164]
WebAddress = Annotated[str, StringConstraints(max_length=_URL_LENGTH), AfterValidator(_web_address)]
M = TypeVar("M", bound=BaseModel)
VerificationCode = Annotated[
    str, _like(CODE_PATTERN, "A verification code is 4 to 10 digits and nothing else.")
]
Extension = Annotated[
    str,
    _like(EXTENSION_PATTERN, "An extension is digits, #, * and w (a wait), at most 50 of them."),
]
CallDelay = Annotated[int, Field(ge=0, le=CALL_DELAY_SECONDS)]
BillDate = Annotated[date, AfterValidator(_fresh)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
CustomerReference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, strip_whitespace=True),
    _like(
        CUSTOMER_PATTERN, "A reference holds no quotes, no backslashes and no control characters."
    ),
]
"""It is searched for in Temporal's lists, whose queries cannot hold quotes or backslashes."""
LoaGroupSize = Annotated[int, Field(ge=1, le=MOST_IN_A_GROUP)]
Emails = Annotated[tuple[EmailStr, ...], Field(max_length=20)]
AddressSid = Annotated[str, _sid("AD", "An Address")]
AccountSid = Annotated[str, _sid("AC", "An Account")]
ApplicationSid = Annotated[str, _sid("AP", "An Application")]
VerificationDocumentSid = Annotated[
    str,
    _like(r"^R[ID][0-9a-fA-F]{32}$", "A document SID is RI or RD and 32 hexadecimal digits."),
]
DocumentType = Annotated[
    str,
    _like(DOCUMENT_TYPE_PATTERN, "A document's type is lower-case words joined by underscores."),
]
Attributes = Annotated[dict[str, JsonValue], Field(max_length=MOST_ATTRIBUTES)]


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

    blob: Annotated[
        str, _like(BLOB_PATTERN, "A blob is named by the order's number, a slash and a UUID.")
    ]
    media_type: Annotated[
        str, _like(f"^({'|'.join(MEDIA_TYPES)})$", "A document is a PDF, a JPEG or a PNG.")
    ]
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


def checked(model: type[M], data: object) -> M:
    """``data`` as a ``model``.

    Raises:
        InvalidRequestError: it names each field that is wrong and why, without repeating the value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidRequestError(
            " ".join(f"{where}: {why}" for where, why in complaints(error)),
            "Correct it and send it again; nothing was started or changed.",
        ) from None


def complaints(error: ValidationError) -> list[tuple[str, str]]:
    """Each field that is wrong and the sentence on it; never the value, which may be personal."""
    return [
        (".".join(str(part) for part in detail["loc"]) or "request", sentence(detail["msg"]))
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def sentence(complaint: str) -> str:
    """A complaint of pydantic's as a sentence of ours."""
    return complaint.removeprefix("Value error, ").rstrip(".") + "."
