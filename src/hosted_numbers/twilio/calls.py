"""What became of one HTTP call to Twilio, for whoever counts them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from hosted_numbers.twilio.errors import TwilioError

_SID: Final = re.compile(r"(?<=/)[A-Z]{2}[0-9a-fA-F]{32}(?=[/.]|$)")


@dataclass(frozen=True)
class Call:
    """One call that was tried; not one that the client held back itself.

    Attributes:
        operation: what was tried, such as ``create HostedNumberOrder``.
        method: the HTTP method.
        route: the path with ``{sid}`` in place of each SID.
        seconds: from the wait for a connection to the last byte of the answer.
        status: the HTTP status of the answer, None where none came.
        error: what the caller was told, None where it went well.
    """

    operation: str
    method: str
    route: str
    seconds: float
    status: int | None
    error: TwilioError | None = None

    @property
    def code(self) -> int | None:
        """Twilio's error code, None where there is none."""
        return self.error.code if self.error else None

    @property
    def request_id(self) -> str | None:
        """Twilio's name for a request that failed, to quote to their support."""
        return self.error.request_id if self.error else None


Observer: TypeAlias = Callable[[Call], None]
"""Is told of each call; it must be quick and must not raise."""


def unobserved(call: Call) -> None:
    """The observer of a client whose calls nobody counts."""
    del call


def route_of(path: str) -> str:
    """A path of Twilio's API without the SIDs in it."""
    return _SID.sub("{sid}", path)
