"""The gateway as a whole: what it needs, what surrounds each answer, its limits."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.envelope import Envelope
from hosted_numbers.gateway.limits import BODY_BYTES, BodyLimit
from tests.gateway.orders_in_memory import (
    KEY,
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    backend,
    settings_of_gateway,
)


@pytest.mark.parametrize(
    ("missing", "variable"),
    [
        ({"hosted_numbers_api_keys": ()}, "HOSTED_NUMBERS_API_KEYS"),
        ({"public_base_url": None}, "PUBLIC_BASE_URL"),
        ({"twilio_auth_token": None}, "TWILIO_AUTH_TOKEN"),
        ({"twilio_auth_token": ""}, "TWILIO_AUTH_TOKEN"),
    ],
)
def test_without_what_makes_it_safe_it_does_not_start(
    missing: dict[str, object], variable: str
) -> None:
    """It names the variable that is missing."""
    with pytest.raises(SettingsError, match=variable):
        create_app(settings_of_gateway(**missing), OrdersInMemory())


async def test_health(http: httpx.AsyncClient, orders: OrdersInMemory) -> None:
    """Alive whatever happens; ready only while Temporal answers."""
    assert (await http.get("/health/live")).json() == {"status": "alive"}
    assert (await http.get("/health/ready")).json() == {"status": "ready"}

    orders.up = False

    assert (await http.get("/health/live")).status_code == 200
    not_ready = await http.get("/health/ready")
    assert not_ready.status_code == 503
    assert not_ready.json()["code"] == "temporal-unavailable"
    assert int(not_ready.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", ORDERS, 200),
        ("GET", "/nowhere", 401),
        ("GET", "/v1/nowhere", 404),
        ("DELETE", ORDERS, 405),
        ("POST", "/callbacks/twilio", 403),
        ("GET", f"{ORDERS}/{NUMBER}", 404),
    ],
)
async def test_every_answer_is_guarded(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """Security headers and a correlation id, whoever answered."""
    answer = await http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-correlation-id"]
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["next_step"]


async def test_a_wrong_method_names_the_right_ones(http: httpx.AsyncClient) -> None:
    """405 with Allow."""
    answer = await http.delete("/health/live")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("call-17.A_b", True),
        ("x" * 64, True),
        ("1" * 20, True),
        ("x" * 65, False),
        ("a b", False),
        ("", False),
        ("15017122661", False),
        ("order-918273", False),
    ],
)
async def test_a_sane_correlation_id_is_kept(
    http: httpx.AsyncClient, sent: str, *, kept: bool
) -> None:
    """Anything else is replaced: nobody writes into the log, nor what the log would mask."""
    answer = await http.get("/nowhere", headers={"X-Correlation-Id": sent})

    assert (answer.headers["x-correlation-id"] == sent) is kept
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]


async def test_the_log_holds_nothing_personal(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each request, with the number masked."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    await http.post(ORDERS, json=ORDER | {"contact_title": "CanaryTitle"})
    await http.post(f"{ORDERS}/{NUMBER}/verification-code", json={"code": "918273"})
    await http.post(ORDERS, json=ORDER)
    await http.get(f"{ORDERS}/+15017129999")
    await http.get("/v1/nowhere/+15017128888")

    lines = [record.getMessage() for record in caplog.records]
    assert f"POST {ORDERS} 201" in lines
    assert any(f"POST {ORDERS}/********2661/verification-code 200" in line for line in lines)
    assert any("order-not-found, order ********9999" in line for line in lines)
    assert any(line.startswith("GET (no route) 404") for line in lines)
    for canary in ("CanaryTitle", "918273", NUMBER, "canary.example.com", KEY, "5017128888"):
        assert canary not in caplog.text


async def test_a_body_up_to_the_limit_is_read(http: httpx.AsyncClient) -> None:
    """The largest body gets as far as its content deserves."""
    answer = await http.post(ORDERS, content=b'"' + b"x" * (BODY_BYTES - 2) + b'"')

    assert answer.status_code in {415, 422}


async def test_a_body_that_is_announced_too_large_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """413 before a byte of it is read, and nothing is started."""
    answer = await http.post(ORDERS, json=ORDER | {"friendly_name": "x" * BODY_BYTES})

    assert answer.status_code == 413
    assert answer.json()["code"] == "body-too-large"
    assert answer.headers["connection"] == "close"
    assert orders.untouched


@pytest.mark.parametrize("path", [ORDERS, "/callbacks/twilio", "/health/live"])
async def test_a_body_that_grows_too_large_is_refused(http: httpx.AsyncClient, path: str) -> None:
    """Without a length announced, it is counted while it is read; on open paths as well."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 1000

    answer = await http.post(path, content=endless())

    assert answer.status_code == 413
    assert read <= BODY_BYTES / 1000 + 1


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body, then waits for the caller to hang up."""
    del scope
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": False})
    assert (await receive())["type"] == "http.disconnect"


async def asked(app: Any, messages: list[Message], **scope: Any) -> list[Message]:
    """What an ASGI application sends for what it receives; it waits for ever after the last."""
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "headers": [], "method": "POST", **scope}, receive, send)
    return sent


async def test_a_body_in_pieces_arrives_whole() -> None:
    """And what comes after it, the caller's hanging up, is still heard."""
    pieces: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"cd", "more_body": False},
        {"type": "http.disconnect"},
    ]

    sent = await asked(BodyLimit(echo), pieces)

    assert sent[1]["body"] == b"abcd"


