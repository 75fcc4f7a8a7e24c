"""What goes wrong between us and Twilio, each time with one order and one letter in the end."""

import asyncio
from datetime import timedelta

import pytest

from hosted_numbers.contract import (
    OrderChanged,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import RefusedError
from tests.orders import NUMBER
from tests.world import World, eventually

ORDERS = "/HostedNumbers/HostedNumberOrders"
ONE_ORDER = f"{ORDERS}/*"
DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"


async def completes(world: World, after: timedelta = timedelta(0)) -> dict[str, object]:
    """Sign the letter, see the order completed, and answer what Twilio holds."""
    signing = await world.until(waiting_for="signature", status="pending-loa")
    await world.sign(signing)
    await world.env.sleep(after)
    assert (await world.handle().result()).phase == "completed"
    ledger = await world.ledger()
    assert [order["status"] for order in ledger["orders"]] == ["completed"]
    assert len(ledger["loa_mails"]) == 1
    return ledger


async def enters_the_code(world: World) -> None:
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    await world.orders.submit_verification_code(NUMBER, code)


@pytest.mark.fault("F07")
@pytest.mark.parametrize("action", ["commit-then-drop", "garbage", "drop"])
async def test_create_whose_answer_is_lost_makes_one_order(world: World, action: str) -> None:
    """The create took effect, or not, and nobody heard: it is looked for before it is repeated."""
    await world.fault("POST", ORDERS, action, times=2)
    await world.start()
    await enters_the_code(world)
    await completes(world)


@pytest.mark.fault("F07")
async def test_create_whose_answer_is_lost_and_whose_order_fails_ends_with_it(world: World) -> None:
    """Twilio found the number to be SMS-enabled before the next try: no second order is made."""
    number = "+12125550110"
    await world.fault("POST", ORDERS, "commit-then-drop", times=1)
    await world.start(phone_number=number)
    assert (await world.handle(number).result()).phase == "failed"
    [order] = (await world.ledger())["orders"]
    assert (order["phone_number"], order["status"]) == (number, "failed")


@pytest.mark.fault("F08")
@pytest.mark.parametrize("action", ["commit-then-drop", "garbage", "drop"])
async def test_letter_whose_answer_is_lost_is_mailed_once(world: World, action: str) -> None:
    """A legal document is out, and nobody heard: it is adopted."""
    await world.fault("POST", DOCUMENTS, action, times=1)
    await world.start()
    await enters_the_code(world)
    await completes(world)


@pytest.mark.fault("F09")
async def test_call_whose_answer_is_lost_rings_once(world: World) -> None:
    """The phone rang, and nobody heard of it: the order is looked at, and not dialled again."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    await world.fault("POST", ONE_ORDER, "commit-then-drop", times=1)
    answer = await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    assert not answer.taken
    await world.env.sleep(timedelta(seconds=20))
    await enters_the_code(world)
    assert len((await completes(world))["calls"]) == 1  # type: ignore[arg-type]  # JSON


@pytest.mark.fault("F10")
async def test_code_whose_answer_is_lost_still_counts(world: World) -> None:
    """The code was right, and nobody heard: the next try reads it off the order."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    await world.fault("POST", ONE_ORDER, "commit-then-drop", times=1)
    code = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(NUMBER, code)).taken
    await completes(world)


@pytest.mark.fault("F11")
@pytest.mark.parametrize("retry_after", ["1", "Wed, 21 Oct 2015 07:28:00 GMT", None, "86400"])
async def test_rate_limit_is_waited_out(world: World, retry_after: str | None) -> None:
    """429 in all its forms: an absurd Retry-After is cut to a quarter of an hour."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    await world.fault("GET", ORDERS, "status", status=429, headers=headers, times=2)
    await world.start()
    await world.env.sleep(timedelta(minutes=40))
    await world.until(status="pending-verification")
    assert len((await world.ledger())["orders"]) == 1


@pytest.mark.fault("F12")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_burst_of_server_errors_is_survived(world: World, status: int) -> None:
    """HTML in place of JSON, ten times in a row, on every path."""
    body = "<html>Bad gateway</html>"
    await world.fault("*", "*", "status", status=status, body=body, times=10)
    await world.start()
    await world.env.sleep(timedelta(minutes=12))
    await world.until(status="pending-verification")
    ledger = await world.ledger()
    assert len(ledger["orders"]) == 1
    assert len(ledger["calls"]) == 1


@pytest.mark.fault("F17")
@pytest.mark.parametrize("body", ["null", "{}", '{"sid": 7}', "[", '{"sid":"HRx","status":"x"}'])
async def test_answers_that_make_no_sense_crash_nothing(world: World, body: str) -> None:
    """A look that cannot be read is repeated; the order goes on when Twilio is well again."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    await world.fault("GET", ONE_ORDER, "status", status=200, body=body, times=3)
    await world.orders.order_changed(NUMBER, OrderChanged(status="verified"))
    await world.env.sleep(timedelta(seconds=30))
    await world.tell(f"orders/{waiting.sid}/call", digits=await world.code(waiting))
    await completes(world)


