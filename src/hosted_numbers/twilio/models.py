"""What Twilio answers about orders, their letters of authorization and their phone numbers.

The models are lenient where Twilio's pages and samples disagree and strict where a wrong reading
would do harm: ``sid`` and, where something waits for it, ``status`` must be there; everything else
may be absent, null or ``""``.
Fields that are not known are ignored. Enumerations are open: a status that Twilio adds tomorrow
arrives as a plain string, in lower case with hyphens, and is no error.

``repr`` shows no verification code, no address, no name and no number, as it ends up in logs.

Source: https://www.twilio.com/docs/phone-numbers/hosted-numbers/hosted-numbers-api
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from hosted_numbers.twilio.fields import (
    Count,
    Digits,
    Moment,
    Normalised,
    NotEmpty,
    Open,
    Resource,
    Text,
    Texts,
    Word,
)


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


_OrderStatus: TypeAlias = Annotated[HostedNumberOrderStatus | NotEmpty, Open, Normalised]
_LetterStatus: TypeAlias = Annotated[AuthorizationDocumentStatus | NotEmpty, Open, Normalised]
_VerificationType: TypeAlias = Annotated[VerificationType | Word, Open, Normalised]


class Capabilities(Resource):
    """What is hosted on Twilio's platform; today that can only be SMS."""

    sms: bool = False
    mms: bool = False
    voice: bool = False
    fax: bool = False


class HostedNumberOrder(Resource):
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
    account_sid: Text = None
    incoming_phone_number_sid: Text = None
    address_sid: Text = None
    signing_document_sid: Text = None
    phone_number: Text = Field(default=None, repr=False)
    capabilities: Capabilities | None = None
    friendly_name: Text = Field(default=None, repr=False)
    unique_name: Text = Field(default=None, repr=False)
    email: Text = Field(default=None, repr=False)
    cc_emails: Texts = Field(default=(), repr=False)
    status: _OrderStatus
    failure_reason: Text = None
    date_created: Moment = None
    date_updated: Moment = None
    verification_attempts: Count = 0
    verification_type: _VerificationType = None
    verification_document_sid: Text = None
    extension: Digits = Field(default=None, repr=False)
    call_delay: Count = 0
    verification_code: Digits = Field(default=None, repr=False)
    verification_call_sids: Texts = ()
    url: Text = None


class AuthorizationDocumentLinks(Resource):
    """Where the resources of a document are; the client does not follow these."""

    dependent_hosted_number_orders: Text = None


class AuthorizationDocument(Resource):
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
    address_sid: Text = None
    status: _LetterStatus
    email: Text = Field(default=None, repr=False)
    cc_emails: Texts = Field(default=(), repr=False)
    date_created: Moment = None
    date_updated: Moment = None
    url: Text = None
    links: AuthorizationDocumentLinks | None = None


class IncomingPhoneNumber(Resource):
    """A phone number of the account, which an order makes and a completed order leaves behind.

    Attributes:
        sid: PN and 32 hexadecimal digits.
        account_sid: AC…, the account or subaccount that owns the number.
        phone_number: E.164.
        friendly_name: the number's label.
        capabilities: what the number can do at Twilio.
        status: Twilio's word in lower case with hyphens, ``in-use`` for a number that works.
        address_sid: AD…, the address of the number's owner.
        sms_url: requested when a message comes in; not shown by ``repr``, as it may hold a secret.
        sms_method: GET or POST, for ``sms_url``.
        sms_fallback_url: requested when ``sms_url`` fails.
        sms_fallback_method: GET or POST, for ``sms_fallback_url``.
        sms_application_sid: AP…, goes before the SMS URLs.
        date_created: when the number was made.
        date_updated: when the number was last changed.
    """

    sid: str = Field(pattern=r"^PN[0-9a-fA-F]{32}$")
    account_sid: Text = None
    phone_number: Text = Field(default=None, repr=False)
    friendly_name: Text = Field(default=None, repr=False)
    capabilities: Capabilities | None = None
    status: Word = None
    address_sid: Text = None
    sms_url: Text = Field(default=None, repr=False)
    sms_method: Text = None
    sms_fallback_url: Text = Field(default=None, repr=False)
    sms_fallback_method: Text = None
    sms_application_sid: Text = None
    date_created: Moment = None
    date_updated: Moment = None
