"""When the phone rings: in business hours, again after a busy line, and never by chance."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hosted_numbers import contract
from hosted_numbers.contract import Progress, VerificationCallRequest, VerificationCodeEntry
from hosted_numbers.errors import RefusedError
from tests.orders import NUMBER, an_order
from tests.world import World

BUSY_ONCE = "+12125550114"
UNREACHABLE = "+12125550115"
SATURDAY = 5
ONE_ORDER = "/HostedNumbers/HostedNumberOrders/*"


async def until_saturday(world: World) -> datetime:
    """Workflow time goes on to the next Saturday, noon UTC."""
    now = await world.env.get_current_time()
    noon = now.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    days = (SATURDAY - noon.weekday()) % 7 or 7
    saturday = noon + timedelta(days=days)
    await world.env.sleep(saturday - now)
    return saturday


async def until_shortly_before(world: World, waiting: Progress) -> None:
    """Workflow time goes on to a minute before what the order waits for."""
    assert waiting.deadline is not None
    now = await world.env.get_current_time()
    await world.env.sleep(waiting.deadline - now - timedelta(minutes=1))


async def calls(world: World) -> int:
    """How often a phone really rang."""
    return len((await world.ledger())["calls"])


async def code_entered(world: World, waiting: Progress) -> contract.Answer:
    code = VerificationCodeEntry(code=await world.code(waiting))
    return await world.orders.submit_verification_code(waiting.phone_number, code)


async def test_call_of_a_saturday_is_placed_on_monday_at_nine(slow_world: World) -> None:
    """Nobody is at a business line at the weekend: the progress says when it rings."""
    saturday = await until_saturday(slow_world)
    await slow_world.start(call_when="business-hours")
    waiting = await slow_world.until(waiting_for="verification-call")
    monday = (saturday + timedelta(days=2)).replace(hour=15)  # nine in Arkansas, in winter
    assert waiting.deadline is not None
    assert abs(waiting.deadline - monday) <= timedelta(hours=1)  # summer time
    assert "is called at" in waiting.reason
    assert any("business hours" in line for line in await slow_world.story())
    await until_shortly_before(slow_world, waiting)
    assert await calls(slow_world) == 0
    await slow_world.env.sleep(timedelta(minutes=2))
    ringing = await slow_world.until(waiting_for="verification-code")
    assert await calls(slow_world) == 1
    assert (await code_entered(slow_world, ringing)).taken


async def test_call_in_business_hours_is_placed_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody is there: it is the same as calling now."""
    monkeypatch.setattr("activities.hosted_number_orders.business_hours_from", _right_away)
    await world.start(call_when="business-hours")
    await world.until(waiting_for="verification-code")
    assert not any("business hours" in line for line in await world.story())


async def test_person_need_not_wait_for_business_hours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is at the phone asks, and the planned call is not placed beside it."""
    monkeypatch.setattr("activities.hosted_number_orders.business_hours_from", _tomorrow)
    await world.start(call_when="business-hours")
    await world.until(waiting_for="verification-call")
    answer = await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    assert answer.taken
    await world.until(waiting_for="verification-code")
    await world.env.sleep(timedelta(days=2))
    await world.until(waiting_for="verification-call")
    assert await calls(world) == 1


async def test_planned_call_is_dropped_when_the_order_moves_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verified by other means: no phone rings the day after."""
    monkeypatch.setattr("activities.hosted_number_orders.business_hours_from", _tomorrow)
    await world.start(call_when="business-hours")
    waiting = await world.until(waiting_for="verification-call")
    await world.tell(f"orders/{waiting.sid}", status="verified")
    await world.until(waiting_for="signature", status="pending-loa")
    await world.env.sleep(timedelta(days=2))
    assert await calls(world) == 0


def _right_away(_number: str, moment: datetime) -> datetime:
    return moment


def _tomorrow(_number: str, moment: datetime) -> datetime:
    return moment + timedelta(days=1)


@pytest.mark.fault("F32")
async def test_busy_line_is_tried_again_two_hours_later(world: World) -> None:
    """22123: nobody redials at once, and the next try rings."""
    await world.start(phone_number=BUSY_ONCE)
    waiting = await world.until(BUSY_ONCE, waiting_for="verification-call")
    assert "22123" in waiting.reason
    assert "is called at" in waiting.reason
    await world.env.sleep(timedelta(hours=1, minutes=50))
    assert await calls(world) == 0
    await world.env.sleep(timedelta(minutes=15))
    ringing = await world.until(BUSY_ONCE, waiting_for="verification-code")
    assert (ringing.attempts_used, await calls(world)) == (1, 1)
    assert (await code_entered(world, ringing)).taken


