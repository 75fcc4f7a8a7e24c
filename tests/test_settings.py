"""Settings: from variables or files, checked once, secrets never shown."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hosted_numbers.encryption import key_ring
from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings

ACCOUNT = "AC" + "1" * 32
KEY = "SK" + "2" * 32
DIGEST = "ab" * 32
OTHER_DIGEST = "cd" * 32
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of this machine do not count."""
    for name in os.environ:
        if name.startswith(("TEMPORAL_", "TWILIO_", "HOSTED_NUMBERS_", "PUBLIC_BASE_URL")):
            monkeypatch.delenv(name)


def test_nothing_is_required_until_it_is_needed() -> None:
    """A worker runs without the gateway's settings, and the other way round."""
    settings = Settings.read()

    assert settings.hosted_numbers_env == "development"
    assert settings.hosted_numbers_api_keys == ()
    assert settings.hosted_numbers_temporal_deadline_seconds < 5
    assert settings.graceful_shutdown() > timedelta(0)


@pytest.mark.parametrize(
    "need", [Settings.twilio_login, Settings.webhook_token, Settings.public_url]
)
def test_what_is_missing_is_named_when_it_is_needed(need: object) -> None:
    """With the variable to set."""
    assert callable(need)

    with pytest.raises(SettingsError, match=r"Set [A-Z]"):
        need(Settings.read())


def test_an_auth_token_is_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Account SID and token."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")

    settings = Settings.read()

    assert settings.twilio_login() == (ACCOUNT, ACCOUNT, "token")
    assert settings.webhook_token() == "token"


def test_an_api_key_goes_before_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is then for callbacks alone."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("TWILIO_API_KEY", KEY)
    monkeypatch.setenv("TWILIO_API_SECRET", "secret")

    assert Settings.read().twilio_login() == (ACCOUNT, KEY, "secret")


