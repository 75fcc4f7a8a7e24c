"""Proving a number: calls, codes, attempts."""

import pytest

from tests.simulator.workshop import NUMBER, ORDERS, Workshop, a_config, a_workshop


async def test_a_call(sim: Workshop) -> None:
    """Status=pending-verification places a call, gives a 4-digit code and counts one attempt."""
    order = await sim.create()
    called = await sim.call(order["sid"], Extension="1w2#", CallDelay="30")
    assert called["status"] == "pending-verification"
    assert len(called["verification_code"]) == 4
    assert called["verification_code"].isdigit()
    assert called["verification_attempts"] == 1
    assert called["extension"] == "1w2#"
    assert called["call_delay"] == 30
    [call_sid] = called["verification_call_sids"]
    assert call_sid.startswith("CA")
    assert (await sim.ledger())["calls"] == [
        {"order_sid": order["sid"], "call_sid": call_sid, "at": "2023-11-14T22:13:50Z"}
    ]


async def test_the_right_code_verifies(sim: Workshop) -> None:
    """VerificationCode ends the verification; its code is of no use afterwards."""
    order = await sim.create()
    code = (await sim.call(order["sid"]))["verification_code"]
    path = f"{ORDERS}/{order['sid']}"
    verified = await sim.update(order["sid"], VerificationCode=code)
    assert verified["status"] == "verified"
    assert verified["verification_code"] is None
    assert await sim.refused(path, VerificationCode=code) == 22114
    assert await sim.refused(path, Status="pending-verification") == 22112


async def test_a_wrong_code_costs_nothing(sim: Workshop) -> None:
    """22113, and neither the attempts nor the code change."""
    order = await sim.create()
    called = await sim.call(order["sid"])
    wrong = f"{(int(called['verification_code']) + 1) % 10_000:04d}"
    for code in (wrong, "", "12345"):
        if code:
            assert await sim.refused(f"{ORDERS}/{order['sid']}", VerificationCode=code) == 22113
    assert await sim.fetch(order["sid"]) == called


async def test_a_code_lives_for_ten_minutes(sim: Workshop) -> None:
    """The same code within its life from its issue on, 22113 after it, a new one with a call."""
    order = await sim.create()
    path = f"{ORDERS}/{order['sid']}"
    first = await sim.call(order["sid"])
    await sim.advance(599)
    second = await sim.call(order["sid"])
    assert second["verification_code"] == first["verification_code"]
    assert len(second["verification_call_sids"]) == 2
    await sim.advance(1)
    assert await sim.refused(path, VerificationCode=first["verification_code"]) == 22113
    third = await sim.call(order["sid"])
    assert third["verification_code"] != first["verification_code"]
    assert third["verification_attempts"] == 3
    assert (await sim.update(order["sid"], VerificationCode=third["verification_code"]))[
        "status"
    ] == "verified"


async def test_a_fourth_call_is_one_too_many(sim: Workshop) -> None:
    """22100, no call, and the order needs action; only Twilio gives it new attempts."""
    order = await sim.create()
    path = f"{ORDERS}/{order['sid']}"
    for _ in range(3):
        called = await sim.call(order["sid"])
    assert await sim.refused(path, Status="pending-verification") == 22100
    stuck = await sim.fetch(order["sid"])
    assert stuck["status"] == "action-required"
    assert stuck["failure_reason"]
    assert stuck["verification_attempts"] == 3
    assert await sim.refused(path, Status="pending-verification") == 22112
    assert await sim.refused(path, VerificationCode=called["verification_code"]) == 22114
    assert len((await sim.ledger())["calls"]) == 3
    await sim.control(f"orders/{order['sid']}", {"status": "received"})
    assert (await sim.call(order["sid"]))["verification_attempts"] == 1


