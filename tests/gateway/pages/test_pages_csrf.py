"""No other site acts in an operator's name, nobody without a session; reading changes nothing."""

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from hosted_numbers.gateway.pages import (
    api_page,
    bulk_pages,
    live,
    new_order,
    order_forms,
    order_page,
    overview,
    sign_in,
)
from tests.bulk.imports import AN_ID
from tests.gateway.orders_in_memory import NUMBER
from tests.gateway.pages.desk import BASE, ORDER_PAGE, PASSWORD, Orders, browser, token

MODULES = (api_page, bulk_pages, live, new_order, order_forms, order_page, overview, sign_in)
ROUTES = sorted(
    (method, route.path.replace("{phone_number}", NUMBER).replace("{import_id}", AN_ID))
    for module in MODULES
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
)
CLOSED = [each for each in ROUTES if each[1] != "/sign-in"]
FORMS = [path for method, path in CLOSED if method == "POST"]
PAGES = [path for method, path in CLOSED if method == "GET" and not path.endswith("/events")]


def test_the_matrix_knows_the_routes() -> None:
    """It is not empty by a mistake."""
    assert len(FORMS) >= 9
    assert len(PAGES) >= 6
    assert not {method for method, _ in ROUTES} - {"GET", "POST"}


@pytest.mark.security("S4")
@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_no_page_is_open(
    app: FastAPI, orders: Orders, stranger: httpx.AsyncClient, method: str, path: str
) -> None:
    """Without a session, with a made-up one, with an API key: the sign-in for a page, else 401."""
    for headers in (
        {},
        {"Cookie": "__Host-session=made-up"},
        {"Cookie": "session=made-up"},
        {"Authorization": "Bearer key-of-the-test"},
        {"X-Forwarded-Email": "mallory@example.com"},
    ):
        answer = await stranger.request(method, path, headers=headers)
        if method == "GET":
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2F")
        else:
            assert answer.status_code == 401
            assert "You are signed out" in answer.text
    async with browser(app, Accept="application/json") as program:
        assert (await program.request(method, path)).status_code == 401
    assert orders.untouched or not (orders.acts or orders.queries)


@pytest.mark.security("S5")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": BASE}, 403),
        ({"Sec-Fetch-Site": "", "Origin": BASE}, 303),
        ({"Sec-Fetch-Site": "", "Origin": BASE.upper()}, 303),
        ({"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "", "Origin": f"{BASE}.evil.example"}, 403),
        ({"Sec-Fetch-Site": "", "Origin": BASE.replace("https", "http")}, 403),
        ({"Sec-Fetch-Site": "", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "", "Origin": ""}, 403),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [f"{ORDER_PAGE}/resume", "/sign-in"])
async def test_only_our_own_pages_send_forms(
    operator: httpx.AsyncClient, headers: dict[str, str], status: int, path: str
) -> None:
    """By Sec-Fetch-Site, or by Origin where a browser does not send that."""
    fields = {"token": await token(operator), "password": PASSWORD}
    sent = {name: value for name, value in headers.items() if value}
    del operator.headers["Sec-Fetch-Site"]

    answer = await operator.post(path, data=fields, headers=sent)

    assert answer.status_code == status
    if status == 403:
        assert "This was not sent from a page of this gateway" in answer.text


@pytest.mark.security("S5")
@pytest.mark.parametrize("path", FORMS)
async def test_each_form_needs_its_token(
    app: FastAPI, orders: Orders, operator: httpx.AsyncClient, path: str
) -> None:
    """None, an empty one, another session's, one in the query: 403, and nothing is changed."""
    async with browser(app) as other:
        await other.post("/sign-in", data={"password": PASSWORD})
        others = await token(other)
    good = await token(operator)
    for fields in ({}, {"token": ""}, {"token": others}, {"token": "\udcff"}):
        sent = {name: value.encode("utf-8", "replace") for name, value in fields.items()}
        answer = await operator.post(path, data=sent, params={"token": good})
        assert answer.status_code == 403, fields
        assert "The form is of another session" in answer.text
    file = await operator.post(path, files={"token": ("token", good.encode())})
    assert file.status_code == 403
    assert orders.acts == []
    assert (await operator.get("/")).status_code == 200  # nobody was signed out


@pytest.mark.security("S5")
@pytest.mark.parametrize("path", PAGES)
async def test_reading_changes_nothing(
    orders: Orders, operator: httpx.AsyncClient, path: str
) -> None:
    """A link from anywhere opens a page and no more."""
    answer = await operator.get(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert orders.acts == []
    assert list(orders.open) == [NUMBER]


@pytest.mark.security("S21")
@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/nowhere", "/static/pages.css"])
async def test_pages_are_guarded_by_headers(operator: httpx.AsyncClient, path: str) -> None:
    """No script of elsewhere, none within the page, no frame around it, no copy of it kept."""
    answer = await operator.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; object-src 'none'; base-uri 'none'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    wanted = "no-cache" if path.startswith("/static/") else "no-store"
    assert answer.headers["cache-control"] == wanted
    for inline in ("<style", " style=", "javascript:", " onclick=", "<script>"):
        assert inline not in answer.text


async def test_unreadable_form_is_said(operator: httpx.AsyncClient) -> None:
    """400, as a page."""
    answer = await operator.post(
        "/new", content=b"--x\r\nbroken", headers={"Content-Type": "multipart/form-data"}
    )
    assert answer.status_code == 400
    assert "The form cannot be read" in answer.text
