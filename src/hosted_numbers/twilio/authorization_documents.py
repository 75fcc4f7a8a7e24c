"""The AuthorizationDocument resource, a letter of authorization (LOA) for one or more orders.

Source: https://www.twilio.com/docs/phone-numbers/hosted-numbers/hosted-numbers-api/authorization-document-resource
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Unpack

from pydantic import Field

from hosted_numbers.twilio import arguments, pages, parameters, sids
from hosted_numbers.twilio.answers import decoded
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.errors import InvalidArgumentError
from hosted_numbers.twilio.fields import Resource
from hosted_numbers.twilio.models import (
    AuthorizationDocument,
    AuthorizationDocumentStatus,
    HostedNumberOrder,
)
from hosted_numbers.twilio.order_lists import OrderFilters, listed_orders

_PATH: Final = "/HostedNumbers/AuthorizationDocuments"
_POSTABLE: Final = (
    None,
    AuthorizationDocumentStatus.OPENED,
    AuthorizationDocumentStatus.SIGNING,
)


class ListedDocument(Resource):
    """What a look at many documents needs of each.

    Attributes:
        sid: PX and 32 hexadecimal digits.
    """

    sid: str = Field(pattern=r"^PX[0-9a-fA-F]{32}$")


class AuthorizationDocuments:
    """Create, look at and change letters of authorization; the preview API cannot delete them.

    Each method makes one HTTP call (the lists one per page) and raises an error of the tree in
    ``hosted_numbers.twilio.errors``; each refuses malformed arguments with InvalidArgumentError
    before anything is sent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        *,
        hosted_number_order_sids: Sequence[str],
        address_sid: str,
        email: str,
        contact_title: str,
        contact_phone_number: str,
        cc_emails: Sequence[str] = (),
    ) -> AuthorizationDocument:
        """Mail a letter to its signer, at once; the new document is ``signing``.

        Args:
            hosted_number_order_sids: HR…, all orders that it authorizes (22101).
            address_sid: AD…, the address that the numbers are activated with (22109).
            email: the signer (22104).
            contact_title: the signer's title.
            contact_phone_number: the signer's number.
            cc_emails: who is told when it is sent and signed.

        Raises:
            UnknownOutcomeError: the letter may be out: look at the orders' signing_document_sid
                and at ``list(email=…)`` before a second one is mailed.
        """
        form = parameters.form(
            {
                "hosted_number_order_sids": sids.checked_sids(
                    "hosted_number_order_sids", hosted_number_order_sids, sids.HOSTED_NUMBER_ORDER
                ),
                "address_sid": sids.checked_sid("address_sid", address_sid, sids.ADDRESS),
                "email": arguments.text("email", email),
                "contact_title": arguments.text("contact_title", contact_title),
                "contact_phone_number": arguments.text(
                    "contact_phone_number", contact_phone_number
                ),
                "cc_emails": arguments.cc_emails(cc_emails),
            }
        )
        return await self._document("create AuthorizationDocument", "POST", _PATH, form)

    async def fetch(self, sid: str) -> AuthorizationDocument:
        """Look at one document.

        Raises:
            NotFoundError: there is no such document, 20404.
        """
        return await self._document("fetch AuthorizationDocument", "GET", _path_of(sid))

    def list(
        self,
        *,
        email: str | None = None,
        status: AuthorizationDocumentStatus | str | None = None,
        page_size: int = 50,
    ) -> AsyncIterator[AuthorizationDocument]:
        """Iterate over the documents that match all given filters.

        Args:
            email: the signer.
            status: of the document.
            page_size: documents in one HTTP call, 1 to 1000.
        """
        return pages.listed(
            self._connection,
            "list AuthorizationDocuments",
            _PATH,
            pages.Page[AuthorizationDocument],
            page_size=page_size,
            filters={"email": email, "status": status},
        )

    def pages(
        self,
        *,
        status: AuthorizationDocumentStatus | str,
        page_size: int = 1000,
        after: str | None = None,
    ) -> AsyncIterator[pages.Listing[ListedDocument]]:
        """Iterate over the pages of documents in a status, of which little is read.

        Args:
            status: of the document.
            page_size: documents in one HTTP call, 1 to 1000.
            after: ``Listing.after`` of the page to go on behind, of a walk with the same status.
        """
        return pages.paged(
            self._connection,
            "list AuthorizationDocuments",
            _PATH,
            pages.Page[ListedDocument],
            page_size=page_size,
            filters={"status": status},
            after=after,
        )

    async def update(
        self,
        sid: str,
        *,
        hosted_number_order_sids: Sequence[str] | None = None,
        address_sid: str | None = None,
        email: str | None = None,
        contact_title: str | None = None,
        contact_phone_number: str | None = None,
        cc_emails: Sequence[str] | None = None,
        status: AuthorizationDocumentStatus | str | None = None,
    ) -> AuthorizationDocument:
        """Change what is given, and leave the rest as it is.

        Only an ``opened`` document can be edited (22107): post ``status="opened"``, then the
        changes, then ``status="signing"``, which mails the letter again.

        Args:
            sid: PX….
            hosted_number_order_sids: HR…, replaces the whole list.
            address_sid: AD….
            email: the signer.
            contact_title: the signer's title.
            contact_phone_number: the signer's number.
            cc_emails: replaces the list, which cannot be cleared.
            status: opened or signing; the others are not a caller's to set (22122).

        Raises:
            InvalidArgumentError: also where nothing is given.
            UnknownOutcomeError: it may be done: fetch the document before sending it again.
        """
        if status not in _POSTABLE:
            raise InvalidArgumentError("status must be opened or signing")
        form = parameters.form(
            {
                "hosted_number_order_sids": None
                if hosted_number_order_sids is None
                else sids.checked_sids(
                    "hosted_number_order_sids", hosted_number_order_sids, sids.HOSTED_NUMBER_ORDER
                ),
                "address_sid": sids.checked_optional_sid("address_sid", address_sid, sids.ADDRESS),
                "email": arguments.text("email", email),
                "contact_title": arguments.text("contact_title", contact_title),
                "contact_phone_number": arguments.text(
                    "contact_phone_number", contact_phone_number
                ),
                "cc_emails": arguments.new_cc_emails(cc_emails),
                "status": status,
            }
        )
        if not form:
            raise InvalidArgumentError("an update must change something")
        return await self._document("update AuthorizationDocument", "POST", _path_of(sid), form)

    def dependent_hosted_number_orders(
        self, sid: str, *, page_size: int = 50, **filters: Unpack[OrderFilters]
    ) -> AsyncIterator[HostedNumberOrder]:
        """Iterate over the orders on a document; these have no ``url``.

        Args:
            sid: PX….
            page_size: orders in one HTTP call, 1 to 1000.
            filters: as for the list of all orders: see OrderFilters.
        """
        path = f"{_path_of(sid)}/DependentHostedNumberOrders"
        operation = "list DependentHostedNumberOrders"
        return listed_orders(
            self._connection, operation, path, page_size=page_size, filters=filters
        )

    async def _document(
        self, operation: str, method: str, path: str, form: str | None = None
    ) -> AuthorizationDocument:
        answer = await self._connection.send(operation, method, path, form=form)
        return decoded(answer, operation, AuthorizationDocument)


def _path_of(sid: str) -> str:
    return f"{_PATH}/{sids.checked_sid('sid', sid, sids.AUTHORIZATION_DOCUMENT)}"
