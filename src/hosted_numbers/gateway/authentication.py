"""Who may use the gateway: a bearer API key on every path, save for those that are named open.

It stands before the routes, so that a new route is closed until someone opens it here, and a body
is not even read for a caller without a key.
"""

import hashlib
import hmac
import logging
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers.gateway.problems import Problem, correlation_id
from hosted_numbers.settings import CALLBACK_PATH

_log = logging.getLogger(__name__)

OPEN_PATHS: Final = frozenset(
    {
        CALLBACK_PATH,  # carries Twilio's signature instead
        "/docs",
        "/health/live",
        "/health/ready",
        "/openapi.json",
    }
)


class Authentication:
    """Pure ASGI: lets a request through if its path is open or its API key is known.

    Args:
        app: what is guarded.
        digests: SHA-256 of each accepted key, in lower-case hex; keys are 256 random bits, so a
            plain hash keeps them as safe as a slow one would.
    """

    def __init__(self, app: ASGIApp, digests: Sequence[str]) -> None:
        self._app = app
        self._digests = tuple(digest.encode() for digest in digests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer 401."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        _log.warning("No or unknown API key [%s]", correlation_id(scope))
        problem = Problem(
            401,
            "unauthorized",
            "The API key is missing or wrong",
            detail="The request carries no API key that the gateway knows.",
            next_step="Send the header 'Authorization: Bearer <API key>'.",
            headers={"WWW-Authenticate": 'Bearer realm="hosted-numbers"'},
        )
        await problem.send(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not key:
            return False
        digest = hashlib.sha256(key.strip().encode("latin-1")).hexdigest().encode()
        return any(hmac.compare_digest(digest, each) for each in self._digests)
