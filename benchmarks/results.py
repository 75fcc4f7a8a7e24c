"""What a row of the benchmarks came to: the arithmetic, the table and the file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """What a figure shall be at least, or at most.

    Attributes:
        side: ``>=`` or ``<=``.
        bound: the figure.
        unit: what stands behind it; nothing behind a ratio.
    """

    side: Literal[">=", "<="]
    bound: float
    unit: str = ""

    def met_by(self, measured: float) -> bool:
        """Whether a figure reaches the goal."""
        return measured >= self.bound if self.side == ">=" else measured <= self.bound

    def __str__(self) -> str:
        return f"{self.side} {figure(self.bound)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Result:
    """One goal of a row, and what was measured.

    Attributes:
        row: the number of the row.
        what: what is measured, against what.
        goal: what it shall be.
        samples: the figure of each repetition; one alone where it is counted, not timed.
        blind: what this cannot show, in one sentence.
        details: whatever else is good to know; it goes into the file only.
    """

    row: int
    what: str
    goal: Goal
    samples: Sequence[float]
    blind: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> float:
        """The median of the repetitions."""
        return median(self.samples)

    @property
    def met(self) -> bool:
        """Whether the median reaches the goal."""
        return self.goal.met_by(self.measured)

    @property
    def spread(self) -> str:
        """The lowest and the highest repetition; what is counted has but one figure."""
        if len(self.samples) == 1:
            return "one figure"
        return f"{figure(min(self.samples))}-{figure(max(self.samples))}"

    def as_json(self) -> dict[str, Any]:
        """The entry of ``.local/bench.json``."""
        return {
            "row": self.row,
            "what": self.what,
            "goal": str(self.goal),
            "measured": self.measured,
            "spread": self.spread,
            "met": self.met,
            "samples": list(self.samples),
            "cannot_show": self.blind,
            **self.details,
        }


def figure(value: float) -> str:
    """A figure with three digits that count; thousands are written out."""
    if abs(value) >= 1000:  # noqa: PLR2004 - below that, three digits need a decimal point
        return f"{value:,.0f}"
    return f"{value:.3g}"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours against theirs, round by round: what slows a whole round down cancels out.

    Raises:
        ValueError: there are not as many of one as of the other.
    """
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of all samples do not exceed (nearest rank).

    Args:
        samples: at least one.
        share: above 0, at most 1.
    """
    ranked = sorted(samples)
    rank = -(-len(ranked) * share // 1)  # the ceiling
    return ranked[max(int(rank), 1) - 1]


def table(results: Sequence[Result]) -> Table:
    """All results, with what each one cannot show below."""
    blind = [*dict.fromkeys(f"{result.row}: {result.blind}" for result in results)]
    shown = Table(
        title="hosted-numbers against its goals",
        caption="What this cannot show.\n" + "\n".join(blind),
        caption_justify="left",
    )
    for name in ("#", "what", "goal", "measured", "spread", "met"):
        shown.add_column(name, justify="right" if name in {"#", "measured"} else "left")
    for result in results:
        shown.add_row(
            str(result.row),
            result.what,
            str(result.goal),
            f"{figure(result.measured)} {result.goal.unit}".rstrip(),
            result.spread,
            "[green]yes[/green]" if result.met else "[red]no[/red]",
        )
    return shown


def write(results: Sequence[Result], path: Path) -> None:
    """Write ``bench.json``, a list with one object for each goal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [result.as_json() for result in results]
    path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
