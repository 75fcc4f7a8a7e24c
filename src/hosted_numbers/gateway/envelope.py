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

from hosted_numbers.gateway.authentication import OPEN_FOLDERS
from hosted_numbers.gateway.error_answers import unexpected
from hosted_numbers.phone_numbers import masked

_log = logging.getLogger(__name__)

CORRELATION_HEADER: Final = "X-Correlation-Id"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
_ONE_YEAR_OF_HTTPS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class Envelope:
    """Pure ASGI: names the request, guards its answer, logs how it went.

    The headers are those of OWASP ASVS 5.0 V3.4.1-6, V3.4.8 and V14.3.2.

    Args:
        app: what answers.
        https: whether the gateway is reached by https, and browsers are to keep to it.
    """

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._always = _SECURITY_HEADERS | (_ONE_YEAR_OF_HTTPS if https else {})

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
                headers = MutableHeaders(scope=message)
                headers.update({CORRELATION_HEADER: name, **self._always})
                headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
                headers["Cache-Control"] = _caching(scope, headers)
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


def _caching(scope: Scope, headers: Headers) -> str:
    """What anybody may read may be kept as its route says; all else, whatever its route says, not.

    The framework's own event streams, for one, say ``no-cache``, with which they may be stored.
    """
    if scope["path"].startswith(OPEN_FOLDERS):
        return headers.get("Cache-Control", "no-store")
    return "no-store"


def _route(scope: Scope) -> str:
    """The route's template with the number masked; of a path that no route knows, nothing."""
    template = getattr(scope.get("route"), "path", "(no route)")
    number = scope.get("path_params", {}).get("phone_number")
    return template.replace("{phone_number}", masked(number)) if number else template
