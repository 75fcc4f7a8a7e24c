"""From Twilio's resources to the slim answer that stays in an order's history."""

from hosted_numbers.order_documents import REFUSED
from hosted_numbers.steps import DocumentSnapshot, OrderSnapshot
from hosted_numbers.twilio import AuthorizationDocument, HostedNumberOrder, SupportingDocument


def snapshot(
    order: HostedNumberOrder,
    document: AuthorizationDocument | None = None,
    *,
    code_accepted: bool | None = None,
) -> OrderSnapshot:
    """What the workflow needs to know of an order and of the letter that it is on."""
    return OrderSnapshot(
        sid=order.sid,
        status=order.status,
        failure_reason=order.failure_reason,
        calls_placed=max(order.verification_attempts, len(order.verification_call_sids)),
        verification_type=order.verification_type,
        verification_document_sid=order.verification_document_sid,
        verification_code=order.verification_code,
        authorization_document_sid=document.sid if document else order.signing_document_sid,
        authorization_document_status=document.status if document else None,
        code_accepted=code_accepted,
    )


def document_snapshot(document: SupportingDocument) -> DocumentSnapshot:
    """What the workflow needs to know of a supporting document."""
    codes = ", ".join(str(code) for code in document.errors)
    refused = document.status in REFUSED
    because = document.failure_reason or (f"Twilio refuses it by {codes}." if codes else None)
    return DocumentSnapshot(
        type=document.type or "",
        sid=document.sid,
        status=document.status,
        reason=because if refused else None,
    )
