"""Equal hints are passed on once in a while: a storm of callbacks must not fill an order's history.

The first of equal hints opens a window and is passed on at once. Those that come while the window
is open are held back, and when it ends, one more is passed on for all of them: so what the last one
told of is not lost, even if the order moved to and fro in between. Twilio's page promises neither
that a callback comes nor that it comes once (HostedNumberOrder resource, StatusCallbackUrl).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias

_log = logging.getLogger(__name__)

WINDOW: Final = timedelta(seconds=10)
MOST_WINDOWS: Final = 4096
LAST_WORDS: Final = timedelta(seconds=1)

PassOn: TypeAlias = Callable[[], Awaitable[bool]]
"""Passes a hint on; whether there was somebody to take it."""


@dataclass
class _Window:
    ends: float
    pass_on: PassOn
    held_back: bool = False
    opened: asyncio.Future[None] = field(default_factory=asyncio.Future)
    """Done when the first hint was passed on; its error, when it was not."""


class Coalescing:
    """The windows of one gateway, on its one event loop. One task at most works behind the scenes.

    Args:
        window: how long equal hints are held back.
        most: how many windows are kept; then the oldest is forgotten, with what it held back.
        clock: the time in seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        window: timedelta = WINDOW,
        most: int = MOST_WINDOWS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._length = window.total_seconds()
        self._most = most
        self._clock = clock
        self._sleep = sleep
        # All windows are of one length, so the oldest, which stands first, is the next to end.
        self._windows: dict[Hashable, _Window] = {}
        self._closer: asyncio.Task[None] | None = None

    async def take(self, key: Hashable, pass_on: PassOn) -> bool | None:
        """Pass a hint on, or hold it back.

        Args:
            key: equal for equal hints.
            pass_on: passes this one on.

        Returns:
            What ``pass_on`` said; None where the hint is held back.

        Raises:
            Exception: what ``pass_on`` raised, to all who relied on it. It does not count then,
                and the next equal hint is passed on.
        """
        known = self._windows.get(key)
        if known is not None and self._clock() < known.ends:
            known.held_back = True
            # Shielded: one that is cancelled must not take the answer from the others.
            await asyncio.shield(known.opened)
            return None
        return await self._open(key, pass_on)

    async def close(self, patience: timedelta = LAST_WORDS) -> None:
        """Pass on what is held back, as far as that goes within a moment; the rest is dropped.

        The order's own look at Twilio finds what was dropped.
        """
        if self._closer is not None:
            self._closer.cancel()
            await asyncio.gather(self._closer, return_exceptions=True)
        held_back = [window.pass_on for window in self._windows.values() if window.held_back]
        self._windows.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                for pass_on in held_back:
                    await _passed_on(pass_on())

    async def _open(self, key: Hashable, pass_on: PassOn) -> bool:
        window = _Window(self._clock() + self._length, pass_on)
        self._windows.pop(key, None)
        while len(self._windows) >= self._most:
            del self._windows[next(iter(self._windows))]
        self._windows[key] = window
        if self._closer is None or self._closer.done():
            self._closer = asyncio.create_task(self._close_windows(), name="coalescing")
        try:
            taken = await pass_on()
        except BaseException as error:
            if self._windows.get(key) is window:
                del self._windows[key]
            if isinstance(error, Exception):
                window.opened.set_exception(error)
                window.opened.exception()  # nobody may have waited for it
            else:
                window.opened.cancel()
            raise
        window.opened.set_result(None)
        return taken

    async def _close_windows(self) -> None:
        while self._windows:
            key, window = next(iter(self._windows.items()))
            await self._sleep(window.ends - self._clock())
            if self._windows.get(key) is not window:
                continue  # it was not passed on, or was forgotten
            del self._windows[key]
            if window.held_back:
                # A window of its own holds back what goes on coming.
                await _passed_on(self._open(key, window.pass_on))


async def _passed_on(hint: Awaitable[bool]) -> None:
    """Await a hint that nobody waits for any more; its failure is only logged."""
    try:
        await hint
    except Exception as error:  # noqa: BLE001 - whatever it is, the next window must end all the same
        # The error's text may hold a number.
        kind = type(error).__name__
        _log.warning("A hint that was held back is lost: %s", kind, extra={"kind": kind})
