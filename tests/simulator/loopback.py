"""A simulator on a real port of this machine, and the official client pointed at it."""

import contextlib
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.server import server_for

KEY, SECRET = "SK" + "7" * 32, "key-secret"
_TWILIO = ("preview.twilio.com", "numbers.twilio.com", "api.twilio.com")


class Redirected(TwilioHttpClient):  # type: ignore[misc] # the official client ships untyped corners
    """The official transport with one base URL in place of Twilio's hosts."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=30)
        self._base = urlsplit(base_url)
        self.session.trust_env = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send the same request to the simulator."""
        parts = urlsplit(url)
        assert parts.hostname in {*_TWILIO, self._base.hostname}
        there = parts._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        return super().request(method, urlunsplit(there), *args, **kwargs)


@contextlib.contextmanager
def a_server(config: SimulatorConfig) -> Iterator[str]:
    """Serve from a thread; yields the base URL."""
    ready: list[str] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = server_for(config, on_ready=ready.append)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            # the socket listens already: connections wait until the server takes them
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)
    assert not thread.is_alive()
    assert ready
