"""The HostedNumberOrder resource.

Source: https://www.twilio.com/docs/phone-numbers/hosted-numbers/hosted-numbers-api/hosted-number-order-resource
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Unpack

from hosted_numbers.twilio import arguments, pages, parameters, sids
from hosted_numbers.twilio.answers import decoded
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.errors import InvalidArgumentError
from hosted_numbers.twilio.models import (
    HostedNumberOrder,
    HostedNumberOrderStatus,
    VerificationType,
)
from hosted_numbers.twilio.order_lists import ListedOrder, OrderFilters, listed_orders

_PATH: Final = "/HostedNumbers/HostedNumberOrders"


class HostedNumberOrders:
    """Create, look at, change and delete orders.

    Each method makes one HTTP call (``list`` one per page) and raises an error of the tree in
    ``hosted_numbers.twilio.errors``; each refuses malformed arguments with InvalidArgumentError
    before anything is sent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        *,
        phone_number: str,
        sms_capability: bool = True,
        account_sid: str | None = None,
        friendly_name: str | None = None,
        unique_name: str | None = None,
        cc_emails: Sequence[str] = (),
        sms_url: str | None = None,
        sms_method: str | None = None,
        sms_fallback_url: str | None = None,
        sms_fallback_method: str | None = None,
        status_callback_url: str | None = None,
        status_callback_method: str | None = None,
        sms_application_sid: str | None = None,
        address_sid: str | None = None,
        email: str | None = None,
        verification_type: VerificationType | str | None = None,
        verification_document_sid: str | None = None,
    ) -> HostedNumberOrder:
        """Ask Twilio to host a number. Not idempotent: see UnknownOutcomeError below.

        Args:
            phone_number: E.164; a landline or toll-free number of the US or Canada.
            sms_capability: must be true for Twilio (22119).
            account_sid: AC…, a subaccount to own the order; by default the caller's account.
            friendly_name: at most 64 characters.
            unique_name: at most 128 characters (22115); to find the order again by ``list``.
            cc_emails: who gets copies of the letter of authorization.
            sms_url: requested when a message comes in.
            sms_method: GET or POST, for ``sms_url``.
            sms_fallback_url: requested when ``sms_url`` fails.
            sms_fallback_method: GET or POST, for ``sms_fallback_url``.
            status_callback_url: requested when the order changes status; it cannot be changed.
            status_callback_method: GET or POST, for ``status_callback_url``.
            sms_application_sid: AP…, goes before the SMS URLs.
            address_sid: AD…, the address of the number's owner.
            email: the number's owner.
            verification_type: phone-call (Twilio's default) or phone-bill.
            verification_document_sid: RI… or RD…, the bill; Twilio wants it with phone-bill.

        Raises:
            RefusedError: 22110 where the number cannot be hosted, also because it is already.
            UnknownOutcomeError: the order may exist: look by ``list`` before sending it again.
        """
        form = parameters.form(
            {
                "phone_number": arguments.phone_number(phone_number),
                "sms_capability": sms_capability,
                "account_sid": sids.checked_optional_sid("account_sid", account_sid, sids.ACCOUNT),
                "friendly_name": arguments.friendly_name(friendly_name),
                "unique_name": arguments.unique_name(unique_name),
                "cc_emails": arguments.cc_emails(cc_emails),
                "sms_url": sms_url,
                "sms_method": arguments.http_method("sms_method", sms_method),
                "sms_fallback_url": sms_fallback_url,
                "sms_fallback_method": arguments.http_method(
                    "sms_fallback_method", sms_fallback_method
                ),
                "status_callback_url": status_callback_url,
                "status_callback_method": arguments.http_method(
                    "status_callback_method", status_callback_method
                ),
                "sms_application_sid": sids.checked_optional_sid(
                    "sms_application_sid", sms_application_sid, sids.APPLICATION
                ),
                "address_sid": sids.checked_optional_sid("address_sid", address_sid, sids.ADDRESS),
                "email": email,
                "verification_type": verification_type,
                "verification_document_sid": _checked_bill(verification_document_sid),
            }
        )
        return await self._order("create HostedNumberOrder", "POST", _PATH, form)

    async def fetch(self, sid: str) -> HostedNumberOrder:
        """Look at one order.

        Raises:
            NotFoundError: there is no such order (any more), 20404.
        """
        return await self._order("fetch HostedNumberOrder", "GET", _path_of(sid))

    def list(
        self, *, page_size: int = 50, **filters: Unpack[OrderFilters]
    ) -> AsyncIterator[HostedNumberOrder]:
        """Iterate over the orders that match all given filters, exactly.

        Args:
            page_size: orders in one HTTP call, 1 to 1000.
            filters: status, phone_number, incoming_phone_number_sid, friendly_name and unique_name:
                see OrderFilters.
        """
        return listed_orders(
            self._connection, "list HostedNumberOrders", _PATH, page_size=page_size, filters=filters
        )

    def pages(
        self,
        *,
        status: HostedNumberOrderStatus | str,
        page_size: int = 1000,
        after: str | None = None,
    ) -> AsyncIterator[pages.Listing[ListedOrder]]:
        """Iterate over the pages of orders in a status, of which little is read.

        For a look at all orders: ``Listing.after`` of a page can be kept, and the walk be gone on
        with behind it, also by another process.

        Args:
            status: one of the enumeration (22111 for a word that is none).
            page_size: orders in one HTTP call, 1 to 1000.
            after: ``Listing.after`` of the page to go on behind, of a walk with the same status.
        """
        return pages.paged(
            self._connection,
            "list HostedNumberOrders",
            _PATH,
            pages.Page[ListedOrder],
            page_size=page_size,
            filters={"status": status},
            after=after,
        )

    async def update(
        self,
        sid: str,
        *,
        friendly_name: str | None = None,
        unique_name: str | None = None,
        email: str | None = None,
        cc_emails: Sequence[str] | None = None,
        status: HostedNumberOrderStatus | str | None = None,
        verification_code: str | None = None,
        verification_type: VerificationType | str | None = None,
        verification_document_sid: str | None = None,
        extension: str | None = None,
        call_delay: int | None = None,
    ) -> HostedNumberOrder:
        """Change what is given, and leave the rest as it is.

        ``status="pending-verification"``, the only one that Twilio takes, places a verification
        call: it rings a real phone and uses up one of three attempts (22100, 22123).

        Args:
            sid: HR….
            friendly_name: at most 64 characters.
            unique_name: at most 128 characters (22115).
            email: the number's owner.
            cc_emails: replaces the list, which cannot be cleared.
            status: pending-verification (22111, 22112 for others).
            verification_code: what the owner heard, 4 to 10 digits (22113, 22114).
            verification_type: phone-call or phone-bill.
            verification_document_sid: RI… or RD…, the bill (22118).
            extension: digits, ``#``, ``*`` and ``w`` to key in once the call is answered (22117).
            call_delay: seconds before the call, 0 to 60.

        Raises:
            InvalidArgumentError: also where nothing is given.
            UnknownOutcomeError: it may be done: fetch the order before sending it again.
        """
        form = parameters.form(
            {
                "friendly_name": arguments.friendly_name(friendly_name),
                "unique_name": arguments.unique_name(unique_name),
                "email": email,
                "cc_emails": arguments.new_cc_emails(cc_emails),
                "status": status,
                "verification_code": arguments.verification_code(verification_code),
                "verification_type": verification_type,
                "verification_document_sid": _checked_bill(verification_document_sid),
                "extension": arguments.extension(extension),
                "call_delay": arguments.call_delay(call_delay),
            }
        )
        if not form:
            raise InvalidArgumentError("an update must change something")
        return await self._order("update HostedNumberOrder", "POST", _path_of(sid), form)

    async def delete(self, sid: str) -> None:
        """Cancel an order, which deletes its IncomingPhoneNumber too.

        Twilio allows it in received, pending-verification, verified and pending-loa. A completed
        number is off-boarded by deleting its IncomingPhoneNumber instead.

        Raises:
            NotFoundError: it is gone already, which after an unknown outcome means success.
            RefusedError: it cannot be canceled in its status.
        """
        await self._connection.send("delete HostedNumberOrder", "DELETE", _path_of(sid))

    async def _order(
        self, operation: str, method: str, path: str, form: str | None = None
    ) -> HostedNumberOrder:
        answer = await self._connection.send(operation, method, path, form=form)
        return decoded(answer, operation, HostedNumberOrder)


def _path_of(sid: str) -> str:
    return f"{_PATH}/{sids.checked_sid('sid', sid, sids.HOSTED_NUMBER_ORDER)}"


def _checked_bill(sid: str | None) -> str | None:
    # The page says RI, yet both of Twilio's upload APIs make RD and none makes RI.
    return sids.checked_optional_sid(
        "verification_document_sid", sid, sids.IDENTITY_DOCUMENT, sids.DOCUMENT
    )
