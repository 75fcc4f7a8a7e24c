"""The client and its credentials."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import httpx

from hosted_numbers.twilio import arguments, sids
from hosted_numbers.twilio.authorization_documents import AuthorizationDocuments
from hosted_numbers.twilio.backoff import Backoff
from hosted_numbers.twilio.calls import Observer, unobserved
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.documents import Documents
from hosted_numbers.twilio.errors import InvalidArgumentError
from hosted_numbers.twilio.hosted_number_orders import HostedNumberOrders
from hosted_numbers.twilio.incoming_phone_numbers import IncomingPhoneNumbers
from hosted_numbers.twilio.supporting_documents import SupportingDocuments
from hosted_numbers.twilio.transports import Transports

PREVIEW_BASE_URL: Final = "https://preview.twilio.com"
API_BASE_URL: Final = "https://api.twilio.com"
NUMBERS_BASE_URL: Final = "https://numbers.twilio.com"
UPLOADS_BASE_URL: Final = "https://numbers-upload.twilio.com"

SIDE_CONNECTIONS: Final = 4
"""Calls at once to each host but the preview API's: an order needs those hosts seldom or never."""


@dataclass(frozen=True)
class Credentials:
    """What HTTP Basic authentication needs; made by ``account`` or ``api_key``.

    Attributes:
        username: the account's SID, or the API key's.
        password: the auth token, or the API key's secret; not shown by ``repr``.
        account_sid: AC…, the account that the credentials are of, None where it is not known.
    """

    username: str
    password: str = field(repr=False)
    account_sid: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would be sent as no credentials at all, or as other ones.

        Raises:
            InvalidArgumentError: either part is empty, or the username has a colon, which ends it.
        """
        if not self.username or ":" in self.username:
            raise InvalidArgumentError("username must not be empty and have no colon")
        if not self.password:
            raise InvalidArgumentError("password must not be empty")

    @classmethod
    def account(cls, account_sid: str, auth_token: str) -> Self:
        """Sign in as the account itself.

        Raises:
            InvalidArgumentError: ``account_sid`` is no AC…, or the token is empty.
        """
        sids.checked_sid("account_sid", account_sid, sids.ACCOUNT)
        return cls(account_sid, auth_token, account_sid)

    @classmethod
    def api_key(cls, account_sid: str, key_sid: str, key_secret: str) -> Self:
        """Sign in with an API key, which can be restricted and revoked: the better choice.

        Raises:
            InvalidArgumentError: ``account_sid`` is no AC…, ``key_sid`` no SK…, or the secret is
                empty.
        """
        sids.checked_sid("account_sid", account_sid, sids.ACCOUNT)
        sids.checked_sid("key_sid", key_sid, sids.API_KEY)
        return cls(key_sid, key_secret, account_sid)


class TwilioClient:
    """Twilio's preview HostedNumbers API, and what an order needs of other hosts.

    One client per process is right: it holds the connections and the TLS settings, which are dear
    to make, and serves many tasks of one event loop at once. Close it by ``aclose`` or by
    ``async with``.

    Attributes:
        hosted_number_orders: the orders.
        authorization_documents: the letters of authorization.
        documents: the uploads of utility bills.
        supporting_documents: what a number's regulation asks for.
        incoming_phone_numbers: the numbers that orders make.

    Args:
        credentials: who calls.
        base_url: an origin (``http://127.0.0.1:8081``) in place of every host of Twilio's; None is
            Twilio.
        deadline: seconds that one HTTP call may take in all. Half of it goes by without a
            connection: NotSentError; all of it goes by: UnknownOutcomeError.
        upload_deadline: the same for a call that carries a file, which takes its time.
        max_connections: HTTP calls under way at once to the preview API; further ones wait for
            their turn, and this wait counts. To each other host there are four at the most.
        transport: in place of httpx's own, for instance ``httpx.MockTransport`` in tests or
            ``httpx.AsyncHTTPTransport(proxy=…)``. Proxies of the environment are not used, as
            nothing but an explicit choice should see the credentials and the customers' data.
        clock: seconds, never going back; by it pauses end that Twilio asks for (429). All calls to
            that host fail at once as RateLimitedError until then, with the time that is left.
        observer: is told of each HTTP call that is tried, for metrics.

    Raises:
        InvalidArgumentError: ``base_url``, a deadline or ``max_connections`` makes no sense.
    """

    hosted_number_orders: HostedNumberOrders
    authorization_documents: AuthorizationDocuments
    documents: Documents
    supporting_documents: SupportingDocuments
    incoming_phone_numbers: IncomingPhoneNumbers

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        deadline: float = 10.0,
        upload_deadline: float = 60.0,
        max_connections: int = 10,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer = unobserved,
    ) -> None:
        arguments.seconds("deadline", deadline)
        arguments.seconds("upload_deadline", upload_deadline)
        self._transports = Transports(transport)
        backoffs: defaultdict[str, Backoff] = defaultdict(lambda: Backoff(clock))

        def connection(
            host: str, *, at_once: int = SIDE_CONNECTIONS, within: float = deadline
        ) -> Connection:
            origin = host if base_url is None else base_url
            return Connection(
                origin,
                username=credentials.username,
                password=credentials.password,
                deadline=within,
                max_connections=at_once,
                backoff=backoffs[origin],
                transports=self._transports,
                observer=observer,
            )

        preview = connection(PREVIEW_BASE_URL, at_once=max_connections)
        uploads = connection(UPLOADS_BASE_URL, within=upload_deadline)
        self.hosted_number_orders = HostedNumberOrders(preview)
        self.authorization_documents = AuthorizationDocuments(preview)
        self.documents = Documents(uploads)
        self.supporting_documents = SupportingDocuments(connection(NUMBERS_BASE_URL), uploads)
        self.incoming_phone_numbers = IncomingPhoneNumbers(connection(API_BASE_URL))

    async def aclose(self) -> None:
        """Close the connections; calls after this are NotSentErrors."""
        await self._transports.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
