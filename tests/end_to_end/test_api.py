"""A backend's view: everything over HTTP, nothing else known of the product."""

import asyncio

import httpx
import pytest

from tests.end_to_end.product import CREATE, ORDERS, Product, eventually, new_number
from tests.orders import an_order

pytestmark = pytest.mark.processes

CODE = {"Idempotency-Key": "the-code"}


def body(number: str, **changes: object) -> dict[str, object]:
    """An order as a backend sends it."""
    order = an_order(phone_number=number, **changes)
    return dict(order.model_dump(mode="json", exclude_defaults=True))


async def test_order_lives_from_post_to_completed(product: Product, number: str) -> None:
    """Sent, called, verified, signed, carried, completed, and all of it reported by callbacks."""
    first = await product.order(number)
    again = await product.order(number)
    other = await product.order(number, contact_title="Director")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json()
    assert other.json()["workflow_id"] == f"hosted-number-order/{number}"
    where = first.headers["location"]

    waiting = await product.until(number, waiting_for="verification-code")
    code = await product.heard_code(waiting)
    wrong = await product.act(
        number, "verification-code", code=str((int(code) + 1) % 10**4).zfill(4)
    )
    right = await product.act(number, "verification-code", code=code)
    assert (wrong.json()["taken"], right.json()["taken"]) == (False, True)

    await product.until(number, phase="completed")
    ended = (await product.gateway.get(where)).json()
    assert ended["status"] == "completed"
    assert ended["waiting_for"] == "nothing"
    assert (await product.act(number, "cancel")).status_code == 409
    await product.held_once(number)

    async def all_told() -> list[dict[str, str]]:  # the last ones may still be on their way
        found = [
            each
            for each in (await product.ledger())["callbacks"]
            if each["order_sid"] == ended["sid"]
        ]
        return found if "completed" in {each["status"] for each in found} else []

    callbacks = await eventually(all_told)
    assert [each["status"] for each in callbacks] == [
        "received",
        "pending-verification",
        "verified",
        "pending-loa",
        "carrier-processing",
        "testing",
        "completed",
    ]
    assert {each["outcome"] for each in callbacks} == {"204"}


@pytest.mark.fault("F50")
async def test_two_orders_at_once_for_one_number(product: Product, number: str) -> None:
    """The same order is one order and one answer; of two different ones, one is refused."""
    same = await asyncio.gather(*(product.order(number) for _ in range(4)))
    assert sorted(each.status_code for each in same) == [200, 200, 200, 201]
    assert len({each.text for each in same}) == 1
    contested = new_number()
    different = await asyncio.gather(
        product.order(contested), product.order(contested, contact_title="Director")
    )
    assert sorted(each.status_code for each in different) == [201, 409]
    for each in (number, contested):
        await product.lives(each)
    await product.held_once(number, contested)


async def test_bad_input_starts_nothing(product: Product) -> None:
    """A 4xx with one sentence on what to do, and Twilio hears nothing of it."""

    async def heard() -> dict[str, int]:
        requests: dict[str, int] = (await product.ledger())["requests"]
        return requests

    for _ in range(3):  # in one of them neither the sweep nor another order asks anything
        before = await heard()
        unknown = new_number()
        answers = [
            await product.gateway.post(ORDERS, json={"phone_number": "5017122661"}),
            await product.gateway.get(f"{ORDERS}/{unknown}"),
            await product.act(unknown, "verification-code", code="12a4"),
            await product.act(unknown, "cancel"),
            await product.gateway.post(ORDERS, json={}, headers={"Authorization": "Bearer no"}),
            await product.gateway.post("/callbacks/twilio", data={"PhoneNumber": unknown}),
        ]
        assert [each.status_code for each in answers] == [422, 404, 422, 404, 401, 403]
        assert all(each.json()["next_step"] for each in answers)
        if (after := await heard()) == before:
            break
    assert after == before


@pytest.mark.fault("F04")
async def test_gateway_killed_before_it_answered(product: Product, number: str) -> None:
    """The order is started and nobody was told: sent again, it is the same order."""
    await product.hold(CREATE)
    sending = asyncio.create_task(product.order(number))
    await product.struck(1)
    product.parts.kill("gateway")
    heard, *_ = await asyncio.gather(sending, return_exceptions=True)
    await product.parts.again("gateway")
    again = await product.order(number)
    assert again.status_code == 200
    assert again.json()["workflow_id"] == f"hosted-number-order/{number}"
    if isinstance(heard, httpx.Response):  # the answer was quicker than the kill
        assert heard.json() == again.json()
    await product.release()  # with a gateway there to take the callbacks
    await product.lives(number)
    await product.held_once(number)


