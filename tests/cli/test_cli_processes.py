"""``hosted-numbers gateway``, ``simulator`` and ``setup``, and the command line as a whole."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from hosted_numbers import cli, search_attributes, sweeps, temporal
from hosted_numbers.cli import connection, process_actions
from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import extra
from hosted_numbers.gateway import server as gateway_server
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.settings import Settings
from hosted_numbers.simulator import server as simulator_server
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.errors import SimulatorRefused
from tests.cli.storied_orders import Run

ACCOUNT = "AC" + "1" * 32
KEY = "SK" + "2" * 32


def test_help_is_quick_to_load() -> None:
    """Nothing heavy is imported for it: no Temporal, no pydantic, no web framework."""
    code = (
        "import sys\n"
        "from hosted_numbers.cli.application import application\n"
        "heavy = {'temporalio', 'pydantic', 'fastapi', 'starlette', 'uvicorn', 'httpx'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_version(run: Run) -> None:
    """Name and version, as the package says."""
    result = run("--version")

    assert result.exit_code == 0
    assert result.stdout.startswith("hosted-numbers 0.")


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_its_extra_the_command_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], package: str
) -> None:
    """A sentence, not a traceback."""
    absent = _Raising(ModuleNotFoundError(name=package))
    monkeypatch.setitem(sys.modules, "hosted_numbers.cli.application", absent)

    with pytest.raises(SystemExit) as exit_:
        cli.main()

    assert exit_.value.code == 1
    assert "hosted-numbers[cli]" in capsys.readouterr().err


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be a defect of ours."""
    broken = _Raising(ModuleNotFoundError(name="hosted_numbers.nowhere"))
    monkeypatch.setitem(sys.modules, "hosted_numbers.cli.application", broken)

    with pytest.raises(ModuleNotFoundError):
        cli.main()


class _Raising:
    """Stands for a module whose import fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        raise self._error


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would have been served."""
    seen: list[dict[str, Any]] = []

    def gateway(settings: Settings, host: str, port: int) -> None:
        seen.append({"settings": settings, "host": host, "port": port})

    def simulator(config: SimulatorConfig, host: str, port: int, *, on_ready: Any) -> None:
        seen.append({"config": config, "host": host, "port": port})
        on_ready(f"http://{host}:{port}")

    monkeypatch.setattr(gateway_server, "serve", gateway)
    monkeypatch.setattr(simulator_server, "serve", simulator)
    return seen


def test_gateway_serves_on_loopback_by_default(run: Run, served: list[dict[str, Any]]) -> None:
    """127.0.0.1:8080."""
    assert run("gateway").exit_code == 0
    assert run("gateway", "--host", "0.0.0.0", "--port", "81").exit_code == 0  # noqa: S104 - only named

    assert [(each["host"], each["port"]) for each in served] == [
        ("127.0.0.1", 8080),
        ("0.0.0.0", 81),  # noqa: S104 - as above
    ]


