"""What single values may look like that people and backends send: a type of pydantic's for each.

They stand apart from the models of ``validation``, as settings, files and processes that take no
orders in use them, too, and those models take long to build.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, EmailStr, Field, JsonValue, StringConstraints
from pydantic.fields import FieldInfo

from hosted_numbers.bills import bill_complaint
from hosted_numbers.phone_numbers import dialable_phone_number, hostable_phone_number

CODE_PATTERN: Final = r"^[0-9]{4,10}$"
EXTENSION_PATTERN: Final = r"^[0-9#*w]{1,50}$"
CUSTOMER_PATTERN: Final = r"^[^'\"`\\\x00-\x1f]*$"
CALL_DELAY_SECONDS: Final = 30
DOCUMENT_TYPE_PATTERN: Final = r"^[a-z][a-z0-9_]{0,63}$"
BLOB_PATTERN: Final = r"^\+[1-9][0-9]{6,14}/[0-9a-f-]{36}$"
MEDIA_TYPES: Final = ("application/pdf", "image/jpeg", "image/png")
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
BlobName = Annotated[
    str, _like(BLOB_PATTERN, "A blob is named by the order's number, a slash and a UUID.")
]
MediaType = Annotated[
    str, _like(f"^({'|'.join(MEDIA_TYPES)})$", "A document is a PDF, a JPEG or a PNG.")
]
Attributes = Annotated[dict[str, JsonValue], Field(max_length=MOST_ATTRIBUTES)]
