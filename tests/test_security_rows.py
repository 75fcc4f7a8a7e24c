"""What docs/security.md says is guarded is tested: each row's numbers stand on a test."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "security.md"


def marked() -> set[str]:
    """The rows that tests are marked with."""
    sources = (path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    return {
        number
        for source in sources
        for line in re.findall(r"mark\.security\(([^)]*)\)", source)
        for number in re.findall(r"S\d+", line)
    }


def test_every_guard_has_its_test() -> None:
    """None of the list is left out, and every guard that a test shows is told of."""
    rows = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| S")]
    told = {number for row in rows for number in re.findall(r"S\d+", row.split("|")[1])}
    assert told == {f"S{number}" for number in range(1, 31)}
    assert told == marked()
