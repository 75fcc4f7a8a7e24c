"""How a process of the product runs and ends: signals, the log, the exit code."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import NoReturn

from hosted_numbers.errors import HostedNumbersError


def run_process(name: str, main: Callable[[], Coroutine[None, None, None]]) -> NoReturn:
    """Run a process's ``main`` until it ends, SIGTERM or Ctrl-C; exit 1 with the reason otherwise.

    Args:
        name: what the process is called in its messages.
        main: cancelled on a signal; what it then still awaits is waited for.
    """

    async def run() -> None:
        cancel_on_sigterm()
        await main()

    log_to_stderr()
    try:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(run())
    except HostedNumbersError as error:
        sys.stderr.write(f"{name}: {error}\n")
        leave(1)
    leave(0)


def cancel_on_sigterm() -> None:
    """Have SIGTERM cancel the task that calls this, as asyncio already does on Ctrl-C."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def leave(code: int) -> NoReturn:
    """End the process now that all is done.

    The SDK's own threads may reach into Python once more while the interpreter ends, on which
    CPython 3.11 aborts ("PyGILState_Release"), and a worker that drained well would end with a
    crash. So the interpreter's own ending is left out; buffers are written first.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def log_to_stderr() -> None:
    """One line per event, in UTC; httpx's own lines, which hold URLs, are left out."""
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.default_msec_format = "%s.%03dZ"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
