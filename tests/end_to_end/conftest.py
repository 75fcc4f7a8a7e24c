"""The product as processes: started once, met by each test with its own clients."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from deploy import local
from tests.end_to_end.product import Parts, Product, a_deployment, new_number


@pytest.fixture(scope="session")
def deployment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[local.Deployment, Parts]]:
    """Temporal, the simulator, a worker and the gateway."""
    with a_deployment(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture(scope="session")
def unsigned(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[local.Deployment, Parts]]:
    """The same where nobody signs by themselves: a test that looks at what is before signs."""
    with a_deployment(tmp_path_factory.mktemp("state"), people="reviewer") as running:
        yield running


@pytest.fixture
async def product(deployment: tuple[local.Deployment, Parts]) -> AsyncIterator[Product]:
    """The product, whole, before each test and after it."""
    where, parts = deployment
    parts.check()
    key = {"Authorization": f"Bearer {where.secret('api-key')}"}
    async with (
        httpx.AsyncClient(
            base_url=where.url("gateway"), headers=key, trust_env=False, timeout=30
        ) as gateway,
        httpx.AsyncClient(
            base_url=where.url("simulator"), trust_env=False, timeout=30
        ) as simulator,
    ):
        yield Product(where, parts, gateway, simulator)
        await parts.mend()
        await simulator.delete("/_simulator/faults")


@pytest.fixture
def number() -> str:
    """A number of the test's own."""
    return new_number()
