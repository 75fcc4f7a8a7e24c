"""An order that Temporal has forgotten: whoever asks for it is told so, and where to look."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.bulk.imports import BulkImports
from hosted_numbers.gateway.app import create_app
from hosted_numbers.namespace_retention import namespace_retention
from tests.gateway.orders_in_memory import ORDERS
from tests.gateway.orders_in_memory import backend as backend_of
from tests.gateway.pages.desk import browser, send, settings, sign_in, words
from tests.gateway.test_gateway_orders import assert_problem
from tests.orders import NUMBER, an_order
from tests.retention.conftest import RunCommand
from tests.retention.stories import Keeping

pytestmark = pytest.mark.fault("F45")

ORDER = f"{ORDERS}/{NUMBER}"
PAGE = f"/orders/{NUMBER}"


@pytest.fixture
async def app(keeping: Keeping) -> FastAPI:
    """A gateway to an order that completed, and whose history has expired since."""
    await keeping.completed()
    await keeping.forget()
    world = keeping.world
    return create_app(settings(), world.orders, world.blobs, BulkImports(world.client, world.blobs))


@pytest.fixture
async def backend(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has the API key."""
    async with backend_of(app) as client:
        yield client


async def test_the_api_says_that_its_history_expired(
    keeping: Keeping, backend: httpx.AsyncClient
) -> None:
    """404 on each of its paths, with the way to the export; Twilio hosts the number all the same.

    And the number may be ordered again.
    """
    answers = [
        await backend.get(ORDER),
        await backend.get(f"{ORDER}/events"),
        await backend.post(f"{ORDER}/verification-code", json={"code": "4711"}),
        await backend.post(f"{ORDER}/verification-call"),
        await backend.post(f"{ORDER}/amend", json={"contact_title": "Owner"}),
        await backend.post(f"{ORDER}/resume"),
        await backend.post(f"{ORDER}/cancel"),
        await backend.post(f"{ORDER}/offboard", json={"confirm": NUMBER}),
        await backend.post(f"{ORDER}/documents", content=b"%PDF-1.7"),
    ]

    for answer in answers:
        assert_problem(answer, 404, "order-not-found")
        assert "history expired" in answer.json()["detail"]
        assert "hosted-numbers export" in answer.json()["next_step"]
    assert (await backend.get(ORDERS)).json()["orders"] == []
    [order] = (await keeping.world.ledger())["orders"]
    assert (order["phone_number"], order["status"]) == (NUMBER, "completed")
    body = an_order().model_dump(exclude_defaults=True)
    assert (await backend.post(ORDERS, json=body)).status_code == 201


async def test_its_pages_and_forms_say_so_too(app: FastAPI) -> None:
    """Links to it, which people have kept, lead to a page that says what to do."""
    async with browser(app) as operator:
        assert (await sign_in(operator)).status_code == 303
        answers = [
            await operator.get(PAGE),
            await operator.get(f"{PAGE}/cancel"),
            await send(operator, f"{PAGE}/resume"),
            await send(operator, f"{PAGE}/code", code="4711"),
        ]
        found = await operator.get("/", params={"q": NUMBER})

    for answer in answers:
        assert answer.status_code == 404, answer.text
        assert "history expired" in words(answer)
        assert "hosted-numbers export" in words(answer)
    assert found.status_code == 200


async def test_the_command_line_says_so_too(keeping: Keeping, command: RunCommand) -> None:
    """Exit 1, the reason and the next step; an export of the number has nothing to show."""
    await keeping.completed()
    await keeping.forget()

    shown = await command("order", "show", NUMBER)
    watched = await command("order", "watch", NUMBER)
    exported = await command("export", "--phone-number", NUMBER)

    for each in (shown, watched):
        assert each.exit_code == 1
        assert "history expired" in each.stderr
        assert "hosted-numbers export" in each.stderr
    assert (exported.exit_code, exported.stdout) == (0, "")
    assert "No order matches." in exported.stderr


async def test_a_namespace_says_how_long_it_keeps_what_has_ended(keeping: Keeping) -> None:
    """The dev server's does so for a day, and archives nothing."""
    retention = await namespace_retention(keeping.world.client)

    assert retention.kept.days == 1
    assert not retention.archived
