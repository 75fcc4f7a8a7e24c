"""A simulator for each test that asks for one."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from twilio.rest import Client

from tests.simulator.loopback import KEY, SECRET, Redirected, a_server
from tests.simulator.workshop import ACCOUNT_SID, AUTH_TOKEN, Workshop, a_config, a_workshop


@pytest.fixture
async def sim() -> AsyncIterator[Workshop]:
    """Twilio acts at once, nobody else does, and the clock stands still."""
    async with a_workshop() as workshop:
        yield workshop


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with a_server(a_config(api_keys={KEY: SECRET})) as url:
        yield url


@pytest.fixture
def control(base_url: str) -> Iterator[Callable[..., None]]:
    """Tell the simulator something; it is empty when a test begins."""
    with httpx.Client(base_url=f"{base_url}/_simulator/", trust_env=False) as http:

        def tell(path: str, **body: Any) -> None:
            http.post(path, json=body).raise_for_status()

        tell("reset")
        yield tell


@pytest.fixture
def client(base_url: str, control: object) -> Iterator[Client]:
    del control
    transport = Redirected(base_url)
    yield Client(ACCOUNT_SID, AUTH_TOKEN, http_client=transport)
    transport.session.close()
