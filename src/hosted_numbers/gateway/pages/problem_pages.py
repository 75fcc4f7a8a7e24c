"""Problems as pages: the same answer as a program gets, in HTML where a browser asked for it.

It is the outermost layer, so that whatever answers a problem (a route, a limit, the way in, the
last resort for what nobody expected) need not know of pages.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.gateway import problems
from hosted_numbers.gateway.pages.rendering import page
from hosted_numbers.gateway.problems import ProblemDetails

_OF_PROGRAMS: Final = ("/v1/", "/callbacks/", "/health/", "/openapi.json")


class ProblemPages:
    """Pure ASGI: turns ``application/problem+json`` into a page for a person's browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _wants_pages(scope):
            await self._app(scope, receive, _Translated(scope, receive, send))
        else:
            await self._app(scope, receive, send)


class _Translated:
    """A ``send`` that holds a problem back until all of it is there."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Pass on what is no problem; send the page for what is one."""
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._page(self._start)(self._scope, self._receive, self._send)

    def _page(self, start: Message) -> HTMLResponse:
        details = ProblemDetails.model_validate_json(bytes(self._body))
        answer = page(self._scope, "problem.html", start["status"], problem=details)
        for name, value in Headers(raw=start["headers"]).items():
            if name not in {"content-length", "content-type"}:
                answer.headers[name] = value
        return answer


def _is_problem(start: Message) -> bool:
    declared = Headers(raw=start["headers"]).get("content-type", "")
    return declared.startswith(problems.MEDIA_TYPE)


def _wants_pages(scope: Scope) -> bool:
    accepted = Headers(scope=scope).get("accept", "")
    return "text/html" in accepted and not scope["path"].startswith(_OF_PROGRAMS)
