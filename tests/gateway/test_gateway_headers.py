"""What every answer says to browsers, whichever route, layer or error gave it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.envelope import Envelope
from tests.gateway.orders_in_memory import KEY, NUMBER, OrdersInMemory, settings_of_gateway

HSTS = "strict-transport-security"
DIRECTIVES = {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}
FIXED = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def routes() -> list[tuple[str, str]]:
    """Every method and path that there is, and a path that there is not."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    found = {
        (method, route.path)
        for route in iter_route_contexts(app.routes)
        if route.path is not None
        for method in route.methods or {"GET"}
    }
    return sorted({*found, ("GET", "/nowhere"), ("DELETE", "/health/live")})


async def beginning(app: Any, method: str, path: str, headers: dict[str, str]) -> Headers:
    """The headers of an answer; the rest, which may be a stream without end, is not waited for."""
    begun: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("gateway.test", 80),
    }
    unread = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return unread.pop() if unread else await asyncio.Future[Message]()

    async def send(message: Message) -> None:
        if not begun.done():
            begun.set_result(message)

    answering = asyncio.create_task(app(scope, receive, send))
    async with asyncio.timeout(5):
        start = await begun
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    assert start["type"] == "http.response.start"
    return Headers(raw=start["headers"])


def test_the_matrix_knows_every_kind_of_route() -> None:
    """API, callbacks, health: an empty matrix would prove nothing."""
    paths = {path for _, path in routes()}

    assert {"/callbacks/twilio", "/health/live", "/openapi.json"} <= paths
    assert len(paths) > 12


@pytest.mark.security("S21")
@pytest.mark.parametrize(("method", "path"), routes())
async def test_every_answer_is_guarded(app: FastAPI, method: str, path: str) -> None:
    """With a key and without, to a program and to a browser."""
    url = path.replace("{phone_number}", NUMBER)
    for credentials in ({}, {"authorization": f"Bearer {KEY}"}):
        for accepted in ("application/json", "text/html"):
            sent = {"host": "gateway.test", "accept": accepted, **credentials}
            headers = await beginning(app, method, url, sent)

            assert {name: headers.get(name) for name in FIXED} == FIXED
            assert headers[HSTS] == "max-age=31536000; includeSubDomains"
            assert set(headers["content-security-policy"].split("; ")) >= DIRECTIVES
            assert "'unsafe" not in headers["content-security-policy"]
            assert "geolocation=()" in headers["permissions-policy"]
            assert headers["x-correlation-id"]
            assert headers["cache-control"] == "no-store"
            for name in headers:
                assert len(headers.getlist(name)) == 1 or name == "set-cookie"


@pytest.mark.security("S21")
async def test_the_policy_where_no_route_has_its_own(app: FastAPI) -> None:
    """Nothing but what the gateway itself serves."""
    headers = await beginning(app, "GET", "/health/live", {})

    assert headers["content-security-policy"] == (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    )


@pytest.mark.security("S21")
@pytest.mark.parametrize(
    ("public_url", "promised"),
    [
        ("https://numbers.example.com", True),
        ("HTTPS://numbers.example.com", True),
        ("http://127.0.0.1:8080", False),
    ],
)
async def test_https_is_promised_where_there_is_https(public_url: str, *, promised: bool) -> None:
    """Elsewhere a browser would be locked out for a year."""
    app = create_app(settings_of_gateway(public_base_url=public_url), OrdersInMemory())

    assert (HSTS in await beginning(app, "GET", "/health/live", {})) is promised


async def open_minded(scope: Scope, receive: Receive, send: Send) -> None:
    """A route with a mind of its own."""
    answer = PlainTextResponse("x")
    answer.headers.update(
        {
            "Cache-Control": "public, max-age=60",
            "Content-Security-Policy": "sandbox",
            "X-Frame-Options": "ALLOWALL",
            "Referrer-Policy": "unsafe-url",
        }
    )
    await answer(scope, receive, send)


@pytest.mark.security("S21")
@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/static/pages.css", "public, max-age=60"),
        ("/statical", "no-store"),
        ("/", "no-store"),
        ("/v1/static/", "no-store"),
    ],
)
async def test_what_a_route_may_say_itself(path: str, caching: str) -> None:
    """How long what everybody may read is kept, and its policy; the rest is not its choice."""
    headers = await beginning(Envelope(open_minded), "GET", path, {})

    assert headers["cache-control"] == caching
    assert headers["content-security-policy"] == "sandbox"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.security("S21")
async def test_an_error_among_the_open_files_is_not_kept(app: FastAPI) -> None:
    """What is not there yet may be there later."""
    headers = await beginning(app, "GET", "/static/nothing", {})

    assert headers["cache-control"] == "no-store"
