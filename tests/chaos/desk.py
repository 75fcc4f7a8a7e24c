"""One list of all open orders for everybody, in place of a question about each of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from tests.chaos.backend import Backend

Stand: TypeAlias = tuple[str | None, str | None]
"""Twilio's status, and what an order waits for."""

_LOOK: Final = 1.0
_LOOKS: Final = 5
"""Lists lag, and do not show everything: an order is looked at itself now and then."""


@dataclass
class Desk:
    """Looks at the lists, and tells those who wait for news of an order.

    Attributes:
        backend: how it asks.
    """

    backend: Backend
    _listed: dict[str, Stand] = field(default_factory=dict)
    _looked: asyncio.Condition = field(default_factory=asyncio.Condition)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator["Desk"]:
        """Look once a second while the block runs."""
        task = asyncio.create_task(self._watch(), name="desk")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def news(self, number: str, stands: Stand) -> None:
        """Wait until the lists show an order otherwise, or for a few looks."""
        for _ in range(_LOOKS):
            async with self._looked:
                await self._looked.wait()
            if self._listed.get(number) != stands:
                return

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            listed = await self.backend.open_orders()
            if listed is not None:
                self._listed = listed
            async with self._looked:
                self._looked.notify_all()