@pytest.mark.parametrize("status", ["twilio-processing", "verified", "testing", "action-required"])
async def test_no_call_elsewhere(status: str) -> None:
    """22112 where the number is not to be verified."""
    async with a_workshop(a_config(pace=60)) as sim:
        order = await sim.create()
        await sim.control(f"orders/{order['sid']}", {"status": status})
        path = f"{ORDERS}/{order['sid']}"
        assert await sim.refused(path, Status="pending-verification") == 22112


async def test_a_bill_in_place_of_a_call(sim: Workshop) -> None:
    """With a bill nobody is called, no attempt is counted and no code fits."""
    order = await sim.create()
    document = (await sim.upload())["sid"]
    waiting = await sim.call(
        order["sid"], VerificationType="phone-bill", VerificationDocumentSid=document
    )
    assert waiting["status"] == "pending-verification"
    assert waiting["verification_type"] == "phone-bill"
    assert waiting["verification_document_sid"] == document
    assert waiting["verification_attempts"] == 0
    assert waiting["verification_call_sids"] is None
    assert await sim.refused(f"{ORDERS}/{order['sid']}", VerificationCode="1234") == 22114
    assert (await sim.ledger())["calls"] == []
    assert (await sim.update(order["sid"], VerificationType="phone-call"))["status"] == (
        "pending-verification"
    )
    assert (await sim.call(order["sid"]))["verification_attempts"] == 1


async def test_the_phone(sim: Workshop) -> None:
    """It says the code while it rings; the right digits verify, wrong ones do not."""
    order = await sim.create()
    path = f"orders/{order['sid']}/call"
    assert await sim.control(path) == {
        "order_sid": order["sid"],
        "phone_number": NUMBER,
        "ringing": False,
        "call_sid": None,
        "verification_code": None,
        "says": "",
    }
    assert (await sim.http.post(f"/_simulator/{path}", json={"digits": "1"})).status_code == 409
    called = await sim.call(order["sid"], CallDelay="20")
    assert (await sim.control(path))["ringing"] is False
    await sim.advance(20)
    heard = await sim.control(path)
    assert heard["ringing"] is True
    assert heard["call_sid"] == called["verification_call_sids"][-1]
    assert heard["verification_code"] == called["verification_code"]
    assert " ".join(called["verification_code"]) in heard["says"]
    assert (await sim.control(path, {"digits": "#"}))["accepted"] is False
    assert await sim.status(order["sid"]) == "pending-verification"
    keyed = await sim.control(path, {"digits": called["verification_code"]})
    assert (keyed["accepted"], keyed["status"]) == (True, "verified")
    assert (await sim.control(path))["ringing"] is False


async def test_a_phone_falls_silent(sim: Workshop) -> None:
    """When the code has died, nothing rings."""
    order = await sim.create()
    await sim.call(order["sid"])
    await sim.advance(600)
    assert (await sim.control(f"orders/{order['sid']}/call"))["ringing"] is False


async def test_an_idle_order_fails(sim: Workshop) -> None:
    """After thirty days without a change of status, with a reason; a new order is possible."""
    order = await sim.create()
    await sim.advance(29 * 86400)
    called = await sim.call(order["sid"])
    await sim.advance(29 * 86400)
    assert await sim.status(called["sid"]) == "pending-verification"
    await sim.advance(86400)
    dead = await sim.fetch(order["sid"])
    assert dead["status"] == "failed"
    assert "30 days" in dead["failure_reason"]
    assert dead["date_updated"] == "2024-01-12T22:13:20Z"
    assert (await sim.create())["status"] == "received"


async def test_an_order_at_the_carrier_is_not_idle() -> None:
    """Only what waits for the customer dies of idleness."""
    async with a_workshop() as sim:
        order = await sim.create("+12125550112")
        await sim.control(f"orders/{order['sid']}", {"status": "carrier-processing"})
        assert await sim.status(order["sid"]) == "action-required"
        await sim.advance(90 * 86400)
        assert await sim.status(order["sid"]) == "action-required"
