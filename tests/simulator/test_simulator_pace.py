"""What Twilio and people do by themselves, and the fates of numbers."""

from datetime import timedelta

import pytest

from hosted_numbers.simulator.fates import FATES, Fate, describe_fates, fate_of
from tests.simulator.workshop import DOCUMENTS, ORDERS, Workshop, a_config, a_workshop, until

PACE = 10.0


async def test_twilio_works_at_the_pace() -> None:
    """Each step of Twilio's is seen for one pace, and the callbacks tell each."""
    async with a_workshop(a_config(pace=PACE)) as sim:
        order = await sim.create(StatusCallbackUrl="http://127.0.0.1:9/")
        assert order["status"] == "twilio-processing"
        assert (await sim.get(ORDERS, Status="twilio-processing"))["items"] == [order]
        await sim.advance(PACE - 1)
        assert await sim.status(order["sid"]) == "twilio-processing"
        await sim.advance(1)
        assert await sim.status(order["sid"]) == "received"
        code = (await sim.call(order["sid"]))["verification_code"]
        await sim.update(order["sid"], VerificationCode=code)
        document = await sim.document(order["sid"])
        await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
        for status in ("carrier-processing", "testing", "completed"):
            assert await sim.status(order["sid"]) == status
            await sim.advance(PACE)
        await until(lambda: len(sim.notes.sent) == 7)
        assert sim.notes.statuses == [
            "received",
            "pending-verification",
            "verified",
            "pending-loa",
            "carrier-processing",
            "testing",
            "completed",
        ]


async def test_everything_that_a_jump_makes_due_happens_at_its_own_time() -> None:
    """A long jump runs the whole chain, each step dated when it was due."""
    async with a_workshop(a_config(pace=PACE, people={"signer"})) as sim:
        order = await sim.create()
        await sim.advance(PACE)
        code = (await sim.call(order["sid"]))["verification_code"]
        await sim.update(order["sid"], VerificationCode=code)
        await sim.document(order["sid"])
        await sim.advance(86400)
        done = await sim.fetch(order["sid"])
        assert done["status"] == "completed"
        assert done["date_updated"] == "2023-11-14T22:14:00Z"


async def test_the_background_does_the_steps() -> None:
    """Nobody has to ask: what is due happens."""
    async with a_workshop(a_config(people={"owner", "signer"})) as sim:
        order = await sim.create()
        await sim.call(order["sid"])
        held = sim.simulator.world.orders.all[order["sid"]]
        await until(lambda: held.status == "verified")
        await sim.document(order["sid"])
        await until(lambda: held.status == "completed")


async def test_the_owner_picks_up() -> None:
    """A pace after the phone began to ring, the owner has keyed the code."""
    async with a_workshop(a_config(pace=PACE, people={"owner"})) as sim:
        order = await sim.create()
        await sim.advance(PACE)
        called = await sim.call(order["sid"], CallDelay="5")
        assert called["status"] == "pending-verification"
        await sim.advance(PACE + 4)
        assert await sim.status(order["sid"]) == "pending-verification"
        await sim.advance(1)
        assert await sim.status(order["sid"]) == "verified"


async def test_an_owner_who_is_too_late() -> None:
    """When the code has died before the owner acts, nothing happens."""
    async with a_workshop(a_config(pace=700, people={"owner"})) as sim:
        order = await sim.create()
        await sim.advance(700)
        await sim.call(order["sid"])
        await sim.advance(800)
        assert await sim.status(order["sid"]) == "pending-verification"


async def test_an_opened_document_is_not_signed() -> None:
    """Withdrawn before the signer acted, it waits until it is mailed again."""
    async with a_workshop(a_config(pace=PACE, people={"owner", "signer"})) as sim:
        order = await sim.create()
        await sim.advance(PACE)
        await sim.call(order["sid"])
        await sim.advance(PACE)
        document = await sim.document(order["sid"])
        path = f"{DOCUMENTS}/{document['sid']}"
        await sim.post(path, Status="opened")
        await sim.advance(100 * PACE)
        assert (await sim.get(path))["status"] == "opened"
        await sim.post(path, Status="signing")
        await sim.advance(PACE)
        assert (await sim.get(path))["status"] == "signed"


async def test_nobody_acts_within_a_request() -> None:
    """At pace 0 Twilio's steps are in the answer, a person's come after it."""
    async with a_workshop(a_config(people={"owner", "signer"})) as eager:
        order = await eager.create()
        assert order["status"] == "received"
        assert (await eager.call(order["sid"]))["status"] == "pending-verification"
        assert await eager.status(order["sid"]) == "verified"
        assert (await eager.document(order["sid"]))["status"] == "signing"
        assert await eager.status(order["sid"]) == "completed"


