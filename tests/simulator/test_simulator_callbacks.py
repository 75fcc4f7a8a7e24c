"""Status callbacks: what is sent, how it is signed, and the ways in which it goes wrong."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from pydantic import ValidationError
from twilio.request_validator import RequestValidator, get_signature_algorithm

from hosted_numbers.simulator.callbacks import Delivery, may_reach, outgoing, retry
from hosted_numbers.simulator.postman import HttpSender
from tests.listening import listening
from tests.simulator.workshop import (
    AUTH_TOKEN,
    CALLBACK_URL,
    NUMBER,
    Workshop,
    a_config,
    a_workshop,
    until,
)

VALIDATOR = RequestValidator(AUTH_TOKEN)


async def callbacks(sim: Workshop) -> list[tuple[str, str]]:
    """Status and outcome of each, from the ledger."""
    return [(sent["status"], sent["outcome"]) for sent in (await sim.ledger())["callbacks"]]


async def test_each_change_of_status_is_told(sim: Workshop) -> None:
    """A signed form with three parameters; a repeated call changes nothing and tells nothing."""
    order = await sim.create(StatusCallbackUrl=CALLBACK_URL)
    await sim.call(order["sid"])
    await sim.call(order["sid"])
    await until(lambda: len(sim.notes.sent) == 2)
    assert await callbacks(sim) == [("received", "200"), ("pending-verification", "200")]
    for request, status in zip(sim.notes.sent, ("received", "pending-verification"), strict=True):
        assert (request.method, request.url) == ("POST", CALLBACK_URL)
        assert request.form == {
            "Status": status,
            "HostedNumberOrderSid": order["sid"],
            "PhoneNumber": NUMBER,
        }
        signature = request.headers["X-Twilio-Signature"]
        assert VALIDATOR.validate(request.url, request.form, signature)
    assert (await sim.ledger())["callbacks"][0]["at"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("url", [CALLBACK_URL, "http://127.0.0.1:9/status#fragment"])
async def test_callbacks_by_get(sim: Workshop, url: str) -> None:
    """The parameters are in the query, behind what was there, and signed with it."""
    order = await sim.create(StatusCallbackUrl=url, StatusCallbackMethod="GET")
    await until(lambda: len(sim.notes.sent) == 1)
    [request] = sim.notes.sent
    assert (request.method, request.form) == ("GET", {})
    assert "#" not in request.url
    query = dict(parse_qsl(urlsplit(request.url).query))
    query.pop("order", None)
    assert query == {
        "Status": "received",
        "HostedNumberOrderSid": order["sid"],
        "PhoneNumber": NUMBER,
    }
    assert VALIDATOR.validate(request.url, {}, request.headers["X-Twilio-Signature"])


async def test_no_url_no_callback(sim: Workshop) -> None:
    """Whoever asked for none gets none, also where they would be lost."""
    await sim.create()
    await sim.control("callbacks", {"mode": "lost"})
    await sim.create("+15017122662")
    assert await callbacks(sim) == []


async def test_lost(sim: Workshop) -> None:
    """Nothing is sent, and the ledger says so."""
    await sim.control("callbacks", {"mode": "lost"})
    await sim.create(StatusCallbackUrl=CALLBACK_URL)
    assert await callbacks(sim) == [("received", "lost")]
    assert sim.notes.sent == []


async def test_duplicate(sim: Workshop) -> None:
    """Each goes out twice."""
    await sim.control("callbacks", {"mode": "duplicate"})
    await sim.create(StatusCallbackUrl=CALLBACK_URL)
    await until(lambda: len(sim.notes.sent) == 2)
    assert await callbacks(sim) == [("received", "200")] * 2


async def test_late(sim: Workshop) -> None:
    """Each goes out a while after the change, by the simulator's clock."""
    assert await sim.control("callbacks", {"mode": "late"}) == {"mode": "late", "waiting": 0}
    await sim.create(StatusCallbackUrl=CALLBACK_URL)
    await sim.advance(59)
    assert (await sim.control("callbacks"))["waiting"] == 1
    assert sim.notes.sent == []
    await sim.advance(1)
    await until(lambda: len(sim.notes.sent) == 1)


async def test_shuffled(sim: Workshop) -> None:
    """All arrive, but not in the order of the changes; the same seed gives the same order."""
    await sim.control("callbacks", {"mode": "shuffled"})
    order = await sim.create(StatusCallbackUrl=CALLBACK_URL)
    statuses = ["received"]
    for status in ("verified", "pending-loa", "action-required", "pending-loa", "verified"):
        await sim.control(f"orders/{order['sid']}", {"status": status})
        statuses.append(status)
    await sim.advance(5)
    await until(lambda: len(sim.notes.sent) == 6)
    assert sorted(sim.notes.statuses) == sorted(statuses)
    assert sim.notes.statuses != statuses


