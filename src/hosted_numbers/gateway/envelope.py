"""What surrounds every request: its correlation id, the security headers, one line in the log.

It is the outermost layer, so an exception that no other layer knows is answered here as a problem.
"""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Final, TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.gateway.authentication import OPEN_FOLDERS
from hosted_numbers.gateway.error_answers import unexpected
from hosted_numbers.gateway.principals import principal
from hosted_numbers.phone_numbers import masked
from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.exceptions import type_and_place

_log = logging.getLogger(__name__)

CORRELATION_HEADER: Final = "X-Correlation-Id"
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
Observer: TypeAlias = Callable[[str, str, int, float], None]
"""Is told of each request: method, route's template, status, seconds until its answer began."""
_ONE_YEAR_OF_HTTPS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class Envelope:
    """Pure ASGI: names the request, guards its answer, logs how it went.

    The headers are those of OWASP ASVS 5.0 V3.4.1-6, V3.4.8 and V14.3.2.

    Args:
        app: what answers.
        https: whether the gateway is reached by https, and browsers are to keep to it.
        observer: counts the requests.
    """

    def __init__(
        self, app: ASGIApp, *, https: bool = False, observer: Observer = lambda *_: None
    ) -> None:
        self._app = app
        self._observer = observer
        self._always = _SECURITY_HEADERS | (_ONE_YEAR_OF_HTTPS if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
        name = given if context.is_name(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["correlation_id"] = name
        with context.bound(correlation_id=name):
            await self._serve(scope, receive, send, name)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        begun = time.perf_counter()
        status, waited = 0, 0.0

        async def send_guarded(message: Message) -> None:
            nonlocal status, waited
            if message["type"] == "http.response.start":
                status, waited = int(message["status"]), time.perf_counter() - begun
                headers = MutableHeaders(scope=message)
                headers.update({CORRELATION_HEADER: name, **self._always})
                headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
                headers["Cache-Control"] = _caching(scope, headers)
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:
            # The exception's text may hold what was sent; the log has its type and its place.
            _log.error("Unexpected %s", type(error).__name__, extra=type_and_place(error))
            if status:
                raise
            await unexpected().send(scope, receive, send_guarded)
        finally:
            seconds = time.perf_counter() - begun
            self._observer(scope["method"], _template(scope), status, waited or seconds)
            _tell(scope, status, seconds)


def _caching(scope: Scope, headers: Headers) -> str:
    """What anybody may read may be kept as its route says; all else, whatever its route says, not.

    The framework's own event streams, for one, say ``no-cache``, with which they may be stored.
    """
    if scope["path"].startswith(OPEN_FOLDERS):
        return headers.get("Cache-Control", "no-store")
    return "no-store"


def _template(scope: Scope) -> str:
    """The route's template; of a path that no route knows, nothing."""
    return str(getattr(scope.get("route"), "path", "(no route)"))


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """Write how a request went to the log, with the number masked."""
    template = _template(scope)
    number = scope.get("path_params", {}).get("phone_number")
    order = masked(number) if number else None
    keys: dict[str, str | int | float] = {
        "method": scope["method"],
        "route": template,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
    }
    if order is not None:
        keys["order"] = order
    if (caller := principal(scope)) is not None:
        keys["principal"] = caller.name
    path = template.replace("{phone_number}", order) if order else template
    _log.info("%s %s %d", scope["method"], path, status, extra=keys)
