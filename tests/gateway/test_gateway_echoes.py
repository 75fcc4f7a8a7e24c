"""A callback that tells an order what it knows costs it nothing, and several cost it one hint."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers.contract import OrderChanged
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.gateway import echoes as module
from hosted_numbers.gateway.echoes import Echoes
from hosted_numbers.order_lists import OrderSummary
from tests.gateway.orders_in_memory import NUMBER, ORDER, OrdersInMemory
from tests.orders import an_order
from tests.world import eventually

A_MOMENT = timedelta(milliseconds=50)


class Orders(OrdersInMemory):
    """Orders that a hint reaches after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.open[NUMBER] = an_order(**ORDER)
        self.described = 0
        self.slow = asyncio.Event()
        self.slow.set()

    async def summary(self, phone_number: str) -> OrderSummary | None:
        """Note that it was asked for."""
        self.described += 1
        return await super().summary(phone_number)

    async def order_changed(self, phone_number: str, hint: OrderChanged) -> bool:
        """Wait until it may arrive."""
        await self.slow.wait()
        return await super().order_changed(phone_number, hint)

    @property
    def heard(self) -> list[str | None]:
        """What the hints said."""
        return [hint.status for _, hint in self.hints]


@pytest.fixture
def orders() -> Orders:
    """One open order."""
    return Orders()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held back is over before Twilio's answer has to go out, on any machine."""
    monkeypatch.setattr(module, "ANSWERED", timedelta(seconds=20))


@pytest.fixture
def echoes(orders: Orders) -> Echoes:
    """They hold nothing back for long."""
    return Echoes(orders, A_MOMENT)


def called_back(echoes: Echoes, *statuses: str | None) -> list[asyncio.Task[bool]]:
    """Callbacks, one after another."""
    hints = [OrderChanged(status=each) for each in statuses]
    return [asyncio.create_task(echoes.pass_on(NUMBER, each)) for each in hints]


@pytest.mark.parametrize(
    ("callback", "stands"),
    [
        ("received", "pending-verification"),
        ("pending-verification", "pending-verification"),
        ("pending-verification", "pending-loa"),
        ("verified", "verified"),
        ("verified", "pending-loa"),
        ("pending-loa", "pending-loa"),
    ],
)
async def test_what_the_order_has_just_done_is_no_news(
    orders: Orders, echoes: Echoes, callback: str, stands: str
) -> None:
    """It gets a moment to note what Twilio answered, and is then left alone."""
    (told,) = called_back(echoes, callback)
    await asyncio.sleep(0)
    assert orders.described == 0
    orders.statuses[NUMBER] = stands
    assert await told
    assert orders.heard == []


@pytest.mark.parametrize(
    ("callback", "stands"),
    [
        ("received", "twilio-processing"),
        ("pending-verification", "received"),
        ("verified", "pending-verification"),  # the code was keyed into the phone
        ("pending-loa", "verified"),
    ],
)
async def test_what_the_order_does_not_know_is_passed_on(
    orders: Orders, echoes: Echoes, callback: str, stands: str
) -> None:
    """Twilio moved the order by itself."""
    orders.statuses[NUMBER] = stands
    assert await echoes.pass_on(NUMBER, OrderChanged(status=callback))
    assert orders.heard == [callback]
    assert orders.described == 1


async def test_declined_letter_is_news(orders: Orders, echoes: Echoes) -> None:
    """Back to verified from pending-loa, where the order has stood for long."""
    orders.statuses[NUMBER] = "pending-loa"
    orders.stood = timedelta(minutes=5)
    assert await echoes.pass_on(NUMBER, OrderChanged(status="verified"))
    assert orders.heard == ["verified"]


@pytest.mark.parametrize("status", ["twilio-processing", "carrier-processing", "completed", None])
async def test_what_the_order_never_does_itself_is_passed_on_at_once(
    orders: Orders, status: str | None
) -> None:
    """Nothing is to be compared, and nobody waits."""
    orders.statuses[NUMBER] = "received"
    assert await Echoes(orders, timedelta(days=1)).pass_on(NUMBER, OrderChanged(status=status))
    assert orders.heard == [status]
    assert orders.described == 0


