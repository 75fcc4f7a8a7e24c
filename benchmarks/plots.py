"""Draws ``docs/images/waiting.svg`` and ``docs/images/open-orders.svg`` from what row 4 counted."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.costs import Measured, Style, ours, polling
from deploy.local import ROOT

IMAGES: Final = ROOT / "docs" / "images"

_HOURS: Final = [1, 2, 4, 8, 16, 24, 48, 96, 168, 336, 504, 720]
_FLEETS: Final = [10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
_LIMIT: Final = 51_200
_COLOURS: Final = ("#9a3412", "#d97706", "#6b7280", "#1d4ed8", "#0f766e")
_DASHES: Final = ("-", "--", ":", "-", "--")


def measured_in(bench: Path) -> Measured:
    """What row 4 of a ``bench.json`` counted.

    Raises:
        LookupError: it has no row 4.
    """
    rows = json.loads(bench.read_text(encoding="utf-8")) if bench.exists() else []
    counted = [row["measured"] for row in rows if row["row"] == 4]  # noqa: PLR2004 - a row's number
    if not counted:
        raise LookupError("The plots need row 4: run it in the same go, or before.")
    return Measured(events=counted[0], weekly_events=counted[2])


def draw(measured: Measured, folder: Path = IMAGES) -> list[Path]:
    """Draw both plots; the files."""
    styles = [
        polling(timedelta(minutes=1), in_history=True),
        polling(timedelta(minutes=5), in_history=True),
        polling(timedelta(minutes=5), in_history=False),
        ours(measured, callbacks=True),
        ours(measured, callbacks=False),
    ]
    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "hosted-numbers"  # the same file from the same figures
    waits = [timedelta(hours=hours) for hours in _HOURS]
    days = [hours / 24 for hours in _HOURS]

    def waiting(left: Any, right: Any) -> None:
        _lines(left, styles, days, lambda style: [style.requests_of_one(wait) for wait in waits])
        _lines(right, styles, days, lambda style: [style.events(wait) for wait in waits])
        left.set_title("API requests of one order")
        right.set_title("Events in its history")
        right.axhline(_LIMIT, color="#b91c1c", linewidth=0.8)
        right.text(days[0], _LIMIT * 1.15, "Temporal ends it here", color="#b91c1c", fontsize=8)
        for axes in (left, right):
            axes.set_xticks([1 / 24, 1, 7, 30], ["1 hour", "1 day", "1 week", "30 days"])
            axes.set_xlabel("waiting")

    def fleets(left: Any, right: Any) -> None:
        _lines(left, styles, _FLEETS, lambda style: [style.requests_per_hour(n) for n in _FLEETS])
        _lines(right, styles, _FLEETS, lambda style: [n * _daily(style) for n in _FLEETS])
        left.set_title("API requests an hour")
        right.set_title("Events written a day while waiting")
        for axes in (left, right):
            axes.set_xlabel("open orders")

    folder.mkdir(parents=True, exist_ok=True)
    return [_figure(folder / "waiting.svg", waiting), _figure(folder / "open-orders.svg", fleets)]


def _daily(style: Style) -> float:
    """Events that a day of waiting adds, as the average of a month."""
    month = timedelta(days=30)
    return (style.events(month) - style.events(timedelta(hours=1))) / 30


def _lines(
    axes: Any,
    styles: Sequence[Style],
    across: Sequence[float],
    up: Callable[[Style], Sequence[float]],
) -> None:
    for style, colour, dash in zip(styles, _COLOURS, _DASHES, strict=True):
        axes.plot(across, up(style), dash, color=colour, label=style.name, linewidth=1.8)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, which="major", color="#e5e7eb", linewidth=0.6)


def _figure(path: Path, draw_axes: Callable[[Any, Any], None]) -> Path:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), facecolor="#fdfdfc")
    draw_axes(left, right)
    left.legend(fontsize=8, framealpha=0.9, loc="upper left")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path
