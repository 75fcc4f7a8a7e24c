"""Faults between a client and Twilio, in process and on a real connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from hosted_numbers.simulator.connections import Dropped
from hosted_numbers.simulator.faults import FaultRule, Faults
from tests.simulator.loopback import a_server
from tests.simulator.workshop import AUTH, NUMBER, ORDERS, Workshop, a_config, a_workshop

CREATE = {"PhoneNumber": NUMBER, "SmsCapability": "true"}


class Sleeps(list[float]):
    """Takes notes in place of sleeping."""

    async def __call__(self, seconds: float) -> None:
        """Take a note."""
        self.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
async def sim(sleeps: Sleeps) -> AsyncIterator[Workshop]:
    async with a_workshop(sleep=sleeps) as workshop:
        yield workshop


async def orders(sim: Workshop) -> int:
    return len((await sim.ledger())["orders"])


async def test_status(sim: Workshop) -> None:
    """The answer is the rule's, and nothing is done."""
    body = {
        "action": "status",
        "status": 429,
        "headers": {"Retry-After": "7"},
        "body": {"code": 20429},
        "times": 1,
    }
    await sim.control("faults", body)
    answer = await sim.http.post(ORDERS, data=CREATE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"code": 20429}
    assert answer.headers["Twilio-Request-Id"]
    assert await orders(sim) == 0
    assert (await sim.http.post(ORDERS, data=CREATE)).status_code == 201


@pytest.mark.parametrize(
    ("status", "code"), [(401, 20003), (403, 20003), (404, 20404), (429, 20429), (502, 20500)]
)
async def test_a_status_without_a_body(sim: Workshop, status: int, code: int) -> None:
    """The error as Twilio words it, with the status that was asked for."""
    await sim.control("faults", {"action": "status", "status": status})
    answer = await sim.http.get(ORDERS)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["status"] == status


async def test_a_status_of_another_kind(sim: Workshop) -> None:
    """500 by default; text is an HTML page; 204 has no body."""
    await sim.control("faults", {"action": "status", "times": 1})
    await sim.control("faults", {"action": "status", "body": "<h1>Bad gateway</h1>", "times": 1})
    await sim.control("faults", {"action": "status", "status": 204})
    assert (await sim.http.get(ORDERS)).status_code == 500
    page = await sim.http.get(ORDERS)
    assert page.text == "<h1>Bad gateway</h1>"
    assert page.headers["content-type"].startswith("text/html")
    assert (await sim.http.get(ORDERS)).content == b""


async def test_drop(sim: Workshop) -> None:
    """In process the caller gets a connection error, and nothing is done."""
    await sim.control("faults", {"action": "drop"})
    with pytest.raises(Dropped):
        await sim.http.post(ORDERS, data=CREATE)
    assert issubclass(Dropped, ConnectionResetError)
    assert await orders(sim) == 0


async def test_commit_then_drop(sim: Workshop) -> None:
    """It is done, and the caller never learns."""
    await sim.control("faults", {"action": "commit-then-drop", "method": "post"})
    with pytest.raises(Dropped):
        await sim.http.post(ORDERS, data=CREATE)
    assert await orders(sim) == 1
    assert len((await sim.get(ORDERS))["items"]) == 1


async def test_delay(sim: Workshop, sleeps: Sleeps) -> None:
    """Done and answered as ever, later."""
    await sim.control("faults", {"action": "delay", "delay_seconds": 30})
    assert (await sim.http.post(ORDERS, data=CREATE)).status_code == 201
    assert sleeps == [30]


@pytest.mark.parametrize("path", ["faults", "reset"])
def test_what_is_delayed_goes_on_when_the_faults_are_cleared(server: str, path: str) -> None:
    """So a test holds a request for exactly as long as it has to."""
    method = "DELETE" if path == "faults" else "POST"
    with (
        httpx.Client(base_url=server, auth=AUTH, trust_env=False, timeout=20) as http,
        ThreadPoolExecutor() as threads,
    ):
        http.post("/_simulator/faults", json={"action": "delay", "delay_seconds": 3600})
        held = threads.submit(http.get, ORDERS)
        give_up = time.monotonic() + 20
        while not sum(each["struck"] for each in http.get("/_simulator/faults").json()["faults"]):
            assert time.monotonic() < give_up
        assert not held.done()
        http.request(method, f"/_simulator/{path}")
        assert held.result().status_code == 200
        assert http.get(ORDERS).status_code == 200


@pytest.mark.parametrize(
    ("body", "text"),
    [(None, '{"sid": "HR'), ("null", "null"), ({"a": [1]}, '{"a": [1]}')],
)
async def test_garbage(sim: Workshop, body: Any, text: str) -> None:
    """Done, with Twilio's status and a body that says nothing."""
    await sim.control("faults", {"action": "garbage", "body": body})
    answer = await sim.http.post(ORDERS, data=CREATE)
    assert (answer.status_code, answer.text) == (201, text)
    assert await orders(sim) == 1


