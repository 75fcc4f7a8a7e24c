"""A typed async client for Twilio's HostedNumbers API (preview) and its documents, on httpx.

It does one HTTP call at a time and says exactly what became of it::

    from hosted_numbers.twilio import Credentials, TwilioClient, UnknownOutcomeError

    credentials = Credentials.api_key(account_sid, key_sid, key_secret)
    async with TwilioClient(credentials) as twilio:
        orders = twilio.hosted_number_orders
        try:
            order = await orders.create(phone_number="+15017122661", unique_name="order-1")
        except UnknownOutcomeError:  # it may exist: look before asking again
            order = await anext(orders.list(unique_name="order-1"))
        await orders.update(order.sid, status="pending-verification")  # rings the phone

What to know:

- It never retries. Every error says by ``outcome`` whether a repetition is safe: see
  ``hosted_numbers.twilio.errors``, which draws the tree.
- ``deadline`` is the total time of a call, not a time per read; uploads have one of their own.
- Statuses are open enumerations: a new one arrives as a plain string.
- It writes no log, and neither messages nor ``repr`` hold personal data.
- ``hosted_numbers.twilio.signatures`` makes and checks X-Twilio-Signature, without httpx.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hosted_numbers.twilio.authorization_documents import ListedDocument
    from hosted_numbers.twilio.client import Credentials, TwilioClient
    from hosted_numbers.twilio.document_models import (
        Document,
        DocumentStatus,
        SupportingDocument,
        SupportingDocumentStatus,
    )
    from hosted_numbers.twilio.errors import (
        AuthenticationError,
        InvalidArgumentError,
        NotFoundError,
        NotSentError,
        Outcome,
        RateLimitedError,
        RefusedError,
        ServerError,
        TwilioError,
        UnknownOutcomeError,
        UnreadableAnswerError,
        UploadFailedError,
    )
    from hosted_numbers.twilio.models import (
        AuthorizationDocument,
        AuthorizationDocumentStatus,
        HostedNumberOrder,
        HostedNumberOrderStatus,
        IncomingPhoneNumber,
        VerificationType,
    )
    from hosted_numbers.twilio.order_lists import ListedOrder, OrderFilters
    from hosted_numbers.twilio.pages import Listing
    from hosted_numbers.twilio.uploads import Upload

__all__ = [
    "AuthenticationError",
    "AuthorizationDocument",
    "AuthorizationDocumentStatus",
    "Credentials",
    "Document",
    "DocumentStatus",
    "HostedNumberOrder",
    "HostedNumberOrderStatus",
    "IncomingPhoneNumber",
    "InvalidArgumentError",
    "ListedDocument",
    "ListedOrder",
    "Listing",
    "NotFoundError",
    "NotSentError",
    "OrderFilters",
    "Outcome",
    "RateLimitedError",
    "RefusedError",
    "ServerError",
    "SupportingDocument",
    "SupportingDocumentStatus",
    "TwilioClient",
    "TwilioError",
    "UnknownOutcomeError",
    "UnreadableAnswerError",
    "Upload",
    "UploadFailedError",
    "VerificationType",
]

_HOMES: Final = {
    "AuthenticationError": "errors",
    "AuthorizationDocument": "models",
    "AuthorizationDocumentStatus": "models",
    "Credentials": "client",
    "Document": "document_models",
    "DocumentStatus": "document_models",
    "HostedNumberOrder": "models",
    "HostedNumberOrderStatus": "models",
    "IncomingPhoneNumber": "models",
    "InvalidArgumentError": "errors",
    "ListedDocument": "authorization_documents",
    "ListedOrder": "order_lists",
    "Listing": "pages",
    "NotFoundError": "errors",
    "NotSentError": "errors",
    "OrderFilters": "order_lists",
    "Outcome": "errors",
    "RateLimitedError": "errors",
    "RefusedError": "errors",
    "ServerError": "errors",
    "SupportingDocument": "document_models",
    "SupportingDocumentStatus": "document_models",
    "TwilioClient": "client",
    "TwilioError": "errors",
    "UnknownOutcomeError": "errors",
    "UnreadableAnswerError": "errors",
    "Upload": "uploads",
    "UploadFailedError": "errors",
    "VerificationType": "models",
}


def __getattr__(name: str) -> object:
    """What is exported, imported when it is first asked for.

    The gateway and the simulator need ``signatures`` alone, and must not load an HTTP client for it
    each time they start.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
