"""The signed POST, and where it may go."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hosted_numbers.contract import NotificationData, NotificationEvent
from hosted_numbers.delivery import (
    LARGEST_ANSWER,
    AddressRefusedError,
    DeliveryError,
    GoneError,
    NoAnswerError,
    NotTakenError,
    SigningReceiver,
    receiver_of,
)
from hosted_numbers.endpoints import Endpoint, endpoint
from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings
from tests.listening import listening
from tests.orders import NUMBER

OLD_KEY = "whsec_" + "b2xk" * 8
NEW_KEY = "whsec_" + "bmV3" * 8
NAME = "hooks.example.com"
PUBLIC = "93.184.215.14"
OTHER = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
EVENT = NotificationEvent(
    id="a-run/1-0000",
    type="order.completed",
    timestamp=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    data=NotificationData(
        phone_number=NUMBER, status="completed", phase="completed", waiting_for="nothing"
    ),
)
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def an_endpoint(url: str, *secrets: str, development: bool = False) -> Endpoint:
    """An endpoint past the checks of the settings."""
    return Endpoint(httpx.URL(url), secrets or (NEW_KEY,), development)


def at(*answers: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A name server that gives these answers in turn, the last one for good."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@dataclass
class Seen:
    """What a stub transport was given; it answers 204, or raises for these hosts."""

    down: tuple[str, ...] = ()
    requests: list[httpx.Request] = field(default_factory=list)

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport without a network."""

        def answer(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            if request.url.host in self.down:
                raise httpx.ConnectError("refused")
            return httpx.Response(204, stream=httpx.ByteStream(b""))

        return httpx.MockTransport(answer)


@dataclass
class Loopback:
    """A server on this machine that answers every request with the same bytes.

    Attributes:
        answer: sent when the request is there.
        endless: sent again and again afterwards.
        silent: no answer at all.
        requests: what came.
        sent: bytes of the endless part that were taken.
    """

    answer: bytes = OK
    endless: bytes = b""
    silent: bool = False
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    sent: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lines = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in lines}
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers, body))
            if not self.silent:
                writer.write(self.answer)
                await writer.drain()
            while self.endless:
                writer.write(self.endless)
                await writer.drain()
                self.sent += len(self.endless)
            await reader.read()
        finally:
            self.closed.set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port; yields the URL."""
        async with listening(self) as address:
            yield f"http://{address}/hook"


async def delivered_to(
    url: str, *secrets: str, moment: datetime | None = None, patience: float = 15
) -> int:
    """Deliver the event to a URL of this machine."""
    receiver = SigningReceiver(
        an_endpoint(url, *secrets, development=True), deadline=timedelta(seconds=patience)
    )
    return await receiver.deliver(EVENT, moment or datetime.now(UTC))


async def delivered(
    loopback: Loopback, *secrets: str, moment: datetime | None = None, patience: float = 15
) -> int:
    """Deliver the event to a server of this machine."""
    async with loopback.serving() as url:
        return await delivered_to(url, *secrets, moment=moment, patience=patience)


@pytest.mark.security("S20")
async def test_event_is_signed_as_standard_webhooks_says() -> None:
    """The library of that specification takes it, and gives the event back."""
    loopback = Loopback()
    assert await delivered(loopback) == 204
    [(headers, body)] = loopback.requests
    event = Webhook(NEW_KEY).verify(body, headers)
    assert NotificationEvent.model_validate(event) == EVENT
    assert headers["webhook-id"] == EVENT.id
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_KEY).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW_KEY).verify(body.replace(b"completed", b"cancelled"), headers)


@pytest.mark.security("S20")
async def test_event_has_two_signatures_while_the_key_is_rotated() -> None:
    """Receivers with either key take it."""
    loopback = Loopback()
    await delivered(loopback, NEW_KEY, OLD_KEY)
    [(headers, body)] = loopback.requests
    assert len(headers["webhook-signature"].split(" ")) == 2
    for key in (NEW_KEY, OLD_KEY):
        assert json.loads(body) == Webhook(key).verify(body, headers)


@pytest.mark.security("S20")
@pytest.mark.fault("F38")
@pytest.mark.parametrize("minutes", [-6, 6])
async def test_event_of_another_moment_is_refused_by_receivers(minutes: int) -> None:
    """Six minutes are more than the five that receivers tolerate; a replayed request is no use."""
    loopback = Loopback()
    await delivered(loopback, moment=datetime.now(UTC) + timedelta(minutes=minutes))
    [(headers, body)] = loopback.requests
    with pytest.raises(WebhookVerificationError, match="too"):
        Webhook(NEW_KEY).verify(body, headers)


@pytest.mark.security("S19")
async def test_connection_goes_to_the_address_that_was_checked() -> None:
    """By its number, with the name in Host and in the certificate's check; no second look-up."""
    seen = Seen()
    url = f"https://{NAME}:8443/hook?key=1#part"
    receiver = SigningReceiver(
        an_endpoint(url), transport=seen.transport, resolve=at([PUBLIC, PUBLIC], ["127.0.0.1"])
    )
    await receiver.deliver(EVENT, datetime.now(UTC))
    [request] = seen.requests
    assert str(request.url) == f"https://{PUBLIC}:8443/hook?key=1"
    assert request.headers["host"] == f"{NAME}:8443"
    assert request.extensions["sni_hostname"] == NAME
    with pytest.raises(AddressRefusedError):  # the name was bound anew meanwhile
        await receiver.deliver(EVENT, datetime.now(UTC))
    assert len(seen.requests) == 1