async def test_order_that_is_busy_with_its_first_acts_is_waited_for(
    orders: Orders, echoes: Echoes
) -> None:
    """It shows itself when it first waits, and not before; nor is it waited for without end."""
    (told,) = called_back(echoes, "received")

    async def described_twice() -> bool:
        return orders.described == 2

    async def at_rest() -> bool:
        return not echoes._telling

    await eventually(described_twice)
    orders.statuses[NUMBER] = "pending-verification"
    assert await told
    await eventually(at_rest)
    assert orders.heard == []

    del orders.statuses[NUMBER]
    assert await echoes.pass_on(NUMBER, OrderChanged(status="received"))
    await eventually(at_rest)
    assert orders.heard == ["received"]


async def test_what_comes_while_one_is_held_back_goes_with_it(orders: Orders) -> None:
    """The news comes before any echo was looked into, as at a machine's pace: one hint for all."""
    echoes = Echoes(orders, timedelta(days=1))
    own = ("received", "pending-verification", "verified", "pending-loa")
    told = called_back(echoes, *own, "carrier-processing")
    assert all(await asyncio.gather(*told))
    assert orders.heard == [None]
    assert orders.described == 0


async def test_what_comes_while_a_hint_is_on_its_way_goes_next(
    orders: Orders, echoes: Echoes
) -> None:
    """It may be newer than what the order will see; once more is enough for all of it."""
    orders.slow.clear()
    told = called_back(echoes, "carrier-processing")
    await asyncio.sleep(0.01)
    told += called_back(echoes, "testing", "testing", "completed")
    await asyncio.sleep(0.01)
    orders.slow.set()
    assert all(await asyncio.gather(*told))
    assert orders.heard == ["carrier-processing", None]
    assert await echoes.pass_on(NUMBER, OrderChanged(status="completed"))
    assert orders.heard == ["carrier-processing", None, "completed"]


async def test_failure_is_told_to_all_who_waited_and_forgotten(
    orders: Orders, echoes: Echoes
) -> None:
    """503 to Twilio; the next callback is tried anew."""
    orders.failure = TemporalUnavailableError("Temporal is away.", "Try again.")
    failed = called_back(echoes, "verified", "carrier-processing")
    for each in await asyncio.gather(*failed, return_exceptions=True):
        assert isinstance(each, TemporalUnavailableError)
    orders.failure = None
    assert await echoes.pass_on(NUMBER, OrderChanged(status="carrier-processing"))
    assert orders.heard == ["carrier-processing"]
    await echoes.close()