async def test_forged(sim: Workshop) -> None:
    """The signature is another key's."""
    await sim.control("callbacks", {"mode": "forged"})
    await sim.create(StatusCallbackUrl=CALLBACK_URL)
    await until(lambda: len(sim.notes.sent) == 1)
    [request] = sim.notes.sent
    signature = request.headers["X-Twilio-Signature"]
    assert not VALIDATOR.validate(request.url, request.form, signature)


KEY = "webhooks_sharedkey_1"
SECRET = "secret-of-the-shared-key"


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_shared_key_signs_in_place_of_the_token(method: str) -> None:
    """By HMAC-SHA256, as the header says and Twilio's own validator checks."""
    async with a_workshop(a_config(webhook_key=KEY, webhook_secret=SECRET)) as sim:
        await sim.create(StatusCallbackUrl=CALLBACK_URL, StatusCallbackMethod=method)
        await until(lambda: len(sim.notes.sent) == 1)
    [request] = sim.notes.sent
    settings = request.headers["X-Twilio-Webhooks-Signature-Settings"]
    assert settings == f"key={KEY},algorithm=HMAC_SHA256"
    signed = (request.url, request.form, request.headers["X-Twilio-Signature"])
    algorithm = get_signature_algorithm(settings)
    assert RequestValidator(SECRET).validate(*signed, algorithm)
    assert not VALIDATOR.validate(*signed)


async def test_a_shared_key_is_forged_too() -> None:
    """The key is named rightly, and its secret is another."""
    async with a_workshop(a_config(webhook_key=KEY, webhook_secret=SECRET)) as sim:
        await sim.control("callbacks", {"mode": "forged"})
        await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: len(sim.notes.sent) == 1)
    [request] = sim.notes.sent
    signature = request.headers["X-Twilio-Signature"]
    assert not RequestValidator(SECRET).validate(
        request.url, request.form, signature, "HMAC_SHA256"
    )


@pytest.mark.parametrize("half", [{"webhook_key": KEY}, {"webhook_secret": SECRET}])
def test_half_a_shared_key_is_none(half: dict[str, str]) -> None:
    """Nobody is to guess the other half."""
    with pytest.raises(ValidationError, match="go together") as error:
        a_config(**half)
    assert SECRET not in str(error.value)
    assert AUTH_TOKEN not in str(error.value)


async def test_retries() -> None:
    """As many as allowed, each later than the last, until one is answered with 2xx."""
    async with a_workshop(a_config(callback_retries=2)) as sim:
        sim.notes.outcomes = ["503", "unreachable", "204"]
        await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: len(sim.notes.sent) == 1)
        await sim.advance(1)
        await until(lambda: len(sim.notes.sent) == 2)
        await sim.advance(1)
        assert len(sim.notes.sent) == 2
        await sim.advance(1)
        await until(lambda: len(sim.notes.sent) == 3)
        assert [outcome for _, outcome in await callbacks(sim)] == ["503", "unreachable", "204"]
        assert (await sim.control("callbacks"))["waiting"] == 0


def test_no_more_retries_than_allowed() -> None:
    """None after a 2xx, none when the tries are used up, none to a host that is never called."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    delivery = Delivery("HR1", NUMBER, "received", "POST", CALLBACK_URL, now, tries=1)
    again = retry(delivery, "500", now, 2)
    assert again is not None
    assert (again.due - now).total_seconds() == 2
    assert retry(again, "500", now, 2) is None
    assert retry(delivery, "204", now, 2) is None
    assert retry(delivery, "not-loopback", now, 2) is None


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8080/x", True),
        ("http://127.9.9.9/x", True),
        ("http://[::1]:8080/x", True),
        ("http://localhost/x", True),
        ("http://gateway.localhost/x", True),
        ("http://gateway:8080/x", True),
        ("https://example.com/x", False),
        ("http://10.0.0.1/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://localhost.example.com/x", False),
    ],
)
def test_who_is_called(url: str, *, allowed: bool) -> None:
    """This machine, and hosts that were named; never a stranger."""
    assert may_reach(url, frozenset({"gateway"})) is allowed


async def test_a_stranger_is_not_called(sim: Workshop) -> None:
    """The ledger says why nothing went out."""
    await sim.create(StatusCallbackUrl="https://example.com/status")
    await until(lambda: bool(sim.simulator.world.ledger.callbacks))
    assert await callbacks(sim) == [("received", "not-loopback")]
    assert sim.notes.sent == []


async def test_a_reset_forgets_what_is_under_way() -> None:
    """A delivery that ends after a reset is no longer anybody's."""
    gate, began = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> str:
        began.set()
        await gate.wait()
        return "200"

    async with a_workshop(sender=slow) as sim:
        await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await began.wait()
        await sim.http.post("/_simulator/reset")
        gate.set()
        await asyncio.sleep(0)
        await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: bool(sim.simulator.world.ledger.callbacks))
        assert await callbacks(sim) == [("received", "200")]


