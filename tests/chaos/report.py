"""The report of a run: ``chaos.json`` for programs, ``chaos.png`` for people."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

STATES: Final = (
    "not taken",
    "ordering",
    "verification",
    "authorization",
    "carrier",
    "waiting",
    "completed",
    "failed",
    "cancelled",
)
"""From the bottom of the picture to its top."""

_COLOURS: Final = (
    "#e5e7eb",
    "#bfdbfe",
    "#60a5fa",
    "#1d4ed8",
    "#7c3aed",
    "#f59e0b",
    "#16a34a",
    "#b91c1c",
    "#6b7280",
)


@dataclass
class Course:
    """How a run went, second by second. Moments count from its beginning.

    Attributes:
        moments: of the samples.
        states: how many orders stood where, for each sample.
        kills: moments and parts.
        bursts: begin, end, link and kind.
        healed: when the faults had stopped.
    """

    moments: list[float] = field(default_factory=list)
    states: list[Counter[str]] = field(default_factory=list)
    kills: Sequence[tuple[float, str]] = ()
    bursts: Sequence[tuple[float, float, str, str]] = ()
    healed: float | None = None


def command(seed: int, orders: int, kills: int, percent: float | None) -> str:
    """The one command that repeats a run."""
    faults = "" if percent is None else f" FAULTS={percent:g}"
    return f"make chaos SEED={seed} ORDERS={orders} KILLS={kills}{faults}"


def write(folder: Path, summary: Mapping[str, Any], course: Course) -> tuple[Path, Path]:
    """Write both files; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    figures, picture = folder / "chaos.json", folder / "chaos.png"
    figures.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    draw(picture, course, title=str(summary["command"]))
    return figures, picture


def draw(picture: Path, course: Course, title: str) -> None:
    """Draw the orders by state over time; beneath, the kills and the toxics of each link."""
    mpl.use("Agg")
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(11, 8), sharex=True, height_ratios=(2, 1), layout="constrained"
    )
    rows = [[counted[state] for counted in course.states] for state in STATES]
    if course.moments:
        above.stackplot(course.moments, rows, labels=STATES, colors=_COLOURS)
    above.set_title(title)
    above.set_ylabel("orders")
    links = sorted({link for _, _, link, _ in course.bursts})
    kinds = sorted({kind for *_, kind in course.bursts})
    for kind in kinds:
        bursts = [(b, e, links.index(link)) for b, e, link, each in course.bursts if each == kind]
        begins, ends, places = zip(*bursts, strict=True)
        lengths = [ended - began for began, ended in zip(begins, ends, strict=True)]
        below.barh(places, lengths, left=begins, height=0.7, label=kind)
    parts = sorted({part for _, part in course.kills})
    for place, part in enumerate(parts, start=len(links)):
        killed = [at for at, each in course.kills if each == part]
        below.plot(killed, [place] * len(killed), "kx", markersize=6)
    for at, _ in course.kills:
        above.axvline(at, color="black", linewidth=0.5, linestyle=":")
    names = [*links, *(f"kill -9 {part}" for part in parts)]
    below.set_yticks(range(len(names)), names, fontsize=8)
    below.set_xlabel("seconds")
    for axes in (above, below):
        if course.healed is not None:
            axes.axvline(course.healed, color="black", linewidth=1.5)
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            axes.legend(
                handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8
            )
    figure.savefig(picture, dpi=110)
    plt.close(figure)
