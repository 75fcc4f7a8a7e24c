"""The way from a command to the orders: by Temporal's profile, without the gateway."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio.service import RPCError

from hosted_numbers import temporal
from hosted_numbers.errors import RefusedError
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings

T = TypeVar("T")


async def connected() -> HostedNumberOrders:
    """The orders of the namespace that the environment names.

    Raises:
        SettingsError: the environment is wrong.
        TemporalUnavailableError: Temporal does not answer.
    """
    settings = Settings.read()
    return HostedNumberOrders(
        await temporal.connect(settings),
        deadline=settings.temporal_deadline(),
        answer_deadline=settings.answer_deadline(),
    )


def asked(question: Callable[[HostedNumberOrders], Awaitable[T]]) -> T:
    """The answer to a question put to the orders.

    Raises:
        HostedNumbersError: whatever is in the way.
    """

    async def ask() -> T:
        return await question(await connected())

    return run(ask())


def run(call: Awaitable[T]) -> T:
    """Run to the end what talks to Temporal.

    Raises:
        RefusedError: Temporal is there and does not let this through.
        HostedNumbersError: whatever the call itself raises.
    """

    async def awaited() -> T:
        return await call

    try:
        return asyncio.run(awaited())
    except RPCError as error:
        raise RefusedError(
            f"Temporal refused it with {error.status.name}.",
            "Check TEMPORAL_NAMESPACE and the rights of the profile's API key.",
        ) from None
