"""What docs/how-it-works.md says is survived is tested: each row's numbers stand on a test."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "how-it-works.md"


def numbers(cell: str) -> set[str]:
    """The faults that a cell names: ``F01, F02``, or ``F07 to F10``."""
    found = set(re.findall(r"F\d\d", cell))
    for first, last in re.findall(r"F(\d\d) to F(\d\d)", cell):
        found |= {f"F{number:02}" for number in range(int(first), int(last) + 1)}
    return found


def marked() -> set[str]:
    """The faults that tests are marked with."""
    sources = (path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    return {
        number
        for source in sources
        for line in re.findall(r"mark\.fault\(([^)]*)\)", source)
        for number in re.findall(r"F\d\d", line)
    }


def test_every_fault_that_is_survived_has_its_test() -> None:
    """None of the list is left out, and every fault that a test shows is told of."""
    rows = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| F")]
    told = set().union(*(numbers(row.split("|")[1]) for row in rows))
    assert told == {f"F{number:02}" for number in range(1, 53)}
    assert told == marked()
