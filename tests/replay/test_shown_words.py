"""What the Temporal UI shows beside events, in all recorded histories: no person and no code."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
PERSONAL = frozenset(
    {
        "cc_emails",
        "code",
        "contact_phone_number",
        "contact_title",
        "email",
        "failure_reason",
        "friendly_name",
        "verification_code",
    }
)
# Words, the hosted number, and counts: a code has more digits than a count.
WORD = re.compile(r"[A-Za-z][A-Za-z'_.-]*[,?]?|\+1[0-9]{10}|[0-9]{1,3}")


def texts(payload: dict[str, Any]) -> Any:
    """What a recorded payload holds."""
    try:
        return json.loads(base64.b64decode(payload.get("data", "")))
    except ValueError:
        return None


def shown(value: Any) -> Iterator[str]:
    """Every summary and every detail beside an event or in a command."""
    if isinstance(value, dict):
        for payload in value.get("userMetadata", {}).values():
            yield str(texts(payload))
        for each in value.values():
            yield from shown(each)
    for each in value if isinstance(value, list) else ():
        yield from shown(each)


def personal(value: Any, name: str = "") -> Iterator[str]:
    """Every value about a person in what the payloads hold."""
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and "metadata" in value:
            yield from personal(texts(value))
        for key, each in value.items():
            yield from personal(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from personal(each, name)
    elif name in PERSONAL and isinstance(value, str) and value:
        yield value


@pytest.mark.security("S14")
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_stands_beside_events_names_no_person_and_no_code(path: Path) -> None:
    """It says the next step, and the hosted number at most."""
    history = json.loads(path.read_text(encoding="utf-8"))
    words = set(shown(history))
    assert words
    assert [each for text in words for each in text.split(" ") if not WORD.fullmatch(each)] == []
    people = set(personal(history))
    assert [(each, word) for each in people for word in words if each in word] == []


@pytest.mark.security("S14")
def test_the_search_knows_what_is_personal() -> None:
    """It finds people in what is recorded, and would find them in a summary."""
    found = {each for path in HISTORIES for each in personal(json.loads(path.read_text()))}
    assert "owner@example.com" in found
    assert any(re.fullmatch(r"[0-9]{4,6}", each) for each in found)
    assert not WORD.fullmatch("owner@example.com")
    assert not WORD.fullmatch("1234")
