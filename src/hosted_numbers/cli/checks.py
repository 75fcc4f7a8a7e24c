"""What ``doctor`` says of one thing that it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        well: whether it is as it should be.
        found: how it is, in words.
        fix: the command or the act that mends it, None where all is well.
    """

    name: str
    well: bool
    found: str
    fix: str | None = None
