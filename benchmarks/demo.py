"""Row 10: how soon ``make demo`` shows its first completed order, as a person sees it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import Final

from rich.console import Console

from benchmarks.machine import FROM_HERE
from benchmarks.results import Goal, Result
from deploy.local import ROOT

_PATIENCE: Final = 60.0
_COMMAND: Final = [sys.executable, "-m", "deploy.local", "demo", "--pace", "0"]


async def row_10(repetitions: int, console: Console) -> list[Result]:
    """From the command to the first order that it shows as completed."""
    took = []
    for turn in range(1, repetitions + 1):
        took.append(await asyncio.to_thread(seconds_to_first_completed))
        console.print(f"  round {turn} of {repetitions}: {took[-1]:.2f} s", highlight=False)
    return [
        Result(
            10,
            "make demo, installed, to the first completed order",
            Goal("<=", 4, "s"),
            took,
            "Files are in the page cache after the first time. The demo looks ten times a second.",
        )
    ]


def seconds_to_first_completed() -> float:
    """Run the demo on a terminal of its own and read what it shows.

    Raises:
        AssertionError: no order was shown as completed.
    """
    ours, theirs = os.openpty()
    environment = {**os.environ, **FROM_HERE, "COLUMNS": "200", "TERM": "xterm"}
    began = time.perf_counter()
    process = subprocess.Popen(
        _COMMAND, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        while time.perf_counter() - began < _PATIENCE:
            if b"completed" in os.read(ours, 65536):
                return time.perf_counter() - began
        raise AssertionError("the demo completed no order")
    finally:
        # told as by Ctrl-C, it stops all that it started
        process.send_signal(signal.SIGTERM)
        _drain(ours, process)


def _drain(terminal: int, process: "subprocess.Popen[bytes]") -> None:
    """Let it write until it has ended: a full terminal would hold it up."""
    os.set_blocking(terminal, False)
    give_up = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < give_up:
        try:
            os.read(terminal, 65536)
        except (BlockingIOError, OSError):
            time.sleep(0.02)
    os.close(terminal)
    process.kill()
    process.wait()
