"""Handing an event over, and delivering it: what Temporal is told of each outcome."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig
from temporalio.testing import ActivityEnvironment

from activities import notification_activities
from activities.failures import delivery_failure
from activities.hosted_number_orders import HostedNumberOrderActivities
from activities.notifications import NotificationActivities, NotificationDeliveryActivities
from hosted_numbers.contract import NotificationData, NotificationEvent
from hosted_numbers.delivery import (
    AddressRefusedError,
    DeliveryError,
    GoneError,
    NoAnswerError,
    NotTakenError,
)
from hosted_numbers.steps import OrderLookup
from tests.activities.running import run
from tests.orders import NUMBER, an_order
from tests.receiver import Inbox
from tests.world import Twilio
from workflows.policies import DELIVERY, NOTIFICATION_PAUSES

EVENT = NotificationEvent(
    id="a-run/1-0000",
    type="order.completed",
    timestamp=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    data=NotificationData(
        phone_number=NUMBER, status="completed", phase="completed", waiting_for="nothing"
    ),
)
AWAY = NoAnswerError("No answer came (ConnectError).")


async def test_event_is_handed_to_nobody_without_an_endpoint() -> None:
    """The order learns that it need not ask again."""
    assert await run(NotificationActivities(None).start, EVENT) is False


@pytest.mark.parametrize("notifies", [False, True])
async def test_looks_say_whether_a_backend_wants_to_be_told(
    twilio: Twilio, *, notifies: bool
) -> None:
    """So an order without an endpoint pays nothing, and one that is set later reaches it."""
    orders = HostedNumberOrderActivities(twilio.twilio, None, notifies=notifies)
    created = await run(orders.find_or_create, an_order())
    fetched = await run(orders.fetch, OrderLookup(sid=created.sid))
    assert (created.notifies, fetched.notifies) == (notifies, notifies)


@pytest.mark.fault("F38")
@pytest.mark.parametrize("minutes", [-10, 10])
async def test_wrong_clock_of_the_worker_makes_no_event_too_old(minutes: int) -> None:
    """The moment that is signed is Temporal's, whatever this machine thinks of the time."""
    inbox, env, now = Inbox(), ActivityEnvironment(), datetime.now(UTC)
    env.info = replace(env.info, started_time=now)
    [deliver] = notification_activities(inbox)
    with time_machine.travel(now + timedelta(minutes=minutes), tick=True):
        assert await env.run(deliver, EVENT) == 204
    assert inbox.tries == [(EVENT, now)]


@pytest.mark.fault("F49")
@pytest.mark.parametrize("attempt", range(1, len(NOTIFICATION_PAUSES) + 1))
async def test_next_try_comes_by_the_schedule(attempt: int) -> None:
    """Drawn out by a tenth at most, so that not all events return at once."""
    [deliver] = notification_activities(Inbox(always=AWAY))
    pauses = set()
    for _ in range(20):
        with pytest.raises(ApplicationError) as failure:
            await run(deliver, EVENT, attempt=attempt)
        assert not failure.value.non_retryable
        assert failure.value.category == ApplicationErrorCategory.BENIGN
        assert failure.value.next_retry_delay is not None
        pauses.add(failure.value.next_retry_delay)
    planned = NOTIFICATION_PAUSES[attempt - 1]
    assert planned <= min(pauses) <= max(pauses) <= planned * 1.1
    assert len(pauses) > 1


@pytest.mark.parametrize(
    ("error", "attempt"),
    [(GoneError("The receiver answered 410."), 1), (AWAY, len(NOTIFICATION_PAUSES) + 1)],
    ids=["gone", "last"],
)
def test_end_of_the_tries_is_no_quiet_failure(error: DeliveryError, attempt: int) -> None:
    """It stands in the log and among the failures."""
    failure = delivery_failure(error, attempt)
    assert failure.category == ApplicationErrorCategory.UNSPECIFIED
    assert failure.next_retry_delay is None
    assert failure.non_retryable == isinstance(error, GoneError)
    assert failure.type == type(error).__name__
    assert DELIVERY.retry.maximum_attempts == len(NOTIFICATION_PAUSES) + 1


def test_tries_end_before_temporal_gives_up_on_them() -> None:
    """Even those of a receiver that always asks for a day."""
    slowest = delivery_failure(NotTakenError("The receiver answered 503.", timedelta(days=30)), 1)
    assert slowest.next_retry_delay == timedelta(days=1)
    assert (timedelta(days=1) + DELIVERY.attempt) * len(NOTIFICATION_PAUSES) < DELIVERY.total


async def test_endpoint_that_was_taken_away_is_tried_again() -> None:
    """Events that are on their way wait for another one, for as long as they would anyway."""
    [deliver] = notification_activities(None)
    with pytest.raises(ApplicationError, match="HOSTED_NUMBERS_NOTIFICATION_URL") as failure:
        await run(deliver, EVENT)
    assert not failure.value.non_retryable


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "delivered"),
        (NoAnswerError("No answer."), "no-answer"),
        (NotTakenError("500."), "not-taken"),
        (GoneError("410."), "gone"),
        (AddressRefusedError("Not public."), "address-refused"),
    ],
    ids=["delivered", "no answer", "not taken", "gone", "refused"],
)
async def test_each_try_is_counted_by_what_came_of_it(
    error: DeliveryError | None, outcome: str
) -> None:
    """And by the type of the event; nothing of the order is in a label."""
    buffer = MetricBuffer(10)
    env = ActivityEnvironment()
    env.metric_meter = Runtime(telemetry=TelemetryConfig(metrics=buffer)).metric_meter
    activities = NotificationDeliveryActivities(Inbox(always=error))
    with contextlib.suppress(ApplicationError):
        await env.run(activities.deliver, EVENT)

    [update] = buffer.retrieve_updates()
    assert update.metric.name == "hosted_numbers_notifications"
    assert {"type": EVENT.type, "outcome": outcome}.items() <= dict(update.attributes).items()
    assert NUMBER not in str(update.attributes)
