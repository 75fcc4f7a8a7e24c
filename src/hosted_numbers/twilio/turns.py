"""How many calls are under way to one host at once, and what carries each of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from hosted_numbers.twilio.errors import InvalidArgumentError
from hosted_numbers.twilio.transports import Transports


class Turns:
    """Lets calls have a transport in the order in which they ask, a bounded number at once.

    Args:
        at_once: how many calls have one at the same time.
        patience: seconds that a call may wait for one.
        transports: makes them, when those made are all busy.

    Raises:
        InvalidArgumentError: ``at_once`` is less than one.
    """

    def __init__(self, at_once: int, patience: float, transports: Transports) -> None:
        if at_once < 1:
            raise InvalidArgumentError("max_connections must be at least 1")
        self._patience = patience
        self._transports = transports
        # A semaphore serves who waits in order and lets nobody past; asyncio's queues do not.
        self._free = asyncio.Semaphore(at_once)
        # Last in, first out keeps few connections busy and warm rather than all of them tepid.
        self._idle: list[httpx.AsyncBaseTransport] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """Have a transport for the time of this block.

        Raises:
            httpx.PoolTimeout: all were busy for too long.
        """
        await self._begin()
        try:
            transport = self._idle.pop() if self._idle else self._transports.one()
            try:
                yield transport
            finally:
                self._idle.append(transport)
        finally:
            self._free.release()

    async def _begin(self) -> None:
        if not self._free.locked():
            await self._free.acquire()  # at once, so a timer would be for nothing
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are busy") from None
