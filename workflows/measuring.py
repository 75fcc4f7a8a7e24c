"""What an order's life adds to the worker's metrics: its end, its holds, its time in each status.

The SDK's meter records nothing while a history is replayed, and makes no command.
"""

from datetime import datetime
from typing import Final

from temporalio import workflow

from hosted_numbers.order_lists import STATUSES
from hosted_numbers.order_state import OrderState
from hosted_numbers.telemetry.metric_names import STATUS_DURATION

_REFUSED: Final = "refused-"


class Measures:
    """Sees the states of one order, one after another.

    Args:
        state: the one that the run begins with. How long an order was in its status before it was
            continued as new is not known any more, and not counted.
    """

    def __init__(self, state: OrderState) -> None:
        self._status = state.status
        self._since: datetime | None = None
        self._hold = _kind(state)
        self._ended = state.ended

    def see(self, state: OrderState, now: datetime) -> None:
        """Count what has changed since the last one."""
        if state.status != self._status:
            self._left(now)
            self._status, self._since = state.status, now
        if (hold := _kind(state)) != self._hold:
            if hold is not None:
                workflow.metric_meter().create_counter(
                    "hosted_numbers_holds", "Orders put on hold, by the reason"
                ).add(1, {"reason": hold})
            self._hold = hold
        if state.ended != self._ended:
            workflow.metric_meter().create_counter(
                "hosted_numbers_orders_ended", "Orders that have ended, by how"
            ).add(1, {"phase": str(state.ended)})
            self._ended = state.ended

    def _left(self, now: datetime) -> None:
        if self._status is None or self._since is None:
            return
        workflow.metric_meter().create_histogram_float(
            STATUS_DURATION, "Seconds that orders were in a status of Twilio's that they have left"
        ).record(
            (now - self._since).total_seconds(),
            {"status": self._status if self._status in STATUSES else "other"},
        )


def _kind(state: OrderState) -> str | None:
    """Why the order is on hold, without the code that Twilio refused something with."""
    if state.hold is None:
        return None
    return "refused" if state.hold.kind.startswith(_REFUSED) else state.hold.kind
