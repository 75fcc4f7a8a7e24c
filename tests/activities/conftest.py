"""The simulator and our client, without Temporal."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client

from activities.sweep import SweepActivities
from hosted_numbers import open_orders
from hosted_numbers.twilio.hosted_number_orders import HostedNumberOrders
from tests.activities.sweeper import Sweeper, Temporal
from tests.world import Twilio, a_twilio


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """A Twilio where nothing happens by itself but its own steps, at once."""
    async with a_twilio() as found:
        yield found


@pytest.fixture
def temporal(monkeypatch: pytest.MonkeyPatch) -> Temporal:
    """A Temporal without orders."""
    found = Temporal()
    monkeypatch.setattr(open_orders, "pages", found.pages)
    monkeypatch.setattr(open_orders, "shown", found.shown_now)
    monkeypatch.setattr(open_orders, "all_still", found.all_still)
    return found


@pytest.fixture
def sweeper(twilio: Twilio, temporal: Temporal) -> Sweeper:
    """A worker that waits for no callbacks that may be on their way."""
    client = cast("Client", temporal)
    return Sweeper(SweepActivities(twilio.twilio, client, callbacks=True, grace=timedelta(0)))


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few orders make several pages."""
    defaults: dict[str, Any] = HostedNumberOrders.pages.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "page_size", 2)
