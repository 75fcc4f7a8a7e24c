"""Rate limits: what one call is told holds for all calls to that host.

Source: https://www.twilio.com/docs/api/errors/20429; RFC 6585, section 4.
"""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Final

LONGEST_ASKED: Final = timedelta(minutes=15)
"""A longer Retry-After is cut: an absurd one must not silence the client for a day."""

FIRST_STEP: Final = timedelta(seconds=1)
LONGEST_STEP: Final = timedelta(seconds=60)
"""Without a Retry-After, the first pause and the longest; each is twice the one before."""


class Backoff:
    """When calls to one host are to pause, after a 429 (20429) to one of them.

    Calls that were under way when a pause began were sent in an earlier round. Their answers do not
    speak of what was sent after it: ten 429s in one instant are one pause, not ten.

    Args:
        clock: seconds, never going back.

    Attributes:
        round: which one it is; to be kept with each call that is sent.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.round = 0
        self._clock = clock
        self._over = -math.inf
        self._step = FIRST_STEP

    def left(self) -> timedelta:
        """How long the pause goes on; zero where there is none."""
        return timedelta(seconds=max(self._over - self._clock(), 0.0))

    def limited(self, sent_in: int, asked: timedelta | None) -> None:
        """A call was answered 429.

        Args:
            sent_in: the round in which it was sent.
            asked: its Retry-After; zero, or a date in the past, says no more than none at all.
        """
        if asked:
            self._pause(min(asked, LONGEST_ASKED))
        elif sent_in == self.round:
            self._pause(self._step)
        if sent_in == self.round:
            self.round += 1
            self._step = min(2 * self._step, LONGEST_STEP)

    def went_through(self, sent_in: int) -> None:
        """A call was answered otherwise: the next pause is a short one again."""
        if sent_in == self.round:
            self._step = FIRST_STEP

    def _pause(self, pause: timedelta) -> None:
        self._over = max(self._over, self._clock() + pause.total_seconds())
