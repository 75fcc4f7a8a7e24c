"""What carries the requests to all hosts, with one set of TLS settings, which are dear to make."""

import httpx

from hosted_numbers.twilio.single_connection import SingleConnection


class Transports:
    """Makes transports of one connection each, and closes them all.

    Args:
        given: carries everything in place of our own, which go straight to their origin.

    Attributes:
        closed: whether the transports are closed, and nothing more is to be sent.
    """

    def __init__(self, given: httpx.AsyncBaseTransport | None) -> None:
        self.closed = False
        self._given = given
        self._made: list[httpx.AsyncBaseTransport] = [] if given is None else [given]
        # Made here and not at the first call, which would hold up the event loop.
        self._tls = httpx.create_ssl_context(trust_env=False) if given is None else None

    def one(self) -> httpx.AsyncBaseTransport:
        """Return what carries one request at a time to one origin."""
        if self._tls is None:
            return self._made[0]
        transport = SingleConnection(self._tls)
        self._made.append(transport)
        return transport

    async def aclose(self) -> None:
        """Close all transports, whichever host they are for."""
        self.closed = True
        for transport in self._made:
            await transport.aclose()
