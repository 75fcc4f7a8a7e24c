"""The matrix of settings: what a developer may set, and what production refuses, by name."""

import base64
import hashlib
import os
from pathlib import Path

import pytest

from deploy.local import ACCOUNT_SID
from hosted_numbers import production, temporal_profile
from hosted_numbers.endpoints import endpoint
from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings
from tests.conftest import Put

RANDOM_KEY = "20260101-aa:" + base64.b64encode(bytes(range(32))).decode()
ZERO_KEY = "20260101-bb:" + base64.b64encode(bytes(32)).decode()
WHSEC = "whsec_" + base64.b64encode(bytes(range(32))).decode()

SAFE = {
    "HOSTED_NUMBERS_ENV": "production",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "canary-of-the-token",
    "PUBLIC_BASE_URL": "https://numbers.example.com",
    "HOSTED_NUMBERS_BLOB_STORE": "s3://bucket/files",
    "HOSTED_NUMBERS_API_KEYS": "ab" * 32,
    "HOSTED_NUMBERS_ENCRYPTION_KEYS": RANDOM_KEY,
    "HOSTED_NUMBERS_NOTIFICATION_URL": "https://backend.example.com/hook",
    "HOSTED_NUMBERS_NOTIFICATION_SECRETS": WHSEC,
    "TEMPORAL_ADDRESS": "temporal.example.com:7233",
    "TEMPORAL_TLS": "true",
}

