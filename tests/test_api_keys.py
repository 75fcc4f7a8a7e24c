"""API keys as the settings name them, and how one is found again."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from hosted_numbers.api_keys import SCOPES, ApiKey, Scope, find, new_api_key, parsed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.security("S3")
def test_a_new_key_is_random_and_found_by_its_digest_alone() -> None:
    """The entry has 256 bits' digest, and not the key."""
    key, entry = new_api_key("backend", scopes=["orders:read"])
    other, _ = new_api_key("backend")

    assert len(key) == 43
    assert key != other
    assert key not in entry.model_dump_json()
    assert entry.sha256 == hashlib.sha256(key.encode()).hexdigest()
    assert find([entry], key) is entry
    assert find([entry], other) is None
    assert find([entry], entry.sha256) is None
    assert find([], key) is None
    assert find([entry], "\udcff") is None


@pytest.mark.security("S3")
def test_every_entry_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However early the right one stands."""
    keys = [new_api_key(f"key-{each}") for each in range(3)]
    compared = []

    real = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append(other)
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)

    assert find([entry for _, entry in keys], keys[0][0]) is keys[0][1]
    assert compared == [entry.sha256 for _, entry in keys]


@pytest.mark.parametrize("scope", SCOPES)
def test_admin_allows_everything_and_others_themselves(scope: Scope) -> None:
    """A key without scopes named is an admin's."""
    _, wide = new_api_key("wide")
    _, narrow = new_api_key("narrow", scopes=["orders:read"])

    assert wide.allows(scope)
    assert narrow.allows(scope) is (scope == "orders:read")


def test_a_key_is_taken_until_it_expires() -> None:
    """Not at that moment any more; one without an end always."""
    _, entry = new_api_key("backend", expires=NOW)
    _, endless = new_api_key("backend")

    assert entry.is_valid(NOW - timedelta(microseconds=1))
    assert not entry.is_valid(NOW)
    assert endless.is_valid(NOW + timedelta(days=10_000))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "f" * 63},
        {"sha256": "F" * 64},
        {"name": ""},
        {"name": "a key"},
        {"scopes": []},
        {"scopes": ["orders:delete"]},
        {"expires": "2027-01-31T00:00:00"},
        {"customer": ""},
        {"customer": "a'b"},
        {"key": "secret"},
    ],
)
def test_a_malformed_entry_is_refused(wrong: dict[str, object]) -> None:
    """A key that was meant to be narrow is never a wide one."""
    with pytest.raises(ValidationError):
        ApiKey.model_validate({"sha256": "f" * 64, "name": "backend", **wrong})


def test_settings_name_digests_or_entries() -> None:
    """Digests with commas between are keys that may do everything, called by their beginning."""
    digests = ["A" * 64, "b" * 64]

    assert parsed(f" {digests[0]} ,{digests[1]},") == [
        {"sha256": "a" * 64, "name": "a" * 8},
        {"sha256": "b" * 64, "name": "b" * 8},
    ]
    entries = [{"sha256": "c" * 64, "name": "backend"}]
    assert parsed(f"  {json.dumps(entries)}") == entries
    assert parsed("") == []
    for wrong in ("[1]", '["x"]', "[{"):
        with pytest.raises(ValueError, match=r".+"):
            parsed(wrong)
