"""``hosted-numbers config show``: all that counts, and no secret."""

import json
import os
from pathlib import Path

import pytest

from hosted_numbers.settings import Settings
from tests.cli.storied_orders import Run
from tests.test_production import canaries, secret_fields, shows_a_canary


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of this machine do not count."""
    for name in os.environ:
        if name.startswith(("TEMPORAL_", "TWILIO_", "HOSTED_NUMBERS_", "PUBLIC_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)


@pytest.mark.security("S18")
@pytest.mark.parametrize("by_file", [False, True], ids=["variables", "files"])
@pytest.mark.parametrize("output", ["table", "json"])
def test_no_secret_is_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: str, *, by_file: bool
) -> None:
    """Of each only that it is set, wherever it comes from; of a URL that may hold one, the host."""
    url = "https://example.com/canary-path?canary=1"
    ring = "canary-id:" + "Y2FuYXJ5" * 5 + "Y2E="
    for name, value in {**canaries(), "HOSTED_NUMBERS_ENCRYPTION_KEYS": ring}.items():
        if by_file:
            (tmp_path / name).write_text(value)
            monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOSTED_NUMBERS_NOTIFICATION_URL", url)
    monkeypatch.setenv("TEMPORAL_API_KEY", "canary-key")
    monkeypatch.setenv("HOSTED_NUMBERS_API_KEYS", "ab" * 32)
    result = run("config", "show", "--output", output)
    assert result.exit_code == 0
    assert not shows_a_canary(result.stdout + result.stderr)
    assert "https://example.com/…" in json.dumps(result.stdout, ensure_ascii=False)
    assert result.stdout.count("(set, not shown)") == len(secret_fields()) + 1


def test_it_tells_what_counts_and_where_it_is_from(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every setting, with Temporal's; defaults too."""
    (tmp_path / "url").write_text("https://numbers.example.com/\n")
    monkeypatch.setenv("PUBLIC_BASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("HOSTED_NUMBERS_TRUSTED_PROXIES", "10.0.0.0/8,10.1.1.1")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.com:7233")
    told = {
        each["variable"]: each for each in json.loads(run("config", "show", "-o", "json").stdout)
    }
    assert {name.upper() for name in Settings.model_fields} <= set(told)
    url = told["PUBLIC_BASE_URL"]
    assert (url["value"], url["source"]) == ("https://numbers.example.com", "file")
    assert url["readers"] == ["worker", "gateway"]
    proxies = told["HOSTED_NUMBERS_TRUSTED_PROXIES"]
    assert (proxies["value"], proxies["source"]) == ("10.0.0.0/8, 10.1.1.1/32", "environment")
    assert told["HOSTED_NUMBERS_SWEEP_SECONDS"]["value"] == "60"
    assert told["HOSTED_NUMBERS_SWEEP_SECONDS"]["source"] == "default"
    assert told["HOSTED_NUMBERS_WEBHOOK_TOKEN_ACCEPTED"]["value"] == "false"
    assert told["TWILIO_AUTH_TOKEN"]["value"] is None
    assert told["TEMPORAL_ADDRESS"]["value"] == "temporal.example.com:7233"
    assert told["TEMPORAL_TLS"]["value"] == "false"


def test_it_ends_as_a_process_would(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What production refuses, it refuses, by name."""
    monkeypatch.setenv("HOSTED_NUMBERS_ENV", "production")
    monkeypatch.setenv("PUBLIC_BASE_URL", "http://numbers.example.com")
    result = run("config", "show")
    assert result.exit_code == 2
    assert "PUBLIC_BASE_URL" in result.stderr
    assert result.stdout == ""
