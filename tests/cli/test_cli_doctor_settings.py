"""What ``doctor`` makes of the settings of one process: each part, with what mends it."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from hosted_numbers.cli import doctor_settings
from hosted_numbers.cli.checks import Check
from hosted_numbers.settings import Settings
from hosted_numbers.twilio import Credentials
from hosted_numbers.twilio import look as looking
from hosted_numbers.twilio.errors import AuthenticationError
from hosted_numbers.twilio.look import Look
from tests.conftest import Put
from tests.documents.clamd import Clamd

ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "canary"}
EMPTY = {"meta": {"next_page_url": None}, "items": []}
ORDER = {
    "sid": "HR" + "1" * 32,
    "account_sid": "AC" + "1" * 32,
    "phone_number": "+15017122661",
    "status": "completed",
}


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Response]:
    """What Twilio answers next."""
    answers: list[httpx.Response] = []
    transport = httpx.MockTransport(lambda _: answers.pop(0))

    async def look(credentials: Credentials, base_url: str | None) -> Look:
        return await looking.look(credentials, base_url, transport)

    monkeypatch.setattr(doctor_settings, "look", look)
    return answers


async def found(name: str) -> Check:
    """The one check of a name."""
    [check] = [each for each in await doctor_settings.checks(Settings.read()) if each.name == name]
    return check


async def test_what_is_not_set_here_is_no_fault(put: Put) -> None:
    """It may be another process's; nothing of a person's own machine is touched to find out."""
    put({})
    checks = await doctor_settings.checks(Settings.read())
    assert all(each.well and each.fix is None for each in checks)
    absent = {each.name for each in checks if each.found == doctor_settings.ABSENT}
    assert absent == {
        "public address", "Twilio", "blob store", "virus scanner", "API keys", "callbacks",
        "operators", "notifications",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "name", "said"),
    [
        ({"TEMPORAL_ADDRESS": "a.example.com:7233", "TEMPORAL_TLS": "true"}, "way", "by TLS"),
        ({"TEMPORAL_ADDRESS": "127.0.0.1:7233"}, "way", "on this machine"),
        ({"TEMPORAL_ADDRESS": "temporal:7233"}, "way", "in the clear"),
        ({"PUBLIC_BASE_URL": "https://numbers.example.com"}, "public", "https://numbers"),
        ({"PUBLIC_BASE_URL": "http://127.0.0.1:8080"}, "public", "http://127"),
        ({"HOSTED_NUMBERS_API_KEYS": "ab" * 32}, "API keys", "abab"),
        ({"TWILIO_AUTH_TOKEN": "canary"}, "callbacks", "by the auth token"),
        (
            {"TWILIO_WEBHOOK_KEY_SID": "Key1", "TWILIO_WEBHOOK_KEY_SECRET": "canary"},
            "callbacks",
            "by the shared key",
        ),
        ({"HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH": "$argon2id$c"}, "operators", "by a password"),
        (
            {
                "HOSTED_NUMBERS_OPERATOR_HEADER": "X-User",
                "HOSTED_NUMBERS_TRUSTED_PROXIES": "10.0.0.1",
            },
            "operators",
            "by a proxy",
        ),
        (
            {
                "HOSTED_NUMBERS_NOTIFICATION_URL": "https://backend.example.com/canary",
                "HOSTED_NUMBERS_NOTIFICATION_SECRETS": "whsec_" + "QUFB" * 10,
            },
            "notifications",
            "to backend.example.com:443",
        ),
    ],
    ids=[
        "TLS", "loopback", "plaintext", "https", "development", "keys", "token", "shared key",
        "password", "proxy", "notifications",
    ],
)  # fmt: skip
async def test_what_is_set_is_told(
    put: Put, variables: dict[str, str], name: str, said: str
) -> None:
    """In words, without a secret."""
    put(variables)
    [check] = [
        each for each in await doctor_settings.checks(Settings.read()) if each.name.startswith(name)
    ]
    assert check.well
    assert said in check.found
    assert "canary" not in check.found


@pytest.mark.parametrize(
    ("variables", "name", "said", "fix"),
    [
        ({"TEMPORAL_PROFILE": "nowhere"}, "way to Temporal", "nowhere", "TEMPORAL_PROFILE"),
        ({"PUBLIC_BASE_URL": "http://a.example.com"}, "public address", "http", "PUBLIC_BASE_URL"),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT["TWILIO_ACCOUNT_SID"]}, "Twilio", "incomplete", "Set "),
        (
            {
                "HOSTED_NUMBERS_API_KEYS": '[{"sha256": "%s", "name": "shop", '
                '"expires": "2020-01-01T00:00:00Z"}]' % ("ab" * 32)
            },
            "API keys",
            "shop expired",
            "hosted-numbers api-key",
        ),
        (
            {"HOSTED_NUMBERS_OPERATOR_HEADER": "X-User"},
            "operators",
            "no proxy",
            "HOSTED_NUMBERS_TRUSTED_PROXIES",
        ),
        (
            {"HOSTED_NUMBERS_NOTIFICATION_URL": "https://backend.example.com"},
            "notifications",
            "no key",
            "HOSTED_NUMBERS_NOTIFICATION_SECRETS",
        ),
    ],
    ids=["profile", "http", "half a login", "expired", "header alone", "unsigned"],
)
async def test_what_is_wrong_is_told_with_what_mends_it(
    put: Put, variables: dict[str, str], name: str, said: str, fix: str
) -> None:
    """Each by its own words."""
    put(variables)
    check = await found(name)
    assert not check.well
    assert said in check.found
    assert fix in str(check.fix)


async def test_the_blob_store_is_written_to(put: Put, tmp_path: Path) -> None:
    """And nothing is left there; one that takes no file is told."""
    put({"HOSTED_NUMBERS_BLOB_STORE": tmp_path.as_uri()})
    check = await found("blob store")
    assert check.well
    assert "takes files" in check.found
    assert not any(files for _, _, files in os.walk(tmp_path))
    (tmp_path / "file").write_text("in the way")
    put({"HOSTED_NUMBERS_BLOB_STORE": (tmp_path / "file").as_uri()})
    check = await found("blob store")
    assert not check.well
    assert check.fix


async def test_a_blob_store_that_takes_no_file_is_unwell(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one without room or rights."""

    async def full(_: object) -> bool:
        return False

    put({"HOSTED_NUMBERS_BLOB_STORE": "memory:///"})
    monkeypatch.setattr("hosted_numbers.blobs.BlobStore.reachable", full)
    check = await found("blob store")
    assert not check.well
    assert "takes no file" in check.found


