"""A body that a route reads while it arrives: its time, and the end of a connection left half read.

The route counts the bytes; ``documents.intake`` stops at the first one too many.
"""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from hosted_numbers.gateway.problems import body_too_slow

STREAM_PATIENCE: Final = timedelta(seconds=60)


class StreamedBody:
    """The two ends of one request whose body is streamed.

    Args:
        receive: the server's.
        send: the server's.
        patience: how long the whole body may take to arrive.
    """

    def __init__(self, receive: Receive, send: Send, patience: timedelta) -> None:
        self._receive = receive
        self._send = send
        self._deadline = asyncio.get_running_loop().time() + patience.total_seconds()
        self._unread = True

    async def receive(self) -> Message:
        """The next piece, or what comes after the body.

        Raises:
            Problem: 408, the body did not arrive in time.
        """
        if not self._unread:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise body_too_slow() from None
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        """Pass on; an answer that comes before the whole body was read closes the connection."""
        if message["type"] == "http.response.start" and self._unread:
            MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)
