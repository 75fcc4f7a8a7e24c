"""A simulator for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.simulator.workshop import Workshop, a_workshop


@pytest.fixture
async def sim() -> AsyncIterator[Workshop]:
    """Twilio acts at once, nobody else does, and the clock stands still."""
    async with a_workshop() as workshop:
        yield workshop