def answer(status: int, code: int | None = None, ahead: float = 0) -> httpx.Response:
    """Twilio's, sent when our clock said something else."""
    sent = datetime.now(UTC) - timedelta(seconds=ahead)
    body = EMPTY if code is None else {"code": code, "message": "canary", "status": status}
    return httpx.Response(status, json=body, headers={"Date": format_datetime(sent, usegmt=True)})


async def test_twilio_shows_the_orders(put: Put, twilio: list[httpx.Response]) -> None:
    """With these credentials, and by the same clock."""
    put(ACCOUNT)
    twilio.append(answer(200))
    checks = await doctor_settings.checks(Settings.read())
    told = {each.name: each for each in checks}
    assert told["Twilio"].well
    assert told["clock"] == Check("clock", True, "as Twilio's")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, 20003, "refuses the credentials"),
        (404, 20404, "no access to Hosted Numbers"),
        (503, 20500, "503"),
    ],
)
async def test_refusals_are_told_apart(
    put: Put, twilio: list[httpx.Response], status: int, code: int, said: str
) -> None:
    """Wrong credentials, an account without access, Twilio itself; never its own words."""
    put(ACCOUNT)
    twilio.append(answer(status, code))
    check = await found("Twilio")
    assert not check.well
    assert said in check.found
    assert check.fix
    assert "canary" not in check.found


@pytest.mark.fault("F38")
@pytest.mark.parametrize(("ahead", "said"), [(600, "ahead of"), (-600, "behind")])
async def test_a_clock_that_is_off_is_told(
    put: Put, twilio: list[httpx.Response], ahead: float, said: str
) -> None:
    """Signed events would be refused by it."""
    put(ACCOUNT)
    twilio.append(answer(200, ahead=ahead))
    check = await found("clock")
    assert not check.well
    assert said in check.found
    assert "timedatectl" in str(check.fix)


async def test_an_answer_without_a_time_says_nothing_of_clocks(
    put: Put, twilio: list[httpx.Response]
) -> None:
    """Nor does none at all."""
    put(ACCOUNT)
    twilio.append(httpx.Response(401, json={"code": 20003}))
    checks = await doctor_settings.checks(Settings.read())
    assert "clock" not in {each.name for each in checks}


async def test_one_order_is_enough(put: Put, twilio: list[httpx.Response]) -> None:
    """Further pages are not asked for."""
    put(ACCOUNT)
    more = {"next_page_url": "https://preview.twilio.com/HostedNumbers/HostedNumberOrders?Page=1"}
    twilio.append(httpx.Response(200, json={"meta": more, "items": [ORDER]}))
    assert (await found("Twilio")).well


async def test_the_look_is_one_request_that_changes_nothing() -> None:
    """A list of one order at most, closed afterwards."""
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(401, 20003)

    credentials = Credentials.account(ACCOUNT["TWILIO_ACCOUNT_SID"], "canary")
    told = await looking.look(credentials, "http://127.0.0.1:1", httpx.MockTransport(serve))
    [request] = seen
    assert request.method == "GET"
    assert request.url.params["PageSize"] == "1"
    assert isinstance(told.refusal, AuthenticationError)


@pytest.mark.security("S9")
async def test_virus_scanner_is_asked(put: Put, tmp_path: Path) -> None:
    """Whether it is there, as no file is taken without it."""
    async with Clamd().listening(tmp_path / "clamd") as address:
        put({"HOSTED_NUMBERS_CLAMD_ADDRESS": address})
        there = await found("virus scanner")
    gone = await found("virus scanner")

    assert (there.well, there.found) == (True, f"{address} answers")
    assert not gone.well
    assert gone.fix is not None
    assert "HOSTED_NUMBERS_CLAMD_ADDRESS" in gone.fix
