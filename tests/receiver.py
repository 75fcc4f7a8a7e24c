"""A backend's endpoint that remembers the events it was sent, and answers as it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hosted_numbers.contract import NotificationEvent
from hosted_numbers.delivery import DeliveryError


@dataclass
class Inbox:
    """Takes every event, but for what ``answers`` says of the next tries.

    Attributes:
        answers: for the next tries, the error that each comes to, or None.
        always: the error that every other try comes to, or None.
        tries: each try, with the moment that was signed.
        events: what was taken.
    """

    answers: list[DeliveryError | None] = field(default_factory=list)
    always: DeliveryError | None = None
    tries: list[tuple[NotificationEvent, datetime]] = field(default_factory=list)
    events: list[NotificationEvent] = field(default_factory=list)

    async def deliver(self, event: NotificationEvent, at: datetime) -> int:
        """Take one event, or not."""
        self.tries.append((event, at))
        error = self.answers.pop(0) if self.answers else self.always
        if error is not None:
            raise error
        self.events.append(event)
        return 204

    @property
    def types(self) -> Sequence[str]:
        """The types of the events that were taken, by the time at which they happened."""
        return [event.type for event in sorted(self.events, key=lambda each: each.timestamp)]
