"""What a key may do, and whose orders it reaches: every route of the API, every scope."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st

from hosted_numbers.api_keys import SCOPES
from hosted_numbers.gateway import bulk_routes, document_routes, events, order_routes
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.dependencies import PhoneNumber
from hosted_numbers.gateway.scopes import MayRead, OwnNumber, Scoped, known, scopes_of
from hosted_numbers.validation import NewHostedNumberOrder
from tests.bulk.files import a_row, as_csv
from tests.bulk.imports import AN_ID, ImportsInMemory, a_progress
from tests.documents.files import a_pdf
from tests.gateway.orders_in_memory import (
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    backend,
    settings_of_gateway,
)

ROUTERS = (order_routes.router, document_routes.router, bulk_routes.router, events.router)
FILES = {"provide_document", "begin_import"}
BODIES: dict[str, Any] = {
    "start_order": ORDER,
    "submit_verification_code": {"code": "0471"},
    "amend_order": {"contact_title": "Director"},
    "offboard_number": {"confirm": NUMBER},
}
SCOPE_OF = {
    "start_order": "orders:write",
    "list_orders": "orders:read",
    "order_progress": "orders:read",
    "submit_verification_code": "codes:write",
    "request_verification_call": "orders:write",
    "amend_order": "orders:write",
    "resume_order": "orders:write",
    "cancel_order": "orders:write",
    "offboard_number": "admin",
    "provide_document": "bills:write",
    "begin_import": "orders:write",
    "list_imports": "orders:read",
    "import_progress": "orders:read",
    "import_results": "orders:read",
    "cancel_import": "orders:write",
    "order_events": "orders:read",
    "all_events": "orders:read",
}


def routes() -> list[APIRoute]:
    """Every route of the API."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def operations() -> list[str]:
    """The name of every route of the API, as its description has it."""
    return sorted(route.name for route in routes())


def route_of(name: str) -> APIRoute:
    """A route by its name."""
    return next(route for route in routes() if route.name == name)


def entry(key: str, **fields: object) -> dict[str, object]:
    """A key's entry in the settings."""
    return {"sha256": hashlib.sha256(key.encode()).hexdigest(), "name": key, **fields}


def gateway(orders: OrdersInMemory, *keys: dict[str, object]) -> FastAPI:
    """A gateway that takes these keys."""
    imports = ImportsInMemory()
    imports.known[AN_ID] = a_progress()
    return create_app(
        settings_of_gateway(hosted_numbers_api_keys=json.dumps(keys)), orders, imports=imports
    )


async def ask(http: httpx.AsyncClient, name: str, number: str = NUMBER) -> httpx.Response:
    """Ask a route for what it is good for."""
    route = route_of(name)
    method = next(iter(route.methods or ()))
    url = route.path.replace("{phone_number}", number).replace("{import_id}", AN_ID)
    if name == "begin_import":
        rows = as_csv(a_row(0)).read()
        return await http.post(url, content=rows, headers={"Content-Type": "text/csv"})
    if name == "provide_document":
        pdf = {"Content-Type": "application/pdf"}
        return await http.post(url, content=a_pdf(), headers=pdf)
    body = BODIES.get(name)
    if name == "offboard_number":
        body = {"confirm": number}
    return await http.request(method, url, json=body)


@pytest.fixture
def orders() -> OrdersInMemory:
    """One order is open, and has completed, so that its streams end."""
    orders = OrdersInMemory()
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)
    return orders


@pytest.mark.security("S3")
def test_every_route_of_the_api_is_in_the_matrix() -> None:
    """The description and the routers name the same routes, each with the scope that is meant."""
    described = create_app(settings_of_gateway(), OrdersInMemory()).openapi()["paths"]
    named = {
        operation["operationId"]: operation["security"]
        for path, operations in described.items()
        if path.startswith("/v1/")
        for operation in operations.values()
    }
    assert sorted(named) == operations() == sorted(SCOPE_OF)
    for name, security in named.items():
        assert security == [{"ApiKey": [SCOPE_OF[name]]}]
        assert scopes_of(route_of(name).endpoint) == [SCOPE_OF[name]]


def one_key_for_each(scopes: Iterable[str]) -> list[dict[str, object]]:
    """Keys that are called as their only scope."""
    return [entry(scope.replace(":", "."), scopes=[scope]) for scope in scopes]


