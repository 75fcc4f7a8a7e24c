"""A backend that is told: the real worker delivers signed events to a receiver over HTTP."""

import asyncio
import base64
import http.server
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from standardwebhooks import Webhook

from deploy import local
from tests.end_to_end.product import Parts, Product, eventually, new_number, run

pytestmark = pytest.mark.processes

SECRET = "whsec_" + base64.b64encode(b"a key of the test's own, 32 long").decode()


@dataclass
class Receiver:
    """An endpoint; what it answers, and the events whose signature it found right."""

    port: int
    status: int = 204
    events: list[dict[str, Any]] = field(default_factory=list)

    def of(self, number: str) -> list[str]:
        """The types of a number's events, by the time at which they happened."""
        known = {each["id"]: each for each in self.events if each["data"]["phone_number"] == number}
        return [each["type"] for each in sorted(known.values(), key=lambda e: e["timestamp"])]


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver on loopback."""

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = Webhook(SECRET).verify(body, dict(self.headers.items()))
            if receiver.status == http.HTTPStatus.NO_CONTENT:
                receiver.events.append(event)
            self.send_response(receiver.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def told(product: Product, receiver: Receiver) -> AsyncIterator[None]:
    """The worker started again with the receiver's address, and afterwards as it was."""
    await product.parts.end("worker")
    await product.parts.again(
        "worker",
        HOSTED_NUMBERS_NOTIFICATION_URL=f"http://127.0.0.1:{receiver.port}/hook",
        HOSTED_NUMBERS_NOTIFICATION_SECRETS=SECRET,
    )
    yield
    await product.parts.end("worker")
    await product.parts.again("worker")


async def notifications(product: Product, *words: str) -> str:
    """What ``hosted-numbers notifications …`` says."""
    environment = product.deployment.environment("temporal")
    done = await run("hosted-numbers", "notifications", *words, environment=environment)
    assert done.code == 0, done.err
    return done.out


@pytest.fixture
def deployment(unsigned: tuple[local.Deployment, Parts]) -> tuple[local.Deployment, Parts]:
    """One whose signer waits until the backend has heard of it."""
    return unsigned


@pytest.mark.security("S20")
@pytest.mark.fault("F49")
async def test_a_backend_hears_an_order_s_whole_life(product: Product, number: str) -> None:
    """Each change once, signed and thin; a receiver that fails holds up no order."""
    with listening() as receiver:
        async with told(product, receiver):
            await product.started(number, customer="acme", email="canary@canary.example.com")
            living = asyncio.create_task(product.lives(number))

            async def of_the_signature() -> bool:
                return "order.waiting_for_signature" in receiver.of(number)

            async def of_the_code_and_the_end() -> bool:
                return {"order.waiting_for_code", "order.completed"} <= set(receiver.of(number))

            await eventually(of_the_signature)
            await product.sign(number)
            await living
            await eventually(of_the_code_and_the_end)
            types = receiver.of(number)
            assert types[-1] == "order.completed"
            changes = {
                (each["type"], each["data"]["status"]): each["id"] for each in receiver.events
            }
            assert len(changes) == len({each["id"] for each in receiver.events})
            assert "canary" not in json.dumps(receiver.events)
            assert {each["data"]["customer"] for each in receiver.events} == {"acme"}

            receiver.status = 500
            unheard = new_number()
            await product.started(unheard)
            await asyncio.gather(product.lives(unheard), product.sign(unheard))
            assert receiver.of(unheard) == []

            receiver.status = 204
            [event] = [each for each in receiver.events if each["type"] == "order.completed"]
            receiver.events.clear()
            await notifications(product, "replay", event["id"])

            async def came_again() -> bool:
                return event["id"] in [each["id"] for each in receiver.events]

            await eventually(came_again)
            listed = json.loads(await notifications(product, "list", "--output", "json"))
            assert event["id"] in json.dumps(listed)
