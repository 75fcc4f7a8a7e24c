"""Who may use the gateway: a bearer API key for the API, a signed-in operator for the pages.

It stands before the routes, so that a new route is closed until someone opens it here, and a body
is not even read for a caller whom nobody knows. The API takes no cookies and the pages no API keys.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers import api_keys
from hosted_numbers.api_keys import ApiKey
from hosted_numbers.gateway.principals import Principal, recognised
from hosted_numbers.gateway.problems import Problem, correlation_id
from hosted_numbers.settings import CALLBACK_PATH

_log = logging.getLogger(__name__)

OPEN_PATHS: Final = frozenset(
    {
        CALLBACK_PATH,  # carries Twilio's signature instead
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/sign-in",
    }
)
OPEN_FOLDERS: Final = ("/static/",)
_API: Final = "/v1/"


class Authentication:
    """Pure ASGI: lets a request through if its path is open or its sender is known.

    Args:
        app: what is guarded.
        keys: the accepted API keys.
        operator_of: recognises a signed-in operator by a request's scope.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Sequence[ApiKey],
        operator_of: Callable[[Scope], Principal | None] = lambda _: None,
    ) -> None:
        self._app = app
        self._keys = tuple(keys)
        self._operator_of = operator_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer 401; a person's browser is led to the sign-in."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            caller = self._of_key(scope) if scope["path"].startswith(_API) else self._of_page(scope)
        except Problem as refusal:
            await refusal.send(scope, receive, send)
            return
        if caller is None:
            await RedirectResponse(f"/sign-in?next={_wanted(scope)}", 303)(scope, receive, send)
            return
        recognised(scope, caller)
        await self._app(scope, receive, send)

    def _of_key(self, scope: Scope) -> Principal:
        """Whose API key the request carries.

        Raises:
            Problem: 401, it carries none that is taken.
        """
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, secret = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not secret.strip():
            _log.warning("No credentials [%s]", correlation_id(scope))
            raise _unauthorized()
        key = api_keys.find(self._keys, secret.strip())
        if key is None:
            _log.warning("An unknown API key [%s]", correlation_id(scope))
            raise _unauthorized()
        # The one place where this machine's clock decides: an hour off is an hour more or less.
        if not key.is_valid(datetime.now(UTC)):
            _log.warning("API key %s has expired [%s]", key.name, correlation_id(scope))
            raise _expired()
        _log.info("API key %s is used [%s]", key.name, correlation_id(scope))
        return Principal.of_key(key)

    def _of_page(self, scope: Scope) -> Principal | None:
        """Which operator asks for a page; None for a browser that may sign one in.

        Raises:
            Problem: 401, no operator and no browser.
        """
        operator = self._operator_of(scope)
        if operator is None and not _reads_pages(scope):
            _log.warning("No operator is signed in [%s]", correlation_id(scope))
            raise _unauthorized()
        return operator


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _reads_pages(scope: Scope) -> bool:
    return scope["method"] in {"GET", "HEAD"} and "text/html" in Headers(scope=scope).get(
        "accept", ""
    )


def _wanted(scope: Scope) -> str:
    """The page to come back to, for the query."""
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"] + (f"?{query}" if query else ""), safe="")


def _unauthorized() -> Problem:
    return Problem(
        401,
        "unauthorized",
        "The API key is missing or wrong",
        detail="The request carries no API key that the gateway takes, and no operator's session.",
        next_step="Send the header 'Authorization: Bearer <API key>' to the API; sign in for the "
        "pages.",
        headers={"WWW-Authenticate": 'Bearer realm="hosted-numbers"'},
    )


def _expired() -> Problem:
    return Problem(
        401,
        "api-key-expired",
        "The API key has expired",
        detail="The API key was right, and its time is over.",
        next_step="Ask whoever runs the gateway for a new one.",
        headers={"WWW-Authenticate": 'Bearer realm="hosted-numbers", error="invalid_token"'},
    )
