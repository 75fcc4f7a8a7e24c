"""httpx's own transport without its pool: one connection, opened when needed and kept while warm.

Decision 4 has what the pool costs. The protocol, TLS and the socket are httpcore's, as in httpx.
"""

import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import httpcore
import httpx

KEPT_IDLE: Final = 5.0
"""Seconds, as long as httpx keeps one. A server that closes an older one would lose a request."""

_AS_HTTPX: Final[Mapping[type[Exception], type[httpx.TransportError]]] = MappingProxyType(
    {
        httpcore.ConnectError: httpx.ConnectError,
        httpcore.ConnectTimeout: httpx.ConnectTimeout,
        httpcore.ReadError: httpx.ReadError,
        httpcore.ReadTimeout: httpx.ReadTimeout,
        httpcore.WriteError: httpx.WriteError,
        httpcore.WriteTimeout: httpx.WriteTimeout,
        httpcore.LocalProtocolError: httpx.LocalProtocolError,
        httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    }
)


class SingleConnection(httpx.AsyncBaseTransport):
    """Carries one request at a time to one origin; it reads each answer to its end.

    It goes straight to the origin of the first request, and to no other.

    Args:
        tls: what https is spoken with; many transports can share it.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read its answer.

        Raises:
            httpx.TransportError: as httpx's own transport does.
            httpx.DecodingError: the answer cannot be decompressed.
        """
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            connection = await self._usable(sent.url)
            answer = await connection.handle_async_request(sent)
            try:
                content = await answer.aread()
            finally:
                await answer.aclose()
        except tuple(_AS_HTTPX) as error:
            raise _AS_HTTPX[type(error)](str(error)) from error
        return httpx.Response(answer.status, headers=answer.headers, content=content)

    async def _usable(self, url: httpcore.URL) -> httpcore.AsyncHTTPConnection:
        connection = self._connection
        if connection is not None:
            if not (connection.is_closed() or connection.has_expired()):
                return connection
            await connection.aclose()
        self._connection = httpcore.AsyncHTTPConnection(
            url.origin, ssl_context=self._tls, keepalive_expiry=KEPT_IDLE
        )
        return self._connection

    async def aclose(self) -> None:
        """Close the connection, also under a request."""
        if self._connection is not None:
            await self._connection.aclose()
