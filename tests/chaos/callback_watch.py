"""How long the gateway takes over a callback, seen from the proxy before it.

What a toxic makes of the way does not count: the time begins when the last byte of the request was
written to the gateway, and ends when the first byte of the answer came back.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.evidence import CallbackAnswer
from tests.chaos.toxics import Stream

_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass
class CallbackWatch:
    """Watches the proxy of the callbacks; one request is under way on a connection at a time.

    Attributes:
        clock: seconds that only go on.
        answers: what was seen so far.
    """

    clock: Callable[[], float] = time.monotonic
    answers: list[CallbackAnswer] = field(default_factory=list)
    _asked: dict[int, float] = field(default_factory=dict)

    def saw(self, connection: int, stream: Stream, data: bytes) -> None:
        """Bytes passed on a connection."""
        now = self.clock()
        if stream == "upstream":
            self._asked[connection] = now
        elif (asked := self._asked.pop(connection, None)) is not None:
            status = _STATUS.match(data)
            if status is not None:
                self.answers.append(CallbackAnswer(asked, now - asked, int(status.group(1))))
