"""The way of an order as a picture: which legs lie behind it, where it stands, what lies ahead."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from hosted_numbers.contract import Phase, Progress
from hosted_numbers.standing import moved_to

LegState = Literal["done", "current", "held", "failed", "ahead"]


class Leg(NamedTuple):
    """One leg of the way.

    Attributes:
        title: what people call it.
        what: what happens on it.
        state: where the order is, seen from it.
        at: when the order came to it, as far as the timeline tells.
    """

    title: str
    what: str
    state: LegState
    at: datetime | None


_LEGS: Final[tuple[tuple[Phase, str, str], ...]] = (
    ("ordering", "Order", "Twilio checks the number"),
    ("verification", "Ownership", "proven by a call or a bill"),
    ("authorization", "Letter", "signed by the owner"),
    ("carrier", "Carrier", "sets the number up"),
    ("completed", "Hosted", "ready for messages"),
)
_NAMES: Final = tuple(name for name, _, _ in _LEGS)
_BEGINS: Final[dict[str, Phase]] = {
    "received": "verification",
    "pending-verification": "verification",
    "verified": "authorization",
    "pending-loa": "authorization",
    "carrier-processing": "carrier",
    "testing": "carrier",
    "completed": "completed",
}
_BY_WORDS: Final = {moved_to(status): phase for status, phase in _BEGINS.items()}


def journey(progress: Progress) -> tuple[Leg, ...]:
    """The legs of an order's way, from the first to the last."""
    reached = _reached(progress)
    here = _here(progress.phase, reached)
    return tuple(
        Leg(title, what, _state(index, here, progress), reached.get(name))
        for index, (name, title, what) in enumerate(_LEGS)
    )


def _here(phase: Phase, reached: Mapping[Phase, datetime]) -> int:
    """The leg that it is on; of an order that came to nothing, the last one that it came to."""
    if phase in _NAMES:
        return _NAMES.index(phase)
    return max((_NAMES.index(each) for each in reached), default=0)


def _state(index: int, here: int, progress: Progress) -> LegState:
    if index != here:
        return "done" if index < here else "ahead"
    if progress.phase == "completed":
        return "done"
    if progress.phase in {"failed", "cancelled"}:
        return "failed"
    return "held" if progress.waiting_for == "operator" else "current"


def _reached(progress: Progress) -> dict[Phase, datetime]:
    """When it first came to each leg, by the words of its timeline."""
    found: dict[Phase, datetime] = {}
    for entry in progress.timeline:
        found.setdefault("ordering", entry.at)
        if (phase := _BY_WORDS.get(entry.what)) is not None:
            found.setdefault(phase, entry.at)
    return found
