"""The control paths."""

from typing import Any

import pytest

from tests.simulator.workshop import (
    DOCUMENTS,
    ORDERS,
    SUPPORTING,
    Workshop,
    a_config,
    a_workshop,
)


async def test_the_ledger(sim: Workshop) -> None:
    """Exactly the keys of the contract, requests counted by method and route."""
    order = await sim.create(UniqueName="desk")
    await sim.fetch(order["sid"])
    await sim.fetch(order["sid"])
    await sim.http.get("/nowhere")
    assert await sim.ledger() == {
        "orders": [
            {
                "sid": order["sid"],
                "phone_number": order["phone_number"],
                "unique_name": "desk",
                "status": "received",
                "deleted": False,
            }
        ],
        "authorization_documents": [],
        "documents": [],
        "supporting_documents": [],
        "released_numbers": [],
        "calls": [],
        "loa_mails": [],
        "callbacks": [],
        "requests": {
            f"POST {ORDERS}": 1,
            f"GET {ORDERS}/{{sid}}": 2,
            "GET /nowhere": 1,
        },
    }


async def test_refused_requests_are_counted_too(sim: Workshop) -> None:
    """A request counts when it is received, whatever becomes of it."""
    await sim.control("faults", {"action": "status", "status": 503, "times": 1})
    await sim.http.get(ORDERS)
    sim.http.auth = None  # type: ignore[assignment] # httpx takes None to send no credentials
    await sim.http.get(ORDERS)
    assert (await sim.ledger())["requests"] == {f"GET {ORDERS}": 2}


async def test_no_credentials_are_needed(sim: Workshop) -> None:
    """The control paths are not Twilio's."""
    sim.http.auth = None  # type: ignore[assignment] # httpx takes None to send no credentials
    assert (await sim.ledger())["requests"] == {}


@pytest.mark.parametrize("client", [("10.0.0.7", 1), ("testclient", 1)])
async def test_only_this_machine_has_control(client: tuple[str, int]) -> None:
    """Others get 403 from every control path, and Twilio's API as usual."""
    async with a_workshop(client=client) as sim:
        answer = await sim.http.post("/_simulator/reset")
        assert answer.status_code == 403
        assert (await sim.http.get("/_simulator/nowhere")).status_code == 403
        assert (await sim.create())["status"] == "received"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"action": "explode"}),
        ("faults", {"action": "drop", "times": 0}),
        ("faults", {"action": "drop", "tmies": 1}),
        ("faults", {"action": "drop", "status": 500}),
        ("faults", {"action": "drop", "headers": {"Retry-After": "1"}}),
        ("faults", {"action": "delay", "body": "text"}),
        ("faults", {"action": "drop", "probability": 0}),
        ("faults", {"action": "delay", "delay_seconds": -1}),
        ("orders/HR1", {"status": "Verified"}),
        ("orders/HR1", {}),
        ("orders/HR1", {"status": "failed", "reason": "x"}),
        ("orders/HR1/call", {"digits": "one"}),
        ("authorization-documents/PX1", {"status": "signing"}),
        ("supporting-documents/RD1", {"status": "draft"}),
        ("clock", {"advance_seconds": -1}),
        ("clock", {"advance_seconds": "NaN"}),
        ("callbacks", {"mode": "eaten"}),
        ("callbacks", []),
    ],
)
async def test_a_wrong_body(sim: Workshop, path: str, body: Any) -> None:
    """422 with a sentence that names what is wrong."""
    answer = await sim.http.post(f"/_simulator/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


async def test_no_json(sim: Workshop) -> None:
    """400 for a body that is no JSON."""
    answer = await sim.http.post("/_simulator/clock", content=b"{")
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "orders/HR1", 404),
        ("GET", "orders/HR1/call", 404),
        ("POST", "orders/HR1/call", 404),
        ("POST", "authorization-documents/PX1", 404),
        ("GET", "nothing", 404),
        ("DELETE", "ledger", 405),
    ],
)
async def test_nothing_there(sim: Workshop, method: str, path: str, status: int) -> None:
    """A sentence, not Twilio's shape: nobody shall take one side for the other."""
    body = {"status": "failed"} if not path.endswith("call") else {"digits": "1"}
    answer = await sim.http.request(method, f"/_simulator/{path}", json=body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


async def test_twilio_moves_an_order() -> None:
    """To any status, unknown ones too, with its reason; an ended order never moves again."""
    async with a_workshop(a_config(pace=60)) as sim:
        order = await sim.create()
        path = f"orders/{order['sid']}"
        moved = await sim.control(path, {"status": "action-required", "failure_reason": "Why"})
        assert (moved["status"], moved["failure_reason"]) == ("action-required", "Why")
        moved = await sim.control(path, {"status": "quantum-review"})
        assert (moved["status"], moved["failure_reason"]) == ("quantum-review", "")
        moved = await sim.control(path, {"status": "failed"})
        assert moved["failure_reason"]
        moved = await sim.control(path, {"status": "failed", "failure_reason": "Better"})
        assert moved["failure_reason"] == "Better"
        answer = await sim.http.post(f"/_simulator/{path}", json={"status": "received"})
        assert answer.status_code == 409


async def test_the_clock(sim: Workshop) -> None:
    """It tells the time and how far it is ahead; jumps add up."""
    assert await sim.control("clock") == {"now": "2023-11-14T22:13:20Z", "offset_seconds": 0.0}
    await sim.advance(40)
    assert await sim.control("clock", {"advance_seconds": 60}) == {
        "now": "2023-11-14T22:15:00Z",
        "offset_seconds": 100.0,
    }


async def test_reset_empties_everything(sim: Workshop) -> None:
    """Orders, papers, ledger, faults, clock and the way of callbacks."""
    order, _ = await sim.pending_loa()
    await sim.upload()
    await sim.post(SUPPORTING, FriendlyName="x", Type="passport")
    await sim.advance(1000)
    await sim.control("callbacks", {"mode": "lost"})
    await sim.control("faults", {"action": "drop", "path": "/never"})
    assert (await sim.http.post("/_simulator/reset")).status_code == 204
    ledger = await sim.ledger()
    assert all(not value for value in ledger.values())
    assert (await sim.control("clock"))["offset_seconds"] == 0.0
    assert await sim.control("callbacks") == {"mode": "normal", "waiting": 0}
    assert await sim.control("faults") == {"faults": []}
    assert (await sim.http.get(f"{ORDERS}/{order['sid']}")).status_code == 404
    assert (await sim.get(DOCUMENTS))["items"] == []
    assert (await sim.get(SUPPORTING))["results"] == []
    assert (await sim.create())["status"] == "received"


async def test_a_bug_is_a_500_in_twilios_shape(
    sim: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the simulator's own looks like one of Twilio's, code 20500."""

    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sim.simulator.world, "create_order", break_down)
    transport = sim.http._transport
    monkeypatch.setattr(transport, "raise_app_exceptions", False)
    form = {"PhoneNumber": "+15017122661", "SmsCapability": "true"}
    answer = await sim.http.post(ORDERS, data=form)
    assert (answer.status_code, answer.json()["code"]) == (500, 20500)
    assert answer.headers["Twilio-Request-Id"]
