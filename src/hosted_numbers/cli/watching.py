"""An order watched until it ends, through the outages of what answers."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from hosted_numbers.contract import Progress
from hosted_numbers.errors import NoWorkerError, TemporalUnavailableError
from hosted_numbers.orders import HostedNumberOrders

PAUSE: Final = timedelta(seconds=2)


async def watched(
    orders: HostedNumberOrders,
    phone_number: str,
    show: Callable[[Progress], None],
    tell: Callable[[str], None],
    pause: timedelta = PAUSE,
) -> Progress:
    """Show each change of an order until it has ended.

    Args:
        orders: where to look.
        phone_number: E.164.
        show: gets each progress that differs from the one before.
        tell: gets a sentence when nothing answers; the watch goes on.
        pause: how long to wait after that.

    Returns:
        How the order ended.

    Raises:
        HostedNumbersError: the order is unknown, or nothing answered the very first look.
    """
    last: Progress | None = None
    while True:
        try:
            async for progress in orders.watch(phone_number):
                if progress != last:
                    show(progress)
                last = progress
        except (NoWorkerError, TemporalUnavailableError) as error:
            if last is None:
                raise
            tell(f"{error.reason} Still watching.")
            await asyncio.sleep(pause.total_seconds())
        else:
            assert last is not None  # noqa: S101 - a watch that ends has shown the end
            return last
