"""The simulator's clock: real time and an offset, so that a test can pass thirty days at once."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the simulator's time.

    Args:
        offset: how far it is ahead of real time.
        real_time: seconds since the epoch; a test hands in its own.
    """

    def __init__(
        self, offset: timedelta = timedelta(0), *, real_time: Callable[[], float] = time.time
    ) -> None:
        self.offset = offset
        self._real_time = real_time

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.fromtimestamp(self._real_time(), UTC) + self.offset

    def advance(self, span: timedelta) -> None:
        """Jump ahead by ``span``."""
        self.offset += span

    def seconds_until(self, moment: datetime) -> float:
        """Real seconds until ``moment``, never negative."""
        return max(0.0, (moment - self.now()).total_seconds())
