"""The client and its credentials."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import httpx

from hosted_numbers.twilio import sids
from hosted_numbers.twilio.authorization_documents import AuthorizationDocuments
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.errors import InvalidArgumentError
from hosted_numbers.twilio.hosted_number_orders import HostedNumberOrders

PREVIEW_BASE_URL: Final = "https://preview.twilio.com"


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
    """Twilio's preview HostedNumbers API.

    One client per process is right: it holds the connections and the TLS settings, which are dear
    to make, and serves many tasks of one event loop at once. Close it by ``aclose`` or by
    ``async with``.

    Attributes:
        hosted_number_orders: the orders.
        authorization_documents: the letters of authorization.

    Args:
        credentials: who calls.
        base_url: an origin (``http://127.0.0.1:8081``) in place of every host of Twilio's; None is
            Twilio.
        deadline: seconds that one HTTP call may take in all. Half of it goes by without a
            connection: NotSentError; all of it goes by: UnknownOutcomeError.
        max_connections: HTTP calls under way at once; further ones wait for their turn, and this
            wait counts.
        transport: in place of httpx's own, for instance ``httpx.MockTransport`` in tests or
            ``httpx.AsyncHTTPTransport(proxy=…)``. Proxies of the environment are not used, as
            nothing but an explicit choice should see the credentials and the customers' data.

    Raises:
        InvalidArgumentError: ``base_url``, ``deadline`` or ``max_connections`` makes no sense.
    """

    hosted_number_orders: HostedNumberOrders
    authorization_documents: AuthorizationDocuments

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        deadline: float = 10.0,
        max_connections: int = 10,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection(
            PREVIEW_BASE_URL if base_url is None else base_url,
            username=credentials.username,
            password=credentials.password,
            deadline=deadline,
            max_connections=max_connections,
            transport=transport,
        )
        self.hosted_number_orders = HostedNumberOrders(self._connection)
        self.authorization_documents = AuthorizationDocuments(self._connection)

    async def aclose(self) -> None:
        """Close the connections; calls after this are NotSentErrors."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
