"""What a person is told whose message is not taken."""

from typing import NamedTuple


class Refusal(NamedTuple):
    """Why a message is not taken now, and what to do instead; both are whole sentences."""

    reason: str
    next_step: str
