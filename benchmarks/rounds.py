"""Runs variants by turns, so that what slows the machine down meets all of them alike."""

from collections.abc import Awaitable, Callable, Mapping

from rich.console import Console

from benchmarks.results import figure

Variant = Callable[[], Awaitable[float]]
"""Runs once and answers its figure."""


async def by_turns(
    variants: Mapping[str, Variant], repetitions: int, console: Console
) -> dict[str, list[float]]:
    """Each variant's figures; all run once, then all run again, and so on.

    Args:
        variants: what to run, by name; each was warmed up before.
        repetitions: how often.
        console: told each figure.
    """
    figures: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(1, repetitions + 1):
        for name, run in variants.items():
            figures[name].append(await run())
        news = ", ".join(f"{name} {figure(figures[name][-1])}" for name in variants)
        console.print(f"  round {turn} of {repetitions}: {news}", highlight=False)
    return figures
