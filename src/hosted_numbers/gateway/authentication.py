"""Who may use the gateway: a bearer API key for the API, a signed-in operator for the pages.

It stands before the routes, so that a new route is closed until someone opens it here, and a body
is not even read for a caller whom nobody knows. The API takes no cookies and the pages no API keys.
The codec endpoint takes either, and an access token of the Temporal UI's identity provider: it is
asked by programs, and by a page of another origin in the operator's browser.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers import api_keys
from hosted_numbers.api_keys import ApiKey
from hosted_numbers.gateway.principals import Principal, recognised
from hosted_numbers.gateway.problems import Problem
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
CODEC: Final = "/codec/"
"""The folder of the codec endpoint."""
_API: Final = "/v1/"


class Tokens(Protocol):
    """What knows the holders of access tokens (``access_tokens``)."""

    async def principal(self, token: str) -> Principal:
        """Who holds the token.

        Raises:
            Problem: 401, it is not taken; 503, nobody can tell.
        """


class Authentication:
    """Pure ASGI: lets a request through if its path is open or its sender is known.

    Args:
        app: what is guarded.
        keys: the accepted API keys.
        operator_of: recognises a signed-in operator by a request's scope.
        tokens: knows who may read payloads by an access token; None takes none.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Sequence[ApiKey],
        operator_of: Callable[[Scope], Principal | None] = lambda _: None,
        tokens: Tokens | None = None,
    ) -> None:
        self._app = app
        self._keys = tuple(keys)
        self._operator_of = operator_of
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer 401; a person's browser is led to the sign-in."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
        except Problem as refusal:
            await refusal.send(scope, receive, send)
            return
        if caller is None:
            await RedirectResponse(f"/sign-in?next={_wanted(scope)}", 303)(scope, receive, send)
            return
        recognised(scope, caller)
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Principal | None:
        """Who sends a request; None for a browser that may sign its person in.

        Raises:
            Problem: 401, nobody who is known.
        """
        if scope["path"].startswith(_API):
            return self._of_key(scope)
        if scope["path"].startswith(CODEC):
            return await self._of_decoder(scope)
        return self._of_page(scope)

    async def _of_decoder(self, scope: Scope) -> Principal:
        """Who asks the codec endpoint: by a key or a token, or else by the operator's session.

        A session's cookie comes along whatever page sends the request, so it counts only where the
        browser names the page's origin; ``codec_origins`` let none but the Temporal UI's so far.

        Raises:
            Problem: 401, nobody who is known; 503, nobody can tell.
        """
        headers = Headers(scope=scope)
        if "authorization" not in headers:
            operator = self._operator_of(scope) if "origin" in headers else None
            if operator is None:
                _log.warning("Decoding is refused: nobody signed in", extra={"outcome": "nobody"})
                raise _nobody_decodes()
            return operator
        token = _bearer(scope)
        if self._tokens is None or not token or api_keys.find(self._keys, token):
            return self._of_key(scope)
        try:
            return await self._tokens.principal(token)
        except Problem as refusal:
            _log.warning("Decoding is refused: %s", refusal.detail, extra={"outcome": refusal.code})
            raise

    def _of_key(self, scope: Scope) -> Principal:
        """Whose API key the request carries.

        Raises:
            Problem: 401, it carries none that is taken.
        """
        secret = _bearer(scope)
        if not secret:
            _log.warning("No credentials", extra={"outcome": "no-credentials"})
            raise _unauthorized()
        key = api_keys.find(self._keys, secret)
        if key is None:
            _log.warning("An unknown API key", extra={"outcome": "unknown-key"})
            raise _unauthorized()
        # The one place where this machine's clock decides: an hour off is an hour more or less.
        if not key.is_valid(datetime.now(UTC)):
            told = {"principal": key.name, "outcome": "expired-key"}
            _log.warning("API key %s has expired", key.name, extra=told)
            raise _expired()
        _log.info("API key %s is used", key.name, extra={"principal": key.name})
        return Principal.of_key(key)

    def _of_page(self, scope: Scope) -> Principal | None:
        """Which operator asks for a page; None for a browser that may sign one in.

        Raises:
            Problem: 401, no operator and no browser.
        """
        operator = self._operator_of(scope)
        if operator is None and not _reads_pages(scope):
            _log.warning("No operator is signed in", extra={"outcome": "no-session"})
            raise _unauthorized()
        return operator


def _bearer(scope: Scope) -> str:
    """The secret that a request bears; empty where it has none, or two."""
    given = Headers(scope=scope).getlist("authorization")
    scheme, _, secret = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return secret.strip() if scheme.lower() == "bearer" else ""


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


def _unauthorized(
    next_step: str = "Send the header 'Authorization: Bearer <API key>' to the API; sign in for "
    "the pages.",
) -> Problem:
    return Problem(
        401,
        "unauthorized",
        "The API key is missing or wrong",
        detail="The request carries no API key that the gateway takes, and no operator's session.",
        next_step=next_step,
        headers={"WWW-Authenticate": 'Bearer realm="hosted-numbers"'},
    )


def _nobody_decodes() -> Problem:
    return _unauthorized(
        "Sign in to the operator's pages in this browser, and have the Temporal UI include "
        "cross-origin credentials; or send 'Authorization: Bearer <API key>'."
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
