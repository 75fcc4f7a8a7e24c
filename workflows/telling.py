"""How an order has its news told, beside everything else that it does."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import FailureError

from hosted_numbers.contract import NotificationEvent
from hosted_numbers.notifications import event_due, told
from hosted_numbers.order_state import OrderState, Told
from workflows import activity_calls, patches


class Telling:
    """The events of an order, handed over one after another while the order goes on."""

    state: OrderState
    _last: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Have the event told that the settled state makes due, if there is one."""
        event = event_due(self.state, workflow.info().run_id, workflow.now())
        if event is not None and patches.tells(self.state):
            self.state = told(self.state)
            self._last = asyncio.create_task(self._tell(event, self.state.told, self._last))

    async def all_told(self) -> None:
        """Wait until the last event is handed over, which is over in minutes at the most."""
        if self._last is not None:
            await self._last

    async def _tell(
        self, event: NotificationEvent, mark: Told | None, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await before
        try:
            wanted = await activity_calls.tell(event)
        except FailureError as error:
            workflow.logger.warning("The event %s was not handed over: %s", event.id, error)
            wanted = None
        if not wanted and self.state.told is mark:
            self.state = self.state.but(told=None)  # told anew when the order next settles
        if wanted is not None:
            self.state = self.state.but(notifies=wanted)