async def test_next_address_is_tried_where_the_first_takes_no_connection() -> None:
    """A host of both families, on a network that has one of them."""
    seen = Seen(down=(OTHER,))
    receiver = SigningReceiver(
        an_endpoint(f"https://{NAME}/"), transport=seen.transport, resolve=at([OTHER, PUBLIC])
    )
    assert await receiver.deliver(EVENT, datetime.now(UTC)) == 204
    assert [request.url.host for request in seen.requests] == [OTHER, PUBLIC]
    seen.down = (OTHER, PUBLIC)
    with pytest.raises(NoAnswerError, match="ConnectError"):
        await receiver.deliver(EVENT, datetime.now(UTC))


INWARD = [
    "127.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse, nothing is bound
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fe80::1%1",
    "fec0::1",
    "ff0e::1",
]


@pytest.mark.security("S19")
@pytest.mark.parametrize("address", INWARD)
async def test_address_of_our_own_network_is_refused(address: str) -> None:
    """Alone, and beside a public one: nothing is sent to either."""
    for found in ([address], [PUBLIC, address]):
        seen = Seen()
        receiver = SigningReceiver(
            an_endpoint(f"https://{NAME}/"), transport=seen.transport, resolve=at(found)
        )
        with pytest.raises(AddressRefusedError, match="not public"):
            await receiver.deliver(EVENT, datetime.now(UTC))
        assert seen.requests == []


