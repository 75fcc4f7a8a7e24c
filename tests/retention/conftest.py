"""Orders that lived, on Temporal's dev server: what is kept of them is the subject here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hosted_numbers.blobs import BlobStore
from hosted_numbers.cli.application import application
from hosted_numbers.converter import DATA_CONVERTER
from tests.receiver import Inbox
from tests.retention.stories import Keeping
from tests.world import a_dev_server, a_world_on

# Temporal deletes what has just ended only once its queues' progress is written down: by default,
# every half minute.
_QUICKLY = [
    word
    for queue in ("transfer", "visibility")
    for word in (
        "--dynamic-config-value",
        f'history.{queue}ProcessorUpdateAckInterval="100ms"',
    )
]

RunCommand = Callable[..., Awaitable[Result]]


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Keeping]:
    """Temporal with its database in a file, Twilio, a worker and a blob store in a directory.

    Nothing is encrypted, so that what a purge leaves behind would be seen.
    """
    database = tmp_path / "temporal.db"
    async with (
        await a_dev_server(
            "--db-filename", str(database), *_QUICKLY, converter=DATA_CONVERTER
        ) as env,
        a_world_on(env, Inbox()) as world,
    ):
        world.blobs = BlobStore.at((tmp_path / "blobs").as_uri())
        async with world.working():
            yield Keeping(world, tmp_path / "blobs", database)


@pytest.fixture
def command(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Runs a command line against that server and that store."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", keeping.world.client.service_client.config.target_host)
    monkeypatch.setenv("HOSTED_NUMBERS_BLOB_STORE", keeping.blobs.as_uri())

    async def run(*words: str, stdin: str | None = None) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, application, list(words), stdin)

    return run


@pytest.fixture
def command_alone(monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Runs a command line where there is no Temporal."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, application, list(words))

    return run