@pytest.mark.security("S3")
@pytest.mark.parametrize("name", operations())
async def test_a_key_without_the_scope_is_refused(
    orders: OrdersInMemory, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """403 that names the scope; the order hears nothing of it, and the log does."""
    needed = SCOPE_OF[name]
    before = orders.open.copy()
    wrong = one_key_for_each(sorted(set(SCOPES) - {"admin", needed}))
    assert wrong
    app = gateway(orders, *wrong)

    for key in wrong:
        async with backend(app, str(key["name"])) as http:
            answer = await ask(http, name)

        assert answer.status_code == 403
        assert answer.json()["code"] == "insufficient-scope"
        assert needed in answer.json()["detail"]
        assert needed in answer.json()["next_step"]
        assert f"API key {key['name']} lacks the scope {needed}" in caplog.text
    assert (orders.acts, orders.queries, orders.open) == ([], [], before)


@pytest.mark.security("S3")
@pytest.mark.parametrize("name", sorted(set(operations()) - {"all_events"}))
async def test_a_key_with_the_scope_or_admin_is_let_through(
    orders: OrdersInMemory, name: str
) -> None:
    """No other scope is needed beside it."""
    orders.phase = "completed" if name == "order_events" else "verification"
    right = one_key_for_each({SCOPE_OF[name], "admin"})
    app = gateway(orders, *right)

    for key in right:
        async with backend(app, str(key["name"])) as http:
            answer = await ask(http, name)

        assert answer.status_code in {200, 201, 202}, answer.text


@pytest.mark.security("S3")
def test_a_route_without_a_scope_cannot_be_built() -> None:
    """Nor one that takes a number past the look whose it is."""
    router = APIRouter(route_class=Scoped)

    async def open_to_all() -> None: ...

    async def past_the_look(caller: MayRead, phone_number: PhoneNumber) -> None: ...

    async def two_scopes(caller: MayRead, other: MayRead, phone_number: OwnNumber) -> None: ...

    wrong: list[tuple[str, Callable[..., Any]]] = [
        ("/v1/x", open_to_all),
        ("/v1/{phone_number}/x", past_the_look),
        ("/v1/{phone_number}/y", two_scopes),
    ]
    for path, endpoint in wrong:
        with pytest.raises(TypeError, match="/v1/"):
            router.get(path)(endpoint)
    assert router.routes == []


def test_an_open_path_has_nobody_to_ask_about() -> None:
    """A dependency of the API on a path without authentication is a mistake of ours."""
    with pytest.raises(TypeError, match="open"):
        known(Request({"type": "http"}))


@pytest.mark.security("S3")
async def test_an_expired_key_is_told_apart(
    orders: OrdersInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """401 with its own code and next step; a second before, it is taken."""
    now = datetime.now(UTC)
    app = gateway(
        orders,
        entry("old", expires=(now - timedelta(seconds=1)).isoformat()),
        entry("new", expires=(now + timedelta(hours=1)).isoformat()),
    )

    async with backend(app, "old") as http:
        refused = await http.get(ORDERS)
    async with backend(app, "new") as http:
        taken = await http.get(ORDERS)

    assert refused.status_code == 401
    assert refused.json()["code"] == "api-key-expired"
    assert refused.json()["next_step"]
    assert "invalid_token" in refused.headers["www-authenticate"]
    assert taken.status_code == 200
    assert "API key old has expired" in caplog.text


@pytest.mark.security("S23")
async def test_security_events_are_logged(
    orders: OrdersInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """Key use, unknown key, no key, missing scope, foreign order: by the key's name alone."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    app = gateway(orders, entry("narrow", scopes=["orders:read"], customer="customer-2"))

    async with backend(app, "narrow") as http:
        await http.get(ORDERS)
        await http.post(ORDERS, json=ORDER)
        await http.get(f"{ORDERS}/{NUMBER}")
        await http.get(ORDERS, headers={"Authorization": "Bearer canary"})
        await http.get(ORDERS, headers={"Authorization": ""})

    lines = [record.getMessage() for record in caplog.records]
    for event in (
        "API key narrow is used",
        "API key narrow lacks the scope orders:write",
        "API key narrow asked for another customer's order, ********2661",
        "An unknown API key",
        "No credentials",
    ):
        assert sum(line.startswith(event) for line in lines) >= 1, event
    assert "canary" not in caplog.text
    assert NUMBER not in caplog.text


MINE, THEIRS = "+12125550101", "+12125550102"
OF_ONE = sorted(name for name in operations() if "{phone_number}" in route_of(name).path)


def two_customers() -> OrdersInMemory:
    """Each has one order."""
    orders = OrdersInMemory()
    for number, customer in ((MINE, "mine"), (THEIRS, "theirs")):
        order = ORDER | {"phone_number": number, "customer": customer}
        orders.open[number] = NewHostedNumberOrder.model_validate(order)
    return orders


@pytest.mark.security("S6")
@settings(max_examples=20)
@given(names=st.lists(st.sampled_from(OF_ONE), min_size=1, max_size=4), other=st.booleans())
def test_another_customers_order_is_an_unknown_one(names: list[str], *, other: bool) -> None:
    """On every route, whatever was asked before, both answers are the same but for the number."""

    async def tried() -> None:
        orders = two_customers()
        orders.open[THEIRS] = orders.open[THEIRS].model_copy(
            update={"customer": "theirs" if other else None}
        )
        app = gateway(orders, entry("bound", customer="mine"))
        async with backend(app, "bound") as http:
            for name in names:
                foreign = await ask(http, name, THEIRS)
                unknown = await ask(http, name, "+12125550199")
                assert foreign.status_code == unknown.status_code == 404
                assert plain(foreign, THEIRS) == plain(unknown, "+12125550199")
        assert orders.acts == []

    def plain(answer: httpx.Response, number: str) -> dict[str, object]:
        problem = cast("dict[str, object]", json.loads(answer.text.replace(number, "the number")))
        return {**problem, "correlation_id": None}

    asyncio.run(tried())


@pytest.mark.security("S6")
@pytest.mark.parametrize("name", OF_ONE)
async def test_ones_own_order_is_reached(name: str) -> None:
    """The same routes, and the customer's own number."""
    orders = two_customers()
    orders.phase = "completed" if name == "order_events" else "verification"

    async with backend(gateway(orders, entry("bound", customer="mine")), "bound") as http:
        answer = await ask(http, name, MINE)

    assert answer.status_code == 200, answer.text


@pytest.mark.security("S6")
async def test_the_list_holds_ones_own_orders_alone() -> None:
    """Whatever the filter says; a cursor of another's list is none."""
    orders = two_customers()
    orders.lists.more = b"token"
    app = gateway(orders, entry("bound", customer="mine"), entry("other", customer="theirs"))

    async with backend(app, "bound") as http:
        listed = (await http.get(ORDERS)).json()
        named = (await http.get(ORDERS, params={"customer": "mine"})).json()
        foreign = (await http.get(ORDERS, params={"customer": "theirs"})).json()
    async with backend(app, "other") as http:
        stolen = await http.get(ORDERS, params={"cursor": listed["next_cursor"]})

    assert [row["phone_number"] for row in listed["orders"]] == [MINE]
    assert named == listed
    assert foreign == {"orders": [], "next_cursor": None}
    assert stolen.status_code == 422


@pytest.mark.security("S6")
async def test_an_order_that_it_starts_is_its_customers() -> None:
    """Named or not; naming another is refused."""
    orders = OrdersInMemory()
    async with backend(gateway(orders, entry("bound", customer="mine")), "bound") as http:
        unnamed = await http.post(ORDERS, json=ORDER)
        again = await http.post(ORDERS, json=ORDER | {"customer": "mine"})
        foreign = await http.post(
            ORDERS, json=ORDER | {"customer": "theirs", "phone_number": "+15017122662"}
        )

    assert (unnamed.status_code, again.status_code) == (201, 200)
    assert foreign.status_code == 403
    assert foreign.json()["code"] == "foreign-customer"
    assert [order.customer for order in orders.open.values()] == ["mine"]


@pytest.mark.security("S6")
async def test_a_taken_number_tells_nothing_of_the_other_customers_order() -> None:
    """409 without a workflow id; of an order of one's own it is there."""
    orders = two_customers()
    async with backend(gateway(orders, entry("bound", customer="mine")), "bound") as http:
        theirs = await http.post(ORDERS, json=ORDER | {"phone_number": THEIRS})
        mine = await http.post(
            ORDERS, json=ORDER | {"phone_number": MINE, "contact_title": "Director"}
        )

    assert (theirs.status_code, mine.status_code) == (409, 409)
    assert theirs.json()["code"] == mine.json()["code"] == "order-already-open"
    assert "workflow" not in theirs.text
    assert "hosted-number-order" not in theirs.text
    assert mine.json()["workflow_id"]


async def test_the_order_before_may_have_been_anothers() -> None:
    """Its run is told to a key without a customer alone."""
    orders = two_customers()
    orders.previous_run_id = "run-0"
    app = gateway(orders, entry("bound", customer="mine"), entry("free"))

    async with backend(app, "bound") as http:
        bound = (await http.get(f"{ORDERS}/{MINE}")).json()
    async with backend(app, "free") as http:
        free = (await http.get(f"{ORDERS}/{MINE}")).json()

    assert (bound["previous_run_id"], free["previous_run_id"]) == (None, "run-0")


@pytest.mark.security("S29")
@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in operations()
        if "POST" in (route_of(name).methods or ()) and name not in FILES
    ),
)
async def test_an_unknown_field_is_refused(orders: OrdersInMemory, name: str) -> None:
    """On every route with a body: nothing is set that was not meant to be."""
    route = route_of(name)
    url = route.path.replace("{phone_number}", NUMBER).replace("{import_id}", AN_ID)
    async with backend(gateway(orders, entry("free")), "free") as http:
        answer = await http.post(url, json=BODIES.get(name, {}) | {"is_admin": True})

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["is_admin"]
    assert orders.acts == []
