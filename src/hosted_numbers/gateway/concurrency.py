"""How many requests one caller may have under way, so that one cannot use up what all share."""

import logging
from collections import Counter
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers.gateway.principals import principal
from hosted_numbers.gateway.problems import CLOSE, Problem

_log = logging.getLogger(__name__)

_SOON: Final = {"Retry-After": "1"}


class RequestsAtOnce:
    """Pure ASGI, behind ``Authentication``: answers 429 to what is too much at once (ASVS V2.4.1).

    Args:
        app: what is guarded.
        most: how many requests each API key and each operator may have under way. An event stream
            is one for as long as it lasts; paths that are open to all are not counted.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._under_way: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, unless its sender has too many already."""
        caller = principal(scope)
        if caller is None:
            await self._app(scope, receive, send)
            return
        who = (caller.kind, caller.name)
        if self._under_way[who] >= self._most:
            told = {"principal": caller.name, "limit": "requests-at-once"}
            _log.warning("%s has too many requests at once", caller.name, extra=told)
            await self._too_many().send(scope, receive, send)
            return
        self._under_way[who] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[who] -= 1
            if not self._under_way[who]:
                del self._under_way[who]

    def _too_many(self) -> Problem:
        return Problem(
            429,
            "too-many-requests-at-once",
            "Too many requests at once",
            detail=f"One caller may have {self._most} requests under way, event streams included.",
            next_step="Wait for some of them to end, and send this one again.",
            headers=_SOON | CLOSE,
        )
