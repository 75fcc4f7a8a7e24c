"""A simulator on a real port of this machine, for clients that speak over a socket."""

import contextlib
import socket
from collections.abc import Iterator
from threading import Thread

from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.server import server_for


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
