"""What every test shares: sockets to this machine only, and where it runs when several run."""

from collections.abc import Generator

import pytest
from pytest_socket import socket_allow_hosts


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """No test reaches beyond this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Tests of the product as processes run one after another, while other cores run the rest.

    They take the longest, so they begin first.
    """
    for item in items:
        if item.get_closest_marker("processes"):
            item.add_marker(pytest.mark.xdist_group("processes"))
    yield
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)
