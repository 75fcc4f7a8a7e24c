"""The JSON of both resources, field by field in the order of Twilio's pages."""

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.ledger import wire_time
from hosted_numbers.simulator.orders import Order

ORDERS = "/HostedNumbers/HostedNumberOrders"
DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"
DEPENDENTS = "DependentHostedNumberOrders"


def order_resource(order: Order, base_url: str) -> dict[str, object]:
    """A HostedNumberOrder: 23 fields. ``base_url`` is the origin that the caller used."""
    return dependent_resource(order) | {"url": f"{base_url}{ORDERS}/{order.sid}"}


def dependent_resource(order: Order) -> dict[str, object]:
    """The same order in a document's list of dependents: without ``url``."""
    return {
        "sid": order.sid,
        "account_sid": order.account_sid,
        "incoming_phone_number_sid": order.incoming_phone_number_sid,
        "address_sid": order.address_sid,
        "signing_document_sid": order.signing_document_sid,
        "phone_number": order.phone_number,
        "capabilities": {"sms": True, "voice": False},
        "friendly_name": order.friendly_name,
        "unique_name": order.unique_name,
        "email": order.email,
        "cc_emails": order.cc_emails,
        "status": order.status,
        "failure_reason": order.failure_reason,
        "date_created": wire_time(order.date_created),
        "date_updated": wire_time(order.date_updated),
        "verification_attempts": order.verification_attempts,
        "verification_type": order.verification_type,
        "verification_document_sid": order.verification_document_sid,
        "extension": order.extension,
        "call_delay": order.call_delay,
        "verification_code": order.verification_code,
        "verification_call_sids": order.verification_call_sids,
    }


def document_resource(document: AuthorizationDocument, base_url: str) -> dict[str, object]:
    """An AuthorizationDocument: 9 fields, neither its orders nor its contact among them."""
    url = f"{base_url}{DOCUMENTS}/{document.sid}"
    return {
        "sid": document.sid,
        "address_sid": document.address_sid,
        "status": document.status,
        "email": document.email,
        "cc_emails": document.cc_emails,
        "date_created": wire_time(document.date_created),
        "date_updated": wire_time(document.date_updated),
        "url": url,
        "links": {"dependent_hosted_number_orders": f"{url}/{DEPENDENTS}"},
    }
