"""Faults on the way between a client and Twilio, set by ``/_simulator/faults``."""

import asyncio
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FaultAction = Literal["status", "drop", "commit-then-drop", "delay", "garbage", "slice", "truncate"]
"""What a struck request suffers.

status: answered with ``status``, ``headers`` and ``body``; nothing is done.
drop: the connection closes; nothing is done.
commit-then-drop: it is done, then the connection closes without an answer.
delay: done and answered after ``delay_seconds``, or once the faults are cleared.
garbage: done, with Twilio's status and an unreadable body (``body``, where given).
slice: done, answered a byte at a time with ``delay_seconds`` in between.
truncate: done, the connection closes in the middle of the answer's body.
"""


class FaultRule(BaseModel):
    """Which requests suffer, what, how often. The body of ``POST /_simulator/faults``."""

    model_config = ConfigDict(extra="forbid")

    method: str = "*"
    """An HTTP method, or ``*``."""
    path: str = "*"
    """Matched whole against the path, and against the path with each SID written ``{sid}``.

    ``*`` stands for any text, slashes too, so a prefix is ``/HostedNumbers/*``.
    """
    action: FaultAction
    times: Annotated[int, Field(ge=1)] | None = None
    """How many requests it strikes; null until it is cleared."""
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    """HTTP status of the action ``status``, 500 where it is missing."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Added to the answer of the action ``status``, for instance Retry-After."""
    body: str | dict[str, Any] | list[Any] | None = None
    """Of the action ``status``: text, or JSON; by default the error as Twilio words it."""
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Real seconds, for ``delay`` and ``slice``."""

    @model_validator(mode="after")
    def _belongs_to_its_action(self) -> Self:
        if self.action != "status" and (self.status is not None or self.headers):
            raise ValueError("status and headers belong to the action 'status'")
        if self.action not in {"status", "garbage"} and self.body is not None:
            raise ValueError("body belongs to the actions 'status' and 'garbage'")
        return self

    def matches(self, method: str, path: str, route: str) -> bool:
        """Whether a request is one that this rule is about."""
        pattern = ".*".join(re.escape(part) for part in self.path.split("*"))
        return self.method.upper() in {"*", method} and (
            re.fullmatch(pattern, path) is not None or re.fullmatch(pattern, route) is not None
        )


@dataclass(slots=True)
class Fault:
    """A rule that is set, and how often it struck."""

    id: int
    rule: FaultRule
    struck: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.rule.times is not None and self.struck >= self.rule.times

    def as_json(self) -> dict[str, object]:
        """The rule as it was given, its id, and how often it struck."""
        return {"id": self.id, "struck": self.struck, **self.rule.model_dump()}


class Faults:
    """The rules that are set; the first that fits a request strikes it.

    Args:
        seed: of the luck behind ``probability``.
    """

    def __init__(self, seed: int) -> None:
        self._luck = random.Random(seed)  # noqa: S311 - luck, no secret
        self._set: list[Fault] = []
        self._last_id = 0
        self._cleared = asyncio.Event()

    def add(self, rule: FaultRule) -> Fault:
        """Set one more rule, behind the others."""
        self._last_id += 1
        fault = Fault(self._last_id, rule)
        self._set.append(fault)
        return fault

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._set)

    def clear(self) -> None:
        """Take all rules away; what is delayed goes on."""
        self._set.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def cleared(self) -> None:
        """Wait until all rules are taken away."""
        await self._cleared.wait()

    def strike(self, method: str, path: str, route: str) -> FaultRule | None:
        """The rule that this request suffers, counted as struck; None: it passes."""
        for fault in self._set:
            if (
                not fault.is_spent
                and fault.rule.matches(method, path, route)
                and self._luck.random() < fault.rule.probability
            ):
                fault.struck += 1
                return fault.rule
        return None
