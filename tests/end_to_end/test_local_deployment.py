"""``make demo`` and ``make dev``, as a person at the terminal meets them."""

import asyncio
import contextlib
import os
import random
import re
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest

from deploy.demo_stories import SCRIPTS
from deploy.local import PORTS, ROOT
from deploy.processes import listening
from tests.end_to_end.product import ORDERS, eventually, is_alive
from tests.orders import NUMBER, an_order

pytestmark = pytest.mark.processes

AT_TERMINAL: Final = 110.0
"""Seconds that a command may take in all, on a machine that is busy."""

FOREIGN = {
    # what a person's shell may hold, and what no process of ours may heed
    "HOSTED_NUMBERS_ENV": "production",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "TEMPORAL_ADDRESS": "127.0.0.1:9",
    "TEMPORAL_API_KEY": "of-another-cluster",
    "TEMPORAL_NAMESPACE": "elsewhere",
    "TWILIO_BASE_URL": "http://127.0.0.1:9",
}


@dataclass
class Terminal:
    """One command at work: what it has printed, which processes it has started."""

    process: asyncio.subprocess.Process
    text: str = ""
    children: set[int] = field(default_factory=set)

    async def until(self, words: str) -> str:
        """Read on until these words are printed; all that was printed."""
        assert self.process.stdout is not None
        while words not in self.text:
            line = (await self.process.stdout.readline()).decode()
            assert line, f"{words!r} was never said:\n{self.text}"
            self.text += line
        self.children |= children(self.process.pid)
        return self.text

    async def end(self, how: signal.Signals | None = None) -> int | None:
        """Send a signal, if any, and read to the end; the exit code."""
        if how is not None:
            self.process.send_signal(how)
        rest, _ = await self.process.communicate()
        self.text += rest.decode()
        return self.process.returncode

    def address(self, what: str) -> str:
        """A URL that was printed."""
        found = re.search(rf"{what} +(http://127\.0\.0\.1:\d+)", self.text)
        assert found, self.text
        return found[1]


def children(pid: int) -> set[int]:
    """The processes that a process has started and that live."""
    listings = list(Path(f"/proc/{pid}/task").glob("*/children"))
    if listings:
        return {int(word) for each in listings for word in each.read_text().split()}
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=True, text=True)  # noqa: S607  # where there is no /proc
    return {int(word) for word in found.stdout.split()}


@contextlib.asynccontextmanager
async def at_terminal(*words: str, **environment: str) -> AsyncIterator[Terminal]:
    """Run ``python -m deploy.local``; whatever happens, nothing of it is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.local",
        *words,
        cwd=ROOT,
        env={**os.environ, **FOREIGN, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    terminal = Terminal(process)
    try:
        async with asyncio.timeout(AT_TERMINAL):
            yield terminal
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
    assert not [pid for pid in terminal.children if is_alive(pid)]
    ports = {int(each) for each in re.findall(r"127\.0\.0\.1:(\d+)", terminal.text)}
    assert not [port for port in ports if listening(port)]


async def test_demo_shows_orders_until_they_end() -> None:
    """It prints where to look, a table of how each order ended, and ends 0 by itself."""
    async with at_terminal("demo", "--pace", "0.2") as demo:
        await demo.until("API and docs")
        assert len(demo.children) == 5
        assert await demo.end() == 0, demo.text
        assert "/namespaces/default/workflows" in demo.text
        table = demo.text.partition("How they ended")[2]
        for script in SCRIPTS:
            assert re.search(rf"{re.escape(script.number)}.*{script.ending}.*yes", table), table
        assert "NO" not in table


async def test_demo_holds_until_ctrl_c() -> None:
    """The Temporal UI and the gateway stay for a look; Ctrl-C ends all, as no error."""
    async with at_terminal("demo", "--pace", "0.1", "--hold") as demo:
        await demo.until("Everything stays up until Ctrl-C.")
        html = {"Accept": "text/html"}  # leads a browser without a session to the sign-in
        async with httpx.AsyncClient(trust_env=False, headers=html) as browser:
            for what, path in (("Temporal UI", ""), ("API and docs", "/docs")):
                answer = await browser.get(demo.address(what) + path, follow_redirects=True)
                assert answer.status_code == 200
        assert await demo.end(signal.SIGINT) == 0, demo.text


async def test_demo_ended_in_the_middle_leaves_nothing() -> None:
    """SIGTERM, as from a supervisor, while the orders live."""
    async with at_terminal("demo") as demo:
        await demo.until("API and docs")
        assert await demo.end(signal.SIGTERM) == 130


async def test_demo_says_when_a_part_dies() -> None:
    """It does not wait for what cannot come: exit 1, which part it was, its last words."""
    async with at_terminal("demo") as demo:
        await demo.until("API and docs")
        os.kill(max(demo.children), signal.SIGKILL)
        assert await demo.end() == 1
        assert "ended with code -9. Its last words:" in demo.text


async def test_dev_goes_on_where_it_was(tmp_path: Path) -> None:
    """It says where to look and how to sign in; the next start finds the orders of the first."""
    state = tmp_path / "state"
    offset = free_offset()
    where = {"HOSTED_NUMBERS_STATE": str(state), "PORT_OFFSET": str(offset)}
    async with at_terminal("dev", **where) as dev:
        await dev.until("continues where it was")
        assert dev.address("Temporal UI").endswith(str(PORTS["ui"] + offset))
        assert f"TEMPORAL_ADDRESS=127.0.0.1:{PORTS['temporal'] + offset}" in dev.text
        assert f"API key         {state}/api-key" in dev.text
        assert stat.S_IMODE((state / "api-key").stat().st_mode) == 0o600
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        async with backend(dev, state) as gateway:
            sent = an_order().model_dump(exclude_defaults=True)
            assert (await gateway.post(ORDERS, json=sent)).status_code == 201
            sid = await eventually(lambda: sid_of_order(gateway))
        async with (
            at_terminal("dev", **where) as second,
            at_terminal("dev", **where | {"PORT_OFFSET": str(free_offset())}) as third,
        ):
            assert (await second.end(), await third.end()) == (1, 1)
        # the ports that these name are those of the first, which goes on
        assert "PORT_OFFSET" in second.text
        assert f"runs on {state}" in third.text
        assert await dev.end(signal.SIGINT) == 0
    async with at_terminal("dev", **where) as dev:
        await dev.until("continues where it was")
        async with backend(dev, state) as gateway:
            assert await sid_of_order(gateway) == sid
            assert (await gateway.post(ORDERS, json=sent)).status_code == 200
        assert await dev.end(signal.SIGTERM) == 0


async def sid_of_order(gateway: httpx.AsyncClient) -> str | None:
    """Twilio's SID of the order; None before it has it."""
    sid: str | None = (await gateway.get(f"{ORDERS}/{NUMBER}")).json()["sid"]
    return sid


def backend(dev: Terminal, state: Path) -> httpx.AsyncClient:
    """A backend that has read what was printed."""
    key = {"Authorization": f"Bearer {(state / 'api-key').read_text()}"}
    return httpx.AsyncClient(
        base_url=dev.address("API and docs"), headers=key, trust_env=False, timeout=30
    )


def free_offset() -> int:
    """A PORT_OFFSET whose four ports are free."""
    while True:
        offset = random.randint(3_000, 23_000)  # noqa: S311  # no secret
        if not any(listening(port + offset) for port in PORTS.values()):
            return offset
