"""The gateway as a server: it answers on its socket, keeps its limits, ends when it is told."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import pytest

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.server import serve
from tests.gateway.orders_in_memory import KEY, ORDERS, settings_of_gateway

T = TypeVar("T")
PATIENCE = 20


def while_serving(port: int, ask: Callable[[httpx.Client], T], how: signal.Signals) -> T:
    """What ``ask`` gets from a gateway that serves here until it is told to end."""
    answers: list[T] = []

    def caller() -> None:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:
                _wait_for(port)
                answers.append(ask(http))
        finally:
            os.kill(os.getpid(), how)

    thread = threading.Thread(target=caller)
    thread.start()
    serve(settings_of_gateway(), port=port)
    thread.join(PATIENCE)
    return answers[0]


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as tried:
            tried.settimeout(0.1)
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise TimeoutError


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_when_told(closed_port: int, how: signal.Signals) -> None:
    """It ends without an error, whoever tells it, and leaves the signal as it was."""
    before = signal.getsignal(signal.SIGTERM)

    answer = while_serving(closed_port, lambda http: http.get("/health/live"), how)

    assert answer.json() == {"status": "alive"}
    assert "server" not in answer.headers
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_chunked_body_is_limited_on_the_wire(closed_port: int) -> None:
    """413 over a real connection, which is closed."""

    def ask(http: httpx.Client) -> httpx.Response:
        chunks = iter([b"x" * 10_000] * 7)
        return http.post(ORDERS, content=chunks, headers={"Authorization": f"Bearer {KEY}"})

    answer = while_serving(closed_port, ask, signal.SIGTERM)

    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


def test_a_taken_port_is_said_with_the_way_out() -> None:
    """The message names the address and the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingsError, match=f"127.0.0.1:{port}.*--port"):
            serve(settings_of_gateway(), port=port)
