"""What an erasure comes to: what goes, what stays, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["event", "disposal", "release", "letter group", "order"]
"""Of a workflow: an event for the backend, the disposal of an order's files, giving a number back,
a group that shares a letter, the order itself."""


@dataclass(frozen=True)
class Target:
    """One run of a workflow that goes, with its history."""

    kind: Kind
    workflow_id: str
    run_id: str


@dataclass(frozen=True)
class Remainder:
    """Something that stays.

    Attributes:
        what: that it is.
        until: when it ends, in words.
        then: what a person does about it.
    """

    what: str
    until: str
    then: str


@dataclass(frozen=True)
class Plan:
    """What is known of a number.

    Attributes:
        phone_number: E.164.
        at: when it was looked for.
        targets: workflows that go, those that lead to others last.
        files: how many files of its orders go.
        rows: how many lines of bulk imports go, by the name of the file that they stand in.
        remains: what stays, and why.
    """

    phone_number: str
    at: datetime
    targets: tuple[Target, ...]
    files: int
    rows: Mapping[str, int]
    remains: tuple[Remainder, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the number is here."""
        return not (self.targets or self.files or self.rows)

    def count(self, kind: Kind) -> int:
        """How many workflows of a kind go."""
        return sum(each.kind == kind for each in self.targets)


@dataclass(frozen=True)
class Erased:
    """What was deleted.

    Attributes:
        workflows: how many runs Temporal was told to delete.
        files: how many files were deleted.
        rows: how many lines were struck out.
        pending: runs that Temporal has not deleted yet, by workflow id.
    """

    workflows: int
    files: int
    rows: int
    pending: tuple[str, ...]
