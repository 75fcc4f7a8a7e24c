"""What Twilio answers about orders and their letters of authorization.

The models are lenient where Twilio's pages and samples disagree and strict where a wrong reading
would do harm: ``sid`` and ``status`` must be there, everything else may be absent, null or ``""``.
Fields that are not known are ignored. Enumerations are open: a status that Twilio adds tomorrow
arrives as a plain string, in lower case with hyphens, and is no error.

``repr`` shows no verification code, no address, no name and no number, as it ends up in logs.

Source: https://www.twilio.com/docs/phone-numbers/hosted-numbers/hosted-numbers-api
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


class HostedNumberOrderStatus(StrEnum):
    """The statuses of an order, in the order in which they usually come."""

    TWILIO_PROCESSING = "twilio-processing"
    RECEIVED = "received"
    PENDING_VERIFICATION = "pending-verification"
    VERIFIED = "verified"
    PENDING_LOA = "pending-loa"
    CARRIER_PROCESSING = "carrier-processing"
    TESTING = "testing"
    COMPLETED = "completed"
    FAILED = "failed"
    ACTION_REQUIRED = "action-required"


class AuthorizationDocumentStatus(StrEnum):
    """The statuses of a letter of authorization; the last three are final."""

    OPENED = "opened"
    SIGNING = "signing"
    SIGNED = "signed"
    CANCELED = "canceled"
    FAILED = "failed"


class VerificationType(StrEnum):
    """How the ownership of a number is proven."""

    PHONE_CALL = "phone-call"
    PHONE_BILL = "phone-bill"


def _normalised(value: Any) -> Any:
    # Twilio's own pages write action_required beside action-required.
    return value.strip().lower().replace("_", "-") if isinstance(value, str) else value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _empty_if_none(value: Any) -> Any:
    return () if value is None or value == "" else value


def _zero_if_none(value: Any) -> Any:
    return 0 if value is None else value


def _digits(value: Any) -> Any:
    # Both are strings at Twilio; a server that sends a number has lost the leading zeros already.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _none_if_empty(value)


def _moment(value: Any) -> Any:
    """Read ISO 8601 (all samples) or RFC 2822 (all descriptions); without a zone it is UTC."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = parsedate_to_datetime(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_Open = Field(union_mode="left_to_right")
_NotEmpty: TypeAlias = Annotated[str, Field(min_length=1)]
_OrderStatus: TypeAlias = Annotated[
    HostedNumberOrderStatus | _NotEmpty, _Open, BeforeValidator(_normalised)
]
_DocumentStatus: TypeAlias = Annotated[
    AuthorizationDocumentStatus | _NotEmpty, _Open, BeforeValidator(_normalised)
]
_VerificationType: TypeAlias = Annotated[
    VerificationType | str | None,
    _Open,
    BeforeValidator(_normalised),
    BeforeValidator(_none_if_empty),
]
_Text: TypeAlias = Annotated[str | None, BeforeValidator(_none_if_empty)]
_Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_empty_if_none)]
_Digits: TypeAlias = Annotated[str | None, BeforeValidator(_digits)]
_Count: TypeAlias = Annotated[int, BeforeValidator(_zero_if_none)]
_Moment: TypeAlias = Annotated[AwareDatetime | None, BeforeValidator(_moment)]


class _Resource(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Capabilities(_Resource):
    """What is hosted on Twilio's platform; today that can only be SMS."""

    sms: bool = False
    mms: bool = False
    voice: bool = False
    fax: bool = False


class HostedNumberOrder(_Resource):
    """A HostedNumberOrder as Twilio sees it.

    ``friendly_name``, ``unique_name``, ``email`` and ``cc_emails`` are personal data that Twilio
    deletes after 30 days: None there does not mean that they were never set.

    Attributes:
        sid: HR and 32 hexadecimal digits.
        account_sid: AC…, the account or subaccount that owns the order.
        incoming_phone_number_sid: PN…, made with the order and deleted with it.
        address_sid: AD…, the address of the number's owner.
        signing_document_sid: PX…, set while the order is on an AuthorizationDocument.
        phone_number: E.164.
        capabilities: what is hosted; only ``sms`` today.
        status: one of the enumeration, or Twilio's word in lower case with hyphens.
        failure_reason: Twilio's words on ``action-required`` and ``failed``.
        verification_attempts: calls placed; a hint, Twilio's samples contradict each other.
        verification_type: how ownership is proven.
        verification_document_sid: RI… or RD…, the bill.
        extension: digits keyed in after the call is answered.
        call_delay: seconds that Twilio waits before it calls.
        verification_code: what the owner enters during the call, valid for ten minutes; a string,
            as leading zeros count.
        verification_call_sids: CA… of the calls placed so far.
        url: the resource's address; absent where the order is listed under a document.
    """

    sid: str = Field(pattern=r"^HR[0-9a-fA-F]{32}$")
    account_sid: _Text = None
    incoming_phone_number_sid: _Text = None
    address_sid: _Text = None
    signing_document_sid: _Text = None
    phone_number: _Text = Field(default=None, repr=False)
    capabilities: Capabilities | None = None
    friendly_name: _Text = Field(default=None, repr=False)
    unique_name: _Text = Field(default=None, repr=False)
    email: _Text = Field(default=None, repr=False)
    cc_emails: _Texts = Field(default=(), repr=False)
    status: _OrderStatus
    failure_reason: _Text = None
    date_created: _Moment = None
    date_updated: _Moment = None
    verification_attempts: _Count = 0
    verification_type: _VerificationType = None
    verification_document_sid: _Text = None
    extension: _Digits = Field(default=None, repr=False)
    call_delay: _Count = 0
    verification_code: _Digits = Field(default=None, repr=False)
    verification_call_sids: _Texts = ()
    url: _Text = None


class AuthorizationDocumentLinks(_Resource):
    """Where the resources of a document are; the client does not follow these."""

    dependent_hosted_number_orders: _Text = None


class AuthorizationDocument(_Resource):
    """A letter of authorization (LOA) that its signer gets by e-mail.

    It names neither its orders nor the signer's title and number: the way back is
    ``AuthorizationDocuments.dependent_hosted_number_orders``.

    Attributes:
        sid: PX and 32 hexadecimal digits.
        address_sid: AD…, the address that the numbers are activated with.
        status: one of the enumeration, or Twilio's word in lower case with hyphens.
        email: the signer.
        cc_emails: who is told when it is sent and signed.
    """

    sid: str = Field(pattern=r"^PX[0-9a-fA-F]{32}$")
    address_sid: _Text = None
    status: _DocumentStatus
    email: _Text = Field(default=None, repr=False)
    cc_emails: _Texts = Field(default=(), repr=False)
    date_created: _Moment = None
    date_updated: _Moment = None
    url: _Text = None
    links: AuthorizationDocumentLinks | None = None
