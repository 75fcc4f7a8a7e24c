"""``kill -9`` of each part in the middle of orders: nothing is lost, doubled or stuck."""

import asyncio
import random

import httpx
import pytest

from hosted_numbers import temporal
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.settings import Settings
from tests.end_to_end.product import (
    CREATE,
    ORDERS,
    Product,
    eventually,
    new_number,
    replay,
    settled,
)
from tests.world import in_time

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

SEED = 20
LETTERS = "/HostedNumbers/AuthorizationDocuments"


async def in_flight(product: Product) -> list[str]:
    """Four orders whose worker waits for Twilio: for the order, the call, the code, the letter."""
    creating, calling, coding, lettering = numbers = [new_number() for _ in range(4)]
    await product.started(calling, call_when="asked")
    await product.started(coding)
    await product.started(lettering)
    ready = await product.until(calling, waiting_for="verification-call")
    called = [
        await product.until(each, waiting_for="verification-code") for each in (coding, lettering)
    ]
    codes = [await product.heard_code(each) for each in called]
    for path in (CREATE, f"{CREATE}/{ready['sid']}", f"{CREATE}/{called[0]['sid']}", LETTERS):
        await product.hold(path)
    acts = [
        product.order(creating),
        product.act(calling, "verification-call"),
        product.act(coding, "verification-code", code=codes[0]),
        product.act(lettering, "verification-code", code=codes[1]),
    ]
    backends = [asyncio.create_task(each) for each in acts]
    await product.struck(4)
    product.parts.kill("worker")
    # what Twilio was asked for it does all the same, and nobody is there to hear of it
    await product.release()
    await asyncio.gather(*backends, return_exceptions=True)
    return numbers


@pytest.mark.fault("F01")
@pytest.mark.fault("F02")
async def test_worker_killed_in_and_between_its_steps(product: Product) -> None:
    """Another worker goes on with each order, and each effect at Twilio happens once."""
    numbers = await in_flight(product)
    await product.parts.again("worker")
    moment = random.Random(SEED)  # noqa: S311  # repeatable, not secret
    lives = [asyncio.create_task(product.lives(each, patience=100)) for each in numbers]
    for _ in range(3):
        more = [await product.started(new_number()) for _ in range(4)]
        lives += [asyncio.create_task(product.lives(each, patience=100)) for each in more]
        numbers += more
        await product.at_twilio(more[0])  # a worker works
        await asyncio.sleep(moment.uniform(0, 1))
        product.parts.kill("worker")
        await product.parts.again("worker")
    await asyncio.gather(*lives)
    await product.held_once(*numbers)
    await replay(product, numbers)


@pytest.mark.fault("F03")
async def test_temporal_killed(product: Product, number: str) -> None:
    """The gateway says so at once; on its file, Temporal goes on where it was."""
    waiting, moving, late = number, new_number(), new_number()
    await product.started(waiting)
    code = await product.heard_code(await product.until(waiting, waiting_for="verification-code"))
    await product.started(moving)
    product.parts.kill("temporal")

    async def asked() -> tuple[httpx.Response, ...]:
        return await asyncio.gather(
            product.order(late),
            product.gateway.get(f"{ORDERS}/{waiting}"),
            product.act(waiting, "verification-code", code=code),
            product.gateway.get("/health/ready"),
        )

    for answers in await in_time(asked, 5):
        for answer in answers:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
    assert (await product.gateway.get("/health/live")).status_code == 200

    await product.parts.again("temporal")
    await product.until(waiting)
    assert (await product.order(late)).status_code in {200, 201}
    await asyncio.gather(*(product.lives(each) for each in (waiting, moving, late)))
    await product.held_once(waiting, moving, late)
    await replay(product, [waiting, moving, late])


@pytest.mark.fault("F06")
async def test_twilio_killed(product: Product, number: str) -> None:
    """Orders wait while Twilio is away, are taken even then, and go on when it is back."""
    waiting, late = number, new_number()
    await product.started(waiting)
    code = await product.heard_code(await product.until(waiting, waiting_for="verification-code"))
    product.parts.kill("simulator")
    await product.started(late)
    entering = asyncio.create_task(product.act(waiting, "verification-code", code=code))
    await product.until(late, phase="ordering")
    await product.parts.again("simulator")
    assert (await entering).json()["taken"]
    await product.until(waiting, phase="completed")
    await product.lives(late)
    await product.held_once(waiting, late)


async def attempts(product: Product, number: str) -> set[int]:
    """At which attempt the order's activities began that are over."""
    with settled(product.parts.at_temporal):
        client = await temporal.connect(Settings.read())
    history = await client.get_workflow_handle(order_workflow_id(number)).fetch_history()
    return {
        event.activity_task_started_event_attributes.attempt
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    }


@pytest.mark.fault("F51")
async def test_worker_told_to_end_finishes_its_step(product: Product, number: str) -> None:
    """It ends with code 0 once the order is created; the next one does not create it again."""
    before = (await product.ledger())["requests"]
    await product.hold(CREATE, seconds=3)
    await product.started(number)
    await product.struck(1)
    assert await product.parts.end("worker") == 0
    ledger = await product.ledger()
    assert [o["phone_number"] for o in ledger["orders"]].count(number) == 1
    await product.parts.again("worker")
    await product.until(number, waiting_for="verification-code")
    assert await attempts(product, number) == {1}, "a step was left to its timeout, tried again"
    await product.lives(number)
    after = (await product.ledger())["requests"]
    creates = f"POST {CREATE}"
    assert after[creates] == before.get(creates, 0) + 1
    await product.held_once(number)


@pytest.mark.fault("F51")
async def test_worker_told_to_end_as_soon_as_it_is_up(product: Product) -> None:
    """It ends with code 0, though Temporal took the one before it for a worker that polls."""
    for _ in range(3):
        assert await product.parts.end("worker") == 0
        await product.parts.again("worker")


@pytest.mark.fault("F39")
async def test_orders_hold_while_twilio_refuses_our_credentials(
    product: Product, number: str
) -> None:
    """No order fails: it says why it waits and goes on once the worker has the right ones."""
    resumed, patient = number, new_number()
    assert await product.parts.end("worker") == 0
    await product.parts.again("worker", TWILIO_AUTH_TOKEN="0" * 32)
    for each in (resumed, patient):
        await product.started(each)
        held = await product.until(each, waiting_for="operator")
        assert "credentials" in held["reason"]
        assert "TWILIO_AUTH_TOKEN" in held["next_step"]
    assert await product.parts.end("worker") == 0
    await product.parts.again("worker")

    async def resumes() -> bool:
        # 503 while the worker comes up; 409 once the order went on by itself
        taken = (await product.act(resumed, "resume")).status_code
        return taken in {httpx.codes.OK, httpx.codes.CONFLICT}

    await eventually(resumes)
    await asyncio.gather(product.lives(resumed), product.lives(patient))
    await product.held_once(resumed, patient)