async def test_garbage_where_there_is_no_body(sim: Workshop) -> None:
    """A 204 stays one: it can carry nothing."""
    order = await sim.create()
    await sim.control("faults", {"action": "garbage"})
    answer = await sim.http.delete(f"{ORDERS}/{order['sid']}")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_slice(sim: Workshop, sleeps: Sleeps) -> None:
    """A byte at a time, complete in the end."""
    await sim.control("faults", {"action": "slice", "delay_seconds": 0.5})
    answer = await sim.http.get(ORDERS)
    assert answer.json()["items"] == []
    assert sleeps == [0.5] * len(answer.content)


async def test_truncate(sim: Workshop) -> None:
    """Done, and the connection is gone in the middle of the answer."""
    await sim.control("faults", {"action": "truncate"})
    with pytest.raises(Dropped):
        await sim.http.post(ORDERS, data=CREATE)
    assert await orders(sim) == 1


async def test_what_is_set(sim: Workshop) -> None:
    """Each rule with its id and how often it struck; DELETE clears them all."""
    rule = {"action": "status", "status": 503, "times": 2, "path": ORDERS}
    created = await sim.control("faults", rule)
    assert created == {
        "id": 1,
        "struck": 0,
        "method": "*",
        "path": ORDERS,
        "action": "status",
        "times": 2,
        "probability": 1.0,
        "status": 503,
        "headers": {},
        "body": None,
        "delay_seconds": 0.0,
    }
    for expected in (503, 503, 200):
        assert (await sim.http.get(ORDERS)).status_code == expected
    assert await sim.control("faults") == {"faults": [created | {"struck": 2}]}
    await sim.control("faults", {"action": "drop"})
    assert (await sim.http.delete("/_simulator/faults")).status_code == 204
    assert (await sim.http.get(ORDERS)).status_code == 200
    assert await sim.control("faults") == {"faults": []}


@pytest.mark.parametrize(
    ("method", "path", "struck"),
    [
        ("*", "*", True),
        ("POST", ORDERS + "/{sid}", True),
        ("post", ORDERS + "/*", True),
        ("POST", ORDERS + "/HR" + "a" * 32, True),
        ("*", "/HostedNumbers/*", True),
        ("*", "*/HR*", True),
        ("GET", "*", False),
        ("POST", ORDERS, False),
        ("POST", "/HostedNumbers", False),
        ("POST", ORDERS + "/HR?" + "a" * 31, False),
        ("POST", ORDERS + "/HR" + "b" * 32, False),
    ],
)
def test_what_a_rule_matches(method: str, path: str, *, struck: bool) -> None:
    """The whole path, with or without its SIDs, ``*`` for any text."""
    rule = FaultRule(action="drop", method=method, path=path)
    assert rule.matches("POST", f"{ORDERS}/HR{'a' * 32}", f"{ORDERS}/{{sid}}") is struck


def test_chance_can_be_repeated() -> None:
    """The same seed strikes the same requests, about as many as the probability says."""

    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(FaultRule(action="drop", probability=0.3))
        return [faults.strike("GET", "/", "/") is not None for _ in range(1000)]

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    assert 200 < sum(strikes(1)) < 400


def test_the_first_rule_that_fits_strikes() -> None:
    """Rules stand in line; a spent one lets the next come to its turn."""
    faults = Faults(0)
    faults.add(FaultRule(action="drop", path="/a", times=1))
    faults.add(FaultRule(action="garbage"))
    struck = [faults.strike("GET", "/a", "/a") for _ in range(2)]
    assert [rule.action for rule in struck if rule is not None] == ["drop", "garbage"]


@pytest.fixture
def server() -> Iterator[str]:
    with a_server(a_config()) as base_url:
        yield base_url


@pytest.mark.parametrize("action", ["drop", "commit-then-drop", "truncate"])
def test_a_real_connection_is_cut(server: str, action: str) -> None:
    """The socket closes without an answer, or in the middle of one, and the next request works."""
    with httpx.Client(base_url=server, auth=AUTH, trust_env=False) as http:
        http.post("/_simulator/faults", json={"action": action, "times": 1})
        with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
            http.post(ORDERS, data=CREATE)
        ledger = http.get("/_simulator/ledger").json()
        assert len(ledger["orders"]) == (0 if action == "drop" else 1)
        assert http.get(ORDERS).status_code == 200


def test_a_real_connection_is_slow(server: str) -> None:
    """A client with a read timeout for each byte would wait; the answer is whole in the end."""
    with httpx.Client(base_url=server, auth=AUTH, trust_env=False) as http:
        http.post("/_simulator/faults", json={"action": "slice", "times": 1})
        with http.stream("GET", ORDERS) as answer:
            chunks = list(answer.iter_raw(1))
        assert b"".join(chunks).endswith(b'"items":[]}')
        http.post("/_simulator/faults", json={"action": "delay", "delay_seconds": 0.5, "times": 1})
        with pytest.raises(httpx.ReadTimeout):
            http.get(ORDERS, timeout=0.05)
