"""Variants are run by turns."""

import io

from rich.console import Console

from benchmarks.rounds import Variant, by_turns


async def test_variants_take_turns() -> None:
    """A B A B, not A A B B: what slows the machine down for a while meets both."""
    order: list[str] = []

    def variant(name: str) -> Variant:
        async def run() -> float:
            order.append(name)
            return float(len(order))

        return run

    screen = io.StringIO()
    figures = await by_turns(
        {"a": variant("a"), "b": variant("b")}, 2, Console(file=screen, width=100)
    )
    assert order == ["a", "b", "a", "b"]
    assert figures == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    assert "round 2 of 2: a 3, b 4" in screen.getvalue()
