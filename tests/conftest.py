"""What every test shares: sockets to this machine only, and where it runs when several cores do."""

from typing import Any, Final

import pytest
from pytest_socket import socket_allow_hosts
from xdist.scheduler import LoadScopeScheduling

PROCESSES: Final = ("tests/browser/", "tests/end_to_end/", "tests/test_worker.py")


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """No test reaches beyond this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


class ProcessesTogether(LoadScopeScheduling):  # type: ignore[misc] # it ships no types
    """Tests of the product as processes run one after another, while other cores run the rest.

    They are one unit of work, the largest, which xdist hands out first.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "processes" if nodeid.startswith(PROCESSES) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand tests out as said above; xdist's own groups are not seen by pytest 9.2."""
    return ProcessesTogether(config, log)
