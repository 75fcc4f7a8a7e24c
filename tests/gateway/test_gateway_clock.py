"""A gateway whose clock is off: nothing of an order depends on it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine

from tests.gateway.orders_in_memory import NUMBER, ORDER, ORDERS, OrdersInMemory, backend
from tests.gateway.test_gateway_scopes import entry, gateway

SKEWS = [timedelta(minutes=-10), timedelta(minutes=10)]
ONE = f"{ORDERS}/{NUMBER}"


@pytest.mark.fault("F38")
@pytest.mark.parametrize("skew", SKEWS)
async def test_ten_minutes_more_or_less_change_nothing(
    http: httpx.AsyncClient, orders: OrdersInMemory, skew: timedelta
) -> None:
    """Orders, codes, keys to send again and rate limits live on, also when the clock jumps."""
    named = {"Idempotency-Key": "mine"}
    now = datetime.now(UTC)
    first = await http.post(ORDERS, json=ORDER, headers=named)
    with time_machine.travel(now + skew, tick=True):
        again = await http.post(ORDERS, json=ORDER, headers=named)
        entered = await http.post(f"{ONE}/verification-code", json={"code": "0471"})
        shown = await http.get(ONE)
    back = await http.post(f"{ONE}/cancel")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert entered.json()["taken"]
    assert shown.json()["verification_code"] == "0471"
    assert back.status_code == 200
    assert [name for name, _, _ in orders.acts] == ["code", "cancel"]


@pytest.mark.fault("F38")
@pytest.mark.parametrize("skew", SKEWS)
async def test_only_the_end_of_a_key_goes_by_the_clock(skew: timedelta) -> None:
    """A key's expiry is read off this machine's clock, which the docs say."""
    now = datetime.now(UTC)
    app = gateway(OrdersInMemory(), entry("ending", expires=now.isoformat()), entry("endless"))
    with time_machine.travel(now + skew, tick=True):
        statuses = []
        for name in ("ending", "endless"):
            async with backend(app, name) as http:
                statuses.append((await http.get(ORDERS)).status_code)

    assert statuses == [401 if skew > timedelta() else 200, 200]
