"""``hosted-numbers api-key``: what is shown, what the gateway is told, what is refused."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from hosted_numbers.settings import Settings
from tests.cli.storied_orders import Run


@pytest.mark.security("S3")
def test_a_key_is_shown_once_and_its_entry_holds_no_secret(run: Run) -> None:
    """The key first, then the entry, which the settings take as it is."""
    result = run("api-key", "backend")

    assert result.exit_code == 0
    key, entry = result.stdout.splitlines()
    assert len(key) >= 43
    assert json.loads(entry) == {
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
        "name": "backend",
        "scopes": ["admin"],
    }
    assert key not in result.stderr
    assert "shown this once" in result.stderr
    assert "HOSTED_NUMBERS_API_KEYS" in result.stderr
    setting = result.stderr.splitlines()[-1].partition("the setting is: ")[2]
    [taken] = Settings.model_validate({"hosted_numbers_api_keys": setting}).hosted_numbers_api_keys
    assert (taken.name, list(taken.scopes)) == ("backend", ["admin"])


def test_a_key_is_as_narrow_as_it_is_asked_for(run: Run) -> None:
    """Scopes, an end, one customer; as JSON for programs."""
    result = run(
        *("api-key", "narrow", "--scope", "orders:read", "--scope", "codes:write"),
        *("--expires", "2027-01-31T00:00:00Z", "--customer", "customer-4711", "-o", "json"),
    )

    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert set(made) == {"api_key", "entry"}
    assert made["entry"] | {"sha256": ""} == {
        "sha256": "",
        "name": "narrow",
        "scopes": ["codes:write", "orders:read"],
        "expires": "2027-01-31T00:00:00Z",
        "customer": "customer-4711",
    }
    settings = {"hosted_numbers_api_keys": json.dumps([made["entry"]])}
    [taken] = Settings.model_validate(settings).hosted_numbers_api_keys
    assert taken.expires == datetime(2027, 1, 31, tzinfo=UTC)
    assert result.stderr == ""


def test_no_two_keys_are_the_same(run: Run) -> None:
    """256 random bits each."""
    keys = {run("api-key", "backend").stdout.splitlines()[0] for _ in range(3)}

    assert len(keys) == 3


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["two words"], "name"),
        (["backend", "--scope", "orders:reed"], "scopes"),
        (["backend", "--expires", "tomorrow"], "expires"),
        (["backend", "--expires", "2027-01-31T00:00:00"], "expires"),
        (["backend", "--customer", "o'hara"], "customer"),
    ],
)
def test_what_is_malformed_makes_no_key(run: Run, words: list[str], field: str) -> None:
    """Exit 2 with the field and the next step."""
    result = run("api-key", *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert field in result.stderr
    assert "--help" in result.stderr