@pytest.mark.fault("F39")
async def test_revoked_credentials_hold_the_order_until_they_work(world: World) -> None:
    """401 everywhere: the order holds with the reason; restored, it goes on by itself."""
    body = '{"code": 20003, "message": "Authenticate", "status": 401}'
    await world.fault("*", "*", "status", status=401, body=body)
    await world.start()
    held = await world.until(waiting_for="operator")
    assert "credentials" in held.reason
    assert held.next_step
    await world.env.sleep(timedelta(minutes=5))
    await world.until(waiting_for="operator")
    (await world.simulator.delete("/_simulator/faults")).raise_for_status()
    await world.env.sleep(timedelta(minutes=10))
    await enters_the_code(world)
    await completes(world)


async def test_twilio_away_for_hours_is_shown_and_outlived(world: World) -> None:
    """Tries go on by themselves; nobody needs to do anything, and nothing is sent twice."""
    await world.fault("*", "*", "drop")
    await world.start()
    await world.env.sleep(timedelta(hours=2))

    async def shows_it() -> bool:
        await world.env.sleep(timedelta(minutes=1))  # it may just be trying again
        return "does not answer" in (await world.until(waiting_for="nothing")).reason

    await eventually(shows_it, patience=60)
    (await world.simulator.delete("/_simulator/faults")).raise_for_status()
    await world.env.sleep(timedelta(hours=2))
    await world.until(status="pending-verification")
    assert len((await world.ledger())["orders"]) == 1


@pytest.mark.fault("F30")
async def test_same_code_from_two_people_at_once(world: World) -> None:
    """Both get the same answer, and Twilio is asked once."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    await world.hold("POST", ONE_ORDER)
    both = asyncio.gather(
        world.orders.submit_verification_code(NUMBER, code),
        world.orders.submit_verification_code(NUMBER, code),
    )
    await world.accepted(2)
    await world.well_again()
    first, second = await both
    assert first == second
    assert first.taken
    requests = (await world.ledger())["requests"]
    assert requests[f"POST {ORDERS}/{{sid}}"] == 2  # the call and the code


async def test_two_different_codes_at_once_are_both_answered(world: World) -> None:
    """One is right; the other is told that it was not needed or was wrong."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    right = await world.code(waiting)
    wrong = str((int(right) + 1) % 10000).zfill(4)
    answers = await asyncio.gather(
        *(
            world.orders.submit_verification_code(NUMBER, VerificationCodeEntry(code=code))
            for code in (right, wrong)
        ),
        return_exceptions=True,
    )
    taken = [getattr(answer, "taken", False) for answer in answers]
    assert taken.count(True) == 1
    for answer in answers:
        assert not isinstance(answer, Exception) or isinstance(answer, RefusedError)


async def test_cancel_during_create_leaves_nothing_behind(world: World) -> None:
    """The create is under way and comes to an end; then the order is deleted."""
    await world.fault("POST", ORDERS, "delay", delay_seconds=0.3, times=1)
    await world.start()
    assert (await world.orders.cancel(NUMBER)).taken
    assert (await world.handle().result()).phase == "cancelled"
    assert [order["deleted"] for order in (await world.ledger())["orders"]] in ([], [True])


async def test_order_of_another_origin_is_adopted(world: World) -> None:
    """An order for the number that somebody made in the console is taken over, not doubled."""
    await world.twilio.hosted_number_orders.create(phone_number=NUMBER)
    await world.start()
    await enters_the_code(world)
    await completes(world, after=timedelta(minutes=2))  # it has no callback: the looks find it


async def test_completed_order_sent_again_is_found_completed(world: World) -> None:
    """A backend that repeats itself after the end learns that the number is hosted."""
    await world.start()
    await enters_the_code(world)
    await completes(world)
    handle = await world.start()
    assert (await handle.result()).phase == "completed"
    assert len((await world.ledger())["orders"]) == 1


@pytest.mark.fault("F11")
async def test_rate_limit_that_lasts_holds_the_order_until_it_is_over(world: World) -> None:
    """Longer than an activity tries: the order says that Twilio does not answer, and goes on."""
    headers = {"Retry-After": "86400"}
    await world.fault("GET", ORDERS, "status", status=429, headers=headers, times=1)
    await world.start()
    held = await world.until(reason="Twilio does not answer.")
    assert held.waiting_for == "nothing"
    await world.env.sleep(timedelta(minutes=40))
    await world.until(status="pending-verification")
    assert len((await world.ledger())["orders"]) == 1
