"""The compose file, as an engine would read it."""

import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from dotenv import dotenv_values
from typer.testing import CliRunner

from hosted_numbers.cli.application import application
from hosted_numbers.setting_readers import Process
from tests.deploy.kit import DEPLOY, ROOT, Given, assignments

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, each in SERVICES.items() if "HOSTED_NUMBERS_IMAGE" in each["image"]]
ONCE = {"setup", "temporal-namespace", "temporal-schema"}
WRITES_BESIDE_ITSELF = {"temporal-ui"}


def variables(text: str) -> set[str]:
    """The variables that a text takes from outside."""
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))


def given(name: str) -> Given:
    """What a service of ours is given."""
    service = SERVICES[name]
    process: Process = next(each for each in get_args(Process) if each == name)
    files = frozenset(f"/run/secrets/{secret}" for secret in service.get("secrets", []))
    return Given(process, service["environment"], files)


def test_it_is_made_of_what_it_says() -> None:
    """The product, Temporal with its database, and what people look at."""
    assert set(OURS) == {"setup", "worker", "gateway", "simulator"}
    others = {"grafana", "postgresql", "prometheus", "temporal", "temporal-ui"}
    assert others | ONCE | set(OURS) == set(SERVICES)
    assert set(COMPOSE) <= {"name", "services", "networks", "volumes", "secrets"} | {
        key for key in COMPOSE if key.startswith("x-")
    }


@pytest.mark.security("S26")
@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened(name: str) -> None:
    """No root, no capabilities, no new privileges, a tree that it cannot write to, limits."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name not in WRITES_BESIDE_ITSELF)
    assert any(each.startswith("/tmp:") for each in service["tmpfs"])
    assert service["pids_limit"] <= 512
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory"} <= set(limits)
    assert "network_mode" not in service
    if name in OURS:
        assert service["user"] == "10001:10001"
    elif name not in WRITES_BESIDE_ITSELF:
        assert not service["user"].startswith("0")


@pytest.mark.security("S26")
@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_this_machines(name: str) -> None:
    """Whoever wants more puts a proxy with TLS before them."""
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_looked_after(name: str) -> None:
    """What stays is watched and started again; what ends is tried until it succeeds."""
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"].startswith("on-failure:")
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert name in WRITES_BESIDE_ITSELF or service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_refers_to_exists(name: str) -> None:
    """Secrets, networks, volumes, files beside the compose file, and other services."""
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service.get("networks", ["default"])) <= set(COMPOSE["networks"])
    for volume in service.get("volumes", []):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (DEPLOY / source).exists()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]
    for other, how in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == wanted
        assert other in ONCE or "healthcheck" in SERVICES[other]


@pytest.mark.security("S17", "S18")
@pytest.mark.parametrize("name", ["gateway", "setup", "worker"])
def test_each_process_gets_its_settings(name: str) -> None:
    """All that it needs, nothing that it does not read, and secrets as files alone."""
    assert list(given(name).complaints()) == []


@pytest.mark.security("S18")
def test_no_secret_is_in_the_file() -> None:
    """Neither written down nor taken from a variable."""
    assert all(each["file"].startswith("secrets/") for each in COMPOSE["secrets"].values())
    taken = variables((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert not [name for name in taken if re.search("SECRET|TOKEN|PASSWORD|KEYS", name)]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/deploy/.env", "/deploy/secrets/", "/deploy/settings.env"} <= set(ignored)


@pytest.mark.parametrize("file", [".env.example", "simulator.env"])
def test_the_variables_that_it_asks_for_are_in_the_examples(file: str) -> None:
    """Each one without a default is set there, and nothing that the file does not know."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+):\?", text))
    taken_over = {
        name
        for service in OURS
        for name, value in SERVICES[service]["environment"].items()
        if value is None
    }
    told = set(assignments(DEPLOY / file))
    assert asked <= told
    assert told <= variables(text) | taken_over
    commented = re.findall(
        r"^#([A-Z_]+)=", (DEPLOY / file).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(commented) <= variables(text)


def test_its_commands_exist() -> None:
    """Our own command takes the words that follow it; the probes are those of the product."""
    for name in OURS:
        command = SERVICES[name]["command"]
        if command[0] == "hosted-numbers":
            told = CliRunner().invoke(application, [command[1], "--help"])
            assert told.exit_code == 0
            for word in command[2:]:
                option = word.partition("=")[0]
                assert not option.startswith("--") or option in told.stdout
        else:
            assert command == ["python", "worker.py"]
    assert "hosted_numbers.alive" in SERVICES["worker"]["healthcheck"]["test"]
    assert "/health/ready" in SERVICES["gateway"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("temporal/*.sh")), ids=lambda path: path.name)
def test_scripts_are_right_for_a_shell(script: Path) -> None:
    """They parse, stop at the first failure, and are those that the compose file runs."""
    subprocess.run(["/bin/sh", "-n", script], check=True)
    assert "\nset -eu\n" in script.read_text()
    commands = [each.get("command") for each in SERVICES.values()]
    assert [f"/scripts/{script.name}"] in commands


def test_the_database_is_nobodys_but_temporals() -> None:
    """It is in a network of its own, from which nothing leads out."""
    assert COMPOSE["networks"]["database"]["internal"] is True
    inside = {name for name, each in SERVICES.items() if "database" in each.get("networks", [])}
    assert inside == {"postgresql", "temporal", "temporal-schema"}
    assert SERVICES["postgresql"]["networks"] == ["database"]


def test_what_is_watched_is_watched() -> None:
    """Prometheus asks where metrics are shown; the UI may decode where it is told to."""
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    for job in prometheus["scrape_configs"]:
        [found] = job["dns_sd_configs"]
        [name] = found["names"]
        shown = SERVICES[name]["environment"]["HOSTED_NUMBERS_METRICS_ADDRESS"]
        assert shown == f"0.0.0.0:{found['port']}"
    origins = SERVICES["gateway"]["environment"]["HOSTED_NUMBERS_CODEC_ORIGINS"]
    assert origins == SERVICES["gateway"]["environment"]["HOSTED_NUMBERS_TEMPORAL_UI_URL"]
    endpoint = SERVICES["temporal-ui"]["environment"]["TEMPORAL_CODEC_ENDPOINT"]
    assert endpoint == "${CODEC_ENDPOINT:-${PUBLIC_BASE_URL}/codec}"


def test_the_trial_decodes_where_a_browser_reaches_the_gateway() -> None:
    """Its public address is a name that containers alone know."""
    trial = dotenv_values(DEPLOY / "simulator.env")
    assert trial["PUBLIC_BASE_URL"] == "http://gateway:8080"
    assert SERVICES["gateway"]["ports"] == ["127.0.0.1:8080:8080"]
    assert trial["CODEC_ENDPOINT"] == "http://127.0.0.1:8080/codec"


def test_the_simulator_is_asked_for() -> None:
    """It starts by its profile alone, and nothing waits for it."""
    assert SERVICES["simulator"]["profiles"] == ["simulator"]
    assert not [
        name for name, each in SERVICES.items() if "simulator" in each.get("depends_on", {})
    ]
    environment = assignments(DEPLOY / "simulator.env")
    assert environment["HOSTED_NUMBERS_ENV"] == "development"
    assert environment["TWILIO_BASE_URL"] == "http://simulator:8081"
