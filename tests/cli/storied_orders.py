"""Orders in memory whose progress follows a script."""

from collections.abc import Callable

from typer.testing import Result

from hosted_numbers.contract import Progress
from tests.gateway.orders_in_memory import OrdersInMemory

Run = Callable[..., Result]


class StoriedOrders(OrdersInMemory):
    """Orders whose progress follows a script; what is an exception in it is raised."""

    def __init__(self) -> None:
        super().__init__()
        self.story: list[Progress | Exception] = []

    async def progress(self, phone_number: str) -> Progress:
        """The next of the story, or what orders in memory say."""
        if not self.story:
            return await super().progress(phone_number)
        told = self.story.pop(0)
        if isinstance(told, Exception):
            raise told
        return told
