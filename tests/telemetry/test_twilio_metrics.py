"""Calls to Twilio, counted: what Prometheus sees of them, and what the log does."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig

from hosted_numbers.telemetry.twilio_metrics import TwilioMetrics
from hosted_numbers.twilio import Credentials, NotSentError, RateLimitedError, TwilioClient
from hosted_numbers.twilio.calls import Call, route_of
from hosted_numbers.twilio.errors import TwilioError

SID = "HR0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "0" * 32
ORDER = "/HostedNumbers/HostedNumberOrders/{sid}"
Answer = Callable[[httpx.Request], httpx.Response]
Lines = Callable[[], list[dict[str, Any]]]


class Counted:
    """A client, and what was counted of its calls."""

    def __init__(self, answer: Answer) -> None:
        self.calls: list[Call] = []
        self._buffer = MetricBuffer(1000)
        runtime = Runtime(telemetry=TelemetryConfig(metrics=self._buffer))
        metrics = TwilioMetrics(runtime.metric_meter)

        def both(call: Call) -> None:
            self.calls.append(call)
            metrics(call)

        self.twilio = TwilioClient(
            Credentials.account(ACCOUNT, "t" * 32),
            transport=httpx.MockTransport(answer),
            observer=both,
        )

    async def ask(self) -> None:
        """One call, whatever comes of it."""
        try:
            await self.twilio.hosted_number_orders.fetch(SID)
        except TwilioError:
            return

    def seen(self) -> dict[str, tuple[float, dict[str, Any]]]:
        """The last value of each metric, and its labels."""
        return {
            update.metric.name: (update.value, dict(update.attributes))
            for update in self._buffer.retrieve_updates()
        }


@pytest.fixture
async def counted() -> AsyncIterator[Callable[[Answer], Counted]]:
    """Makes a client of a Twilio that answers as it is told to."""
    made: list[Counted] = []

    def make(answer: Answer) -> Counted:
        made.append(Counted(answer))
        return made[-1]

    yield make
    for each in made:
        await each.twilio.aclose()


def refusing(status: int, code: int | None = None, **headers: str) -> Answer:
    """A Twilio that answers with an error."""
    body = {"code": code, "message": "canary", "status": status} if code else {}
    return lambda _: httpx.Response(status, json=body, headers=headers)


def broken(request: httpx.Request) -> httpx.Response:
    """A Twilio that nobody reaches."""
    raise httpx.ConnectError("canary", request=request)


@pytest.mark.parametrize(
    ("answer", "status", "code", "up"),
    [
        (lambda _: httpx.Response(200, json={"sid": SID, "status": "received"}), "200", "none", 1),
        (refusing(400, 22110), "400", "22110", 1),
        (refusing(400, 99999), "400", "other", 1),
        (refusing(401, 20003), "401", "20003", 1),
        (refusing(429, 20429), "429", "20429", 1),
        (refusing(503), "503", "none", 0),
        (broken, "none", "none", 0),
    ],
    ids=["taken", "refused", "unknown code", "credentials", "limited", "down", "away"],
)
@pytest.mark.fault("F06")
async def test_each_call_is_counted_by_what_became_of_it(
    counted: Callable[[Answer], Counted], answer: Answer, status: str, code: str, up: int
) -> None:
    """By route, method, status and a code that we know; and whether Twilio is there at all."""
    client = counted(answer)
    await client.ask()

    seen = client.seen()

    value, labels = seen["hosted_numbers_twilio_requests"]
    labels.pop("service_name", None)
    assert value == 1
    assert labels == {"route": ORDER, "method": "GET", "status": status, "twilio_code": code}
    assert seen["hosted_numbers_twilio_up"][0] == up
    seconds, where = seen["hosted_numbers_twilio_request_duration_seconds"]
    assert 0 <= seconds < 60
    assert where["route"] == ORDER


@pytest.mark.security("S22")
async def test_a_call_that_went_wrong_is_a_line(
    counted: Callable[[Answer], Counted], lines: Lines
) -> None:
    """With what Twilio's support asks for, and nothing of what it said."""
    headers = {"Twilio-Request-Id": "RQ0123456789abcdef0123456789abcdef"}
    await counted(refusing(400, 22110, **headers)).ask()

    [line] = lines()
    expected = {
        "event": "Twilio did not do it",
        "method": "GET",
        "route": ORDER,
        "outcome": "answered",
        "kind": "RefusedError",
        "status": 400,
        "twilio_code": 22110,
        "twilio_request_id": "RQ0123456789abcdef0123456789abcdef",
    }
    assert {name: line.get(name) for name in expected} == expected
    assert "canary" not in str(line)
    assert SID not in str(line)


async def test_what_was_not_sent_is_not_counted(counted: Callable[[Answer], Counted]) -> None:
    """The client holds calls back while Twilio asks for a pause."""
    client = counted(refusing(429, 20429, **{"Retry-After": "60"}))
    await client.ask()
    with pytest.raises(RateLimitedError) as held:
        await client.twilio.hosted_number_orders.fetch(SID)
    assert held.value.retry_after
    assert held.value.retry_after > timedelta(seconds=30)
    assert len(client.calls) == 1

    await client.twilio.aclose()
    with pytest.raises(NotSentError):
        await client.twilio.hosted_number_orders.fetch(SID)
    assert len(client.calls) == 1


@pytest.mark.security("S13")
@pytest.mark.parametrize(
    ("path", "route"),
    [
        (f"/HostedNumbers/HostedNumberOrders/{SID}", ORDER),
        (
            f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers/PN{'a' * 32}.json",
            "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers/{sid}.json",
        ),
        ("/HostedNumbers/AuthorizationDocuments", "/HostedNumbers/AuthorizationDocuments"),
    ],
)
def test_a_route_has_no_sid(path: str, route: str) -> None:
    """Labels must stay few."""
    assert route_of(path) == route
