"""Callbacks that are still to go out, and how the mode of the moment bends their way."""

import random
from datetime import datetime

from hosted_numbers.simulator.callbacks import CallbackMode, Delivery, deliveries, retry
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.schedule import Schedule


class Outbox:
    """Deliveries by a key that grows, and the queue of what is due.

    Args:
        config: delays of the modes and the number of retries.
        chance: where the mode ``shuffled`` gets its luck from.
    """

    def __init__(self, config: SimulatorConfig, chance: random.Random) -> None:
        self._config = config
        self._chance = chance
        self._last_key = 0
        self.waiting: dict[int, Delivery] = {}
        self.schedule: Schedule[int] = Schedule()

    def restore(self, key: int, delivery: Delivery) -> None:
        """Take in what an earlier simulator left."""
        self._last_key = max(self._last_key, key)
        self.waiting[key] = delivery
        self.schedule.add(delivery.due, key)

    def post(self, order: Order, status: str, at: datetime, mode: CallbackMode) -> list[int]:
        """Put in the callbacks of one status change; their keys."""
        keys = []
        for delivery in deliveries(
            order, status, at, mode=mode, config=self._config, chance=self._chance
        ):
            self.restore(self._last_key + 1, delivery)
            keys.append(self._last_key)
        return keys

    def settle(self, key: int, outcome: str, now: datetime) -> Delivery | None:
        """Take out a delivery that was tried; what remains of it when it is tried again."""
        again = retry(self.waiting.pop(key), outcome, now, self._config.callback_retries)
        if again is not None:
            self.restore(key, again)
        return again
