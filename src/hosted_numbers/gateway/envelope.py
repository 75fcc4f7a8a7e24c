"""What surrounds every request: its correlation id, the security headers, one line in the log.

It is the outermost layer, so an exception that no other layer knows is answered here as a problem.
"""

import logging
import re
import time
import traceback
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.gateway.error_answers import unexpected
from hosted_numbers.phone_numbers import masked

_log = logging.getLogger(__name__)

CORRELATION_HEADER: Final = "X-Correlation-Id"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Envelope:
    """Pure ASGI: names the request, guards its answer, logs how it went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
        name = given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["correlation_id"] = name
        begun = time.perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(
                    {CORRELATION_HEADER: name, **_SECURITY_HEADERS}
                )
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            # The exception's text may hold what was sent; its type and the lines of code do not.
            lines = "".join(traceback.format_tb(error.__traceback__))
            _log.log(logging.ERROR, "Unexpected %s [%s]\n%s", type(error).__name__, name, lines)
            if status:
                raise
            await unexpected().send(scope, receive, send_guarded)
        finally:
            taken = (time.perf_counter() - begun) * 1000
            _log.info(
                "%s %s %d in %.0f ms [%s]", scope["method"], _route(scope), status, taken, name
            )


def _route(scope: Scope) -> str:
    """The route's template with the number masked; of a path that no route knows, nothing."""
    template = getattr(scope.get("route"), "path", "(no route)")
    number = scope.get("path_params", {}).get("phone_number")
    return template.replace("{phone_number}", masked(number)) if number else template
