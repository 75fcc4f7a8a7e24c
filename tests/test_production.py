"""Where real customers are: what starts and what does not, which secrets it has, and shows none."""

import base64
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from activities import twilio_activities, twilio_client
from hosted_numbers.blobs import BlobStore
from hosted_numbers.encryption.key_ring import Key
from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.settings import Settings
from hosted_numbers.simulator.errors import SimulatorRefused
from hosted_numbers.simulator.server import refuse_production
from tests.gateway.orders_in_memory import OrdersInMemory
from tests.world import BINARIES

WORKER = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_API_KEY": "SK" + "2" * 32,
    "TWILIO_API_SECRET": "canary-of-the-api-key",
    "PUBLIC_BASE_URL": "https://numbers.example.com",
    "HOSTED_NUMBERS_BLOB_STORE": "memory:///",
}
GATEWAY = {
    "TWILIO_AUTH_TOKEN": "canary-of-the-token",
    "PUBLIC_BASE_URL": "https://numbers.example.com",
    "HOSTED_NUMBERS_API_KEYS": "ab" * 32,
    "HOSTED_NUMBERS_BLOB_STORE": "memory:///",
}
CANARY = "canary"
SIMULATOR = "http://127.0.0.1:8081"

Put = Callable[[dict[str, str]], None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Set these variables and, of ours, no others."""
    for name in os.environ:
        if name.startswith(("TEMPORAL_", "TWILIO_", "HOSTED_NUMBERS_", "PUBLIC_BASE_URL")):
            monkeypatch.delenv(name)

    def variables(given: dict[str, str]) -> None:
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return variables


def start_worker() -> None:
    """What a worker makes of its settings, before it connects."""
    settings = Settings.read()
    activities = twilio_activities(
        twilio_client(settings),
        BlobStore.of(settings),
        public_base_url=settings.public_base_url,
        document_retention=timedelta(days=1),
    )
    assert activities


def start_gateway() -> None:
    """What a gateway makes of its settings, before it connects."""
    create_app(Settings.read(), OrdersInMemory())


def start_simulator() -> None:
    """What a simulator checks first."""
    refuse_production(os.environ.get("HOSTED_NUMBERS_ENV"))


PRODUCTION = {
    "HOSTED_NUMBERS_ENV": "production",
    "HOSTED_NUMBERS_ENCRYPTION_KEYS": str(Key.new()),
    "HOSTED_NUMBERS_BLOB_STORE": "s3://bucket/files",
}


@pytest.mark.security("S25")
@pytest.mark.parametrize(
    ("start", "environment"),
    [
        pytest.param(start_simulator, {}, id="simulator"),
        pytest.param(start_worker, WORKER, id="worker"),
        pytest.param(start_worker, WORKER | {"TWILIO_BASE_URL": SIMULATOR}, id="on a simulator"),
        pytest.param(start_worker, WORKER | PRODUCTION, id="worker in production"),
        pytest.param(
            start_worker,
            WORKER | PRODUCTION | {"TWILIO_BASE_URL": "https://preview.twilio.com"},
            id="worker in production, Twilio by name",
        ),
        pytest.param(start_gateway, GATEWAY, id="gateway"),
        pytest.param(start_gateway, GATEWAY | PRODUCTION, id="gateway in production"),
    ],
)
def test_what_starts(put: Put, start: Callable[[], None], environment: dict[str, str]) -> None:
    """Everything on a developer's machine; in production what speaks to Twilio itself."""
    put(environment)

    start()


@pytest.mark.security("S10")
@pytest.mark.security("S11")
@pytest.mark.parametrize(
    ("start", "environment"),
    [pytest.param(start_worker, WORKER, id="worker"), pytest.param(start_gateway, GATEWAY, id="g")],
)
def test_production_does_not_start_without_keys(
    put: Put, start: Callable[[], None], environment: dict[str, str]
) -> None:
    """It says how to make some."""
    without = {name: value for name, value in PRODUCTION.items() if "KEYS" not in name}
    put(environment | without)

    with pytest.raises(SettingsError, match="encryption-keys new"):
        start()


@pytest.mark.security("S25")
def test_the_simulator_does_not_start_in_production(put: Put) -> None:
    """It would take the orders of real customers."""
    put(PRODUCTION)

    with pytest.raises(SimulatorRefused, match="HOSTED_NUMBERS_ENV=production"):
        start_simulator()


@pytest.mark.security("S25")
@pytest.mark.parametrize(
    "base_url",
    [
        SIMULATOR,
        "https://canary.example.com",
        "http://preview.twilio.com",
        "https://canary-twilio.com",
        "https://twilio.com.canary.example.com",
    ],
)
def test_production_speaks_to_no_other_twilio(put: Put, base_url: str) -> None:
    """Credentials and customers' data would go to whoever listens there."""
    put(WORKER | PRODUCTION | {"TWILIO_BASE_URL": base_url})

    with pytest.raises(SettingsError, match="TWILIO_BASE_URL") as error:
        start_worker()

    assert CANARY not in str(error.value)


@pytest.mark.security("S25")
@pytest.mark.parametrize("path", ["/docs", "/redoc", "/metrics", "/debug", "/", "/health"])
async def test_nothing_but_the_description_is_open_in_production(put: Put, path: str) -> None:
    """Programs may read the contract; pages are for those who have signed in."""
    put(GATEWAY | PRODUCTION)
    transport = httpx.ASGITransport(create_app(Settings.read(), OrdersInMemory()))

    async with httpx.AsyncClient(transport=transport, base_url="https://gateway.test") as http:
        assert (await http.get("/openapi.json")).status_code == 200
        assert (await http.get(path)).status_code == 401


@pytest.mark.security("S1")
@pytest.mark.parametrize(
    ("without", "more"),
    [
        ("TWILIO_AUTH_TOKEN", {}),
        ("PUBLIC_BASE_URL", {}),
        ("HOSTED_NUMBERS_API_KEYS", {}),
        ("TWILIO_WEBHOOK_KEY_SECRET", {"TWILIO_WEBHOOK_KEY_SID": "Key1"}),
    ],
)
def test_a_gateway_without_its_secrets_exits_2(without: str, more: dict[str, str]) -> None:
    """It names what to set, and nothing listens that would believe anybody."""
    given = {name: value for name, value in (GATEWAY | more).items() if name != without}

    ended = subprocess.run(
        [BINARIES / "hosted-numbers", "gateway", "--port", "0"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert f"Set {without}" in ended.stderr
    assert CANARY not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.security("S17")
def test_a_worker_needs_no_secret_of_callbacks(put: Put) -> None:
    """Whoever takes a worker's settings can forge no callback."""
    put(WORKER)

    start_worker()

    settings = Settings.read()
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
        settings.webhook_token()
    assert settings.twilio_webhook_key_secret is None


@pytest.mark.security("S17")
@pytest.mark.parametrize(
    "secrets",
    [
        {},
        {"TWILIO_WEBHOOK_KEY_SID": "Key1", "TWILIO_WEBHOOK_KEY_SECRET": "canary-of-the-key"},
    ],
    ids=["token", "shared key"],
)
def test_a_gateway_needs_no_key_of_twilios_api(put: Put, secrets: dict[str, str]) -> None:
    """With a shared key it cannot call Twilio at all: it has not even the auth token."""
    environment = GATEWAY | secrets
    if secrets:
        del environment["TWILIO_AUTH_TOKEN"]
    put(environment)

    start_gateway()

    with pytest.raises(SettingsError, match="credentials are incomplete"):
        Settings.read().twilio_login()


def secret_fields() -> list[str]:
    """The settings that are secret by their type."""
    return [
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in repr(field.annotation)
    ]


def canaries() -> dict[str, str]:
    """A value with a canary for each secret, as its own rules want it."""
    given = {name.upper(): f"{CANARY}-{name}" for name in secret_fields()}
    signing = base64.b64encode(CANARY.encode() * 6).decode()
    return given | {
        "HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH": f"$argon2id${CANARY}",
        "HOSTED_NUMBERS_NOTIFICATION_SECRETS": f"whsec_{signing},whsec_{signing}",
    }


def shows_a_canary(text: str) -> bool:
    """Whether a secret stands in the text, as it is or in base64."""
    return CANARY in text or base64.b64encode(CANARY.encode() * 6).decode() in text


@pytest.mark.security("S18")
def test_what_is_named_like_a_secret_is_one() -> None:
    """A new secret must be one by its type, or it is shown where settings are."""
    words = ("secret", "token", "password")
    named = {
        name
        for name, field in Settings.model_fields.items()
        if any(word in name for word in words) and field.annotation is not bool
    }

    assert named <= set(secret_fields())
    assert "twilio_auth_token" in named


@pytest.mark.security("S18")
@pytest.mark.parametrize("by_file", [False, True], ids=["variables", "files"])
def test_no_secret_is_shown(put: Put, tmp_path: Path, *, by_file: bool) -> None:
    """Neither by repr nor as text nor as JSON, wherever the settings come from."""
    given = canaries()
    if by_file:
        for name, value in given.items():
            (tmp_path / name).write_text(value)
        given = {f"{name}_FILE": str(tmp_path / name) for name in given}
    put(given)
    settings = Settings.read()

    shown = [
        repr(settings),
        str(settings),
        f"{settings}",
        str(settings.model_dump()),
        settings.model_dump_json(),
    ]

    for name in secret_fields():
        assert getattr(settings, name)
    assert not any(shows_a_canary(text) for text in shown)


@pytest.mark.security("S18")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOSTED_NUMBERS_ENV", "canary"),
        ("TWILIO_WEBHOOK_KEY_SID", "canary !"),
        ("HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH", "canary"),
        ("HOSTED_NUMBERS_NOTIFICATION_SECRETS", "canary"),
        ("HOSTED_NUMBERS_NOTIFICATION_SECRETS", "whsec_canary"),
        ("HOSTED_NUMBERS_API_KEYS", "canary"),
        ("HOSTED_NUMBERS_API_KEYS", '[{"sha256": "canary"}]'),
        ("TWILIO_BASE_URL", "https://canary:canary@example.com"),
    ],
)
def test_no_secret_is_in_the_complaint_about_settings(put: Put, variable: str, value: str) -> None:
    """It names the variable that is wrong, and shows neither its value nor the others'."""
    put(canaries() | {variable: value})

    with pytest.raises(SettingsError) as error:
        Settings.read()

    assert variable in str(error.value)
    assert not shows_a_canary(f"{error.value!r} {error.value}")
    # Nor does the error that it was made of, which a traceback would show.
    assert error.value.__suppress_context__
    assert isinstance(error.value.__context__, ValidationError)
    assert not shows_a_canary(str(error.value.__context__))
