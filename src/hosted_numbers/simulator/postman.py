"""Sends status callbacks over HTTP, in order for each order, slow receivers beside the others."""

import asyncio
import contextlib
import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Final, Self, TypeAlias

import httpx

from hosted_numbers.simulator.callbacks import (
    NOT_LOOPBACK,
    UNREACHABLE,
    Delivery,
    Outgoing,
    may_reach,
    outgoing,
)
from hosted_numbers.simulator.config import SimulatorConfig

Sender: TypeAlias = Callable[[Outgoing], Awaitable[str]]
"""Sends one request and says how it ended: the HTTP status, or ``unreachable``. Never raises."""

_LANES: Final = 16

_log = logging.getLogger(__name__)


class HttpSender:
    """The sender for real receivers. It follows no redirect and uses no proxy.

    Args:
        timeout: seconds for the whole exchange.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._client = httpx.AsyncClient(trust_env=False, timeout=timeout)

    async def __call__(self, request: Outgoing) -> str:
        """Send one callback and read the answer's status."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    request.method,
                    request.url,
                    data=request.form or None,
                    headers=request.headers,
                ) as response,
            ):
                return str(response.status_code)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return UNREACHABLE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()


class Postman:
    """Workers on a few lanes; all callbacks of one order share a lane and so keep their order.

    Args:
        config: the secret that signs, and which hosts may be called.
        sender: how a request goes out.
        sent: told the origin and key of a delivery, and its outcome.
    """

    def __init__(
        self,
        config: SimulatorConfig,
        sender: Sender,
        sent: Callable[[object, int, str], None],
    ) -> None:
        self._config = config
        self._sender = sender
        self._sent = sent
        self._lanes: list[asyncio.Queue[tuple[object, int, Delivery]]] = [
            asyncio.Queue() for _ in range(_LANES)
        ]

    def take(self, origin: object, key: int, delivery: Delivery) -> None:
        """Accept a delivery that is due."""
        lane = zlib.crc32(delivery.order_sid.encode()) % _LANES
        self._lanes[lane].put_nowait((origin, key, delivery))

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Deliver until the block ends; what is under way then stays undelivered."""
        workers = [asyncio.create_task(self._work(lane), name="postman") for lane in self._lanes]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, lane: asyncio.Queue[tuple[object, int, Delivery]]) -> None:
        while True:
            origin, key, delivery = await lane.get()
            outcome = await self._deliver(delivery)
            try:
                self._sent(origin, key, outcome)
            except Exception:  # noqa: BLE001 - a lane that dies would swallow all that follows
                # the world keeps it for the next write; only a kill before that sends it again
                _log.exception("the outcome of a callback could not be kept")

    async def _deliver(self, delivery: Delivery) -> str:
        if not may_reach(delivery.url, self._config.callback_hosts):
            return NOT_LOOPBACK
        return await self._sender(outgoing(delivery, self._config))
