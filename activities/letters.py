"""What several activities do with the letter that an order is on."""

from typing import Final, Literal, TypeAlias

from activities.snapshots import snapshot
from hosted_numbers.order_documents import MISSING
from hosted_numbers.steps import OrderSnapshot
from hosted_numbers.twilio import (
    AuthorizationDocument,
    HostedNumberOrder,
    NotFoundError,
    RefusedError,
    TwilioClient,
)

FIXED: Final = 22107
"""Twilio lets nobody change the letter: it is signed, or has ended otherwise."""

Letter: TypeAlias = Literal["none", "withdrawn", "shared"]

_OUT: Final = frozenset({"verified", "pending-loa"})


async def found_letter(twilio: TwilioClient, sid: str) -> AuthorizationDocument | None:
    """The letter, or None where Twilio does not find it any more."""
    try:
        return await twilio.authorization_documents.fetch(sid)
    except NotFoundError:
        return None


async def letter_snapshot(
    twilio: TwilioClient, order: HostedNumberOrder, known_sid: str | None
) -> OrderSnapshot:
    """What Twilio says of an order and, while that is out, of its letter.

    Args:
        twilio: the client.
        order: as it was fetched.
        known_sid: the letter that the order was last known to be on, which tells why it is not.
    """
    sid = order.signing_document_sid or known_sid
    if sid is None or order.status not in _OUT:
        return snapshot(order)
    if letter := await found_letter(twilio, sid):
        return snapshot(order, letter)
    missing = {"authorization_document_sid": sid, "authorization_document_status": MISSING}
    return snapshot(order).model_copy(update=missing)


async def withdrawn_letter(twilio: TwilioClient, order: HostedNumberOrder) -> Letter:
    """Withdraw the letter of an order that is about to be deleted, where nobody else is on it.

    A letter that Twilio fixed meanwhile stays as it is: Twilio then keeps the order too.
    """
    sid = order.signing_document_sid
    if sid is None or order.status not in _OUT:
        return "none"
    letter = await found_letter(twilio, sid)
    if letter is None or letter.status not in {"opened", "signing"}:
        return "none"
    async for dependent in twilio.authorization_documents.dependent_hosted_number_orders(sid):
        if dependent.sid != order.sid:
            return "shared"
    await reopened(twilio, letter)
    return "withdrawn"


async def reopened(twilio: TwilioClient, letter: AuthorizationDocument) -> AuthorizationDocument:
    """The letter, withdrawn from its signer if Twilio still lets it be."""
    if letter.status != "signing":
        return letter
    try:
        return await twilio.authorization_documents.update(letter.sid, status="opened")
    except RefusedError as error:
        if error.code != FIXED:
            raise
        return await twilio.authorization_documents.fetch(letter.sid)
