"""How many orders stand where, and what needs a person: counted now and then for all who look.

A count is a few dozen cheap questions to Temporal; ten open browsers ask them no more often than
one does.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hosted_numbers.order_lists import Pressing, StatusCount
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.problem_reports import Problems

_FRESH_SECONDS: Final = 2.0
_PRESSING: Final = 20
_PROBLEMS: Final = 5


@dataclass(frozen=True)
class Picture:
    """The pipeline at one moment.

    Attributes:
        counts: the open orders by Twilio's status.
        pressing: those that need a person, the soonest deadline first.
        problems: the workflows that no worker can go on with.
    """

    counts: tuple[StatusCount, ...]
    pressing: Pressing
    problems: Problems

    @property
    def open(self) -> int:
        """How many orders are open."""
        return sum(each.count for each in self.counts)


class Pipeline:
    """Counts, and remembers the count for a moment.

    Args:
        clock: tells seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._one_counts = asyncio.Lock()
        self._last: tuple[float, Picture] | None = None

    async def picture(self, orders: HostedNumberOrders) -> Picture:
        """The pipeline now, or as it was counted at most two seconds ago.

        Raises:
            TemporalUnavailableError: Temporal does not answer.
        """
        async with self._one_counts:
            if self._last is None or self._clock() - self._last[0] > _FRESH_SECONDS:
                counts, pressing, problems = await asyncio.gather(
                    orders.lists.census(),
                    orders.lists.pressing(_PRESSING),
                    orders.problems.read(_PROBLEMS),
                )
                self._last = self._clock(), Picture(counts, pressing, problems)
            return self._last[1]
