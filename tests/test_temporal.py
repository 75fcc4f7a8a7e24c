"""The connection to Temporal: said clearly when it is not there, sought patiently when told to."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from hosted_numbers import temporal
from hosted_numbers.errors import SettingsError, TemporalUnavailableError


async def test_absent_temporal_is_named_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person learns where it was sought and which variable says so."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(TemporalUnavailableError, match=r"127\.0\.0\.1:1") as error:
        await temporal.connect()
    assert "TEMPORAL_ADDRESS" in error.value.next_step
    assert isinstance(await temporal.connect(lazy=True), Client)


async def test_worker_goes_on_trying_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each failed try is logged; the pause grows to its limit."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    caplog.set_level(logging.WARNING)
    trying = temporal.connect_patiently(timedelta(milliseconds=1), timedelta(milliseconds=4))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trying, 1.5)
    assert len(caplog.records) > 2
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
