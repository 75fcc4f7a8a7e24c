"""What the gateway's metrics say of all orders: counted at Temporal when somebody scrapes.

It is counted at most every fifteen seconds, however often and by however many the metrics are read,
and more seldom where counting takes long. While Temporal is away the last figures stand, for five
minutes; then there are none, which is no zero.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from temporalio.exceptions import TemporalError
from temporalio.service import RPCError

from hosted_numbers.blobs import BlobStore
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.order_census import Group
from hosted_numbers.sweeping import SweepReport

EVERY: Final = timedelta(seconds=15)
DEADLINE: Final = timedelta(seconds=20)
"""For one count in all."""
KEPT: Final = timedelta(minutes=5)
_SHARE: Final = 10
"""Counting may take a tenth of the time."""

_log = logging.getLogger(__name__)


class Census(Protocol):
    """What counts: ``hosted_numbers.order_census.OrderCensus``."""

    async def groups(self) -> tuple[Group, ...]:
        """The groups of open orders."""

    async def troubled(self) -> int:
        """How many workflows report problems."""


class LastSweep(Protocol):
    """What knows the status sweep: ``hosted_numbers.sweeps.last_report``."""

    async def __call__(self) -> SweepReport | None:
        """The report of the last one."""


@dataclass(frozen=True)
class Figures:
    """What was counted.

    Attributes:
        temporal_up: whether Temporal answered just now.
        blob_store_up: whether a file can be written.
        blob_store_free_bytes: room for files, where the store is a directory.
        groups: the open orders; None where they are not known.
        troubled: workflows that report problems; None where they are not known.
        sweep: the last status sweep; None where there was none, or it is not known.
        counted_at: Unix time of the orders' figures; None before there were any.
    """

    temporal_up: bool = False
    blob_store_up: bool = False
    blob_store_free_bytes: int | None = None
    groups: tuple[Group, ...] | None = None
    troubled: int | None = None
    sweep: SweepReport | None = None
    counted_at: float | None = None


class Counting:
    """The figures of one gateway, on its one event loop.

    Args:
        census: counts the orders.
        last_sweep: tells of the sweep.
        blobs: where files are kept.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        census: Census,
        last_sweep: LastSweep,
        blobs: BlobStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._census = census
        self._last_sweep = last_sweep
        self._blobs = blobs
        self._clock = clock
        self._next = 0.0
        self._counted = 0.0
        self._figures = Figures()
        self._alone = asyncio.Lock()

    async def figures(self) -> Figures:
        """The figures, counted anew if they are old. It never raises."""
        async with self._alone:
            begun = self._clock()
            if begun >= self._next:
                await self._count()
                taken = timedelta(seconds=self._clock() - begun)
                self._next = self._clock() + max(EVERY, _SHARE * taken).total_seconds()
            return self._figures

    async def _count(self) -> None:
        now = replace(
            self._figures,
            temporal_up=True,
            blob_store_up=await self._blobs.reachable(),
            blob_store_free_bytes=self._blobs.free_bytes(),
        )
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                groups, troubled, sweep = await asyncio.gather(
                    self._census.groups(), self._census.troubled(), self._last_sweep()
                )
        except (HostedNumbersError, TemporalError, RPCError, TimeoutError) as error:
            _log.warning("The orders could not be counted", extra={"kind": type(error).__name__})
            now = replace(now, temporal_up=False)
            if self._clock() - self._counted > KEPT.total_seconds():
                now = replace(now, groups=None, troubled=None, sweep=None)
        else:
            self._counted = self._clock()
            now = replace(
                now, groups=groups, troubled=troubled, sweep=sweep, counted_at=time.time()
            )
        self._figures = now
