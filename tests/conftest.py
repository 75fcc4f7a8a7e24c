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
    """Tests of the product as processes share one deployment for each folder, and so one core.

    They take the longest, so they begin first; the other cores meanwhile run the rest.
    """
    for item in items:
        if item.get_closest_marker("processes"):
            group = "schema" if item.path.stem == "test_schema" else item.path.parent.name
            item.add_marker(pytest.mark.xdist_group(group))
    yield
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)
