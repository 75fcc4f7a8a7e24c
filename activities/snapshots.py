"""From Twilio's resources to the slim answer that stays in an order's history."""

from hosted_numbers.steps import OrderSnapshot
from hosted_numbers.twilio import AuthorizationDocument, HostedNumberOrder


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
        verification_code=order.verification_code,
        authorization_document_sid=document.sid if document else order.signing_document_sid,
        authorization_document_status=document.status if document else None,
        code_accepted=code_accepted,
    )
