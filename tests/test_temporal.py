"""The connection to Temporal: said clearly when it is not there, sought patiently when told to."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.client import Client

from hosted_numbers import temporal
from hosted_numbers.converter import converter_of
from hosted_numbers.encryption import codec
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import (
    SettingsError,
    TemporalUnavailableError,
    UnknownEncryptionKeyError,
)
from hosted_numbers.settings import Settings
from tests.world import eventually


async def test_absent_temporal_is_named_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person learns where it was sought and which variable says so."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(TemporalUnavailableError, match=r"127\.0\.0\.1:1") as error:
        await temporal.connect(Settings())
    assert "TEMPORAL_ADDRESS" in error.value.next_step
    assert isinstance(await temporal.connect(Settings(), lazy=True), Client)


async def test_worker_goes_on_trying_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each failed try is logged; the pause grows to its limit."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    caplog.set_level(logging.WARNING)
    trying = asyncio.create_task(
        temporal.connect_patiently(Settings(), timedelta(milliseconds=1), timedelta(milliseconds=4))
    )

    async def thrice() -> bool:
        return len(caplog.records) > 2

    await eventually(thrice)
    trying.cancel()
    assert "Trying again" in caplog.text


def test_unreadable_profile_is_a_settings_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile file with an unknown key is refused, not half used."""
    file = tmp_path / "temporal.toml"
    file.write_text("[profile.default]\nadress = 'localhost:7233'\n", encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    with pytest.raises(SettingsError, match="profile"):
        temporal.address()


@pytest.mark.security("S11")
async def test_clients_encrypt_where_there_are_keys_and_say_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bound to the profile's namespace; without keys one line in the log says so."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "numbers")
    settings = Settings(hosted_numbers_encryption_keys=SecretStr(str(Key("new", b"n" * 32))))
    client = await temporal.connect(settings, lazy=True)
    (payload,) = await client.data_converter.encode(["owner@example.com"])
    assert codec.is_encrypted(payload)
    theirs = converter_of(settings.key_ring(), "numbers")
    assert await theirs.decode([payload], [str]) == ["owner@example.com"]
    temporal.warn_without_keys(settings)
    assert caplog.text == ""
    temporal.warn_without_keys(Settings())
    assert "not encrypted" in caplog.text


@pytest.mark.fault("F47")
async def test_client_without_keys_says_which_one_is_missing() -> None:
    """In place of a value that it cannot make sense of."""
    (payload,) = await converter_of(KeyRing(str(Key("new", b"n" * 32))), "default").encode([1])
    keyless = (await temporal.connect(Settings(), lazy=True)).data_converter
    with pytest.raises(UnknownEncryptionKeyError, match="key new"):
        await keyless.decode([payload])
    assert await keyless.decode(await keyless.encode([1])) == [1]


@pytest.mark.parametrize(
    ("seconds_ago", "found"),
    [(-20, "there"), (0, "there"), (61, "there"), (121, "gone"), (300, "gone")],
)
def test_worker_that_has_not_asked_for_long_is_gone(seconds_ago: int, found: str) -> None:
    """An idle one asks each minute; the clocks of Temporal and of whoever asks may differ."""
    poller = PollerInfo(identity="1@host")
    poller.last_access_time.FromDatetime(datetime.now(UTC) - timedelta(seconds=seconds_ago))
    assert temporal.is_there(poller) is (found == "there")