async def test_a_slow_receiver_holds_up_its_own_order_alone() -> None:
    """Callbacks of one order keep their order; those of others pass."""
    gate = asyncio.Event()
    sent: list[str] = []

    async def sender(request: Any) -> str:
        sent.append(request.form["PhoneNumber"])
        if request.form["PhoneNumber"] == NUMBER:
            await gate.wait()
        return "200"

    async with a_workshop(sender=sender) as sim:
        slow = await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await sim.call(slow["sid"])
        for index in range(40):
            await sim.create(f"+150171230{index:02d}", StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: len(sent) == 41)
        assert sent.count(NUMBER) == 1
        gate.set()
        await until(lambda: len(sent) == 42)


async def test_a_callback_that_cannot_be_sent_holds_up_none_of_its_order() -> None:
    """By an error that nobody foresaw; the next one goes out."""
    tried: list[str] = []

    async def sender(request: Any) -> str:
        tried.append(request.form["Status"])
        if len(tried) == 1:
            raise RuntimeError
        return "200"

    async with a_workshop(sender=sender) as sim:
        order = await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: tried == ["received"])
        await sim.call(order["sid"])
        await until(lambda: tried == ["received", "pending-verification"])


class _Receiver(BaseHTTPRequestHandler):
    received: ClassVar[list[tuple[str, str, str, str]]]

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, body: str) -> None:
        signature = self.headers["X-Twilio-Signature"]
        self.received.append((self.command, self.path, body, signature))
        self.send_response(302 if "redirect" in self.path else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, str, str, str]]]]:
    """A real receiver: its base URL, and what it received."""

    class Handler(_Receiver):
        received: ClassVar[list[tuple[str, str, str, str]]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Handler.received
        server.shutdown()
        thread.join()


async def test_over_http(receiver: tuple[str, list[tuple[str, str, str, str]]]) -> None:
    """What arrives at a real receiver passes Twilio's own validator, by POST and by GET."""
    base_url, received = receiver
    async with a_workshop(sender=None) as sim:
        await sim.create(StatusCallbackUrl=f"{base_url}/a?b=c%20d")
        await until(lambda: bool(sim.simulator.world.ledger.callbacks))
        await sim.create(
            "+15017122662", StatusCallbackUrl=f"{base_url}/a?b=c%20d", StatusCallbackMethod="GET"
        )
        await sim.create("+15017122663", StatusCallbackUrl=f"{base_url}/redirect")
        await until(lambda: len(sim.simulator.world.ledger.callbacks) == 3)
        outcomes = [outcome for _, outcome in await callbacks(sim)]
    assert sorted(outcomes) == ["204", "204", "302"]
    for method, path, body, signature in received:
        form = {name: values[0] for name, values in parse_qs(body).items()}
        assert (method == "POST") == bool(form)
        assert VALIDATOR.validate(base_url + path, form, signature)
    assert not any("elsewhere" in path for _, path, _, _ in received)


async def test_a_receiver_that_is_not_there(unused_tcp_port: int) -> None:
    """unreachable, and the sender lives on."""
    delivery = Delivery(
        "HR1",
        NUMBER,
        "received",
        "POST",
        f"http://127.0.0.1:{unused_tcp_port}/",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    async with HttpSender(timeout=5) as send:
        assert await send(outgoing(delivery, a_config())) == "unreachable"


async def test_a_receiver_that_never_answers() -> None:
    """The timeout is for the whole exchange, however slowly bytes come."""

    async def mumble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"H")
            await asyncio.sleep(0.01)

    async with listening(mumble) as address, HttpSender(timeout=0.1) as send:
        delivery = Delivery(
            "HR1",
            NUMBER,
            "received",
            "POST",
            f"http://{address}/",
            datetime(2026, 1, 1, tzinfo=UTC),
        )
        assert await send(outgoing(delivery, a_config())) == "unreachable"