def test_gateway_without_its_settings_exits_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the variable."""
    monkeypatch.delenv("HOSTED_NUMBERS_API_KEYS", raising=False)

    result = run("gateway")

    assert result.exit_code == 2
    assert "HOSTED_NUMBERS_API_KEYS" in result.stderr


def test_simulator_takes_its_options(
    run: Run, served: list[dict[str, Any]], tmp_path: Path
) -> None:
    """And says where it is, on stderr."""
    state = tmp_path / "state.sqlite"

    result = run(
        "simulator", "--account-sid", ACCOUNT, "--auth-token", "secret", "--people",
        "signer,reviewer", "--pace", "0.5", "--state", str(state), "--port", "82",
    )  # fmt: skip

    assert result.exit_code == 0
    assert "http://127.0.0.1:82" in result.stderr
    config = served[0]["config"]
    assert config == SimulatorConfig(
        account_sid=ACCOUNT,
        auth_token="secret",
        people=frozenset({"signer", "reviewer"}),
        pace=0.5,
        state_file=state,
    )


def test_simulator_reads_credentials_from_the_environment(
    run: Run, served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So that no secret stands in a process list; from a file, too; an API key is as good."""
    token = tmp_path / "token"
    token.write_text("secret\n")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_FILE", str(token))

    monkeypatch.setenv("TWILIO_API_KEY", KEY)

    assert run("simulator").exit_code == 0
    monkeypatch.setenv("TWILIO_API_SECRET", "another")
    assert run("simulator").exit_code == 0

    assert served[0]["config"].auth_token.get_secret_value() == "secret"
    assert served[0]["config"].api_keys == {}
    assert served[1]["config"].api_keys[KEY].get_secret_value() == "another"
    assert served[0]["config"].people == frozenset()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "account_sid"),
        (["--account-sid", "AC1", "--auth-token", "canary"], "account_sid"),
        (["--account-sid", ACCOUNT, "--auth-token", "canary", "--people", "owl"], "--people"),
        (["--account-sid", ACCOUNT, "--auth-token", "canary", "--pace", "-1"], "--pace"),
    ],
)
def test_simulator_with_wrong_options_exits_2(run: Run, words: list[str], said: str) -> None:
    """It names what is wrong, and never the token."""
    result = run("simulator", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "canary" not in result.stderr


def test_simulator_that_is_refused_exits_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In production, for instance."""

    def refuse(*_: object, **__: object) -> None:
        raise SimulatorRefused("not here")

    monkeypatch.setattr(simulator_server, "serve", refuse)

    result = run("simulator", "--account-sid", ACCOUNT, "--auth-token", "canary")

    assert result.exit_code == 2
    assert "not here" in result.stderr


def test_the_simulators_help_tells_the_fates(run: Run) -> None:
    """Which number ends how."""
    result = run("simulator", "--help")

    assert "+1 NPA 555 0110" in result.stdout
    assert "signer declines" in result.stdout


def test_a_command_without_its_extra_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway's packages are not needed by the other commands."""
    missing = _Raising(ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn"))
    monkeypatch.setattr(process_actions, "gateway_server", missing)

    result = run("gateway")

    assert result.exit_code == 1
    assert "uvicorn" in result.stderr
    assert "hosted-numbers[gateway]" in result.stderr


def test_a_missing_module_of_ours_is_not_hidden() -> None:
    """It would be a defect of ours."""
    with pytest.raises(ModuleNotFoundError), extra("gateway"):
        raise ModuleNotFoundError(name="hosted_numbers.nowhere")


def test_a_lazy_module_that_is_not_there_is_missed_at_once() -> None:
    """A name that was mistyped does not wait for its command."""
    with pytest.raises(ModuleNotFoundError):
        lazily("hosted_numbers.nowhere")


def test_a_lazy_module_is_loaded_once_and_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same module as any import gives."""
    monkeypatch.delitem(sys.modules, "hosted_numbers.ids")

    ids = lazily("hosted_numbers.ids")

    assert "PREFIX" not in object.__getattribute__(ids, "__dict__")
    assert ids.PREFIX == "hosted-number-order/"
    assert lazily("hosted_numbers.ids") is ids


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The search attributes that the namespace lacks."""
    missing = ["HostedNumberStatus", "HostedNumberDeadline"]

    async def connect(_: Settings) -> None:
        return None

    async def unregistered(client: Client) -> list[str]:
        del client
        return missing[:]

    async def register(client: Client) -> list[str]:
        del client
        added, missing[:] = missing[:], []
        return added

    paces: list[timedelta] = []

    async def ensure(client: Client, every: timedelta) -> str:
        del client
        paces.append(every)
        return "created" if len(paces) == 1 else "updated"

    async def schedule(client: Client) -> sweeps.SweepSchedule | None:
        del client
        return sweeps.SweepSchedule(paces[-1], False, None) if paces else None

    monkeypatch.setattr(temporal, "connect", connect)
    monkeypatch.setattr(sweeps, "ensure", ensure)
    monkeypatch.setattr(sweeps, "schedule", schedule)
    monkeypatch.setattr(search_attributes, "unregistered", unregistered)
    monkeypatch.setattr(search_attributes, "register", register)
    return missing


@pytest.mark.usefixtures("namespace")
def test_setup_says_what_it_added_and_may_be_repeated(run: Run) -> None:
    """The second time there is nothing to add."""
    first, second = run("setup"), run("setup")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == (
        "Added: HostedNumberStatus, HostedNumberDeadline\nStatus sweep: created\n"
    )
    assert second.stdout.startswith("Added: nothing")
    assert second.stdout.endswith("Status sweep: updated\n")


def test_setup_check_only_looks(run: Run, namespace: list[str]) -> None:
    """Exit 1 while something is missing, by name; 0 once it is there."""
    missing = run("setup", "--check")
    as_json = run("setup", "--check", "-o", "json")

    assert (missing.exit_code, as_json.exit_code) == (1, 1)
    assert missing.stdout.startswith("Missing: HostedNumberStatus, HostedNumberDeadline\n")
    assert "Status sweep: missing" in missing.stdout
    told = json.loads(as_json.stdout)
    assert told == {"missing": namespace, "sweep": "missing, or not as the settings say"}
    assert "hosted-numbers setup" in missing.stderr
    done = json.loads(run("setup", "-o", "json").stdout)
    assert done == {"added": _ALL, "sweep": "created"}
    assert run("setup", "--check").exit_code == 0


@pytest.mark.usefixtures("namespace")
def test_setup_check_misses_a_schedule_of_another_pace(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the settings say now is what counts, also that there shall be none."""
    monkeypatch.setenv("HOSTED_NUMBERS_SWEEP_SECONDS", "0")
    assert "Status sweep: as it should be" in run("setup", "--check").stdout
    monkeypatch.setenv("HOSTED_NUMBERS_SWEEP_SECONDS", "60")
    assert run("setup").exit_code == 0
    assert run("setup", "--check").exit_code == 0
    monkeypatch.setenv("HOSTED_NUMBERS_SWEEP_SECONDS", "30")
    result = run("setup", "--check")
    assert result.exit_code == 1
    assert "hosted-numbers setup" in result.stderr


_ALL = ["HostedNumberStatus", "HostedNumberDeadline"]


def test_without_temporal_a_command_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1, the address, and what to do."""
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")

    result = run("order", "list")

    assert result.exit_code == 1
    assert "127.0.0.1:9" in result.stderr
    assert "TEMPORAL_ADDRESS" in result.stderr


def test_wrong_settings_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is connected."""
    monkeypatch.setenv("PUBLIC_BASE_URL", "not a url")

    result = run("order", "list")

    assert result.exit_code == 2
    assert "PUBLIC_BASE_URL" in result.stderr


async def test_the_settings_reach_the_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines and the link to the gateway."""
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://numbers.example.com")

    async def connect(_: Settings) -> None:
        return None

    monkeypatch.setattr(temporal, "connect", connect)

    assert isinstance(await connection.connected(), HostedNumberOrders)
