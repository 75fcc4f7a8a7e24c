"""How large a body may be, and how long it may take: checked while it is read, also chunked.

uvicorn limits neither. A body is small enough to be held whole, so it is read here once and the
application gets it from memory; save for a file, which its route reads as it comes.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.gateway.problems import CLOSE, Problem, body_too_slow
from hosted_numbers.gateway.streaming import STREAM_PATIENCE, StreamedBody

BODY_BYTES: Final = 64_000
BODY_PATIENCE: Final = timedelta(seconds=5)


class BodyLimit:
    """Pure ASGI: answers 413 to a body that is too large, 408 to one that does not arrive.

    Args:
        app: what gets the whole body at once.
        max_bytes: the largest body that is taken.
        patience: how long the whole body may take to arrive.
        streamed: whether a request's route reads the body itself and counts its bytes.
        stream_patience: how long such a body may take to arrive.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int = BODY_BYTES,
        patience: timedelta = BODY_PATIENCE,
        *,
        streamed: Callable[[Scope], bool] = lambda _: False,
        stream_patience: timedelta = STREAM_PATIENCE,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._patience = patience
        self._streamed = streamed
        self._stream_patience = stream_patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with its body in memory, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._streamed(scope):
            stream = StreamedBody(receive, send, self._stream_patience)
            await self._app(scope, stream.receive, stream.send)
            return
        try:
            self._check_announced(scope)
            async with asyncio.timeout(self._patience.total_seconds()):
                body = await self._read(receive)
        except Problem as problem:
            await problem.send(scope, receive, send)
            return
        except TimeoutError:
            await body_too_slow().send(scope, receive, send)
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
            headers=CLOSE,
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
