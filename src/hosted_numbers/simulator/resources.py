"""The JSON of the resources, field by field in the order of Twilio's pages."""

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.documents import Document
from hosted_numbers.simulator.ledger import wire_time
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.supporting_documents import SupportingDocument

ORDERS = "/HostedNumbers/HostedNumberOrders"
AUTHORIZATION_DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"
DEPENDENTS = "DependentHostedNumberOrders"
SUPPORTING_DOCUMENTS = "/v2/RegulatoryCompliance/SupportingDocuments"


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


def authorization_document_resource(
    document: AuthorizationDocument, base_url: str
) -> dict[str, object]:
    """An AuthorizationDocument: 9 fields, neither its orders nor its contact among them."""
    url = f"{base_url}{AUTHORIZATION_DOCUMENTS}/{document.sid}"
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


def document_resource(document: Document) -> dict[str, object]:
    """A Document of the Documents API: 13 fields, its status in capitals."""
    return {
        "sid": document.sid,
        "account_sid": document.account_sid,
        "document_type": document.document_type,
        "version": 1,
        "status": document.wire_status,
        "date_created": wire_time(document.date_created),
        "date_updated": wire_time(document.date_updated),
        "friendly_name": document.friendly_name,
        "mime_type": document.file.mime_type if document.file is not None else "",
        "failure_reason": document.failure_reason,
        "created_by": document.account_sid,
        "reviewer": None,
        "attributes": [{"name": "address_sids", "value": None}],
    }


def supporting_document_resource(document: SupportingDocument, base_url: str) -> dict[str, object]:
    """A SupportingDocument: 12 fields; ``mime_type`` is null where it has no file."""
    return {
        "sid": document.sid,
        "account_sid": document.account_sid,
        "friendly_name": document.friendly_name,
        "mime_type": document.file.mime_type if document.file is not None else None,
        "status": document.status,
        "failure_reason": document.failure_reason,
        "errors": document.errors,
        "type": document.type,
        "attributes": document.attributes,
        "date_created": wire_time(document.date_created),
        "date_updated": wire_time(document.date_updated),
        "url": f"{base_url}{SUPPORTING_DOCUMENTS}/{document.sid}",
    }
