"""What people and backends may send: the strict twins of the models in ``contract``.

They are used where something comes in (HTTP, CLI, ``orders``) and nowhere else. Unknown fields are
refused, so that a misspelt one is not silently ignored.
"""

import re
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from hosted_numbers.contract import (
    Amendment,
    HostedNumberOrderRequest,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.phone_numbers import dialable_phone_number, hostable_phone_number

CODE_PATTERN: Final = r"^[0-9]{4,10}$"
CALL_DELAY_SECONDS: Final = 30
LONGEST_DEADLINE_DAYS: Final = 365
_URL_LENGTH: Final = 2000


def _web_address(url: str) -> str:
    """An absolute http(s) URL that Twilio can ask (error code 22105)."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", url):
        raise ValueError("A URL is absolute and begins with https:// (or http://) and a host.")
    if parts.username or parts.password:
        raise ValueError("A URL carries no user name and no password.")
    return url


def _code(text: str) -> str:
    if not re.fullmatch(CODE_PATTERN, text):
        raise ValueError("A verification code is 4 to 10 digits and nothing else.")
    return text


HostablePhoneNumber = Annotated[str, AfterValidator(hostable_phone_number)]
DialablePhoneNumber = Annotated[str, AfterValidator(dialable_phone_number)]
WebAddress = Annotated[str, StringConstraints(max_length=_URL_LENGTH), AfterValidator(_web_address)]
M = TypeVar("M", bound=BaseModel)
VerificationCode = Annotated[str, AfterValidator(_code)]
Extension = Annotated[str, StringConstraints(pattern=r"^[0-9#*w]{1,50}$")]
CallDelay = Annotated[int, Field(ge=0, le=CALL_DELAY_SECONDS)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
CustomerReference = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=64, strip_whitespace=True, pattern=r"^[^'\"`\\\x00-\x1f]*$"
    ),
]
"""It is searched for in Temporal's lists, whose queries cannot hold quotes or backslashes."""
Emails = Annotated[tuple[EmailStr, ...], Field(max_length=20)]


AddressSid = Annotated[str, StringConstraints(pattern=r"^AD[0-9a-fA-F]{32}$")]
AccountSid = Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
ApplicationSid = Annotated[str, StringConstraints(pattern=r"^AP[0-9a-fA-F]{32}$")]


class NewHostedNumberOrder(HostedNumberOrderRequest):
    """An order as a backend may send it: required fields, formats and limits checked."""

    model_config = ConfigDict(extra="forbid")

    phone_number: HostablePhoneNumber
    email: EmailStr = Field(repr=False)
    address_sid: AddressSid
    contact_title: ShortText = Field(repr=False)
    contact_phone_number: DialablePhoneNumber = Field(repr=False)
    friendly_name: ShortText | None = Field(default=None, repr=False)
    cc_emails: Emails = Field(default=(), repr=False)
    sms_url: WebAddress | None = None
    sms_fallback_url: WebAddress | None = None
    sms_application_sid: ApplicationSid | None = None
    account_sid: AccountSid | None = None
    extension: Extension | None = None
    call_delay: CallDelay | None = None
    customer: CustomerReference | None = None
    deadline_days: Annotated[int, Field(ge=1, le=LONGEST_DEADLINE_DAYS)] = 30


class NewVerificationCodeEntry(VerificationCodeEntry):
    """A code as a person may enter it."""

    model_config = ConfigDict(extra="forbid")

    code: VerificationCode = Field(repr=False)


class NewVerificationCallRequest(VerificationCallRequest):
    """A call as a person may ask for it."""

    model_config = ConfigDict(extra="forbid")

    extension: Extension | None = None
    call_delay: CallDelay | None = None


class NewAmendment(Amendment):
    """A change as a person may send it: at least one field."""

    model_config = ConfigDict(extra="forbid")

    email: EmailStr | None = Field(default=None, repr=False)
    contact_title: ShortText | None = Field(default=None, repr=False)
    contact_phone_number: DialablePhoneNumber | None = Field(default=None, repr=False)
    address_sid: AddressSid | None = None
    cc_emails: Emails | None = Field(default=None, repr=False)
    extension: Extension | None = None
    call_delay: CallDelay | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> "NewAmendment":
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
        (
            ".".join(str(part) for part in detail["loc"]) or "request",
            detail["msg"].removeprefix("Value error, ").rstrip(".") + ".",
        )
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]
