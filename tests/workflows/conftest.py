"""A world per test."""

from collections.abc import AsyncIterator

import pytest

from tests.world import World, a_world


@pytest.fixture
async def slow_world() -> AsyncIterator[World]:
    """The same, but each of Twilio's own steps waits until a test lets it happen."""
    async with a_world(pace=10_000_000) as found:
        yield found


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Everything up; people act only when a test tells them to."""
    async with a_world() as found:
        yield found
