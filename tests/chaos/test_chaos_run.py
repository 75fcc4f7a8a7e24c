"""A fault run as its own process: told to end, it takes everything with it."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

PATIENCE = 120.0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
async def test_a_run_that_is_ended_leaves_no_process(told: signal.Signals, tmp_path: Path) -> None:
    """In the middle of its orders: exit code 130, no traceback, nothing is left running."""
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.chaos", "--orders", "5", "--kills", "0", "--folder", str(tmp_path)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert run.stdout is not None
    try:
        said = b""
        async with asyncio.timeout(PATIENCE):
            while b"not taken" not in said:  # the first line about the orders
                line = await run.stdout.readline()
                assert line, said.decode()
                said += line
            parts = psutil.Process(run.pid).children(recursive=True)
            run.send_signal(told)
            said += await run.stdout.read()
            assert await run.wait() == 130, said.decode()
        assert len(parts) >= 4
        assert not [part for part in parts if part.is_running()]
        assert b"Traceback" not in said, said.decode()
    finally:
        if run.returncode is None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended by itself
                ours = psutil.Process(run.pid)
                for part in [*ours.children(recursive=True), ours]:
                    part.kill()
            await run.wait()
