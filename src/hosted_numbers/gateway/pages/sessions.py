"""Sessions of signed-in operators: kept in this process, known to a browser by a random id.

Sources: OWASP ASVS 5.0 V7.2 (the id is 256 random bits, new at each sign-in), V7.3 (idle and
absolute limits), V7.4 (signing out ends it on the server). A restart signs everybody out.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

_ID_BYTES: Final = 32
_MOST: Final = 10_000


@dataclass(frozen=True)
class Flash:
    """What an act came to, shown once on the next page."""

    reason: str
    next_step: str = ""


@dataclass
class Session:
    """One signed-in operator.

    Attributes:
        name: who it is, as the pages show it.
        by: what signed them in; a proxy's operators sign out there.
        begun: when they signed in.
        used: when they last did something.
        token: goes into each form against forged requests.
        flashes: what the next page shows.
    """

    name: str
    by: Literal["password", "proxy"]
    begun: datetime
    used: datetime
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_ID_BYTES), repr=False)
    flashes: list[Flash] = field(default_factory=list, repr=False)

    @property
    def log_name(self) -> str:
        """Names them in the log: a proxy's name for a person may be an e-mail address."""
        if self.by == "password":
            return self.name
        return f"operator-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"

    def told(self) -> list[Flash]:
        """What is to be shown now, and then no more."""
        told, self.flashes = self.flashes, []
        return told


class Sessions:
    """The sessions of this process.

    Args:
        idle: how long one lives without its operator doing anything.
        longest: how long one lives at most.
        clock: tells the time, UTC.
        most: how many are kept; beyond that the longest unused one goes.
    """

    def __init__(
        self,
        idle: timedelta,
        longest: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        most: int = _MOST,
    ) -> None:
        self._idle = idle
        self._longest = longest
        self._clock = clock
        self._most = most
        self._by_key: dict[str, Session] = {}

    def begin(self, name: str) -> str:
        """Begin a session for who gave the password; its id, which is kept nowhere here."""
        session_id = secrets.token_urlsafe(_ID_BYTES)
        self._keep(_key_of(session_id), name, "password")
        return session_id

    def find(self, session_id: str, *, in_use: bool = True) -> Session | None:
        """The session of an id, unless it has ended.

        Args:
            session_id: as the browser sent it.
            in_use: whether its operator did something; a page that refreshes itself did not.
        """
        return self._living(_key_of(session_id), in_use=in_use)

    def of_proxy(self, name: str, *, in_use: bool = True) -> Session:
        """The session of a person whom a trusted proxy signed in; a new one where there is none."""
        key = f"proxy {name}"
        return self._living(key, in_use=in_use) or self._keep(key, name, "proxy")

    def end(self, session_id: str) -> None:
        """End a session, if there is one of that id."""
        self._by_key.pop(_key_of(session_id), None)

    def is_alive(self, session: Session) -> bool:
        """Whether a session that was found has not ended since."""
        return any(session is each for each in self._by_key.values()) and not self._over(session)

    def _living(self, key: str, *, in_use: bool) -> Session | None:
        session = self._by_key.get(key)
        if session is None:
            return None
        if self._over(session):
            del self._by_key[key]
            return None
        if in_use:
            session.used = self._clock()
        return session

    def _over(self, session: Session) -> bool:
        now = self._clock()
        return now - session.used > self._idle or now - session.begun > self._longest

    def _keep(self, key: str, name: str, by: Literal["password", "proxy"]) -> Session:
        if len(self._by_key) >= self._most:
            del self._by_key[min(self._by_key, key=lambda each: self._by_key[each].used)]
        now = self._clock()
        session = self._by_key[key] = Session(name, by, begun=now, used=now)
        return session


def _key_of(session_id: str) -> str:
    """Ids are looked up by their digest, so that the time it takes tells nothing about them."""
    return hashlib.sha256(session_id.encode("utf-8", errors="surrogateescape")).hexdigest()
