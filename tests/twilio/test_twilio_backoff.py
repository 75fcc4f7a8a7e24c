"""Rate limits: one call is told, and all calls to that host wait."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from hosted_numbers.twilio import (
    NotFoundError,
    NotSentError,
    Outcome,
    RateLimitedError,
    TwilioClient,
    TwilioError,
)
from hosted_numbers.twilio.backoff import Backoff
from tests.twilio.stand_in import (
    BILL,
    CREDENTIALS,
    ORDER_SID,
    UPLOADED_SID,
    StandIn,
    json_answer,
    order,
    supporting_document,
    uploaded,
)

DATE = "Tue, 28 Mar 2017 20:06:39 GMT"
PAST = "Tue, 28 Mar 2017 20:00:00 GMT"
SOON = "Tue, 28 Mar 2017 20:08:39 GMT"


class Clock:
    """Shows the seconds that a test has let go by."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The seconds, as ``time.monotonic`` would say."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def limited(retry_after: str | None = None) -> httpx.Response:
    """429 with, or without, a Retry-After."""
    headers = {"Date": DATE} | ({} if retry_after is None else {"Retry-After": retry_after})
    return httpx.Response(429, json={"code": 20429}, headers=headers)


def client(stand_in: StandIn, clock: Clock, base_url: str | None = None) -> TwilioClient:
    """A client of a stand-in that goes by the test's clock."""
    transport = httpx.MockTransport(stand_in.answer)
    return TwilioClient(CREDENTIALS, base_url=base_url, transport=transport, clock=clock)


async def fetched(twilio: TwilioClient) -> RateLimitedError | None:
    """What became of a look at an order: None where it was answered."""
    try:
        await twilio.hosted_number_orders.fetch(ORDER_SID)
    except RateLimitedError as error:
        return error
    return None


@pytest.mark.fault("F11")
@pytest.mark.parametrize(
    ("retry_after", "said", "paused"),
    [
        ("7", 7, 7),
        (SOON, 120, 120),
        (None, 1, 1),
        ("0", 1, 1),
        (PAST, 1, 1),
        ("soon", 1, 1),
        ("86400", 86_400, 900),
    ],
)
async def test_a_429_holds_back_all_calls_until_it_is_over(
    clock: Clock, retry_after: str | None, said: float, paused: float
) -> None:
    """They surely were not sent, and say how much of the pause is left."""
    stand_in = StandIn(limited(retry_after), json_answer(order()))
    async with client(stand_in, clock) as twilio:
        first = await fetched(twilio)
        assert first is not None
        assert (first.status, first.code) == (429, 20429)
        assert first.retry_after == timedelta(seconds=said)
        clock.now += paused - 0.5
        held = await fetched(twilio)
        assert held is not None
        assert held.outcome is Outcome.NOT_SENT
        assert held.status is None
        assert held.operation == "fetch HostedNumberOrder"
        assert held.retry_after == timedelta(seconds=0.5)
        assert len(stand_in.requests) == 1
        clock.now += 0.5
        assert await fetched(twilio) is None


@pytest.mark.fault("F11")
async def test_pauses_that_twilio_does_not_measure_double_up_to_a_minute(clock: Clock) -> None:
    """While it goes on, fewer and fewer calls try; one that gets through starts afresh."""
    stand_in = StandIn(*[limited()] * 8, json_answer(order()), limited())
    pauses: list[timedelta | None] = []
    async with client(stand_in, clock) as twilio:
        for _ in range(10):
            error = await fetched(twilio)
            pauses.append(error.retry_after if error else None)
            clock.now += 60
    expected = [1, 2, 4, 8, 16, 32, 60, 60, None, 1]
    assert pauses == [None if each is None else timedelta(seconds=each) for each in expected]


@pytest.mark.fault("F11")
async def test_many_429s_in_one_instant_are_one_pause(clock: Clock) -> None:
    """They answer calls of the same round: the pause does not double with each of them."""
    all_there, sent = asyncio.Event(), 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        if sent == 5:
            all_there.set()
        await all_there.wait()
        return limited()

    transport = httpx.MockTransport(answer)
    async with TwilioClient(CREDENTIALS, transport=transport, clock=clock) as twilio:
        errors = await asyncio.gather(*(fetched(twilio) for _ in range(5)))
        assert [each and each.retry_after for each in errors] == [timedelta(seconds=1)] * 5
        clock.now += 1
        later = await fetched(twilio)
        assert later is not None
        assert later.retry_after == timedelta(seconds=2)


