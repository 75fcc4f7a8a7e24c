"""Who is signed in to the pages: by a session's cookie, or as a trusted proxy's header says.

Sources: OWASP ASVS 5.0 V3.3.1 to V3.3.4 (the cookie's prefix and attributes); RFC 6265bis,
section 4.1.3 (``__Host-``).
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from hosted_numbers.gateway.authentication import CODEC
from hosted_numbers.gateway.pages.sessions import Session, Sessions
from hosted_numbers.gateway.principals import Principal
from hosted_numbers.setting_forms import Network

LIVE_HEADER: Final = "X-Live"
"""Carried by a request that a page sends by itself: it does not keep its session alive."""

_LONGEST_NAME: Final = 200
_SESSION: Final = "session"


@dataclass(frozen=True)
class SessionCookie:
    """The cookie that names a session.

    Attributes:
        secure: whether the pages are reached by https. Where they are not, as on a developer's
            machine, a browser would not take a ``__Host-`` cookie.
    """

    secure: bool

    @property
    def name(self) -> str:
        """With the prefix, no other host and no path can set it."""
        return "__Host-session" if self.secure else "session"

    def read(self, scope: Scope) -> str | None:
        """The session's id that a request carries."""
        return HTTPConnection(scope).cookies.get(self.name)

    def give(self, response: Response, session_id: str) -> None:
        """Have the browser keep the id until it is closed."""
        response.set_cookie(
            self.name, session_id, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def take_back(self, response: Response) -> None:
        """Have the browser forget the id."""
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="lax"
        )


class Operators:
    """Recognises the signed-in operator of a request; ``authentication`` asks it by calling it.

    Args:
        sessions: the sessions that there are.
        cookie: the cookie that names one.
        header: the header in which a proxy names whom it has signed in; None believes no header.
        proxies: the addresses of the proxies that are believed.
    """

    def __init__(
        self,
        sessions: Sessions,
        cookie: SessionCookie,
        header: str | None = None,
        proxies: tuple[Network, ...] = (),
    ) -> None:
        self._sessions = sessions
        self._cookie = cookie
        self._header = header
        self._proxies = proxies

    def __call__(self, scope: Scope) -> Principal | None:
        """The operator who sent the request of ``scope``; None for anybody else."""
        session = self._session(scope)
        if session is None:
            return None
        scope.setdefault("state", {})[_SESSION] = session
        return Principal.operator(session.log_name)

    @property
    def by_proxy(self) -> bool:
        """Whether a proxy signs people in."""
        return self._header is not None and bool(self._proxies)

    def _session(self, scope: Scope) -> Session | None:
        in_use = not is_by_itself(scope)
        if name := self._named_by_proxy(scope):
            return self._sessions.of_proxy(name, in_use=in_use)
        session_id = self._cookie.read(scope)
        return self._sessions.find(session_id, in_use=in_use) if session_id else None

    def _named_by_proxy(self, scope: Scope) -> str | None:
        if self._header is None or not self._is_trusted(scope):
            return None
        given = Headers(scope=scope).getlist(self._header)
        name = given[0].strip() if len(given) == 1 else ""
        return name if name.isprintable() and 0 < len(name) <= _LONGEST_NAME else None

    def _is_trusted(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        return any(peer in network for network in self._proxies)


def is_by_itself(scope: Scope) -> bool:
    """Whether a page, not its person, sent a request: to follow changes or to take them over.

    The Temporal UI is such a page: it decodes again whenever a history grows.
    """
    headers = Headers(scope=scope)
    follows = LIVE_HEADER in headers or headers.get("accept") == "text/event-stream"
    return follows or scope["path"].startswith(CODEC)


def session_of(scope: Scope) -> Session:
    """The session of a request to a page, which only a signed-in operator's request reaches."""
    session: Session = scope["state"][_SESSION]
    return session


def session_if_any(scope: Scope) -> Session | None:
    """The session of a request that may have come without one."""
    session: Session | None = scope.get("state", {}).get(_SESSION)
    return session
