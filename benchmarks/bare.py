"""The least that a durable order can be: four activities that do nothing, and one message.

It is the limit of this engine on this machine; no product that does something reaches it.
"""

from datetime import timedelta

from temporalio import activity, workflow

QUEUE = "bare"


@activity.defn
async def do_nothing() -> None:
    """Take no time."""


@workflow.defn
class Bare:
    """Act, hear one message, act three times."""

    def __init__(self) -> None:
        self._told = False

    @workflow.run
    async def run(self) -> None:
        """Live."""
        await self._act()
        await workflow.wait_condition(lambda: self._told)
        for _ in range(3):
            await self._act()

    async def _act(self) -> None:
        await workflow.execute_activity(do_nothing, start_to_close_timeout=timedelta(seconds=30))

    @workflow.signal
    def tell(self) -> None:
        """The one message."""
        self._told = True


WORKFLOWS: list[type] = [Bare]
ACTIVITIES = [do_nothing]
