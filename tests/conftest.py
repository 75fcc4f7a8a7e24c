"""What every test shares: sockets to this machine only, and where it runs when several cores do."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts
from xdist.scheduler import LoadScopeScheduling

from hosted_numbers.telemetry.logs import formatter

Put = Callable[[dict[str, str]], None]
"""Sets variables of the environment."""

PROCESSES: Final = (
    "tests/browser/",
    "tests/chaos/test_chaos_run.py",
    "tests/end_to_end/",
    "tests/test_worker.py",
)

# on a machine that is busy an example may take long, which says nothing about what is tested
settings.register_profile(
    "untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """No test reaches beyond this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command that runs within a test sets up the log of a process; the next test has its own."""
    root, httpx = logging.getLogger(), logging.getLogger("httpx")
    handlers, level, level_of_httpx = root.handlers[:], root.level, httpx.level
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    httpx.setLevel(level_of_httpx)
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What a process of ours would write to its log in the meantime, a dictionary a line."""
    before = caplog.handler.formatter
    caplog.handler.setFormatter(formatter("json", "test"))
    with caplog.at_level(logging.INFO):
        yield lambda: [json.loads(line) for line in caplog.text.splitlines()]
    caplog.handler.setFormatter(before)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Set these variables and, of ours and Temporal's, no others."""
    for name in os.environ:
        if name.startswith(("TEMPORAL_", "TWILIO_", "HOSTED_NUMBERS_", "PUBLIC_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)

    def variables(given: dict[str, str]) -> None:
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return variables


class ProcessesTogether(LoadScopeScheduling):  # type: ignore[misc] # it ships no types
    """Tests of the product as processes run one after another, while other cores run the rest.

    They are one unit of work, the largest, which xdist hands out first.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "processes" if nodeid.startswith(PROCESSES) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand tests out as said above; xdist's own groups are not seen by pytest 9.2."""
    return ProcessesTogether(config, log)
