"""A gateway with a virus scanner: what it finds, and what happens while it is away."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.gateway.app import create_app
from hosted_numbers.validation import NewHostedNumberOrder
from tests.documents.clamd import EICAR, Clamd
from tests.documents.files import a_pdf
from tests.gateway.orders_in_memory import (
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    backend,
    settings_of_gateway,
)
from tests.gateway.test_gateway_orders import assert_problem

pytestmark = pytest.mark.security("S9")

DOCUMENTS = f"{ORDERS}/{NUMBER}/documents"

Gateway = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def gateway(orders: OrdersInMemory, blobs: BlobStore) -> Gateway:
    """Makes a gateway whose scanner is at an address."""
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)

    @asynccontextmanager
    async def made(address: str) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(settings_of_gateway(hosted_numbers_clamd_address=address), orders, blobs)
        async with backend(app) as client:
            yield client

    return made


def kept(directory: Path) -> list[Path]:
    """The files in the blob store."""
    return [each for each in directory.rglob("*") if each.is_file()]


async def test_an_infected_file_is_refused_and_a_clean_one_is_taken(
    gateway: Gateway, orders: OrdersInMemory, directory: Path
) -> None:
    """422 with a next step; the order hears of the clean one alone."""
    async with Clamd().listening() as address, gateway(address) as http:
        infected = await http.post(DOCUMENTS, content=a_pdf() + EICAR)
        clean = await http.post(DOCUMENTS, content=a_pdf())

    assert_problem(infected, 422, "document-infected")
    assert "photograph" in infected.json()["next_step"]
    assert clean.status_code == 200, clean.text
    assert len(orders.acts) == len(kept(directory)) == 1


async def test_while_the_scanner_is_away_only_files_are_refused(
    gateway: Gateway, orders: OrdersInMemory, directory: Path, closed_port: int
) -> None:
    """503 with a time to come back; the gateway is ready, as orders go on without files."""
    async with gateway(f"127.0.0.1:{closed_port}") as http:
        answer = await http.post(DOCUMENTS, content=a_pdf())
        ready = await http.get("/health/ready")
        progress = await http.get(f"{ORDERS}/{NUMBER}")

    assert_problem(answer, 503, "virus-scanner-unavailable")
    assert answer.headers["retry-after"]
    assert (ready.status_code, progress.status_code) == (200, 200)
    assert not orders.acts
    assert not kept(directory)
