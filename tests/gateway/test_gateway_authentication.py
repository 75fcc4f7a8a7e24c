"""Who may use the gateway: every route is closed, save for those named open."""

import hashlib

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from hosted_numbers.gateway.app import create_app
from tests.gateway.orders_in_memory import (
    KEY,
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    settings_of_gateway,
)

OPEN = {"/callbacks/twilio", "/health/live", "/health/ready", "/openapi.json", "/sign-in"}


def routes() -> list[tuple[str, str]]:
    """Every method and path that the gateway serves, described or not; files are open to all."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    return sorted(
        {
            (method, route.path)
            for route in iter_route_contexts(app.routes)
            if route.path is not None and route.path != "/static"
            for method in (route.methods or set()) - {"HEAD"}
        }
    )


def test_the_matrix_knows_every_route() -> None:
    """The matrix below is empty for no reason but a mistake."""
    paths = {path for _, path in routes()}
    assert len(routes()) >= 40
    assert paths >= OPEN
    assert paths >= {"/", "/codec/{namespace}/decode", "/v1/hosted-number-orders"}


HEADERS: list[dict[str, str]] = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Basic {KEY}"},
    {"Authorization": KEY},
    {"Authorization": f"Bearer {hashlib.sha256(KEY.encode()).hexdigest()}"},
    {"X-Api-Key": KEY},
    {"Cookie": f"api_key={KEY}"},
]


@pytest.mark.parametrize(("method", "path"), routes())
async def test_no_route_is_open_by_accident(
    app: FastAPI, orders: OrdersInMemory, method: str, path: str
) -> None:
    """401 with WWW-Authenticate for each wrong key on each route; the open ones are these alone."""
    url = path.replace("{phone_number}", NUMBER)
    async with client(app) as http:
        for headers in HEADERS:
            answer = await http.request(method, url, headers=headers)
            if path in OPEN:
                assert answer.status_code != 401
            else:
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"].startswith("Bearer")
                assert answer.json()["code"] == "unauthorized"
                assert answer.json()["next_step"]
    assert orders.untouched


async def test_a_key_in_the_query_does_not_count(app: FastAPI) -> None:
    """A query ends up in logs, so a key has no business there."""
    async with client(app) as http:
        answer = await http.get(ORDERS, params={"api_key": KEY, "access_token": KEY})

    assert answer.status_code == 401


async def test_two_keys_in_one_request_are_none(app: FastAPI) -> None:
    """Two headers may be read differently by two readers."""
    async with client(app) as http:
        answer = await http.get(
            ORDERS, headers=[("Authorization", f"Bearer {KEY}"), ("Authorization", "Bearer x")]
        )

    assert answer.status_code == 401


async def test_an_unknown_path_is_closed_too(app: FastAPI) -> None:
    """Without a key nobody learns which paths there are."""
    async with client(app) as http:
        answers = [await http.get(path) for path in ("/v2", "/docs/", "/Docs", "//docs")]

    assert {answer.status_code for answer in answers} == {401}


async def test_a_body_is_not_looked_at_without_a_key(app: FastAPI) -> None:
    """Malformed or too large, the answer is the same 401."""
    async with client(app) as http:
        answers = [await http.post(ORDERS, content=body) for body in (b"{", b"x" * 100_000)]

    assert {answer.status_code for answer in answers} == {401}


@pytest.mark.parametrize("key", ["first", "second"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_each_of_several_keys_is_known(key: str, scheme: str) -> None:
    """So that a key can be replaced without an interruption."""
    digests = ",".join(hashlib.sha256(each.encode()).hexdigest() for each in ("first", "second"))
    orders = OrdersInMemory()
    app = create_app(settings_of_gateway(hosted_numbers_api_keys=digests), orders)

    async with client(app) as http:
        answer = await http.post(ORDERS, json=ORDER, headers={"Authorization": f"{scheme} {key}"})

    assert answer.status_code == 201


async def test_a_refused_key_is_logged_and_not_shown(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    """A line for whoever watches, without the key."""
    async with client(app) as http:
        await http.get(ORDERS, headers={"Authorization": "Bearer canary"})

    assert "An unknown API key" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("path", ["/", "/nowhere?x=1&y=/2"])
async def test_a_browser_is_led_to_the_sign_in(app: FastAPI, path: str) -> None:
    """303 to the sign-in, which knows where to go back to; a key does not open a page."""
    headers = {"Accept": "text/html,*/*", "Authorization": f"Bearer {KEY}"}
    async with client(app) as http:
        answer = await http.get(path, headers=headers)
        posted = await http.post(path, headers=headers)

    assert answer.status_code == 303
    where = httpx.URL(answer.headers["location"])
    assert (where.path, where.params["next"]) == ("/sign-in", path)
    assert posted.status_code == 401


def client(app: FastAPI) -> httpx.AsyncClient:
    """A client without a key."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")
