"""The simulator as a process, and where it refuses to start."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hosted_numbers.simulator.config import parse_people
from hosted_numbers.simulator.server import SimulatorRefused, refuse_production, serve, server_for
from hosted_numbers.simulator.state_file import StateFile
from tests.simulator.workshop import ACCOUNT_SID, AUTH, AUTH_TOKEN, NUMBER, ORDERS, a_config

PROGRAM = """
import sys
from pathlib import Path
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.server import serve

state_file = Path(sys.argv[2]) if len(sys.argv) > 2 else None
serve(
    SimulatorConfig(account_sid=sys.argv[1], auth_token=sys.stdin.readline().strip(),
                    pace=3600, state_file=state_file, callback_late_by=3600),
    port=0,
    on_ready=lambda url: print(url, flush=True),
)
print("stopped", flush=True)
"""


@contextmanager
def a_process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Run the simulator as a process of its own, gone when the block ends."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HOSTED_NUMBERS_")}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, ACCOUNT_SID, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{AUTH_TOKEN}\n")
            process.stdin.flush()
            base_url = process.stdout.readline().strip()
            with httpx.Client(base_url=base_url, auth=AUTH, trust_env=False) as http:
                yield process, http
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(number: signal.Signals) -> None:
    """SIGTERM and SIGINT: serve returns, the process exits 0 and says nothing on stderr."""
    with a_process() as (process, http):
        assert http.get(ORDERS).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "stopped\n", "")


def test_serve_returns_when_it_is_told_to_stop(tmp_path: Path) -> None:
    """It answers on the URL that it names, and a signal is no death of the process it runs in."""
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    serve(a_config(state_file=tmp_path / "state.sqlite"), port=0, on_ready=ready)
    assert urls[0].startswith("http://127.0.0.1:")
    assert signal.getsignal(signal.SIGTERM) is before
    serve(a_config(), host="::1", port=0, on_ready=ready)
    assert urls[1].startswith("http://[::1]:")


def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    """Whatever was answered before kill -9 is there after the next start, what is due as well."""
    state_file = str(tmp_path / "state.sqlite")
    with a_process(state_file) as (process, http):

        def post(path: str, **form: Any) -> Any:
            answer = http.post(path, data=form)
            assert answer.is_success, answer.text
            return answer.json()

        def control(path: str, **body: Any) -> None:
            assert http.post(f"/_simulator/{path}", json=body).is_success

        control("callbacks", mode="late")
        control("clock", advance_seconds=86400)
        order = post(
            ORDERS,
            PhoneNumber=NUMBER,
            SmsCapability="true",
            StatusCallbackUrl="http://127.0.0.1:9/",
        )
        control(f"orders/{order['sid']}", status="received")
        called = post(f"{ORDERS}/{order['sid']}", Status="pending-verification")
        post(f"{ORDERS}/{order['sid']}", VerificationCode=called["verification_code"])
        post(
            "/HostedNumbers/AuthorizationDocuments",
            HostedNumberOrderSids=order["sid"],
            AddressSid="AD" + "2" * 32,
            Email="signer@example.com",
            ContactTitle="CEO",
            ContactPhoneNumber="+15017122662",
        )
        waiting = post(ORDERS, PhoneNumber="+15017122663", SmsCapability="true")
        gone = post(ORDERS, PhoneNumber="+15017122664", SmsCapability="true")
        control(f"orders/{gone['sid']}", status="received")
        assert http.delete(f"{ORDERS}/{gone['sid']}").status_code == 204
        before = http.get("/_simulator/ledger").json()
        orders = http.get(ORDERS).json()["items"]
        callbacks = http.get("/_simulator/callbacks").json()
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    with a_process(state_file) as (_, http):
        assert http.get("/_simulator/callbacks").json() == callbacks
        assert callbacks == {"mode": "late", "waiting": 4}
        assert http.get("/_simulator/clock").json()["offset_seconds"] == 86400
        listed = http.get(ORDERS).json()["items"]
        assert [each | {"url": ""} for each in listed] == [each | {"url": ""} for each in orders]
        before["requests"][f"GET {ORDERS}"] = 2
        assert http.get("/_simulator/ledger").json() == before
        http.post("/_simulator/clock", json={"advance_seconds": 3600})
        assert http.get(f"{ORDERS}/{waiting['sid']}").json()["status"] == "received"
        again = {"PhoneNumber": NUMBER, "SmsCapability": "true"}
        assert http.post(ORDERS, data=again).json()["code"] == 22110
        assert http.post(ORDERS, data=again | {"PhoneNumber": "+15017122664"}).is_success


@pytest.mark.parametrize("environment", ["production", " Production "])
def test_never_in_production(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With real customers there is no stand-in for Twilio."""
    monkeypatch.setenv("HOSTED_NUMBERS_ENV", environment)
    with pytest.raises(SimulatorRefused, match="HOSTED_NUMBERS_ENV"):
        serve(a_config())


def test_elsewhere_it_starts() -> None:
    """No other environment is refused."""
    for environment in (None, "", "development", "staging"):
        refuse_production(environment)


def test_a_taken_port() -> None:
    """Named, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SimulatorRefused, match="--port"):
            serve(a_config(), port=other.getsockname()[1])


def test_a_host_that_is_none() -> None:
    """An address that nobody can listen on is refused, too."""
    with pytest.raises(SimulatorRefused, match="cannot listen"):
        serve(a_config(), host="127.0.0.1.", port=0)


def test_a_state_file_in_use(tmp_path: Path) -> None:
    """Two simulators on one file would overwrite each other's orders."""
    path = tmp_path / "state.sqlite"
    first = StateFile(path)
    with pytest.raises(SimulatorRefused, match="locked"):
        serve(a_config(state_file=path), port=0)
    first.close()
    StateFile(path).close()


def test_no_access_log() -> None:
    """Phone numbers stand in queries, so requests are not logged."""
    assert server_for(a_config()).config.access_log is False


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("all", {"owner", "signer", "reviewer"}),
        ("none", set()),
        ("", set()),
        ("owner", {"owner"}),
        ("signer, reviewer", {"signer", "reviewer"}),
    ],
)
def test_people(text: str, people: set[str]) -> None:
    """all, none, or a list."""
    assert parse_people(text) == people


@pytest.mark.parametrize("text", ["everybody", "owner,all", "Owner"])
def test_strangers(text: str) -> None:
    """A name that is nobody's is refused, with the names there are."""
    with pytest.raises(ValueError, match="owner, signer, reviewer"):
        parse_people(text)
