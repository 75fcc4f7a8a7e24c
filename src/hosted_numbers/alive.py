"""That a worker is alive, as a file that it touches; and ``python -m hosted_numbers.alive``.

A worker takes no requests, so a probe looks at a file (HOSTED_NUMBERS_ALIVE_FILE). It is written by
the worker's event loop: when that hangs, the file grows old, and a restart helps. While Temporal is
away it stays fresh, as a restart would not bring Temporal back. It says ``starting`` until the
worker polls, and ``working`` from then on, so that a new worker replaces an old one only then.

The probe runs every few seconds in each container, so this module imports next to nothing.
"""

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from hosted_numbers.errors import SettingsError

VARIABLE: Final = "HOSTED_NUMBERS_ALIVE_FILE"
EVERY: Final = timedelta(seconds=5)
STALE: Final = timedelta(seconds=30)
"""Older than this, the event loop hangs; what a loaded machine delays is far less."""

STARTING: Final = "starting"
WORKING: Final = "working"

_log = logging.getLogger(__name__)


class Heartbeat:
    """Touches a file while the event loop turns.

    Args:
        file: which; None touches nothing.
        every: between two beats.

    Attributes:
        state: what the file says, ``starting`` or ``working``.
    """

    def __init__(self, file: Path | None, every: timedelta = EVERY) -> None:
        self.state = STARTING
        self.beating: asyncio.Task[None] | None = None
        self._file = file
        self._every = every
        self._well = True

    @classmethod
    def begun(cls, file: Path | None, every: timedelta = EVERY) -> Self:
        """One that beats until the event loop ends; then the file goes.

        Raises:
            SettingsError: the file cannot be written.
        """
        heartbeat = cls(file, every)
        heartbeat.beat()
        if not heartbeat._well:
            raise SettingsError(
                f"The file of {VARIABLE} cannot be written.",
                "Name one in a directory that the worker may write to, such as /tmp.",
            )
        heartbeat.beating = asyncio.create_task(heartbeat._go_on())
        return heartbeat

    def working(self) -> None:
        """The worker polls from now on."""
        self.state = WORKING
        self.beat()

    def beat(self) -> None:
        """Write the file now; a disk that does not take it is logged once and tried again."""
        if self._file is None:
            return
        beside = self._file.with_name(f"{self._file.name}.new")
        try:
            beside.write_text(self.state, encoding="ascii")
            beside.replace(self._file)  # a probe never reads half of it
            self._well = True
        except OSError as error:
            if self._well:
                _log.warning("The file of %s cannot be written: %s.", VARIABLE, error.strerror)
            self._well = False

    async def _go_on(self) -> None:
        try:
            while True:
                self.beat()
                await asyncio.sleep(self._every.total_seconds())
        finally:
            if self._file is not None:
                with contextlib.suppress(OSError):
                    self._file.unlink()


def complaint(file: Path, *, ready: bool, now: float) -> str | None:
    """What is wrong with the worker of a file, None where nothing is.

    Args:
        file: the one that it touches.
        ready: whether it must also poll.
        now: seconds since the epoch.
    """
    try:
        age = now - file.stat().st_mtime
        state = file.read_text(encoding="ascii")
    except (OSError, ValueError):
        return "no worker has written the file, or it cannot be read"
    if age > STALE.total_seconds():
        return f"the worker's event loop has not turned for {age:.0f} seconds"
    if ready and state != WORKING:
        return "the worker does not poll yet: it waits for Temporal"
    return None


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Look at the worker of HOSTED_NUMBERS_ALIVE_FILE.

    Args:
        arguments: ``--ready`` asks whether it polls, too.
        environment: names the file.

    Returns:
        0 alive, 1 not, with the reason on stderr, 2 wrong usage.
    """
    file = environment.get(VARIABLE)
    if not file or list(arguments) not in ([], ["--ready"]):
        sys.stderr.write(f"usage: {VARIABLE}=FILE python -m hosted_numbers.alive [--ready]\n")
        return 2
    wrong = complaint(Path(file), ready="--ready" in arguments, now=time.time())
    if wrong:
        sys.stderr.write(f"{wrong}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
