"""HostedNumberOrders at Twilio: find or create, fetch, update, delete, release the number."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import twilio_failures
from activities.letters import Letter, letter_snapshot, withdrawn_letter
from activities.snapshots import document_snapshot, snapshot
from hosted_numbers import steps
from hosted_numbers.business_hours import business_hours_from
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_documents import MISSING
from hosted_numbers.settings import CALLBACK_PATH
from hosted_numbers.steps import (
    DocumentSnapshot,
    NumberRelease,
    OrderDeletion,
    OrderGone,
    OrderLookup,
    OrderSnapshot,
    OrderUpdate,
    SweepCheck,
    SweepSeen,
    Trouble,
)
from hosted_numbers.twilio import (
    HostedNumberOrder,
    NotFoundError,
    RefusedError,
    TwilioClient,
)

NOT_HOSTABLE: Final = 22110

_CLOCKS_DIFFER: Final = timedelta(seconds=5)
"""Temporal's and Twilio's, which tells whole seconds."""


class _Found(NamedTuple):
    """What the list of a number's orders shows."""

    order: HostedNumberOrder | None
    failed_sid: str | None


class Sweep(Protocol):
    """The status sweep, as far as an order needs to know of it."""

    async def alive(self) -> bool:
        """Whether it looks for all orders, so that each of them need not; never raises."""


