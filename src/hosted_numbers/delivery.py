"""One event to its receiver: a signed POST (Standard Webhooks 1.0), and what came of it.

DeliveryError           .reason .retry_after
├── AddressRefusedError   the host's address is none that we connect to; nothing was sent
├── NoAnswerError         no connection, or no whole answer in time; it may have arrived
├── NotTakenError         an answer other than 2xx; redirects too, which are not followed
└── GoneError             410: the receiver wants no more of these
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from math import floor
from typing import Final, TypeAlias

import httpx
from standardwebhooks import Webhook

from hosted_numbers.contract import NotificationEvent
from hosted_numbers.endpoints import Endpoint, endpoint
from hosted_numbers.settings import Settings
from hosted_numbers.twilio.answers import retry_after

DEADLINE: Final = timedelta(seconds=15)
"""For one delivery in all, from the look-up of the host to the answer's head."""
LARGEST_ANSWER: Final = 65_536
"""Bytes of an answer's body that are read, and thrown away: its status says all."""

_CONNECT: Final = 5.0
_POLITENESS: Final = 1.0
_ADDRESSES: Final = 4

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


class DeliveryError(Exception):
    """The event was not taken. The reason is built from codes: never a URL, never an answer's text.

    Attributes:
        reason: one sentence for people.
        retry_after: how long the receiver asks to wait, not capped; None where it does not.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class AddressRefusedError(DeliveryError):
    """The host's address is none that we connect to; nothing was sent."""


class NoAnswerError(DeliveryError):
    """No connection, or no answer in time; the event may have arrived all the same."""


class NotTakenError(DeliveryError):
    """The receiver answered, and not with 2xx."""


class GoneError(DeliveryError):
    """The receiver answered 410: it wants no more."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system's resolver orders them; it works in a thread.

    Raises:
        OSError: there are none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class SigningReceiver:
    """The receiver of a worker's events.

    Args:
        endpoint: where it is, and how events are signed.
        transport: makes what carries one delivery; httpx's own by default, without a proxy.
        resolve: looks the host up, once for each delivery.
        deadline: for one delivery in all.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        resolve: Resolver = resolved,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport or _transports()
        self._resolve = resolve
        self._deadline = deadline.total_seconds()

    async def deliver(self, event: NotificationEvent, at: datetime) -> int:
        """Send the event and return the HTTP status, 2xx, with which it was taken.

        Args:
            event: its body and its id are the same in each try.
            at: the moment of this try, which is signed too; receivers refuse one that is more than
                five minutes off (Standard Webhooks 1.0).

        Raises:
            DeliveryError: it was not taken.
        """
        body = event.model_dump_json()
        headers = _signed(event.id, at, body, self._endpoint.secrets)
        headers |= {"host": self._endpoint.url.netloc.decode("ascii"), "connection": "close"}
        async with self._transport() as transport:
            try:
                async with asyncio.timeout(self._deadline):
                    answer = await self._answer(transport, body.encode(), headers)
            except (OSError, httpx.TransportError) as error:  # TimeoutError is an OSError
                raise NoAnswerError(f"No answer came ({type(error).__name__}).") from None
            await _let_go(answer)
        return _taken(answer)

    async def _answer(
        self, transport: httpx.AsyncBaseTransport, body: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        """The head of the first answer, from one of the host's addresses."""
        refused: httpx.TransportError = httpx.ConnectError("no address")
        for address in await self._addresses():
            # The connection goes to the address that was checked, whatever the name says next;
            # the certificate is checked against the name.
            request = httpx.Request(
                "POST",
                self._endpoint.url.copy_with(host=address, fragment=None),
                headers=headers,
                content=body,
                extensions={
                    "sni_hostname": self._endpoint.host,
                    "timeout": {
                        "connect": _CONNECT,
                        "read": self._deadline,
                        "write": self._deadline,
                        "pool": _CONNECT,
                    },
                },
            )
            try:
                return await transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
        raise refused

    async def _addresses(self) -> list[str]:
        found = await self._resolve(self._endpoint.host, self._endpoint.port)
        if not all(self._endpoint.takes(address) for address in found):
            raise AddressRefusedError("The receiver's host has an address that is not public.")
        return list(dict.fromkeys(found))[:_ADDRESSES]


def receiver_of(settings: Settings) -> SigningReceiver | None:
    """The receiver that the settings name, None where they name none.

    Raises:
        SettingsError: events may not be sent there, or nothing signs them.
    """
    found = endpoint(settings)
    return SigningReceiver(found) if found is not None else None


def _signed(event_id: str, at: datetime, body: str, secrets: Sequence[str]) -> dict[str, str]:
    moment = at.astimezone(UTC)  # the library takes any moment for UTC
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "hosted-numbers",
        "webhook-id": event_id,
        "webhook-timestamp": str(floor(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _transports() -> Callable[[], httpx.AsyncBaseTransport]:
    """Makes transports that share their TLS settings, which are dear to make."""
    tls = httpx.create_ssl_context(trust_env=False)
    return lambda: httpx.AsyncHTTPTransport(verify=tls, trust_env=False)


async def _let_go(answer: httpx.Response) -> None:
    """Read a little of what a receiver may still be writing, so as not to cut it off."""
    size = 0
    with contextlib.suppress(TimeoutError, httpx.TransportError):
        async with asyncio.timeout(_POLITENESS):
            async for piece in answer.aiter_raw():
                size += len(piece)
                if size >= LARGEST_ANSWER:
                    break
    await answer.aclose()


def _taken(answer: httpx.Response) -> int:
    status = answer.status_code
    if answer.is_success:
        return status
    said = f"The receiver answered {status}."
    if status == HTTPStatus.GONE:
        raise GoneError(said)
    raise NotTakenError(said, retry_after(answer.headers))
