"""The worker's sign of life, and the probe that looks at it."""

import asyncio
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from hosted_numbers import alive
from hosted_numbers.errors import SettingsError
from tests.world import eventually


def probed(file: Path, *arguments: str) -> int:
    """The probe's exit code."""
    return alive.main(arguments, {alive.VARIABLE: str(file)})


async def test_it_starts_then_works_then_is_gone(tmp_path: Path) -> None:
    """Alive from the beginning, ready once it polls, and nothing is left when it has ended."""
    file = tmp_path / "alive"
    heartbeat = alive.Heartbeat.begun(file)
    assert (probed(file), probed(file, "--ready")) == (0, 1)
    heartbeat.working()
    assert (probed(file), probed(file, "--ready")) == (0, 0)
    assert heartbeat.beating
    await asyncio.sleep(0)
    heartbeat.beating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await heartbeat.beating
    assert not file.exists()
    assert probed(file) == 1


async def test_it_beats_again_and_again(tmp_path: Path) -> None:
    """A file that was made to look old is fresh after the next beat."""
    file = tmp_path / "alive"
    heartbeat = alive.Heartbeat.begun(file, timedelta(milliseconds=1))
    os.utime(file, (0, 0))

    async def fresh() -> bool:
        return file.stat().st_mtime > 0

    await eventually(fresh)
    assert heartbeat.beating
    heartbeat.beating.cancel()


def test_a_loop_that_hangs_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file has grown too old; the probe says for how long."""
    file = tmp_path / "alive"
    file.write_text(alive.WORKING)
    long_ago = time.time() - alive.STALE.total_seconds() - 10
    os.utime(file, (long_ago, long_ago))
    assert probed(file) == 1
    assert "has not turned for" in capsys.readouterr().err
    assert alive.complaint(file, ready=True, now=long_ago + 1) is None


def test_a_worker_that_waits_for_temporal_is_not_restarted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is alive, only not ready: no restart brings Temporal back."""
    file = tmp_path / "alive"
    alive.Heartbeat(file).beat()
    assert probed(file) == 0
    assert probed(file, "--ready") == 1
    assert "waits for Temporal" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_no_file_is_no_life(tmp_path: Path, content: bytes | None) -> None:
    """Nor is one that nobody can read."""
    file = tmp_path / "alive"
    if content is not None:
        file.write_bytes(content)
    assert probed(file) == 1


@pytest.mark.parametrize("arguments", [["--alive"], ["--ready", "--ready"]])
def test_wrong_usage_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the variable that must be set."""
    assert alive.main(arguments, {alive.VARIABLE: "somewhere"}) == 2
    assert alive.main([], {}) == 2
    assert alive.VARIABLE in capsys.readouterr().err


async def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    """The worker does not start, rather than be restarted for ever."""
    with pytest.raises(SettingsError, match=alive.VARIABLE):
        alive.Heartbeat.begun(tmp_path / "nowhere" / "alive")


async def test_without_a_file_nothing_is_shown() -> None:
    """On a developer's machine nobody probes."""
    heartbeat = alive.Heartbeat.begun(None)
    heartbeat.working()
    assert heartbeat.beating
    heartbeat.beating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await heartbeat.beating


def test_a_full_disk_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And the next beat tries again."""
    folder = tmp_path / "folder"
    heartbeat = alive.Heartbeat(folder / "alive")
    heartbeat.beat()
    heartbeat.beat()
    assert len(caplog.records) == 1
    folder.mkdir()
    heartbeat.beat()
    assert probed(folder / "alive") == 0


def test_the_probe_is_a_command(tmp_path: Path) -> None:
    """As the deploy kit calls it; it loads next to nothing, as it runs all the time."""
    file = tmp_path / "alive"
    alive.Heartbeat(file).beat()
    looked = subprocess.run(
        [sys.executable, "-m", "hosted_numbers.alive", "--ready"],
        env={**os.environ, alive.VARIABLE: str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 1
    assert looked.stderr == "the worker does not poll yet: it waits for Temporal\n"
    loaded = "import sys, hosted_numbers.alive; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True)
    assert done.stdout == b"False\n"
