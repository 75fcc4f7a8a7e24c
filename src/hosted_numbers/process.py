"""How a process of the product runs and ends: signals, the log, the exit code."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Final, NoReturn

from hosted_numbers.errors import HostedNumbersError

if TYPE_CHECKING:
    from hosted_numbers.settings import Settings

_LAST_SECONDS: Final = 2.0
_last_acts: list[Callable[[], object]] = []


def run_process(name: str, main: Callable[[], Coroutine[None, None, None]]) -> NoReturn:
    """Run a process's ``main`` until it ends, SIGTERM or Ctrl-C; exit 1 with the reason otherwise.

    Args:
        name: what the process is called in its messages.
        main: cancelled on a signal; what it then still awaits is waited for.
    """

    async def run() -> None:
        cancel_on_sigterm()
        await main()

    try:
        log_to_stderr(name)
        gc.freeze()  # what was imported stays, so no collection need look through it again
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(run())
    except HostedNumbersError as error:
        sys.stderr.write(f"{name}: {error}\n")
        leave(1)
    leave(0)


def at_the_end(act: Callable[[], object]) -> None:
    """Have something done when the process ends, for two seconds at most.

    It takes the place of ``atexit``, which ``leave`` leaves out.
    """
    _last_acts.append(act)


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
    acts = [threading.Thread(target=act, daemon=True) for act in _last_acts]
    for each in acts:
        each.start()
    for each in acts:
        each.join(_LAST_SECONDS)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def log_to_stderr(name: str, settings: "Settings | None" = None) -> None:
    """One line per event, in UTC, as ``telemetry.logs`` makes it.

    Args:
        name: what the process is called in each line.
        settings: say how a line looks; None reads them.

    Raises:
        SettingsError: they are wrong.
    """
    # Both take long to import, and the command line, which needs neither, imports this module.
    from hosted_numbers.settings import Settings  # noqa: PLC0415 - see above
    from hosted_numbers.telemetry.logs import write_log  # noqa: PLC0415 - see above

    write_log((settings or Settings.read()).log_format(), name)
