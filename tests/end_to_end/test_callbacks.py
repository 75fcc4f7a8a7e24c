"""Twilio's view: callbacks over HTTP, on orders that are open, closed, or nobody's."""

import asyncio
import random
from collections import Counter

import httpx
import pytest

from deploy.readiness import NO_TLS
from hosted_numbers import contract, temporal
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.settings import Settings
from hosted_numbers.twilio.signatures import sign
from tests.end_to_end.product import CREATE, Product, eventually, replay, settled
from tests.orders import STATUSES
from tests.world import in_time

pytestmark = [pytest.mark.processes, pytest.mark.security("S2")]

SEED = 20
NOBODYS = "HR" + "f" * 32
TEN = STATUSES[1:]


async def call_back(
    product: Product, number: str, sid: str, status: str, secret: str | None = None
) -> httpx.Response:
    """Twilio reports a status; signed with the account's token, or with another."""
    where = product.deployment.url("gateway") + "/callbacks/twilio"
    form = {"Status": status, "HostedNumberOrderSid": sid, "PhoneNumber": number}
    token = secret or product.deployment.environment("twilio")["TWILIO_AUTH_TOKEN"]
    headers = {"X-Twilio-Signature": sign(token, where, form)}
    async with httpx.AsyncClient(trust_env=False, timeout=30, verify=NO_TLS) as twilio:
        return await twilio.post(where, data=form, headers=headers)


async def history(product: Product, number: str) -> Counter[str]:
    """How many events of the number's order there are, and how many signals among them."""
    with settled(product.parts.at_temporal):
        client = await temporal.connect(Settings.read())
    found = await client.get_workflow_handle(order_workflow_id(number)).fetch_history()
    names = [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in found.events
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    return Counter(events=len(found.events), hints=names.count(contract.ORDER_CHANGED))


async def at_rest(product: Product, number: str) -> Counter[str]:
    """The same, once nothing is added: a hint may be told behind the answer to its callback."""
    seen = [await history(product, number)]

    async def unchanged() -> bool:
        await asyncio.sleep(2)
        seen.append(await history(product, number))
        return seen[-1] == seen[-2]

    await eventually(unchanged)
    return seen[-1]


async def waiting(product: Product, number: str) -> str:
    """An order that waits for its code; its SID."""
    await product.started(number)
    return str((await product.until(number, waiting_for="verification-code"))["sid"])


@pytest.mark.fault("F19")
async def test_storm_of_callbacks_adds_a_handful_of_events(product: Product, number: str) -> None:
    """Fifty equal ones at once: the first is passed on, then one for all the others."""
    sid = await waiting(product, number)
    # Not the status of Twilio's own last callback, which these would be held back behind.
    before = await at_rest(product, number)
    answers = await asyncio.gather(
        *(call_back(product, number, sid, "verified") for _ in range(50))
    )

    async def both() -> Counter[str]:
        now = await history(product, number)
        return now if now["hints"] >= before["hints"] + 2 else Counter()

    after = await eventually(both)

    assert {answer.status_code for answer in answers} == {204}
    assert after["hints"] == before["hints"] + 2
    # For each hint: the signal, two workflow tasks and a look at Twilio.
    assert after["events"] - before["events"] <= 2 * (1 + 2 * 3 + 3)
    await product.lives(number)
    await replay(product, [number])


@pytest.mark.fault("F20")
@pytest.mark.fault("F22")
async def test_shuffled_and_forged_callbacks_move_nothing(product: Product, number: str) -> None:
    """Ten in whatever order, of which most are not true; and some that Twilio did not sign."""
    sid = await waiting(product, number)
    shuffled = random.Random(SEED).sample(TEN, len(TEN))  # noqa: S311  # repeatable, not secret
    answers = [await call_back(product, number, sid, status) for status in shuffled]
    assert [answer.status_code for answer in answers] == [204] * 10
    hinted = await at_rest(product, number)

    for secret in ("not the token", product.deployment.secret("api-key")):
        forged = await call_back(product, number, sid, "completed", secret)
        assert forged.status_code == 403
        assert forged.json()["code"] == "bad-signature"

    assert (await at_rest(product, number))["hints"] == hinted["hints"]
    found = await product.until(number, waiting_for="verification-code")
    assert found["status"] == "pending-verification"
    await product.lives(number)
    await product.held_once(number)
    await replay(product, [number])


@pytest.mark.fault("F23")
@pytest.mark.fault("F24")
async def test_callbacks_of_an_order_that_has_ended(product: Product, number: str) -> None:
    """Late ones, and genuine ones that somebody sends again: 204, and nothing else."""
    sid = await waiting(product, number)
    ended = await product.lives(number)
    before = await history(product, number)

    answers = [await call_back(product, number, sid, status) for status in TEN * 2]

    assert [answer.status_code for answer in answers] == [204] * 20
    assert await history(product, number) == before
    assert await product.progress(number) == ended
    await product.held_once(number)


@pytest.mark.fault("F25")
async def test_callbacks_before_anybody_knows_the_order(product: Product, number: str) -> None:
    """The number leads to the order, so one that comes before its SID is not lost."""
    stranger = await call_back(product, number, NOBODYS, "received")
    await product.hold(CREATE)
    await product.started(number)
    await product.struck(1)
    # of a status that the order does not come to by itself, so that it is told at once
    early = await call_back(product, number, NOBODYS, "carrier-processing")

    assert (stranger.status_code, early.status_code) == (204, 204)

    async def told() -> bool:
        return (await history(product, number))["hints"] == 1

    await eventually(told)
    creating = await product.progress(number)
    assert creating is not None
    assert creating["sid"] is None
    await product.release()
    await product.lives(number)
    await product.held_once(number)


@pytest.mark.fault("F26")
async def test_callbacks_while_temporal_is_away(product: Product, number: str) -> None:
    """In time, and 503 once that is known; the order is told once, when Temporal is back."""
    sid = await waiting(product, number)
    hints = (await at_rest(product, number))["hints"]
    product.parts.kill("temporal")

    async def five() -> list[httpx.Response]:
        return await asyncio.gather(*(call_back(product, number, sid, "testing") for _ in range(5)))

    async def known() -> bool:
        answers = await in_time(lambda: call_back(product, number, sid, "testing"), 5)
        codes = [answer.status_code for answer in answers]
        assert {*codes} <= {204, 503}
        return codes[-1] == httpx.codes.SERVICE_UNAVAILABLE

    [answers] = await in_time(five, 2, rounds=1)
    assert {answer.status_code for answer in answers} <= {204, 503}
    await eventually(known)
    for answers in await in_time(five, 5):
        assert {answer.status_code for answer in answers} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)

    await product.parts.again("temporal")

    async def told() -> bool:
        return bool((await history(product, number))["hints"] == hints + 1)

    await eventually(told)
    assert (await call_back(product, number, sid, "testing")).status_code == 204
    await product.lives(number)
    await product.held_once(number)