@pytest.mark.fault("F11")
async def test_a_call_that_waits_for_its_turn_is_held_back_too(clock: Clock) -> None:
    """The 429 came while it waited: its turn comes, and it does not go out."""
    arrived, answered = asyncio.Event(), asyncio.Event()
    sent = 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        arrived.set()
        await answered.wait()
        return limited("30")

    twilio = TwilioClient(
        CREDENTIALS, transport=httpx.MockTransport(answer), max_connections=1, clock=clock
    )
    async with twilio:
        first = asyncio.create_task(fetched(twilio))
        await arrived.wait()
        second = asyncio.create_task(fetched(twilio))
        await asyncio.sleep(0)
        answered.set()
        for call in (first, second):
            error = await call
            assert error is not None
            assert error.retry_after == timedelta(seconds=30)
    assert sent == 1


async def test_twilios_code_counts_with_another_status(clock: Clock) -> None:
    """20429 is the same news where something on the way has made a 400 of it."""
    stand_in = StandIn(json_answer({"code": 20429}, 400))
    async with client(stand_in, clock) as twilio:
        for _ in range(2):
            assert await fetched(twilio) is not None
    assert len(stand_in.requests) == 1


async def test_other_errors_hold_nothing_back(clock: Clock) -> None:
    """503 with a Retry-After speaks of one call, and that one waits."""
    stand_in = StandIn(
        httpx.Response(503, headers={"Retry-After": "60"}),
        json_answer({"code": 20404}, 404),
        json_answer(order()),
    )
    async with client(stand_in, clock) as twilio:
        with pytest.raises(TwilioError) as caught:
            await twilio.hosted_number_orders.fetch(ORDER_SID)
        assert caught.value.retry_after == timedelta(seconds=60)
        with pytest.raises(NotFoundError):
            await twilio.hosted_number_orders.fetch(ORDER_SID)
        assert await fetched(twilio) is None


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:8081"])
async def test_a_pause_is_for_one_host(clock: Clock, base_url: str | None) -> None:
    """Twilio's hosts count by themselves; two resources of one host share what it says."""
    stand_in = StandIn(json_answer(uploaded(), 201), limited("9"), json_answer(order()))
    async with client(stand_in, clock, base_url) as twilio:
        await twilio.documents.upload(document_type="utility_bill", file=BILL)
        with pytest.raises(RateLimitedError):
            await twilio.documents.upload(document_type="utility_bill", file=BILL)
        with pytest.raises(RateLimitedError, match="asked for a pause"):
            await twilio.supporting_documents.create(friendly_name="x", type="passport", file=BILL)
        assert (await fetched(twilio) is None) is (base_url is None)
        stand_in.answers = [json_answer(supporting_document())]
        clock.now += 9
        await twilio.supporting_documents.fetch(UPLOADED_SID)
    assert len(stand_in.requests) == (4 if base_url is None else 3)


async def test_a_closed_client_says_so_amid_a_pause(clock: Clock) -> None:
    """Whoever waits for the pause to end would wait in vain."""
    stand_in = StandIn(limited("60"))
    twilio = client(stand_in, clock)
    assert await fetched(twilio) is not None
    await twilio.aclose()
    with pytest.raises(NotSentError, match="closed"):
        await twilio.hosted_number_orders.fetch(ORDER_SID)


def test_an_answer_from_before_a_pause_does_not_speak_of_what_comes_after_it(clock: Clock) -> None:
    """Late, it neither ends the growth nor adds to it; a longer wait that it asks for is kept."""
    backoff = Backoff(clock)
    early = backoff.round
    backoff.limited(early, None)
    assert backoff.left() == timedelta(seconds=1)
    backoff.went_through(early)
    backoff.limited(early, None)
    backoff.limited(early, timedelta(seconds=0.5))
    assert backoff.left() == timedelta(seconds=1)
    backoff.limited(early, timedelta(seconds=5))
    assert backoff.left() == timedelta(seconds=5)
    clock.now += 5
    backoff.limited(early, None)
    assert backoff.left() == timedelta(0)
    backoff.limited(backoff.round, None)
    assert backoff.left() == timedelta(seconds=2)
