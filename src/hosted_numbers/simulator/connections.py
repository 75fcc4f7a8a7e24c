"""Closing a connection without an answer, which ASGI has no word for.

Under uvicorn ``DroppableProtocol`` puts the way to cut the connection into each request's state.
Without it, in process, ``drop`` raises ``Dropped`` through to the caller.
"""

import asyncio
from typing import Final

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_ABORT: Final = "hosted_numbers.simulator.abort"


class Dropped(ConnectionResetError):  # noqa: N818 - named for what happened, as its base is
    """The connection was cut on purpose, in process: the caller's transport must report that."""


class DroppableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a way for the application to cut its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base has it
        """Remember the connection in the state of every request that comes over it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _ABORT: transport.abort}


async def drop(scope: Scope, receive: Receive) -> None:
    """Cut the connection; return when the server has seen it go.

    Raises:
        Dropped: the request came in process, where there is no connection.
    """
    abort = scope.get("state", {}).get(_ABORT)
    if abort is None:
        raise Dropped("the simulator dropped the connection, as a fault rule said")
    abort()
    # uvicorn would answer 500 to an application that returns before the connection is gone
    while (await receive())["type"] != "http.disconnect":
        pass