UNSAFE: dict[str, dict[str, str]] = {
    "plain public address": {"PUBLIC_BASE_URL": "http://numbers.example.com"},
    "plain notifications": {"HOSTED_NUMBERS_NOTIFICATION_URL": "http://127.0.0.1/hook"},
    "files in memory": {"HOSTED_NUMBERS_BLOB_STORE": "memory:///"},
    "the simulator": {"TWILIO_BASE_URL": "http://127.0.0.1:8081"},
    "the simulator's account": {"TWILIO_ACCOUNT_SID": ACCOUNT_SID},
    "an empty token": {"TWILIO_AUTH_TOKEN": ""},
    "the documented token": {"TWILIO_AUTH_TOKEN": "12345"},
    "a known second token": {"TWILIO_SECONDARY_AUTH_TOKEN": "changeme"},
    "a known API secret": {"TWILIO_API_SECRET": "secret"},
    "a known shared key": {"TWILIO_WEBHOOK_KEY_SECRET": "secret"},
    "a known API key": {"HOSTED_NUMBERS_API_KEYS": hashlib.sha256(b"changeme").hexdigest()},
    "the example of a signing key": {
        "HOSTED_NUMBERS_NOTIFICATION_SECRETS": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    },
    "an encryption key of zeros": {"HOSTED_NUMBERS_ENCRYPTION_KEYS": f"{RANDOM_KEY},{ZERO_KEY}"},
    "everybody is a proxy": {
        "HOSTED_NUMBERS_TRUSTED_PROXIES": "10.0.0.0/8,0.0.0.0/0",
        "HOSTED_NUMBERS_OPERATOR_HEADER": "X-Forwarded-User",
    },
    "unchecked certificates": {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION": "true"},
    "plaintext to another host": {"TEMPORAL_ADDRESS": "10.1.2.3:7233", "TEMPORAL_TLS": "false"},
}
"""What production refuses, the variable that it names first."""


def test_what_is_safe_is_taken(put: Put) -> None:
    """All of it together, as an installation has it."""
    put(SAFE)

    settings = Settings.read()

    assert list(production.unsafe(settings, os.environ)) == []
    assert endpoint(settings)


@pytest.mark.security("S16", "S25")
@pytest.mark.parametrize("what", UNSAFE)
def test_production_refuses_what_is_unsafe(put: Put, what: str) -> None:
    """It names the variable and what is wrong with it, and shows no value."""
    put(SAFE | UNSAFE[what])
    variable = next(iter(UNSAFE[what]))

    with pytest.raises(SettingsError) as refused:
        Settings.read()

    assert f"{variable}:" in str(refused.value)
    assert "canary" not in str(refused.value)
    for value in UNSAFE[what].values():
        assert not value or value in {"secret", "true", "false"} or value not in str(refused.value)


@pytest.mark.parametrize("what", UNSAFE)
def test_a_developer_may(put: Put, what: str) -> None:
    """The same is well on a machine of one's own."""
    put(SAFE | UNSAFE[what] | {"HOSTED_NUMBERS_ENV": "development"})

    assert Settings.read().hosted_numbers_env == "development"


def test_all_that_is_unsafe_is_told_at_once(put: Put) -> None:
    """Nobody mends one thing only to learn of the next."""
    put(SAFE | UNSAFE["plain public address"] | UNSAFE["files in memory"])

    with pytest.raises(SettingsError) as refused:
        Settings.read()

    assert "PUBLIC_BASE_URL" in str(refused.value)
    assert "HOSTED_NUMBERS_BLOB_STORE" in str(refused.value)


@pytest.mark.security("S16")
@pytest.mark.parametrize(
    ("temporal", "taken"),
    [
        ({}, True),
        ({"TEMPORAL_ADDRESS": "127.0.0.1:7233"}, True),
        ({"TEMPORAL_ADDRESS": "[::1]:7233"}, True),
        ({"TEMPORAL_ADDRESS": "localhost:7233"}, True),
        ({"TEMPORAL_ADDRESS": "temporal:7233"}, False),
        ({"TEMPORAL_ADDRESS": "localhost.example.com:7233"}, False),
        ({"TEMPORAL_ADDRESS": "10.1.2.3:7233"}, False),
        ({"TEMPORAL_ADDRESS": "temporal:7233", "TEMPORAL_TLS": "true"}, True),
        ({"TEMPORAL_ADDRESS": "temporal:7233", "TEMPORAL_API_KEY": "key"}, True),
        (
            {
                "TEMPORAL_ADDRESS": "temporal:7233",
                "TEMPORAL_API_KEY": "key",
                "TEMPORAL_TLS": "false",
            },
            False,
        ),
        (
            {
                "TEMPORAL_ADDRESS": "temporal:7233",
                "HOSTED_NUMBERS_TEMPORAL_PLAINTEXT": "true",
            },
            True,
        ),
    ],
    ids=[
        "nothing set", "IPv4 loopback", "IPv6 loopback", "localhost", "a service",
        "nearly localhost", "a private address", "TLS", "an API key", "an API key without TLS",
        "allowed",
    ],
)  # fmt: skip
def test_plaintext_stays_on_this_machine(
    put: Put, temporal: dict[str, str], *, taken: bool
) -> None:
    """Or is allowed by a setting that says so."""
    put({"HOSTED_NUMBERS_ENV": "production", **temporal})

    if taken:
        assert Settings.read().hosted_numbers_env == "production"
    else:
        with pytest.raises(SettingsError, match="HOSTED_NUMBERS_TEMPORAL_PLAINTEXT"):
            Settings.read()


def test_plaintext_of_a_profile_is_seen_too(put: Put, tmp_path: Path) -> None:
    """The file counts as the variables do."""
    file = tmp_path / "temporal.toml"
    put({"HOSTED_NUMBERS_ENV": "production", "TEMPORAL_CONFIG_FILE": str(file)})
    file.write_text('[profile.default]\naddress = "temporal.example.com:7233"\n')
    with pytest.raises(SettingsError, match="without TLS"):
        Settings.read()
    file.write_text('[profile.default]\naddress = "a.example.com:7233"\napi_key = "key"\n')

    Settings.read()
    assert temporal_profile.address(temporal_profile.load()) == "a.example.com:7233"


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_profile_that_is_not_there_is_said(put: Put, tmp_path: Path, environment: str) -> None:
    """The SDK would take it for an empty one, and connect to this machine."""
    put({"HOSTED_NUMBERS_ENV": environment, "TEMPORAL_CONFIG_FILE": str(tmp_path / "none.toml")})

    with pytest.raises(SettingsError, match="TEMPORAL_CONFIG_FILE names a file that is not there"):
        temporal_profile.load()


def test_a_certificate_that_is_not_there_is_said(put: Put, tmp_path: Path) -> None:
    """In one sentence, and not as a traceback."""
    put({"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(tmp_path / "ca.pem")})

    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        temporal_profile.load()