@pytest.mark.security("S19")
@pytest.mark.parametrize("address", [PUBLIC, OTHER, "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_public_address_is_taken(address: str) -> None:
    """Of either family, and one of IPv4 in the clothes of IPv6."""
    assert an_endpoint(f"https://{NAME}/").takes(address)
    assert not an_endpoint(f"http://{NAME}/", development=True).takes(address)


@pytest.mark.security("S19")
@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost"])
async def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    """The system's resolver knows them, so the addresses are judged, not the spelling."""
    seen = Seen()
    receiver = SigningReceiver(an_endpoint(f"https://{host}/"), transport=seen.transport)
    with pytest.raises(AddressRefusedError):
        await receiver.deliver(EVENT, datetime.now(UTC))
    assert seen.requests == []


async def test_host_without_an_address_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have one by the next try."""

    def unknown(*_args: object, **_more: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoAnswerError, match="gaierror"):
        await SigningReceiver(an_endpoint(f"https://{NAME}/")).deliver(EVENT, datetime.now(UTC))


@pytest.mark.security("S19")
async def test_redirect_is_not_followed() -> None:
    """Neither elsewhere nor back to this machine."""
    target = Loopback()
    async with target.serving() as url:
        moved = Loopback(
            answer=f"HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n".encode()
        )
        with pytest.raises(NotTakenError, match="302"):
            await delivered(moved)
    assert target.requests == []


@pytest.mark.security("S19")
async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look the name up once more, and see the events."""
    proxy, loopback = Loopback(), Loopback()
    async with proxy.serving() as url:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, url)
            monkeypatch.setenv(name.lower(), url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert await delivered(loopback) == 204
    assert proxy.requests == []


@pytest.mark.security("S19")
async def test_endless_answer_is_cut_off() -> None:
    """Its head says that the event was taken; of the rest little is read."""
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    loopback = Loopback(answer=head, endless=b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    async with loopback.serving() as url:
        assert await delivered_to(url) == 200
        async with asyncio.timeout(5):
            await loopback.closed.wait()
    assert loopback.sent < LARGEST_ANSWER * 200  # what the buffers of two sockets take, at most


@pytest.mark.security("S19")
async def test_endless_head_is_no_answer() -> None:
    """It is cut off as well."""
    loopback = Loopback(answer=b"HTTP/1.1 200 OK\r\n", endless=b"x-more: " + b"x" * 8192 + b"\r\n")
    with pytest.raises(NoAnswerError):
        await delivered(loopback)


@pytest.mark.fault("F49")
async def test_slow_receiver_is_left_in_time() -> None:
    """The deadline is for the delivery in all."""
    with pytest.raises(NoAnswerError, match="TimeoutError"):
        await delivered(Loopback(silent=True), patience=0.2)


@pytest.mark.fault("F49")
@pytest.mark.parametrize(
    ("answer", "error", "asked"),
    [
        (b"HTTP/1.1 410 Gone\r\nretry-after: 5\r\n\r\n", GoneError, None),
        (b"HTTP/1.1 500 Oops\r\n\r\n", NotTakenError, None),
        (b"HTTP/1.1 429 Slow\r\nretry-after: 120\r\n\r\n", NotTakenError, timedelta(minutes=2)),
        (b"HTTP/1.1 503 Away\r\nretry-after: soon\r\n\r\n", NotTakenError, None),
        (b"SSH-2.0-OpenSSH\r\n\r\n", NoAnswerError, None),
        (b"", NoAnswerError, None),
    ],
    ids=["gone", "error", "too-many", "away", "no-http", "nothing"],
)
async def test_anything_but_2xx_is_a_failure(
    answer: bytes, error: type[DeliveryError], asked: timedelta | None
) -> None:
    """With how long the receiver asks to wait."""
    with pytest.raises(error) as failure:
        await delivered(Loopback(answer=answer), patience=15 if answer else 0.5)
    assert failure.value.retry_after == asked


@pytest.mark.security("S12")
async def test_errors_hold_no_words_of_the_receiver_and_no_url() -> None:
    """They stand in Temporal's histories: codes alone."""
    answer = b"HTTP/1.1 500 Canary\r\ncontent-length: 6\r\nx-canary: canary\r\n\r\nCanary"
    loopback = Loopback(answer=answer)
    with pytest.raises(NotTakenError) as failure:
        await delivered(loopback)
    assert str(failure.value) == failure.value.reason == "The receiver answered 500."
    shown = repr(an_endpoint(f"https://{NAME}/secret-path", NEW_KEY))
    assert "secret-path" not in shown
    assert NEW_KEY not in shown


def settings(**given: object) -> Settings:
    """Settings of a worker."""
    named = {
        "env": "production",
        "notification_url": f"https://{NAME}/hook",
        "notification_secrets": NEW_KEY,
    } | given
    return Settings.model_validate({f"hosted_numbers_{k}": v for k, v in named.items()})


@pytest.mark.security("S19")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"notification_secrets": ""}, "HOSTED_NUMBERS_NOTIFICATION_SECRETS"),
        ({"notification_url": "nonsense"}, "https:// and a host"),
        ({"notification_url": "https://h:port/"}, "https:// and a host"),
        ({"notification_url": "https:///hook"}, "https:// and a host"),
        ({"notification_url": "ftp://canary.example/"}, "https:// and a host"),
        ({"notification_url": "https://user:canary@example.com/"}, "user name"),
        ({"notification_url": "http://canary.example/"}, "is http"),
        ({"notification_url": "http://canary.example/", "env": "development"}, "is http"),
        ({"notification_url": "http://127.0.0.1:8000/"}, "is http"),
        ({"notification_url": "http://localhost:8000/"}, "is http"),
        ({"notification_url": "https://127.0.0.1/"}, "private network"),
        ({"notification_url": "https://[::ffff:127.0.0.1]/"}, "private network"),
        ({"notification_url": "https://169.254.169.254/"}, "private network"),
        ({"notification_url": "https://169.254.169.254/", "env": "development"}, "private"),
        ({"notification_url": "https://canary.example:8443/"}, "NOTIFICATION_PORTS"),
        ({"notification_hosts": "other.example"}, "NOTIFICATION_HOSTS"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_endpoint_that_events_may_not_go_to_is_refused(given: dict[str, object], said: str) -> None:
    """When the worker starts, by the variable's name, without its value."""
    with pytest.raises(SettingsError) as failure:
        receiver_of(settings(**given))
    assert "HOSTED_NUMBERS_NOTIFICATION_URL" in str(failure.value)
    assert said in str(failure.value)
    assert "canary" not in str(failure.value)


@pytest.mark.security("S19")
@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ({}, NAME, 443),
        ({"notification_hosts": f"a.example,{NAME.upper()}"}, NAME, 443),
        ({"notification_url": "https://bücher.example"}, "xn--bcher-kva.example", 443),
        (
            {"notification_url": "https://bücher.example", "notification_hosts": "bücher.example"},
            "xn--bcher-kva.example",
            443,
        ),
        (
            {"notification_url": f"https://{NAME}:8443/", "notification_ports": "443,8443"},
            NAME,
            8443,
        ),
        ({"notification_url": f"https://[{OTHER}]/"}, OTHER, 443),
        ({"notification_url": "http://localhost", "env": "development"}, "localhost", 80),
        ({"notification_url": "http://[::1]:8000/", "env": "development"}, "::1", 8000),
    ],
    ids=["plain", "listed", "idn", "idn-listed", "port", "address", "localhost", "loopback"],
)
def test_endpoint_that_events_may_go_to(given: dict[str, object], host: str, port: int) -> None:
    """A public host by https; in development, this machine on any port."""
    found = endpoint(settings(**given))
    assert found is not None
    assert (found.host, found.port) == (host, port)
    assert isinstance(receiver_of(settings(**given)), SigningReceiver)


def test_nobody_is_told_without_an_endpoint() -> None:
    """The keys alone say nothing."""
    assert receiver_of(settings(notification_url=None)) is None
