"""Events of orders: handed over to workflows of their own, and delivered by these."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Protocol

from temporalio import activity

from activities.failures import delivery_failures
from hosted_numbers import steps
from hosted_numbers.contract import NotificationEvent
from hosted_numbers.delivery import (
    AddressRefusedError,
    DeliveryError,
    GoneError,
    NoAnswerError,
    NotTakenError,
)
from hosted_numbers.notification_records import Notifications

_OUTCOMES: Final[dict[type[DeliveryError], str]] = {
    AddressRefusedError: "address-refused",
    NoAnswerError: "no-answer",
    NotTakenError: "not-taken",
    GoneError: "gone",
}


class Receiver(Protocol):
    """Where events are sent: ``hosted_numbers.delivery.SigningReceiver``."""

    async def deliver(self, event: NotificationEvent, at: datetime) -> int:
        """Send one event at a moment, and return the HTTP status with which it was taken."""


class NotificationActivities:
    """What an order's workflow does about its events."""

    def __init__(self, notifications: Notifications | None) -> None:
        self._notifications = notifications

    @activity.defn(name=steps.START_NOTIFICATION)
    async def start(self, event: NotificationEvent) -> bool:
        """Start the workflow that delivers an event; False where no backend wants to be told.

        Safe to run twice: the workflow's id is the event's, and Temporal takes an id once.
        """
        if self._notifications is None:
            return False
        await self._notifications.send(event)
        return True


class NotificationDeliveryActivities:
    """What the workflow of an event does."""

    def __init__(self, receiver: Receiver | None) -> None:
        self._receiver = receiver

    @activity.defn(name=steps.DELIVER_NOTIFICATION)
    async def deliver(self, event: NotificationEvent) -> int:
        """Send one event to the receiver; the HTTP status with which it was taken.

        Safe to run twice: the receiver knows a second one by its id. The moment that is signed is
        when Temporal gave this try out, so a wrong clock of this machine makes no event too old.
        """
        with delivery_failures(), _counted(event):
            if self._receiver is None:
                raise NoAnswerError("No endpoint is set (HOSTED_NUMBERS_NOTIFICATION_URL).")
            return await self._receiver.deliver(event, activity.info().started_time)


@contextmanager
def _counted(event: NotificationEvent) -> Iterator[None]:
    """Count one try to deliver an event, by what came of it."""
    outcome = "delivered"
    try:
        yield
    except DeliveryError as error:
        outcome = _OUTCOMES[type(error)]
        raise
    finally:
        activity.metric_meter().create_counter(
            "hosted_numbers_notifications", "Tries to deliver an event, by what came of them"
        ).add(1, {"type": event.type, "outcome": outcome})
