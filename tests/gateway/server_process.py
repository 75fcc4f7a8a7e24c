"""A gateway in a process of its own, as a test starts, asks and kills it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx

from tests.gateway.orders_in_memory import KEY, NUMBER, ORDERS

ROOT = Path(__file__).parents[2]
PATIENCE = 60
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/pdf"}


class ServedGateway:
    """One gateway with one open order; its files under way and its blobs are the test's."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port = port
        self._folder = folder
        self._temporary = folder / "temporary"
        self._temporary.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def start(self) -> None:
        """Start it and wait until it listens."""
        words = [str(self._port), str(self._folder / "blobs")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.served", *words],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(self._temporary)},
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as tried:
                tried.settimeout(0.1)
                if tried.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        self._kill()
        raise TimeoutError

    def upload(self, content: bytes | Iterator[bytes]) -> httpx.Response:
        """Send a bill."""
        url = f"http://127.0.0.1:{self._port}{ORDERS}/{NUMBER}/documents"
        return httpx.post(url, content=content, headers=HEADERS, timeout=PATIENCE, trust_env=False)

    def kill_during_upload(self, content: bytes, after: int) -> None:
        """Kill it once it reads a bill, and so many bytes of that were sent."""
        lines = [
            f"POST {ORDERS}/{NUMBER}/documents HTTP/1.1",
            "Host: gateway.test",
            *(f"{name}: {value}" for name, value in HEADERS.items()),
            f"Content-Length: {len(content)}",
            "Expect: 100-continue",
        ]
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
            assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
            connection.sendall(content[:after])
            self._kill()

    def files(self) -> list[Path]:
        """Every file that it keeps or has under way."""
        return [each for each in self._folder.rglob("*") if each.is_file()]

    def resident_bytes(self) -> int:
        """The memory that it has."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024

    def _kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()
