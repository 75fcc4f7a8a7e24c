"""The command line on orders that live in memory."""

import pytest
from typer.testing import CliRunner, Result

from hosted_numbers.cli import connection
from hosted_numbers.cli.application import application
from hosted_numbers.orders import HostedNumberOrders
from tests.cli.storied_orders import Run, StoriedOrders


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> StoriedOrders:
    """What every command reaches."""
    found = StoriedOrders()

    async def connected() -> HostedNumberOrders:
        return found

    monkeypatch.setattr(connection, "connected", connected)
    return found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line, without Temporal's or Twilio's variables of this machine."""
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def invoked(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(application, list(words), input=stdin)

    return invoked
