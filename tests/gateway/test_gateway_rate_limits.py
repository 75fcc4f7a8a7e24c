"""How often, and how much at once: 429 with the time to wait, and a store that is away."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from limits.aio.storage import MemoryStorage
from limits.errors import StorageError

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.concurrency import RequestsAtOnce
from hosted_numbers.gateway.principals import Principal, recognised
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.gateway.rate_limits import Kind, RateLimits
from hosted_numbers.validation import NewHostedNumberOrder
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

ONE = f"{ORDERS}/{NUMBER}"
OTHER = "+12125550120"
RATES = {
    "hosted_numbers_rate_limit_starts": "2/minute",
    "hosted_numbers_rate_limit_codes": "2/minute",
    "hosted_numbers_rate_limit_uploads": "2/hour",
    "hosted_numbers_rate_limit_sign_ins": "2/minute",
}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def limits(**changes: object) -> RateLimits:
    """Two of each kind."""
    return RateLimits(settings_of_gateway(**(RATES | changes)))


@pytest.fixture
def orders() -> OrdersInMemory:
    """Two numbers have orders."""
    orders = OrdersInMemory()
    for number in (NUMBER, OTHER):
        order = ORDER | {"phone_number": number}
        orders.open[number] = NewHostedNumberOrder.model_validate(order)
    return orders


@pytest.mark.security("S7")
async def test_codes_are_limited_for_each_order(
    orders: OrdersInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """429 with Retry-After; malformed ones do not count, another order is not touched."""
    caplog.set_level(logging.INFO)
    app = create_app(settings_of_gateway(**RATES), orders)
    async with backend(app) as http:
        for code in ("73910x6285", "5820371946", "4321"):
            await http.post(f"{ONE}/verification-code", json={"code": code})
        answer = await http.post(f"{ONE}/verification-code", json={"code": "6409281735"})
        other = await http.post(f"{ORDERS}/{OTHER}/verification-code", json={"code": "1111"})

    assert_problem(answer, 429, "rate-limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "2 are taken within 0:01:00" in answer.json()["detail"]
    assert len(orders.acts) == 3
    assert other.status_code == 200
    assert "Rate limit of codes reached" in caplog.text
    for code in ("73910x6285", "5820371946", "6409281735"):
        assert code not in answer.text + caplog.text


@pytest.mark.security("S28")
async def test_starts_are_limited_for_each_caller(orders: OrdersInMemory) -> None:
    """The order that is one too many is not started."""
    numbers = ["+12125550121", "+12125550122", "+12125550123"]
    async with backend(create_app(settings_of_gateway(**RATES), orders)) as http:
        answers = [await http.post(ORDERS, json=ORDER | {"phone_number": each}) for each in numbers]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert numbers[2] not in orders.open


@pytest.mark.security("S8")
@pytest.mark.security("S28")
async def test_files_are_limited_for_each_order(orders: OrdersInMemory) -> None:
    """What is one too many is not read."""
    async with backend(create_app(settings_of_gateway(**RATES), orders)) as http:
        answers = [
            await http.post(
                f"{ONE}/documents", content=a_pdf(), headers={"Content-Type": "application/pdf"}
            )
            for _ in range(3)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) > 60
    assert len(orders.acts) == 2


@pytest.mark.security("S28")
async def test_the_window_moves() -> None:
    """One more is let through as soon as the oldest is a window old, and not before."""
    counted = limits()
    with time_machine.travel(NOW, tick=False) as clock:
        await counted.check("codes", NUMBER)
        clock.shift(40)
        await counted.check("codes", NUMBER)
        with pytest.raises(Problem) as refused:
            await counted.check("codes", NUMBER)
        assert refused.value.headers == {"Retry-After": "20"}
        clock.shift(21)
        await counted.check("codes", NUMBER)
        with pytest.raises(Problem):
            await counted.check("codes", NUMBER)


@pytest.mark.security("S28")
async def test_sign_ins_are_limited_for_each_address_and_for_all() -> None:
    """Ten times as many from all addresses together."""
    counted = limits()
    for host in range(10):
        for _ in range(2):
            await counted.check("sign-ins", f"192.0.2.{host}")
        with pytest.raises(Problem, match="rate-limited"):
            await counted.check("sign-ins", f"192.0.2.{host}")
    with pytest.raises(Problem, match="rate-limited"):
        await counted.check("sign-ins", "192.0.2.77")


class BrokenStore(MemoryStorage):
    """A store that is away, or never answers."""

    STORAGE_SCHEME = ["async+broken", "async+silent"]  # noqa: RUF012  # the library's own form

    async def acquire_entry(self, *_: object, **__: object) -> bool:
        """Never."""
        if (self.address or "").startswith("async+silent"):
            await asyncio.Event().wait()
        raise StorageError(ConnectionError("redis.canary.example.com"))

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self.address = uri


@pytest.mark.parametrize("store", ["broken://", "silent://"])
@pytest.mark.parametrize(
    ("kind", "closed"),
    [("codes", True), ("sign-ins", True), ("starts", False), ("uploads", False)],
)
async def test_a_store_that_is_away_stops_guesses_alone(
    caplog: pytest.LogCaptureFixture, store: str, kind: Kind, *, closed: bool
) -> None:
    """Codes and sign-ins are refused with 503; orders and files go on; the log says so."""
    settings = settings_of_gateway(hosted_numbers_rate_limit_store=store)
    counted = RateLimits(settings, patience=timedelta(milliseconds=20))

    if closed:
        with pytest.raises(Problem) as refused:
            await counted.check(kind, NUMBER)
        assert (refused.value.status, refused.value.code) == (503, "rate-limits-unavailable")
    else:
        await counted.check(kind, NUMBER)

    assert "store of the rate limits does not answer" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("store", ["nowhere://", "nowhere://user:canary@127.0.0.1"])
def test_an_unknown_store_is_named_by_its_variable(store: str) -> None:
    """Without its address, which may hold a password."""
    with pytest.raises(SettingsError, match="HOSTED_NUMBERS_RATE_LIMIT_STORE") as error:
        create_app(settings_of_gateway(hosted_numbers_rate_limit_store=store), OrdersInMemory())
    assert "canary" not in str(error.value)


FIRST, SECOND = Principal.operator("first"), Principal("api-key", "first", frozenset())
CALLERS = (FIRST, FIRST, SECOND, None, None)


class Busy:
    """An application whose requests last until they are let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.full = asyncio.Event()
        self.under_way = 0

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Wait, and answer."""
        self.under_way += 1
        if self.under_way == len(CALLERS):
            self.full.set()
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def asked(app: RequestsAtOnce, caller: Principal | None) -> int:
    """The status that a caller is answered."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/v1/x", "headers": []}
    if caller is not None:
        recognised(scope, caller)
    await app(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.security("S28")
async def test_one_caller_cannot_have_everything_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The one too many is told so at once; others, and those whom nobody knows, are not touched."""
    busy = Busy()
    app = RequestsAtOnce(busy, most=2)
    waiting = [asyncio.create_task(asked(app, caller)) for caller in CALLERS]
    await busy.full.wait()

    assert await asked(app, FIRST) == 429
    busy.go.set()
    assert await asyncio.gather(*waiting) == [200] * len(CALLERS)
    assert await asked(app, FIRST) == 200
    assert "first has too many requests at once" in caplog.text


@pytest.mark.security("S28")
async def test_too_many_at_once_is_a_problem_with_its_next_step(orders: OrdersInMemory) -> None:
    """429 with Retry-After, over HTTP."""
    app = create_app(settings_of_gateway(hosted_numbers_requests_at_once=1), orders)
    async with backend(app) as http:
        answers = await asyncio.gather(*(http.get(ONE) for _ in range(3)))

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert_problem(refused[0], 429, "too-many-requests-at-once")
    assert refused[0].headers["retry-after"] == "1"
    assert isinstance(refused[0], httpx.Response)
