"""No other site makes an operator's browser act: where a request comes from, and a form's token.

Sources: OWASP ASVS 5.0 V3.5.1; W3C Fetch Metadata (``Sec-Fetch-Site``); RFC 6454 (``Origin``).
"""

import hmac
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData

from hosted_numbers.gateway.pages.desk import desk
from hosted_numbers.gateway.pages.sessions import Session
from hosted_numbers.gateway.problems import Problem

TOKEN_FIELD: Final = "token"  # noqa: S105 - the field's name
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


def same_origin(request: Request) -> None:
    """Let a request that may change something through only from the gateway's own pages.

    A browser says where a request comes from by ``Sec-Fetch-Site``, or, over plain http, by
    ``Origin`` alone. A request that says neither comes from no browser of an operator.

    Raises:
        Problem: 403, it comes from elsewhere.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site != "same-origin" if site else not _is_own(request, origin):
        raise _forged("The request comes from another site, or says not where it comes from.")


def check_token(form: FormData, session: Session) -> None:
    """Let a form through only with the token that its page was given.

    Raises:
        Problem: 403, it has another token or none.
    """
    given = form.get(TOKEN_FIELD)
    token = given if isinstance(given, str) else ""
    if not hmac.compare_digest(token.encode(), session.token.encode()):
        raise _forged("The form is of another session than the present one.")


def _is_own(request: Request, origin: str | None) -> bool:
    own = {desk(request).public_url, f"{request.url.scheme}://{request.url.netloc}"}
    return origin is not None and _site(origin) in {_site(each) for each in own}


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _forged(detail: str) -> Problem:
    return Problem(
        403,
        "cross-site",
        "This was not sent from a page of this gateway",
        detail=detail,
        next_step="Open the page again and send its form from there; nothing was changed.",
    )