@pytest.mark.fault("F32")
async def test_line_that_stays_busy_is_tried_three_times(world: World) -> None:
    """Then only a person asks for another call, or provides a bill."""
    await world.start(phone_number=UNREACHABLE)
    await world.until(UNREACHABLE, waiting_for="verification-call")
    await world.env.sleep(timedelta(hours=12))
    waiting = await world.until(UNREACHABLE, waiting_for="verification-call")
    assert "is called at" not in waiting.reason
    assert "provide a bill" in waiting.next_step
    updates = (await world.ledger())["requests"]["POST /HostedNumbers/HostedNumberOrders/{sid}"]
    assert updates == 3


@pytest.mark.fault("F32")
async def test_person_who_met_a_busy_line_asks_again(world: World) -> None:
    """A call that was asked for is not repeated by itself: the person may be gone by then."""
    await world.start(phone_number=BUSY_ONCE, call_when="asked")
    await world.until(BUSY_ONCE, waiting_for="verification-call")
    request = VerificationCallRequest()
    answer = await world.orders.request_verification_call(BUSY_ONCE, request)
    assert not answer.taken
    assert "22123" in answer.reason
    await world.env.sleep(timedelta(hours=6))
    await world.until(BUSY_ONCE, waiting_for="verification-call")
    assert await calls(world) == 0
    assert (await world.orders.request_verification_call(BUSY_ONCE, request)).taken
    assert await calls(world) == 1


@pytest.mark.fault("F32")
async def test_busy_line_is_planned_in_business_hours_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours later the office may be closed: the next try falls into its hours."""
    asked: list[datetime] = []

    def next_opening(_number: str, moment: datetime) -> datetime:
        asked.append(moment)
        return moment if len(asked) == 1 else moment + timedelta(hours=14)

    monkeypatch.setattr("activities.hosted_number_orders.business_hours_from", next_opening)
    await world.start(phone_number=BUSY_ONCE, call_when="business-hours")
    waiting = await world.until(BUSY_ONCE, waiting_for="verification-call")
    assert "is called at" in waiting.reason
    assert asked[1] - asked[0] > timedelta(hours=1, minutes=59)
    await until_shortly_before(world, waiting)
    assert await calls(world) == 0
    await world.env.sleep(timedelta(minutes=2))
    await world.until(BUSY_ONCE, waiting_for="verification-code")


async def test_call_asked_for_early_comes_once_twilio_is_ready(slow_world: World) -> None:
    """Twilio still checks the number: the call is promised, and placed later."""
    await slow_world.orders.start(an_order(call_when="asked"))
    await slow_world.until(status="twilio-processing")
    request = VerificationCallRequest(extension="7")
    answer = await slow_world.orders.request_verification_call(NUMBER, request)
    assert answer.taken
    assert "as soon as it has checked" in answer.reason
    await slow_world.twilio_works()
    await slow_world.until(waiting_for="verification-code")
    assert await calls(slow_world) == 1


@pytest.mark.fault("F28")
async def test_code_that_comes_after_its_time_is_answered_as_expired(world: World) -> None:
    """The workflow and Twilio agree on ten minutes; the answer names them."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    await world.pass_time(timedelta(minutes=10, seconds=5))
    answer = await world.orders.submit_verification_code(NUMBER, code)
    assert (answer.taken, answer.attempts_left) == (False, 2)
    assert "ten minutes" in answer.reason


@pytest.mark.fault("F30")
async def test_codes_of_two_people_wait_for_their_turn(world: World) -> None:
    """Both wrong: each is judged by Twilio, and each person is told."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    right = int(await world.code(waiting))
    await world.fault("POST", ONE_ORDER, "delay", delay_seconds=0.2, times=2)
    codes = [f"{(right + step) % 10_000:04d}" for step in (1, 2)]
    answers = await asyncio.gather(
        *(
            world.orders.submit_verification_code(NUMBER, VerificationCodeEntry(code=code))
            for code in codes
        )
    )
    assert [answer.taken for answer in answers] == [False, False]
    assert all("wrong" in answer.reason for answer in answers)


@pytest.mark.fault("F31")
async def test_code_that_nobody_asked_for_leaves_no_trace(world: World) -> None:
    """A refused update writes no event."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    before = (await world.handle().describe()).history_length
    with pytest.raises(RefusedError, match="No code is asked for"):
        await world.orders.submit_verification_code(NUMBER, VerificationCodeEntry(code="1234"))
    assert (await world.handle().describe()).history_length - before <= 3  # its workflow task