class HostedNumberOrderActivities:
    """One order at Twilio."""

    def __init__(
        self,
        twilio: TwilioClient,
        public_base_url: str | None,
        *,
        notifies: bool = False,
        sweep: Sweep | None = None,
    ) -> None:
        self._twilio = twilio
        self._public_base_url = public_base_url
        self._notifies = notifies
        self._sweep = sweep

    @activity.defn(name=steps.FIND_OR_CREATE_ORDER)
    async def find_or_create(self, request: HostedNumberOrderRequest) -> OrderSnapshot:
        """Create the order, unless it is there.

        Safe to run twice: Twilio has no idempotency key, so each try first looks for a live order
        of the number, ours by its UniqueName before any other, and adopts it. So it does with one
        that an earlier try made and that has failed since. A refusal as 'hosted already' (22110)
        may be our own lost create, so it looks once more.
        """
        with twilio_failures():
            found = await self._find(request.phone_number)
            order = found.order or await self._create(request)
        update: dict[str, object] = {
            "operator_url": self._public_base_url,
            "previous_sid": found.failed_sid,
            "notifies": self._notifies,
            "swept": await self._swept(),
        }
        if request.call_when == "business-hours":
            update["call_from"] = business_hours_from(request.phone_number, datetime.now(UTC))
        return snapshot(order).model_copy(update=update)

    @activity.defn(name=steps.FETCH_ORDER)
    async def fetch(self, lookup: OrderLookup) -> OrderSnapshot:
        """What Twilio says of an order, and of its documents that are under way. Only reads."""
        with twilio_failures():
            order = await self._twilio.hosted_number_orders.fetch(lookup.sid)
            seen = await letter_snapshot(self._twilio, order, lookup.authorization_document_sid)
            reviewed = [await self._reviewed(sid) for sid in lookup.supporting_document_sids]
        update: dict[str, object] = {
            "supporting_documents": tuple(reviewed),
            "notifies": self._notifies,
            "swept": await self._swept(),
        }
        if lookup.call_after is not None and lookup.phone_number is not None:
            moment = max(lookup.call_after, datetime.now(UTC))
            update["call_from"] = business_hours_from(lookup.phone_number, moment)
        return seen.model_copy(update=update)

    @activity.defn(name=steps.CHECK_SWEEP)
    async def check_sweep(self, check: SweepCheck) -> SweepSeen:
        """Whether the status sweep looks for all orders. Only reads, and not at Twilio."""
        del check
        return SweepSeen(alive=await self._swept())

    async def _swept(self) -> bool:
        return self._sweep is not None and await self._sweep.alive()

    async def _reviewed(self, sid: str) -> DocumentSnapshot:
        try:
            return document_snapshot(await self._twilio.supporting_documents.fetch(sid))
        except NotFoundError:
            return DocumentSnapshot(type="", sid=sid, status=MISSING)

    @activity.defn(name=steps.UPDATE_ORDER)
    async def update(self, update: OrderUpdate) -> OrderSnapshot:
        """Change what the order itself says. Safe to run twice: it says what shall be, whole."""
        with twilio_failures():
            return snapshot(
                await self._twilio.hosted_number_orders.update(
                    update.sid,
                    friendly_name=update.friendly_name,
                    unique_name=update.unique_name,
                    email=update.email,
                    cc_emails=update.cc_emails or None,
                )
            )

    @activity.defn(name=steps.DELETE_ORDER)
    async def delete(self, deletion: OrderDeletion) -> OrderGone:
        """Delete the order, or the one with our UniqueName where its SID was never learnt.

        The letter that only this order is on is withdrawn from its signer first. Safe to run twice:
        an order that is gone already counts as deleted.
        """
        orders = self._twilio.hosted_number_orders
        letter: Letter = "none"
        with twilio_failures():
            try:
                order = (
                    await orders.fetch(deletion.sid)
                    if deletion.sid
                    else (await self._find(deletion.phone_number, ours_only=True)).order
                )
                if order is not None:
                    letter = await withdrawn_letter(self._twilio, order)
                    await orders.delete(order.sid)
            except NotFoundError:
                activity.logger.info("The order %s was gone already.", deletion.sid)
        return OrderGone(letter=letter)

    @activity.defn(name=steps.RELEASE_NUMBER)
    async def release(self, release: NumberRelease) -> None:
        """Delete the IncomingPhoneNumber of a completed order, which ends its hosting.

        Safe to run twice: a number that is gone already counts as released. An order that is gone,
        or names no number, does not: nothing is known of the number then.
        """
        with twilio_failures():
            order = await self._twilio.hosted_number_orders.fetch(release.sid)
            if not (order.incoming_phone_number_sid and order.account_sid):
                raise ApplicationError(
                    "The order names no IncomingPhoneNumber.",
                    Trouble(kind="not-found"),
                    type="not-found",
                    non_retryable=True,
                )
            try:
                await self._twilio.incoming_phone_numbers.delete(
                    order.incoming_phone_number_sid, account_sid=order.account_sid
                )
            except NotFoundError:
                activity.logger.info("The number of %s was gone already.", release.sid)

    async def _find(self, phone_number: str, *, ours_only: bool = False) -> _Found:
        """The number's live order; ours goes before one of another origin."""
        ours = order_workflow_id(phone_number)
        live = lost = failed_sid = None
        async for order in self._twilio.hosted_number_orders.list(phone_number=phone_number):
            if order.status == "failed":
                if order.unique_name == ours and _is_of_an_earlier_try(order):
                    lost = order
                else:
                    failed_sid = order.sid
            elif order.status == "completed" and not await self._hosted(order):
                continue
            elif order.unique_name == ours:
                return _Found(order, failed_sid)
            else:
                live = live or order
        return _Found(None if ours_only else live or lost, failed_sid)

    async def _hosted(self, order: HostedNumberOrder) -> bool:
        """Whether a completed order's number is still there: off-boarding deletes it."""
        if not (order.incoming_phone_number_sid and order.account_sid):
            return True
        try:
            await self._twilio.incoming_phone_numbers.fetch(
                order.incoming_phone_number_sid, account_sid=order.account_sid
            )
        except NotFoundError:
            return False
        return True

    async def _create(self, request: HostedNumberOrderRequest) -> HostedNumberOrder:
        try:
            return await self._post(request)
        except RefusedError as error:
            if error.code == NOT_HOSTABLE:
                found = await self._find(request.phone_number)
                if found.order is not None:
                    return found.order
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
            status_callback_url=callback_url,
            status_callback_method="POST" if callback_url else None,
        )


def _is_of_an_earlier_try(order: HostedNumberOrder) -> bool:
    """Whether this very activity made the order, in a try of which nobody heard."""
    info = activity.info()
    if info.attempt == 1 or order.date_created is None:
        return False
    return order.date_created >= info.scheduled_time - _CLOCKS_DIFFER
