"""The operator's pages over ASGI, on orders that live in memory."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.blobs import BlobStore
from hosted_numbers.gateway.app import create_app
from hosted_numbers.validation import NewHostedNumberOrder
from tests.bulk.imports import AN_ID, ImportsInMemory, a_progress
from tests.gateway.orders_in_memory import NUMBER, ORDER
from tests.gateway.pages.desk import Orders, browser, settings, sign_in


@pytest.fixture
def orders() -> Orders:
    """One order is open."""
    orders = Orders()
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER | {"customer": "Elm Books"})
    return orders


@pytest.fixture
def app(orders: Orders, blobs: BlobStore) -> FastAPI:
    imports = ImportsInMemory()
    imports.known[AN_ID] = a_progress()
    return create_app(settings(), orders, blobs, imports)


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which nobody is signed in."""
    async with browser(app) as client:
        yield client


@pytest.fixture
async def operator(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the operator is signed in."""
    async with browser(app) as client:
        assert (await sign_in(client)).status_code == 303
        yield client