@pytest.mark.fault("F04")
async def test_gateway_killed_in_a_request_with_a_key(product: Product, number: str) -> None:
    """Sent again with its Idempotency-Key, a start and an act are answered as the first time."""
    named = {"Idempotency-Key": f"order of {number}".replace(" ", "-")}
    await product.hold(CREATE)
    sending = asyncio.create_task(product.gateway.post(ORDERS, json=body(number), headers=named))
    await product.struck(1)
    product.parts.kill("gateway")
    heard, *_ = await asyncio.gather(sending, return_exceptions=True)
    await product.parts.again("gateway")
    again = await product.gateway.post(ORDERS, json=body(number), headers=named)
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    if isinstance(heard, httpx.Response):  # the answer was quicker than the kill
        assert heard.json() == again.json()
    other = await product.gateway.post(
        ORDERS, json=body(number, contact_title="Director"), headers=named
    )
    assert other.json()["code"] == "idempotency-key-reused"
    await product.release()  # with a gateway there to take the callbacks

    waiting = await product.until(number, waiting_for="verification-code")
    code = {"code": await product.heard_code(waiting)}
    path = f"{ORDERS}/{number}/verification-code"
    await product.hold(f"{CREATE}/{waiting['sid']}")
    entering = asyncio.create_task(product.gateway.post(path, json=code, headers=CODE))
    await product.struck(1)
    product.parts.kill("gateway")
    await asyncio.gather(entering, return_exceptions=True)
    await product.parts.again("gateway")
    await product.release()
    entered = await product.gateway.post(path, json=code, headers=CODE)
    assert (entered.status_code, entered.json()["taken"]) == (200, True)
    await product.until(number, phase="completed")
    late = await product.gateway.post(path, json=code, headers=CODE)
    assert (late.status_code, late.json()) == (200, entered.json())
    await product.held_once(number)


@pytest.mark.fault("F30")
@pytest.mark.fault("F31")
async def test_a_code_entered_twice_at_once_and_too_late(product: Product, number: str) -> None:
    """Two people with the right code hear the same; where none is asked for, 409 says so."""
    await product.started(number)
    waiting = await product.until(number, waiting_for="verification-code")
    code = await product.heard_code(waiting)
    await product.hold(f"{CREATE}/{waiting['sid']}")
    first = asyncio.create_task(product.act(number, "verification-code", code=code))
    await product.struck(1)  # Twilio has the code and takes its time
    second = await product.act(number, "verification-code", code=code)
    answers = [await first, second]
    assert [(each.status_code, each.json()["taken"]) for each in answers] == [(200, True)] * 2
    assert answers[0].json() == answers[1].json()
    late = await product.act(number, "verification-code", code=code)
    assert late.status_code == 409
    assert late.json()["code"] in {"refused", "order-ended"}
    assert late.json()["next_step"]
    await product.until(number, phase="completed")
    await product.held_once(number)


async def test_an_order_is_followed_by_its_events(product: Product, number: str) -> None:
    """Each change as it comes, of the one order and of all, to the end and no further."""
    await product.started(number)
    waiting = await product.until(number, waiting_for="verification-code")
    everything = {"since": waiting["timeline"][0]["at"]}
    async with (
        product.gateway.stream("GET", f"{ORDERS}/{number}/events") as one,
        product.gateway.stream("GET", "/v1/events", params=everything) as every,
    ):
        code = await product.heard_code(waiting)
        await product.act(number, "verification-code", code=code)
        told = [line async for line in one.aiter_lines()]
        async for line in every.aiter_lines():
            if number in line and '"completed"' in line:
                break
    names = [line for line in told if line.startswith("event: ")]
    assert names[0] == "event: progress"
    assert names[-1] == "event: end"
    assert len(names) > 2


async def test_a_gateway_that_ends_does_not_wait_for_streams(product: Product, number: str) -> None:
    """Its streams end and so does it; a new one goes on."""
    await product.started(number)
    await product.until(number, waiting_for="verification-code")
    async with product.gateway.stream("GET", f"{ORDERS}/{number}/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: progress"
        begun = asyncio.get_running_loop().time()
        assert await product.parts.end("gateway") == 0
        assert asyncio.get_running_loop().time() - begun < 10
    await product.parts.again("gateway")
    await product.lives(number)
