"""Runs the simulator as a process of its own."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import uvicorn

from hosted_numbers.simulator.app import create_app
from hosted_numbers.simulator.config import SimulatorConfig, parse_people
from hosted_numbers.simulator.connections import DroppableProtocol
from hosted_numbers.simulator.errors import SimulatorRefused
from hosted_numbers.simulator.state_file import StateFile

__all__ = ["SimulatorRefused", "parse_people", "serve", "server_for"]

_GRACE: Final = 3
"""Seconds that requests under way have when the simulator is told to stop."""


def serve(
    config: SimulatorConfig,
    host: str = "127.0.0.1",
    port: int = 8081,
    *,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then stop in good order and return.

    Args:
        config: what the simulator is like.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        on_ready: told the base URL, such as ``http://127.0.0.1:8081``, when requests are answered.

    Raises:
        SimulatorRefused: in production, on a taken port, or with an unusable state file.
    """
    refuse_production(os.environ.get("HOSTED_NUMBERS_ENV"))
    if config.state_file is not None:
        StateFile(config.state_file).close()
    listener = _listener(host, port)
    with contextlib.closing(listener):
        server = server_for(config, on_ready=on_ready)
        with _stopping(server):
            server.run(sockets=[listener])


def refuse_production(environment: str | None) -> None:
    """Refuse to stand in for Twilio where real customers are.

    Args:
        environment: the value of ``HOSTED_NUMBERS_ENV``.

    Raises:
        SimulatorRefused: it is ``production``.
    """
    if environment is not None and environment.strip().lower() == "production":
        raise SimulatorRefused(
            "the simulator does not run with HOSTED_NUMBERS_ENV=production: "
            "point TWILIO_BASE_URL at nothing to use Twilio itself"
        )


def server_for(
    config: SimulatorConfig, *, on_ready: Callable[[str], None] | None = None
) -> uvicorn.Server:
    """The uvicorn server of a simulator, to be run by ``serve`` or by a test."""
    return _Server(
        uvicorn.Config(
            create_app(config),
            http=DroppableProtocol,
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        ),
        on_ready,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._on_ready is not None and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SimulatorRefused(f"cannot listen on {host}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise SimulatorRefused(
            f"cannot listen on {host} port {port}, choose another --port: {error}"
        ) from error
    return listener


@contextlib.contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """Make a signal end the server and not the process: uvicorn raises it again when it is done."""

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
