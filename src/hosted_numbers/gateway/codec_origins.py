"""Which pages may read payloads in a browser: those of the Temporal UI, by their exact origins.

Sources: the Fetch standard, section 3.2 (CORS); OWASP ASVS 5.0 V3.4.2 and V3.5.1.
"""

import logging
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers.gateway.authentication import CODEC
from hosted_numbers.gateway.problems import Problem

_log = logging.getLogger(__name__)

_HEADERS: Final = ("Authorization", "Authorization-Extras", "Content-Type", "X-Namespace")
"""What the Temporal UI sends."""
_REMEMBERED: Final = 600  # seconds that a browser need not ask again


class CodecOrigins:
    """Pure ASGI, before ``Authentication``, as browsers ask first without credentials.

    It guards the folder of the codec endpoint alone. A request without an origin comes from no page
    and passes; ``Authentication`` takes no cookie with it.

    Args:
        app: what is guarded.
        origins: the pages that may ask, as browsers name them.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("POST",),
            allow_headers=_HEADERS,
            allow_credentials=True,
            max_age=_REMEMBERED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer 403 without a word that a browser would let a page read."""
        if scope["type"] != "http" or not scope["path"].startswith(CODEC):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist("origin")
        if not given:
            await self._app(scope, receive, send)
        elif len(given) == 1 and given[0] in self._origins:
            await self._shared(scope, receive, send)
        else:
            _log.warning("Decoding is refused: foreign origin", extra={"outcome": "foreign-origin"})
            await _foreign().send(scope, receive, send)


def _foreign() -> Problem:
    return Problem(
        403,
        "foreign-origin",
        "Pages of this origin may not read payloads",
        detail="The request comes from a page that is none of HOSTED_NUMBERS_CODEC_ORIGINS.",
        next_step="Open the Temporal UI by an address that is listed there, or add its origin.",
    )
