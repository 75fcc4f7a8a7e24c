"""``python worker.py``: what it needs, how it waits for Temporal, how it ends."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from deploy.local import ROOT
from deploy.processes import _inherited, free_port
from hosted_numbers import alive, contract, temporal
from tests.end_to_end.product import eventually, run
from tests.world import ACCOUNT_SID, AUTH_TOKEN, a_dev_server

pytestmark = pytest.mark.processes

CREDENTIALS = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
PATIENCE = 30


@contextlib.asynccontextmanager
async def a_worker(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker with nothing but these settings; it is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "worker.py"),
        env={**_inherited(), "TEMPORAL_CONFIG_FILE": os.devnull, **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def last_words(settings: Mapping[str, str]) -> tuple[int | None, str]:
    """The exit code of a worker that ends by itself, and what it said."""
    async with asyncio.timeout(PATIENCE), a_worker(**settings) as worker:
        _, said = await worker.communicate()
        return worker.returncode, said.decode()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY"]),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_API_KEY": "SK" + "1" * 32}, ["API_SECRET"]),
        ({**CREDENTIALS, "TWILIO_BASE_URL": "localhost"}, ["TWILIO_BASE_URL"]),
        ({**CREDENTIALS, "HOSTED_NUMBERS_NOTIFICATION_URL": "https://example.com"}, ["SECRETS"]),
        ({**CREDENTIALS, "TEMPORAL_PROFILE": "nowhere"}, ["nowhere", "TEMPORAL_PROFILE"]),
    ],
)
async def test_wrong_settings_end_it_at_once(settings: dict[str, str], named: list[str]) -> None:
    """It names each variable in one line, without a traceback and without a value of a secret."""
    code, said = await last_words(settings)
    assert code == 1
    assert all(name in said for name in named), said
    assert len(said.splitlines()) == 1
    assert AUTH_TOKEN not in said


async def test_without_temporal_it_keeps_trying_and_says_so(tmp_path: Path) -> None:
    """The pauses grow; it is alive and not ready; SIGTERM ends it, as no error."""
    file = tmp_path / "alive"
    settings = {
        **CREDENTIALS,
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "HOSTED_NUMBERS_ALIVE_FILE": str(file),
    }
    address = settings["TEMPORAL_ADDRESS"]
    async with asyncio.timeout(PATIENCE), a_worker(**settings) as one:
        assert one.stderr is not None
        pauses: list[str] = []
        while len(pauses) < 2:
            line = (await one.stderr.readline()).decode()
            assert line, "it gave up"
            pauses += re.findall(rf"{address}.*Trying again in (\d+) s", line)
        assert pauses == ["1", "2"]
        assert alive.complaint(file, ready=False, now=time.time()) is None
        assert "waits for Temporal" in str(alive.complaint(file, ready=True, now=time.time()))
        one.send_signal(signal.SIGTERM)
        assert await one.wait() == 0
        assert not file.exists()


@pytest.mark.fault("F46")
async def test_namespace_without_search_attributes_ends_it_at_once(tmp_path: Path) -> None:
    """An order would stall for ever: it names the command that mends it, and then it works."""
    async with await a_dev_server() as server:
        address = server.client.service_client.config.target_host
        settings = {**CREDENTIALS, "TEMPORAL_ADDRESS": address}
        refused, astray = await asyncio.gather(
            last_words(settings), last_words({**settings, "TEMPORAL_NAMESPACE": "nowhere"})
        )
        assert (refused[0], astray[0]) == (1, 1)
        assert "hosted-numbers setup" in refused[1]
        assert "HostedNumberDeadline" in refused[1]
        assert "TEMPORAL_NAMESPACE" in astray[1]
        assert "Traceback" not in refused[1] + astray[1]
        setup = await run("hosted-numbers", "setup", environment={"TEMPORAL_ADDRESS": address})
        assert setup.code == 0, setup.err
        settings["HOSTED_NUMBERS_ALIVE_FILE"] = str(tmp_path / "alive")
        async with asyncio.timeout(PATIENCE), a_worker(**settings) as worker:
            for queue in (contract.TASK_QUEUE, contract.NOTIFICATION_QUEUE):
                await eventually(partial(temporal.has_worker, server.client, queue))
            assert alive.complaint(tmp_path / "alive", ready=True, now=time.time()) is None
            worker.send_signal(signal.SIGTERM)
            assert await worker.wait() == 0
