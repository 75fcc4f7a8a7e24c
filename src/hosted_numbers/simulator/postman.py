"""Sends status callbacks over HTTP, in order for each order, slow receivers beside the others."""

import asyncio
import contextlib
import logging
from collections import deque
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

MOST_AT_ONCE: Final = 100
"""Callbacks under way. An order's next one waits for the one before, as receivers expect."""

_log = logging.getLogger(__name__)


class HttpSender:
    """The sender for real receivers. It follows no redirect and uses no proxy.

    Args:
        timeout: seconds for the whole exchange.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            trust_env=False,
            timeout=timeout,
            limits=httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=20),
        )

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
    """Delivers the callbacks of one order after another, those of different orders side by side.

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
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._left: dict[str, deque[tuple[object, int, Delivery]]] = {}
        self._rounds: set[asyncio.Task[None]] = set()

    def take(self, origin: object, key: int, delivery: Delivery) -> None:
        """Accept a delivery that is due."""
        entry = (origin, key, delivery)
        if (left := self._left.get(delivery.order_sid)) is not None:
            left.append(entry)
            return
        self._left[delivery.order_sid] = deque([entry])
        going = asyncio.create_task(self._round(delivery.order_sid), name="postman")
        self._rounds.add(going)
        going.add_done_callback(self._rounds.discard)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Deliver until the block ends; what is under way then stays undelivered."""
        try:
            yield
        finally:
            going = list(self._rounds)
            for each in going:
                each.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    async def _round(self, order_sid: str) -> None:
        """Deliver what is left for one order."""
        left = self._left[order_sid]
        while left:
            origin, key, delivery = left.popleft()
            try:
                async with self._turns:
                    self._sent(origin, key, await self._deliver(delivery))
            except Exception:  # noqa: BLE001 - what follows for this order still goes out
                # the world keeps it for the next write; only a kill before that sends it again
                _log.exception("a callback could not be sent, or its outcome not be kept")
        del self._left[order_sid]

    async def _deliver(self, delivery: Delivery) -> str:
        if not may_reach(delivery.url, self._config.callback_hosts):
            return NOT_LOOPBACK
        return await self._sender(outgoing(delivery, self._config))
