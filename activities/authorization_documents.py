"""AuthorizationDocuments (LOAs) at Twilio: find the one that is out, or send one."""

from typing import Final

from temporalio import activity

from activities.failures import twilio_failures
from activities.letters import found_letter, letter_snapshot, reopened
from activities.snapshots import snapshot
from hosted_numbers import steps
from hosted_numbers.steps import AuthorizationChange, AuthorizationRequest, OrderSnapshot
from hosted_numbers.twilio import (
    AuthorizationDocument,
    HostedNumberOrder,
    RefusedError,
    TwilioClient,
)

ORDER_NOT_TAKEN: Final = 22101

_ALIVE: Final = frozenset({"opened", "signing", "signed"})


class AuthorizationDocumentActivities:
    """The Letter of Authorization of one order."""

    def __init__(self, twilio: TwilioClient) -> None:
        self._twilio = twilio

    @activity.defn(name=steps.FIND_OR_CREATE_AUTHORIZATION)
    async def find_or_create(self, request: AuthorizationRequest) -> OrderSnapshot:
        """Send the letter out for signature, unless one is out.

        Safe to run twice: a create mails a legal document, so each try first looks at the order,
        and a repeated one, or one that Twilio refuses (22101), also among the documents that this
        signer has, for one that lives and names the order.
        """
        with twilio_failures():
            order = await self._twilio.hosted_number_orders.fetch(request.sid)
            found = await self._found(order, request, search=activity.info().attempt > 1)
            if found is None:
                found = await self._created(order, request)
            return snapshot(await self._twilio.hosted_number_orders.fetch(request.sid), found)

    @activity.defn(name=steps.REOPEN_AUTHORIZATION)
    async def reopen(self, change: AuthorizationChange) -> OrderSnapshot:
        """Withdraw the letter from its signer, so that it can be changed.

        Safe to run twice: a withdrawn letter is left as it is, and so is one that was signed.
        """
        with twilio_failures():
            letter = await found_letter(self._twilio, change.authorization_document_sid)
            if letter is not None:
                await reopened(self._twilio, letter)
            return await self._seen(change)

    @activity.defn(name=steps.RESEND_AUTHORIZATION)
    async def resend(self, change: AuthorizationChange) -> OrderSnapshot:
        """Change a withdrawn letter and send it again, in one request.

        Safe to run twice: nobody but this sends a withdrawn letter, so one that is out was sent by
        an earlier try and is not mailed again.
        """
        with twilio_failures():
            letter = await found_letter(self._twilio, change.authorization_document_sid)
            if letter is not None and letter.status == "opened":
                await self._twilio.authorization_documents.update(
                    letter.sid,
                    address_sid=change.address_sid,
                    email=change.email,
                    contact_title=change.contact_title,
                    contact_phone_number=change.contact_phone_number,
                    cc_emails=change.cc_emails or None,  # none: Twilio cannot clear them
                    status="signing",
                )
            return await self._seen(change)

    async def _seen(self, change: AuthorizationChange) -> OrderSnapshot:
        order = await self._twilio.hosted_number_orders.fetch(change.sid)
        return await letter_snapshot(self._twilio, order, change.authorization_document_sid)

    async def _created(
        self, order: HostedNumberOrder, request: AuthorizationRequest
    ) -> AuthorizationDocument:
        try:
            return await self._twilio.authorization_documents.create(
                hosted_number_order_sids=[request.sid],
                address_sid=request.address_sid,
                email=request.email,
                contact_title=request.contact_title,
                contact_phone_number=request.contact_phone_number,
                cc_emails=request.cc_emails,
            )
        except RefusedError as error:
            if error.code == ORDER_NOT_TAKEN and (
                found := await self._found(order, request, search=True)
            ):
                return found
            raise

    async def _found(
        self, order: HostedNumberOrder, request: AuthorizationRequest, *, search: bool
    ) -> AuthorizationDocument | None:
        documents = self._twilio.authorization_documents
        if order.signing_document_sid is not None:
            document = await found_letter(self._twilio, order.signing_document_sid)
            return document if document and document.status in _ALIVE else None
        if not search:
            return None
        async for document in documents.list(email=request.email):
            if document.status not in _ALIVE:
                continue
            async for dependent in documents.dependent_hosted_number_orders(document.sid):
                if dependent.sid == order.sid:
                    return document
        return None
