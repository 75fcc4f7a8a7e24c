"""The timers of an order that waits again and again, started as seldom as that goes.

A timer is two events and a billed action, and a signal ends a wait every now and then. So one for
days from now is kept from wait to wait, even if it is somewhat early for the next.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

_LONG: Final = timedelta(days=1)
"""A shorter wait ends at its moment: to wake up early costs more than another timer."""


class Alarm:
    """Rings by a moment that can be set anew at any time."""

    def __init__(self) -> None:
        self._timers: dict[datetime, asyncio.Task[None]] = {}

    def ring_by(self, moment: datetime, summary: str) -> None:
        """Have it ring at the moment; if that is days away, perhaps before, but past half way.

        Args:
            moment: workflow time.
            summary: what is waited for, as the Temporal UI shows it.
        """
        now = workflow.now()
        earliest = now + (moment - now) / 2 if moment - now > _LONG else moment
        for early in [at for at in self._timers if at < earliest]:
            self._timers.pop(early).cancel()
        if any(at <= moment for at in self._timers):
            return
        timer = workflow.sleep(max(moment - now, timedelta(milliseconds=1)), summary=summary)
        self._timers[moment] = asyncio.create_task(timer)

    def rings(self) -> bool:
        """Whether a timer has fired, which is told once."""
        fired = [at for at, timer in self._timers.items() if timer.done()]
        for at in fired:
            del self._timers[at]
        return bool(fired)
