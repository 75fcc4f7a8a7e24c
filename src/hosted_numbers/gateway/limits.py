"""How large a body may be, and how long it may take: checked while it is read, also chunked.

uvicorn limits neither. A body is small enough to be held whole, so it is read here once and the
application gets it from memory.
"""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.gateway.problems import Problem

BODY_BYTES: Final = 64_000
BODY_PATIENCE: Final = timedelta(seconds=5)

# What is left unread on the connection must not be taken for the next request.
_CLOSE: Final = {"Connection": "close"}


class BodyLimit:
    """Pure ASGI: answers 413 to a body that is too large, 408 to one that does not arrive.

    Args:
        app: what gets the whole body at once.
        max_bytes: the largest body that is taken.
        patience: how long the whole body may take to arrive.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int = BODY_BYTES, patience: timedelta = BODY_PATIENCE
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with its body in memory, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_announced(scope)
            async with asyncio.timeout(self._patience.total_seconds()):
                body = await self._read(receive)
        except Problem as problem:
            await problem.send(scope, receive, send)
            return
        except TimeoutError:
            await _too_slow().send(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)

    def _check_announced(self, scope: Scope) -> None:
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max_bytes:
            raise self._too_large()

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body; None when the caller hung up before it was all there."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body-too-large",
            "The body is too large",
            detail=f"A body has at most {self._max_bytes} bytes.",
            next_step="Send less at once; nothing was started or changed.",
            headers=_CLOSE,
        )


def _too_slow() -> Problem:
    return Problem(
        408,
        "body-too-slow",
        "The body did not arrive in time",
        detail="The body was announced and did not arrive.",
        next_step="Send the request again; nothing was started or changed.",
        headers=_CLOSE,
    )


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands out the body that was read, then whatever comes after it."""
    unread = True

    async def from_memory() -> Message:
        nonlocal unread
        if unread:
            unread = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return from_memory
