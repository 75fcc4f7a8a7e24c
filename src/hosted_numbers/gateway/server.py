"""The gateway as a process: one socket, uvicorn, limits, a graceful end."""

import signal
import socket
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.graceful_end import GracefulServer
from hosted_numbers.gateway.metrics import served
from hosted_numbers.gateway.slow_clients import SlowClientProtocol
from hosted_numbers.settings import Settings
from hosted_numbers.telemetry.sdk import set_up_sdk

_CONNECTIONS_AT_ONCE: Final = 500
_KEEP_ALIVE_SECONDS: Final = 5
_HEADER_BYTES: Final = 16_384


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first.

    Args:
        settings: as for ``create_app``.
        host: the address to listen on; anything but loopback belongs behind a proxy with TLS.
        port: the port to listen on, 0 for any.

    Raises:
        SettingsError: a setting is missing, or a port is taken.
    """
    # uvicorn raises the signal again once it has shut down; this turns SIGTERM into a plain end.
    before = signal.signal(signal.SIGTERM, _already_served)
    try:
        set_up_sdk()  # whose log goes where ours goes; its metrics are the worker's
        app = create_app(settings)
        metrics = served(app.state.metrics, settings.metrics_address())
        with metrics, _listening(host, port) as listener:
            GracefulServer(configuration(app, settings)).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def configuration(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the gateway.

    Args:
        app: the gateway.
        settings: tell how long requests under way may finish when it is told to end.
    """
    return uvicorn.Config(
        app,
        http=SlowClientProtocol,
        # Its own access log would print phone numbers and the callbacks' queries.
        access_log=False,
        log_config=None,
        server_header=False,
        # Twilio's signature is checked against PUBLIC_BASE_URL; no forwarded header is believed.
        proxy_headers=False,
        ws="none",
        lifespan="on",
        limit_concurrency=_CONNECTIONS_AT_ONCE,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.hosted_numbers_graceful_shutdown_seconds),
        h11_max_incomplete_event_size=_HEADER_BYTES,
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"The gateway cannot listen on {host}:{port}: {error.strerror}.",
            "Choose another --port, or end what listens there.",
        ) from None


def _already_served(signum: int, frame: FrameType | None) -> None:
    """The signal did its work when uvicorn got it."""
    del signum, frame