@pytest.mark.parametrize(
    "given",
    [
        {"TWILIO_ACCOUNT_SID": ACCOUNT},
        {"TWILIO_AUTH_TOKEN": "token"},
        {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_KEY": KEY},
        {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_SECRET": "secret"},
        {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "token", "TWILIO_API_KEY": KEY},
        {"TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": "secret"},
    ],
)
def test_half_a_login_is_none(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    """Rather than guess which half was meant."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match="TWILIO_ACCOUNT_SID"):
        Settings.read().twilio_login()


@pytest.mark.parametrize("content", ["secret", "secret\n"])
def test_a_secret_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    """One newline at its end is the editor's."""
    file = tmp_path / "token"
    file.write_text(content)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_FILE", str(file))

    assert Settings.read().webhook_token() == "secret"


def test_keys_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Separated by commas, as in the variable."""
    file = tmp_path / "keys"
    file.write_text(f"{DIGEST}, {OTHER_DIGEST.upper()}\n")
    monkeypatch.setenv("HOSTED_NUMBERS_API_KEYS_FILE", str(file))

    keys = Settings.read().hosted_numbers_api_keys

    assert [key.sha256 for key in keys] == [DIGEST, OTHER_DIGEST]
    assert all(key.allows("codes:write") for key in keys)


def test_keys_may_say_what_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a JSON list: with scopes, an expiry, and the one customer that they reach."""
    entry = {
        "sha256": DIGEST,
        "name": "shop",
        "scopes": ["orders:read"],
        "expires": "2027-01-01T00:00:00Z",
        "customer": "customer-4711",
    }
    monkeypatch.setenv("HOSTED_NUMBERS_API_KEYS", json.dumps([entry]))

    [key] = Settings.read().hosted_numbers_api_keys

    assert key.allows("orders:read")
    assert not key.allows("orders:write")
    assert key.customer == "customer-4711"
    assert key.is_valid(datetime(2026, 12, 31, tzinfo=UTC))
    assert not key.is_valid(datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSTED_NUMBERS_API_KEYS", f"{DIGEST},{DIGEST}"),
        ("HOSTED_NUMBERS_API_KEYS", '[{"sha256": "x", "name": "a"}]'),
        ("HOSTED_NUMBERS_API_KEYS", "[1]"),
        ("HOSTED_NUMBERS_API_KEYS", "[{"),
        ("HOSTED_NUMBERS_API_KEYS", json.dumps([{"sha256": DIGEST, "name": "a", "scopes": []}])),
        ("HOSTED_NUMBERS_API_KEYS", json.dumps([{"sha256": DIGEST, "name": "a", "scope": "x"}])),
        ("HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH", "secret"),
        ("HOSTED_NUMBERS_OPERATOR_HEADER", "X Forwarded User"),
        ("HOSTED_NUMBERS_TRUSTED_PROXIES", "10.0.0.0/8,somewhere"),
        ("HOSTED_NUMBERS_RATE_LIMIT_CODES", "often"),
        ("HOSTED_NUMBERS_NOTIFICATION_SECRETS", "whsec_c2hvcnQ="),
        ("HOSTED_NUMBERS_NOTIFICATION_SECRETS", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("HOSTED_NUMBERS_NOTIFICATION_PORTS", "443,many"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The message has the variable, and never its value."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        Settings.read()

    assert name in str(refused.value)
    assert value not in str(refused.value)


def test_lists_are_read_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks, hosts, ports and keys alike."""
    monkeypatch.setenv("HOSTED_NUMBERS_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.7")
    monkeypatch.setenv("HOSTED_NUMBERS_NOTIFICATION_HOSTS", "a.example.com,b.example.com")
    monkeypatch.setenv("HOSTED_NUMBERS_NOTIFICATION_PORTS", "443,8443")
    monkeypatch.setenv(
        "HOSTED_NUMBERS_NOTIFICATION_SECRETS", f"{WHSEC},{WHSEC.replace('M', 'N', 1)}"
    )

    settings = Settings.read()

    networks = settings.hosted_numbers_trusted_proxies
    assert [str(each) for each in networks] == ["10.0.0.0/8", "192.168.1.7/32"]
    assert settings.hosted_numbers_notification_hosts == ("a.example.com", "b.example.com")
    assert settings.hosted_numbers_notification_ports == (443, 8443)
    assert len(settings.hosted_numbers_notification_secrets) == 2


def test_a_file_that_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the variable that names it."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_FILE", str(tmp_path / "none"))

    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN_FILE cannot be read"):
        Settings.read()


def test_a_variable_and_its_file_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody is to guess which of the two counts."""
    file = tmp_path / "token"
    file.write_text("one")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_FILE", str(file))

    with pytest.raises(SettingsError, match="both set"):
        Settings.read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSTED_NUMBERS_ENV", "canary"),
        ("TWILIO_ACCOUNT_SID", "canary"),
        ("TWILIO_ACCOUNT_SID", KEY),
        ("TWILIO_API_KEY", ACCOUNT),
        ("TWILIO_BASE_URL", "canary"),
        ("TWILIO_BASE_URL", "ftp://canary"),
        ("PUBLIC_BASE_URL", "https://canary.example.com/?a=b"),
        ("PUBLIC_BASE_URL", "https://canary.example.com/#here"),
        ("PUBLIC_BASE_URL", "https://canary:canary@example.com"),
        ("PUBLIC_BASE_URL", "https://"),
        ("HOSTED_NUMBERS_API_KEYS", "canary"),
        ("HOSTED_NUMBERS_API_KEYS", f"{DIGEST},canary"),
        ("HOSTED_NUMBERS_TEMPORAL_UI_URL", "canary"),
        ("HOSTED_NUMBERS_TEMPORAL_DEADLINE_SECONDS", "0"),
        ("HOSTED_NUMBERS_TEMPORAL_DEADLINE_SECONDS", "canary"),
        ("HOSTED_NUMBERS_TWILIO_CONNECTIONS", "0"),
        ("HOSTED_NUMBERS_GRACEFUL_SHUTDOWN_SECONDS", "-1"),
        ("HOSTED_NUMBERS_BLOB_STORE", "canary"),
        ("HOSTED_NUMBERS_BLOB_STORE", "/canary/blobs"),
        ("HOSTED_NUMBERS_BLOB_STORE", "https://canary.example.com/blobs"),
        ("HOSTED_NUMBERS_BLOB_STORE", "file://canary/blobs"),
        ("HOSTED_NUMBERS_BLOB_STORE", "file:///"),
        ("HOSTED_NUMBERS_BLOB_STORE", "s3://canary@bucket/blobs"),
        ("HOSTED_NUMBERS_BLOB_STORE", "s3://bucket/blobs?key=canary"),
        ("HOSTED_NUMBERS_DOCUMENT_RETENTION_DAYS", "-1"),
        ("HOSTED_NUMBERS_DOCUMENT_RETENTION_DAYS", "canary"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The value may be a secret that went to the wrong variable."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=name) as refusal:
        Settings.read()

    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize("url", ["https://numbers.example.com", "https://numbers.example.com/"])
def test_a_base_url_has_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """So that a path can be put behind it."""
    monkeypatch.setenv("PUBLIC_BASE_URL", url)

    settings = Settings.read()

    assert settings.public_url() == "https://numbers.example.com"


def test_secrets_are_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the settings' own nor in their dump."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary-token")
    monkeypatch.setenv("TWILIO_API_SECRET", "canary-secret")

    settings = Settings.read()

    assert "canary" not in repr(settings) + str(settings) + str(settings.model_dump())


def test_an_empty_token_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone could sign with it."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "")

    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
        Settings.read().webhook_token()


def test_settings_do_not_change() -> None:
    """They are read once, at the edge."""
    with pytest.raises(ValueError, match="frozen"):
        Settings.read().hosted_numbers_env = "production"  # type: ignore[misc] # frozen is the test


@pytest.mark.parametrize(
    "url",
    ["file:///srv/blobs", "memory:///", "s3://bucket/blobs", "gs://bucket", "az://container/blobs"],
)
def test_blobs_are_kept_where_the_url_says(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Each kind of store, with or without a prefix."""
    monkeypatch.setenv("HOSTED_NUMBERS_BLOB_STORE", url)
    monkeypatch.setenv("HOSTED_NUMBERS_DOCUMENT_RETENTION_DAYS", "0.5")

    settings = Settings.read()

    assert settings.hosted_numbers_blob_store == url
    assert settings.document_retention() == timedelta(hours=12)


@pytest.mark.parametrize(
    ("variables", "directory"),
    [
        ({"XDG_DATA_HOME": "/srv/the data"}, "file:///srv/the%20data/hosted-numbers/blobs"),
        ({"XDG_DATA_HOME": "relative"}, "file:///home/of/ours/.local/share/hosted-numbers/blobs"),
        ({}, "file:///home/of/ours/.local/share/hosted-numbers/blobs"),
    ],
)
def test_without_a_word_blobs_are_kept_with_the_users_data(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], directory: str
) -> None:
    """As the XDG base directories have it: a relative one does not count."""
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/of/ours")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    settings = Settings.read()

    assert settings.hosted_numbers_blob_store == directory
    assert settings.document_retention() == timedelta(days=30)


@pytest.mark.security("S9")
@pytest.mark.parametrize("address", ["127.0.0.1:3310", "[::1]:3310", "unix:/run/clamd.sock"])
def test_the_virus_scanner_is_where_the_setting_says(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A host and a port, or a path; what is neither is refused by the variable's name."""
    monkeypatch.setenv("HOSTED_NUMBERS_CLAMD_ADDRESS", address)
    assert Settings.read().hosted_numbers_clamd_address == address

    monkeypatch.setenv("HOSTED_NUMBERS_CLAMD_ADDRESS", f"tcp://{address}")
    with pytest.raises(SettingsError, match="HOSTED_NUMBERS_CLAMD_ADDRESS"):
        Settings.read()


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 60), ("0", 0), ("10", 10), ("86400", 86_400)]
)
def test_the_sweeps_pace_is_set(
    monkeypatch: pytest.MonkeyPatch, given: str | None, seconds: int
) -> None:
    """A minute by default; 0 for none."""
    if given is not None:
        monkeypatch.setenv("HOSTED_NUMBERS_SWEEP_SECONDS", given)
    assert Settings.read().sweep_pace() == timedelta(seconds=seconds)


@pytest.mark.parametrize("given", ["9", "-1", "86401", "often"])
def test_a_senseless_pace_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """A sweep of many orders takes seconds, and one a day is the least."""
    monkeypatch.setenv("HOSTED_NUMBERS_SWEEP_SECONDS", given)
    with pytest.raises(SettingsError, match="HOSTED_NUMBERS_SWEEP_SECONDS"):
        Settings.read()


def test_a_user_without_a_home_has_blobs_in_the_systems_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a container; its other settings are read all the same."""

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)

    assert Settings.read().hosted_numbers_blob_store == "file:///var/lib/hosted-numbers/blobs"


ENCRYPTION_KEY = "first:" + base64.b64encode(bytes(range(32))).decode()


def test_a_ring_of_keys_is_read_and_read_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the variable, or from a file that may get another key while the process runs."""
    assert Settings.read().key_ring() is None
    file = tmp_path / "keys"
    file.write_text(ENCRYPTION_KEY, encoding="utf-8")
    monkeypatch.setenv("HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE", str(file))
    ring = Settings.read().key_ring()
    assert ring
    assert ring.current.id == "first"
    file.write_text(
        f"{ENCRYPTION_KEY}\n{ENCRYPTION_KEY.replace('first', 'second')}", encoding="utf-8"
    )
    monkeypatch.setattr(key_ring, "monotonic", lambda: float("inf"))
    assert ring.key("second").id == "second"


@pytest.mark.security("S11")
def test_in_production_there_are_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the process does not start."""
    monkeypatch.setenv("HOSTED_NUMBERS_ENV", "production")
    with pytest.raises(SettingsError, match="encryption-keys new"):
        Settings.read().key_ring()
    monkeypatch.setenv("HOSTED_NUMBERS_ENCRYPTION_KEYS", ENCRYPTION_KEY)
    ring = Settings.read().key_ring()
    assert ring
    assert list(ring.keys) == ["first"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),  # noqa: S104 - in a container, where it is asked for
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_metrics_are_shown_at_an_address(
    monkeypatch: pytest.MonkeyPatch, text: str, address: tuple[str, int]
) -> None:
    """A port alone is one of this machine's."""
    monkeypatch.setenv("HOSTED_NUMBERS_METRICS_ADDRESS", text)
    assert Settings.read().metrics_address() == address


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOSTED_NUMBERS_METRICS_ADDRESS", "0"),
        ("HOSTED_NUMBERS_METRICS_ADDRESS", "127.0.0.1:65536"),
        ("HOSTED_NUMBERS_METRICS_ADDRESS", "localhost:9464"),
        ("HOSTED_NUMBERS_METRICS_ADDRESS", "127.0.0.1"),
        ("HOSTED_NUMBERS_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("HOSTED_NUMBERS_LOG_FORMAT", "xml"),
    ],
)
def test_an_unusable_setting_of_telemetry_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Before anything listens or is sent."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        Settings.read()