@pytest.mark.fault("F26")
async def test_what_could_not_be_told_is_told_later(
    orders: Orders, echoes: Echoes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio calls back once: an order would stand still until the next sweep."""
    monkeypatch.setattr(module, "_FIRST_PAUSE", A_MOMENT)
    orders.failure = TemporalUnavailableError("Temporal is away.", "Try again.")
    failed = called_back(echoes, "received", "carrier-processing")
    await asyncio.gather(*failed, return_exceptions=True)
    await asyncio.sleep(3 * A_MOMENT.total_seconds())
    assert orders.heard == []
    orders.failure = None

    async def told() -> bool:
        return orders.heard == [None]

    await eventually(told)
    await echoes.close()


async def test_what_temporal_refuses_is_not_owed_for_ever(
    orders: Orders,
    echoes: Echoes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others are told all the same, and no number is in the log."""
    monkeypatch.setattr(module, "_FIRST_PAUSE", A_MOMENT)
    orders.failure = TemporalUnavailableError("Temporal is away.", "Try again.")
    with pytest.raises(TemporalUnavailableError):
        await echoes.pass_on(NUMBER, OrderChanged(status="completed"))
    orders.failure = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")

    async def said() -> bool:
        return "PERMISSION_DENIED" in caplog.text

    await eventually(said)
    assert NUMBER not in caplog.text
    orders.failure = None
    assert await echoes.pass_on(NUMBER, OrderChanged(status="completed"))
    assert orders.heard == ["completed"]
    await echoes.close()


async def test_twilio_is_not_kept_waiting_for_an_order_that_does_not_show_itself(
    orders: Orders, echoes: Echoes
) -> None:
    """Its worker is gone: Twilio is answered after one moment, and the order is told after more."""
    orders.slow.clear()
    both = called_back(echoes, "received", "pending-verification")
    assert all(await asyncio.gather(*both))
    assert orders.described == 1
    (late,) = called_back(echoes, "verified")
    assert await late
    assert orders.heard == []
    orders.slow.set()

    async def told() -> bool:
        return orders.heard == [None]

    await eventually(told)
    await echoes.close()


async def test_twilio_is_not_kept_waiting_for_a_busy_machine(
    orders: Orders, echoes: Echoes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The news are on their way to an open order: it hears of them behind the answer."""
    monkeypatch.setattr(module, "ANSWERED", A_MOMENT)
    orders.slow.clear()
    assert await echoes.pass_on(NUMBER, OrderChanged(status="testing"))
    assert await echoes.pass_on(NUMBER, OrderChanged(status="completed"))
    assert orders.heard == []
    orders.slow.set()

    async def told() -> bool:
        return orders.heard == ["testing", "completed"]

    await eventually(told)
    await echoes.close()


@pytest.mark.fault("F26")
async def test_while_temporal_is_known_to_be_away_twilio_hears_of_it(
    orders: Orders, echoes: Echoes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes to find that out again."""
    monkeypatch.setattr(module, "ANSWERED", A_MOMENT)
    monkeypatch.setattr(module, "_FIRST_PAUSE", timedelta(days=1))
    orders.failure = TemporalUnavailableError("Temporal is away.", "Try again.")
    orders.slow.clear()
    assert await echoes.pass_on(NUMBER, OrderChanged(status="testing"))
    orders.slow.set()

    async def owed() -> bool:
        return echoes.owed == 1

    await eventually(owed)
    orders.slow.clear()
    (late,) = called_back(echoes, "completed")
    await asyncio.sleep(3 * A_MOMENT.total_seconds())
    assert not late.done()
    orders.slow.set()
    with pytest.raises(TemporalUnavailableError):
        await late
    await echoes.close()


async def test_who_waits_behind_a_late_hint_is_answered_too(orders: Orders, echoes: Echoes) -> None:
    """The hint before is on its way to an order that does not show itself."""
    orders.slow.clear()
    assert await echoes.pass_on(NUMBER, OrderChanged(status="received"))

    async def on_its_way() -> bool:
        return orders.described == 4

    await eventually(on_its_way)
    assert await echoes.pass_on(NUMBER, OrderChanged(status="carrier-processing"))
    assert orders.heard == []
    orders.slow.set()

    async def told() -> bool:
        return orders.heard == ["received", "carrier-processing"]

    await eventually(told)
    await echoes.close()


async def test_who_waited_for_its_turn_waits_for_no_further_moment(orders: Orders) -> None:
    """The order had its moment while the hint before was on its way."""
    patient = Echoes(orders, timedelta(seconds=30))
    orders.statuses[NUMBER] = "received"
    orders.slow.clear()
    (first,) = called_back(patient, "carrier-processing")
    await asyncio.sleep(0)

    async def on_its_way() -> bool:
        return patient._rounds[NUMBER].gone

    await eventually(on_its_way)
    (second,) = called_back(patient, "verified")
    await asyncio.sleep(0)
    patient._rounds[NUMBER]._began -= 30
    orders.slow.set()
    async with asyncio.timeout(20):
        assert await first
        assert await second
    assert orders.heard == ["carrier-processing", "verified"]
    await patient.close()


async def test_a_hint_behind_the_answer_is_owed_where_temporal_goes_away(
    orders: Orders, echoes: Echoes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio was told that all is well, so the order hears of it all the same."""
    monkeypatch.setattr(module, "_FIRST_PAUSE", A_MOMENT)
    assert await echoes.pass_on(NUMBER, OrderChanged(status="received"))
    orders.failure = TemporalUnavailableError("Temporal is away.", "Try again.")

    async def tried() -> bool:
        return bool(echoes._owed)

    await eventually(tried)
    orders.failure = None

    async def told() -> bool:
        return orders.heard == [None]

    await eventually(told)
    await echoes.close()


async def test_a_hint_behind_the_answer_that_is_refused_is_logged(
    orders: Orders, echoes: Echoes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it any more, and no number is in the log."""
    assert await echoes.pass_on(NUMBER, OrderChanged(status="received"))
    orders.failure = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")

    async def said() -> bool:
        return "A hint is lost: RPCError" in caplog.text

    await eventually(said)
    assert NUMBER not in caplog.text
    await echoes.close()


async def test_who_leaves_takes_the_answer_from_nobody(orders: Orders, echoes: Echoes) -> None:
    """A connection of Twilio's breaks off."""
    orders.statuses[NUMBER] = "received"
    left, stays = called_back(echoes, "verified", "verified")
    await asyncio.sleep(0)
    left.cancel()
    assert await stays
    assert orders.heard == ["verified"]


async def test_order_that_is_gone_takes_no_hint(orders: Orders, echoes: Echoes) -> None:
    """There is nobody to tell."""
    orders.open.clear()
    assert not await echoes.pass_on(NUMBER, OrderChanged(status="verified"))
    assert orders.hints == []
