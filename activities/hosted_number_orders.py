"""HostedNumberOrders at Twilio: find or create, fetch, delete."""

from typing import Final

from temporalio import activity

from activities.failures import twilio_failures
from activities.snapshots import snapshot
from hosted_numbers import steps
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.settings import CALLBACK_PATH
from hosted_numbers.steps import OrderDeletion, OrderLookup, OrderSnapshot
from hosted_numbers.twilio import (
    AuthorizationDocument,
    HostedNumberOrder,
    NotFoundError,
    RefusedError,
    TwilioClient,
)

NOT_HOSTABLE: Final = 22110


class HostedNumberOrderActivities:
    """One order at Twilio."""

    def __init__(self, twilio: TwilioClient, public_base_url: str | None) -> None:
        self._twilio = twilio
        self._public_base_url = public_base_url

    @activity.defn(name=steps.FIND_OR_CREATE_ORDER)
    async def find_or_create(self, request: HostedNumberOrderRequest) -> OrderSnapshot:
        """Create the order, unless it is there.

        Safe to run twice: Twilio has no idempotency key, so each try first looks for a live order
        of the number, ours by its UniqueName before any other, and adopts it. A refusal as 'hosted
        already' (22110) may be our own lost create, so it looks once more.
        """
        with twilio_failures():
            order = await self._find(request.phone_number)
            if order is None:
                order = await self._create(request)
        return snapshot(order).model_copy(update={"operator_url": self._public_base_url})

    @activity.defn(name=steps.FETCH_ORDER)
    async def fetch(self, lookup: OrderLookup) -> OrderSnapshot:
        """What Twilio says of an order, and of its letter while that is out. Only reads."""
        with twilio_failures():
            order = await self._twilio.hosted_number_orders.fetch(lookup.sid)
            sid = order.signing_document_sid or lookup.authorization_document_sid
            if sid is None or order.status not in {"verified", "pending-loa"}:
                return snapshot(order)
            return snapshot(order, await self._document(sid))

    @activity.defn(name=steps.DELETE_ORDER)
    async def delete(self, deletion: OrderDeletion) -> None:
        """Delete the order, or the one with our UniqueName where its SID was never learnt.

        Safe to run twice: an order that is gone already counts as deleted.
        """
        with twilio_failures():
            sid = deletion.sid
            if sid is None:
                found = await self._find(deletion.phone_number, ours_only=True)
                sid = found.sid if found else None
            if sid is None:
                return
            try:
                await self._twilio.hosted_number_orders.delete(sid)
            except NotFoundError:
                activity.logger.info("The order %s was gone already.", sid)

    async def _find(
        self, phone_number: str, *, ours_only: bool = False
    ) -> HostedNumberOrder | None:
        """The number's order that is not failed; ours goes before one of another origin."""
        ours = order_workflow_id(phone_number)
        found = None
        async for order in self._twilio.hosted_number_orders.list(phone_number=phone_number):
            if order.status == "failed":
                continue
            if order.unique_name == ours:
                return order
            found = found or order
        return None if ours_only else found

    async def _create(self, request: HostedNumberOrderRequest) -> HostedNumberOrder:
        try:
            return await self._post(request)
        except RefusedError as error:
            if error.code == NOT_HOSTABLE and (found := await self._find(request.phone_number)):
                return found
            raise

    async def _post(self, request: HostedNumberOrderRequest) -> HostedNumberOrder:
        callback_url = f"{self._public_base_url}{CALLBACK_PATH}" if self._public_base_url else None
        return await self._twilio.hosted_number_orders.create(
            phone_number=request.phone_number,
            sms_capability=True,
            unique_name=order_workflow_id(request.phone_number),
            account_sid=request.account_sid,
            friendly_name=request.friendly_name,
            email=request.email,
            cc_emails=request.cc_emails,
            address_sid=request.address_sid,
            sms_url=request.sms_url,
            sms_method=request.sms_method,
            sms_fallback_url=request.sms_fallback_url,
            sms_fallback_method=request.sms_fallback_method,
            sms_application_sid=request.sms_application_sid,
            verification_type=request.verification_type,
            status_callback_url=callback_url,
            status_callback_method="POST" if callback_url else None,
        )

    async def _document(self, sid: str) -> AuthorizationDocument | None:
        try:
            return await self._twilio.authorization_documents.fetch(sid)
        except NotFoundError:
            return None