async def test_a_streamed_body_is_handed_on_piece_by_piece() -> None:
    """It is not gathered first; and what comes after it is still heard."""
    pieces: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": False},
        {"type": "http.disconnect"},
    ]

    sent = await asked(BodyLimit(echo, max_bytes=1, streamed=lambda _: True), pieces)

    assert sent[1]["body"] == b"ab"
    assert (b"connection", b"close") not in sent[0]["headers"]


async def test_a_body_that_stalls_is_given_up() -> None:
    """408, and the connection is closed."""
    stalled: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}]

    sent = await asked(BodyLimit(echo, patience=timedelta(milliseconds=10)), stalled)

    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_caller_who_hangs_up_is_not_answered() -> None:
    """Half a body is no request."""
    broken: list[Message] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.disconnect"},
    ]

    assert await asked(BodyLimit(echo), broken) == []


async def test_what_is_not_http_passes_through() -> None:
    """The lifespan goes through every layer."""
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.append(scope["type"])

    for layer in (BodyLimit(app), Envelope(app)):
        await asked(layer, [], type="lifespan")

    assert seen == ["lifespan", "lifespan"]


async def test_an_answer_that_breaks_off_is_not_patched() -> None:
    """Once it has begun, a second answer would only garble it."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await asked(Envelope(broken), [], path="/")


def test_the_description_tells_of_problems_and_the_key(app: FastAPI) -> None:
    """Errors by their media type, the key where it is asked for, an example of an order."""
    described = app.openapi()

    start = described["paths"][ORDERS]["post"]
    for status in ("400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"):
        content = start["responses"][status]["content"]
        assert list(content) == ["application/problem+json"]
        assert content["application/problem+json"]["schema"]["$ref"].endswith("/ProblemDetails")
    assert set(start["responses"]) >= {"200", "201"}
    examples = start["requestBody"]["content"]["application/json"]["examples"]
    assert examples["least"]["value"]["phone_number"] == NUMBER
    secured = {
        path
        for path, operations in described["paths"].items()
        for operation in operations.values()
        if operation.get("security")
    }
    assert secured == {path for path in described["paths"] if path.startswith("/v1/")}
    assert app.openapi() is described


@pytest.mark.parametrize("name", ["least", "call when asked"])
async def test_the_examples_of_the_description_work(
    http: httpx.AsyncClient, app: FastAPI, name: str
) -> None:
    """What a person copies from the page starts an order."""
    content = app.openapi()["paths"][ORDERS]["post"]["requestBody"]["content"]

    answer = await http.post(ORDERS, json=content["application/json"]["examples"][name]["value"])

    assert answer.status_code == 201


ROUTES_TO_TEMPORAL: list[tuple[str, str, object]] = [
    ("POST", ORDERS, ORDER),
    ("GET", ORDERS, None),
    ("GET", f"{ORDERS}/{NUMBER}", None),
    ("POST", f"{ORDERS}/{NUMBER}/verification-code", {"code": "1234"}),
    ("POST", f"{ORDERS}/{NUMBER}/cancel", None),
    ("GET", "/health/ready", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES_TO_TEMPORAL)
async def test_without_temporal_it_starts_and_says_so_in_time(
    monkeypatch: pytest.MonkeyPatch, closed_port: int, method: str, path: str, body: object
) -> None:
    """503 with Retry-After within five seconds, from a gateway that started without Temporal."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{closed_port}")
    app = create_app(settings_of_gateway())
    begun = time.monotonic()

    async with LifespanManager(app), backend(app) as http:
        answer = await http.request(method, path, json=body)

    assert answer.status_code == 503
    assert answer.json()["code"] == "temporal-unavailable"
    assert int(answer.headers["retry-after"]) > 0
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("method", "path", "body"), ROUTES_TO_TEMPORAL)
async def test_a_temporal_that_keeps_silent_is_waited_for_no_longer_than_set(
    monkeypatch: pytest.MonkeyPatch, silent_port: int, method: str, path: str, body: object
) -> None:
    """It takes the connection and says nothing: 503 all the same."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{silent_port}")
    app = create_app(settings_of_gateway(hosted_numbers_temporal_deadline_seconds=0.1))
    begun = time.monotonic()

    async with LifespanManager(app), backend(app) as http:
        answer = await http.request(method, path, json=body)

    assert answer.status_code == 503
    assert answer.json()["code"] == "temporal-unavailable"
    assert time.monotonic() - begun < 5