def test_which_numbers_have_a_fate() -> None:
    """The last two digits of +1 NPA 555 01xx; every other number goes the plain way."""
    for row in FATES:
        assert fate_of(f"+121255501{row.fate}") is row.fate
    for number in ("+12125550100", "+12125550199", "+12125551110", "+15017122661", "+442075550110"):
        assert fate_of(number) is Fate.PLAIN


def test_the_help_text_names_every_fate() -> None:
    """One line for each, and the digits stand where one dials them."""
    lines = describe_fates().splitlines()
    assert len(lines) == len(FATES) + 1
    assert all(f"555 01{row.fate}" in line for row, line in zip(FATES, lines, strict=False))
    assert {row.fate for row in FATES} == set(Fate) - {Fate.PLAIN}


async def test_refused_as_sms_enabled(sim: Workshop) -> None:
    """10: the create is taken, then the order fails with a reason."""
    order = await sim.create("+12125550110")
    assert order["status"] == "failed"
    assert "SMS" in order["failure_reason"]


async def test_needs_action(sim: Workshop) -> None:
    """12: stays at action-required until Twilio moves it, and then goes on."""
    order, document = await sim.pending_loa("+12125550112")
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    stuck = await sim.fetch(order["sid"])
    assert stuck["status"] == "action-required"
    assert stuck["failure_reason"]
    moved = await sim.control(f"orders/{order['sid']}", {"status": "carrier-processing"})
    assert (moved["status"], moved["failure_reason"]) == ("completed", "")


async def test_signer_declines() -> None:
    """13: the first LOA is canceled, the second signed; the others on it wait with it."""
    async with a_workshop(a_config(people={"signer"})) as sim:
        order, other = await sim.verified("+12125550113"), await sim.verified()
        first = await sim.document(order["sid"], other["sid"])
        assert await sim.status(other["sid"]) == "verified"
        assert (await sim.get(f"{DOCUMENTS}/{first['sid']}"))["status"] == "canceled"
        await sim.document(order["sid"], other["sid"])
        assert await sim.status(order["sid"]) == "completed"
        assert await sim.status(other["sid"]) == "completed"


async def test_a_signer_who_waits_to_be_told_does_not_decline(sim: Workshop) -> None:
    """13 acts when the signer does; told to sign, the first LOA is signed."""
    order, document = await sim.pending_loa("+12125550113")
    await sim.advance(86400)
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    assert await sim.status(order["sid"]) == "completed"


@pytest.mark.parametrize(("digits", "second_call_works"), [("14", True), ("15", False)])
async def test_no_call_possible(sim: Workshop, digits: str, *, second_call_works: bool) -> None:
    """14 is busy once, 15 never reachable: 22123, no attempt counted, no call placed."""
    order = await sim.create(f"+121255501{digits}")
    path = f"{ORDERS}/{order['sid']}"
    assert await sim.refused(path, Status="pending-verification", Extension="1") == 22123
    assert await sim.fetch(order["sid"]) == order
    if second_call_works:
        assert (await sim.call(order["sid"]))["verification_attempts"] == 1
    else:
        assert await sim.refused(path, Status="pending-verification") == 22123
        assert (await sim.ledger())["calls"] == []


async def test_carrier_refuses(sim: Workshop) -> None:
    """17: failed at the carrier, with a reason."""
    order, document = await sim.pending_loa("+12125550117")
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    refused = await sim.fetch(order["sid"])
    assert refused["status"] == "failed"
    assert "arrier" in refused["failure_reason"]


async def test_loa_fails_once() -> None:
    """18: the first LOA fails by an error whoever signs, the second one does not."""
    async with a_workshop(a_config(pace=PACE)) as sim:
        order = await sim.create("+12125550118")
        await sim.advance(PACE)
        await sim.control(f"orders/{order['sid']}", {"status": "verified"})
        first = await sim.document(order["sid"])
        await sim.advance(PACE)
        assert (await sim.get(f"{DOCUMENTS}/{first['sid']}"))["status"] == "failed"
        assert await sim.status(order["sid"]) == "verified"
        second = await sim.document(order["sid"])
        await sim.advance(PACE)
        assert (await sim.get(f"{DOCUMENTS}/{second['sid']}"))["status"] == "signing"


async def test_real_time_passes() -> None:
    """The clock is real time and an offset."""
    async with a_workshop(a_config(), clock=None) as sim:
        before = sim.simulator.clock.now()
        await sim.advance(3600)
        assert sim.simulator.clock.now() - before >= timedelta(hours=1)
