"""The gateway over ASGI, on orders that live in memory."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from deploy.processes import free_port
from hosted_numbers.blobs import BlobStore
from hosted_numbers.gateway.app import create_app
from tests.gateway.orders_in_memory import OrdersInMemory, backend, settings_of_gateway


@pytest.fixture
def orders() -> OrdersInMemory:
    return OrdersInMemory()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the gateway keeps files."""
    return tmp_path / "blobs"


@pytest.fixture
def blobs(directory: Path) -> BlobStore:
    return BlobStore.at(directory.as_uri())


@pytest.fixture
def app(orders: OrdersInMemory, blobs: BlobStore) -> FastAPI:
    return create_app(settings_of_gateway(), orders, blobs)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has the API key."""
    async with backend(app) as client:
        yield client


@pytest.fixture
def closed_port() -> int:
    """A port on loopback where nothing listens."""
    return free_port()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on loopback that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
