"""Codes die after ten minutes, and an order that is swept keeps no clock of its own for that."""

import asyncio
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client

from activities.hinting import AT_ONCE
from hosted_numbers import open_orders, steps
from hosted_numbers.contract import OrderChanged
from hosted_numbers.orders import HostedNumberOrders


class ExpiredCodeActivities:
    """Hints to orders that wait for a code which has died.

    Args:
        client: of Temporal, with the pydantic data converter.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._orders = HostedNumberOrders(client)

    @activity.defn(name=steps.HINT_AT_EXPIRED_CODES)
    async def hint(self) -> int:
        """Show the time to a thousand orders at most, and answer to how many.

        Safe to run twice: a hint changes nothing by itself. It says what the order knows, so that
        it does not look at Twilio.
        """
        overdue = await open_orders.overdue(self._client, "verification-code", datetime.now(UTC))
        slots = asyncio.Semaphore(AT_ONCE)

        async def hint(number: str, status: str | None) -> bool:
            async with slots:
                return await self._orders.order_changed(number, OrderChanged(status=status))

        told = await asyncio.gather(*(hint(number, each.status) for number, each in overdue))
        return sum(told)
