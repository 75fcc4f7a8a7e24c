"""The simulator and our client, without Temporal."""

from collections.abc import AsyncIterator

import pytest

from tests.world import Twilio, a_twilio


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """A Twilio where nothing happens by itself but its own steps, at once."""
    async with a_twilio() as found:
        yield found
