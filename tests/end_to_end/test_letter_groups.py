"""One letter for many orders, with the product as processes on the Temporal dev server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from tests.end_to_end.product import Product, eventually, new_number, run

pytestmark = pytest.mark.processes

LETTERS = "/HostedNumbers/AuthorizationDocuments"
SIZE = 6


async def verified(product: Product, number: str, **order: object) -> str:
    """An order whose owner enters the code; the number."""
    await product.started(number, **order)
    waiting = await product.until(number, waiting_for="verification-code")
    code = await product.heard_code(waiting)

    async def taken() -> bool:
        return (await product.act(number, "verification-code", code=code)).status_code == 200

    await eventually(taken)
    return number


async def letter(product: Product, *words: str) -> dict[str, Any]:
    """What a person at a terminal is told."""
    done = await run(
        "hosted-numbers", "letter", *words, "-o", "json", environment=product.parts.at_temporal
    )
    assert done.code == 0, done.err
    told: dict[str, Any] = json.loads(done.out)
    return told


async def shown(product: Product, group: str, **expected: object) -> dict[str, Any]:
    """Where a group stands, once it is as expected; its name leads to it after a second or so."""
    found: list[dict[str, Any]] = []

    async def look() -> bool:
        done = await run(
            "hosted-numbers",
            *("letter", "show", group, "-o", "json"),
            environment=product.parts.at_temporal,
        )
        if done.code == 0:
            found.append(json.loads(done.out))
        return bool(found) and all(found[-1][name] == value for name, value in expected.items())

    await eventually(look)
    return found[-1]


async def at_twilio(product: Product, count: int) -> bool:
    """Whether so many letters were ever made."""
    requests = (await product.ledger())["requests"]
    return int(requests.get(f"POST {LETTERS}", 0)) >= count


@pytest.mark.timeout(300)
@pytest.mark.fault("F01")
@pytest.mark.fault("F08")
async def test_a_group_survives_a_killed_worker(product: Product) -> None:
    """Killed while Twilio takes the letter: one document, one mail, all orders completed."""
    group, size = "killed", {"loa_group": "killed", "loa_group_size": SIZE}
    before = int((await product.ledger())["requests"].get(f"POST {LETTERS}", 0))
    numbers = [new_number() for _ in range(SIZE)]
    await asyncio.gather(*(verified(product, each, **size) for each in numbers[1:]))
    await product.hold(LETTERS)
    await verified(product, numbers[0], **size)
    sent: Callable[[], Awaitable[bool]] = partial(at_twilio, product, before + 1)
    await eventually(sent)
    product.parts.kill("worker")
    await product.parts.again("worker")
    await product.release()
    for number in numbers:
        await product.until(number, phase="completed", patience=240)
    await product.held_once(*numbers)
    documents = (await product.ledger())["authorization_documents"]
    orders = {(await product.at_twilio(number))["sid"] for number in numbers}
    assert [set(each["order_sids"]) for each in documents if orders & set(each["order_sids"])] == [
        orders
    ]
    ended = await shown(product, group, status="signed")
    assert ended["signed"] == SIZE


async def test_people_act_on_a_group_at_a_terminal(product: Product) -> None:
    """They find it by its name, see who waits, and send the letter without the others."""
    number = await verified(product, new_number(), loa_group="by hand", loa_group_size=2)
    waiting = await shown(product, "by hand", status="gathering")
    assert (waiting["gathered"], waiting["size"]) == (1, 2)
    assert (await letter(product, "send", "by hand"))["taken"]
    await product.until(number, phase="completed")
    await product.held_once(number)
    other = await verified(product, new_number(), loa_group="by hand", email="x@example.com")
    await product.until(other, status="verified", waiting_for="signature")
    key = (await shown(product, "by hand", gathered=1))["group"]
    await letter(product, "send", key)
    await product.until(other, phase="completed")


async def test_groups_of_one_name_are_told_apart(product: Product) -> None:
    """Two signers: the name alone is refused, and the refusal names both."""
    numbers = [
        await verified(product, new_number(), loa_group="twins", email=f"{who}@example.com")
        for who in ("one", "two")
    ]

    async def refused() -> str:
        done = await run(
            "hosted-numbers", "letter", "show", "twins", environment=product.parts.at_temporal
        )
        return done.err if done.code == 1 and "Several groups" in done.err else ""

    words = await eventually(refused)
    assert words.count("twins/") == 2
    nowhere = await run(
        "hosted-numbers", "letter", "show", "nowhere", environment=product.parts.at_temporal
    )
    assert (nowhere.code, "No group 'nowhere' is known." in nowhere.err) == (1, True)
    for number in numbers:
        assert (await product.act(number, "cancel")).status_code == 200
