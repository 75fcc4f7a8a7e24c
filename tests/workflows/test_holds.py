"""What holds an order up, who mends it, and how it goes on: with a person, or by itself."""

import json
from datetime import timedelta

import pytest

from hosted_numbers.contract import Amendment, OrderChanged, ProvidedDocument
from hosted_numbers.errors import BlobStoreError, RefusedError
from tests.orders import NUMBER, an_order
from tests.world import World

ORDERS = "/HostedNumbers/HostedNumberOrders"
ONE_ORDER = f"{ORDERS}/*"
UPLOADS = "/v1/Documents"


@pytest.mark.fault("F36")
@pytest.mark.parametrize(
    ("said", "means", "next_step"),
    [
        ("Losing carrier rejected: name mismatch", "carrier wants something", "Ask the carrier"),
        ("22109 address not found", "owner's address", "Correct the Address"),
        ("Number is already hosted", "another provider", "release it"),
        ("The LOA has no title", "Letter of Authorization", "Talk to the signer"),
        ("Something <b>odd</b>", "Something <b>odd</b>", "Nobody but Twilio"),
    ],
)
async def test_problem_at_twilio_is_told_with_who_acts(
    slow_world: World, said: str, means: str, next_step: str
) -> None:
    """Twilio's words are sorted into who can do something; then Twilio moves it by itself."""
    signing = await slow_world.verified()
    await slow_world.sign(signing)
    await slow_world.until(waiting_for="carrier")
    path = f"orders/{signing.sid}"
    await slow_world.tell(path, status="action-required", failure_reason=said)
    stuck = await slow_world.until(waiting_for="operator", status="action-required")
    assert means in stuck.reason
    assert said in stuck.reason
    assert next_step in stuck.next_step
    with pytest.raises(RefusedError):
        await slow_world.orders.cancel(NUMBER)
    assert (await slow_world.orders.resume(NUMBER)).taken  # looks at once, and changes nothing
    await slow_world.until(waiting_for="operator", status="action-required")
    await slow_world.tell(path, status="testing")
    await slow_world.until(waiting_for="carrier", status="testing")


@pytest.mark.fault("F36")
async def test_problem_that_moves_without_a_callback_is_found(slow_world: World) -> None:
    """Nobody tells us: the order's own looks find that Twilio has settled it."""
    signing = await slow_world.verified()
    slow_world.callbacks.lost = True
    await slow_world.tell(f"orders/{signing.sid}", status="action-required")
    await slow_world.env.sleep(timedelta(hours=1))
    await slow_world.until(waiting_for="operator")
    await slow_world.tell(f"orders/{signing.sid}", status="carrier-processing")
    await slow_world.env.sleep(timedelta(hours=1, minutes=5))
    await slow_world.until(waiting_for="carrier")


async def test_order_that_twilio_moves_back_starts_there_again(world: World) -> None:
    """From the letter back to the verification: another call waits for a person."""
    signing = await world.verified()
    await world.tell(f"orders/{signing.sid}", status="received")
    waiting = await world.until(waiting_for="verification-call", status="received")
    assert waiting.attempts_left == 2
    await world.tell(f"orders/{signing.sid}", status="verified")
    again = await world.until(waiting_for="signature", status="pending-loa")
    assert again.authorization_document_sid != signing.authorization_document_sid


@pytest.mark.fault("F18")
async def test_status_that_nobody_knows_is_waited_out(slow_world: World) -> None:
    """It is shown as Twilio says it; the order goes on with the next one."""
    signing = await slow_world.verified()
    await slow_world.tell(f"orders/{signing.sid}", status="quantum-review")
    waiting = await slow_world.until(waiting_for="carrier", status="quantum-review")
    assert "does not know" in waiting.reason
    with pytest.raises(RefusedError, match="quantum-review"):
        await slow_world.orders.cancel(NUMBER)
    await slow_world.tell(f"orders/{signing.sid}", status="completed")
    await slow_world.until(phase="completed")


@pytest.mark.fault("F37")
async def test_refusal_at_the_carrier_is_an_end_with_its_reason(slow_world: World) -> None:
    """Failed is a result: the last progress tells why."""
    signing = await slow_world.verified()
    await slow_world.sign(signing)
    await slow_world.until(waiting_for="carrier")
    reason = "The carrier does not take part"
    await slow_world.tell(f"orders/{signing.sid}", status="failed", failure_reason=reason)
    ended = await slow_world.until(phase="failed")
    assert (ended.failure_reason, ended.reason) == (reason, reason)


@pytest.mark.fault("F35")
async def test_order_that_turns_up_again_goes_on(world: World) -> None:
    """Two looks in vain call for a person; resumed, it is found and the order goes on."""
    signing = await world.verified()
    await world.fault("GET", ONE_ORDER, "status", status=404)
    await world.orders.order_changed(NUMBER, OrderChanged())
    await world.until(waiting_for="nothing")
    await world.env.sleep(timedelta(seconds=100))
    await world.until(waiting_for="operator")
    await world.well_again()
    await world.env.sleep(timedelta(hours=1, minutes=5))
    found = await world.until(waiting_for="signature")
    assert found.authorization_document_sid == signing.authorization_document_sid


@pytest.mark.fault("F35")
async def test_order_that_is_gone_stays_on_hold_when_resumed(world: World) -> None:
    """A second order is never made by itself, resumed or not."""
    signing = await world.verified()
    await world.twilio.hosted_number_orders.delete(str(signing.sid))
    await world.orders.order_changed(NUMBER, OrderChanged())
    await world.until(waiting_for="nothing")
    await world.env.sleep(timedelta(seconds=100))
    await world.until(waiting_for="operator")
    assert (await world.orders.resume(NUMBER)).taken
    await world.until(waiting_for="nothing")
    await world.env.sleep(timedelta(seconds=100))
    await world.until(waiting_for="operator")
    assert len((await world.ledger())["orders"]) == 1


@pytest.mark.fault("F40")
async def test_store_that_cannot_be_read_holds_the_order_until_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken disk: tried for a quarter of an hour, shown, tried again, and done when mended."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    provided = ProvidedDocument(document=await world.kept())
    read, tries = world.blobs.read, []

    async def broken(blob: str) -> bytes:
        tries.append(blob)
        raise BlobStoreError("The store does not do its work.", "Look at it.")

    monkeypatch.setattr(world.blobs, "read", broken)
    answer = await world.while_time_goes_by(world.orders.provide_document(NUMBER, provided))
    assert answer.taken
    await world.env.sleep(timedelta(minutes=15))
    held = await world.until(waiting_for="operator")
    assert "a reason of our own" in held.reason
    assert len(tries) > 3
    assert (await world.ledger())["documents"] == []
    monkeypatch.setattr(world.blobs, "read", read)
    await world.env.sleep(timedelta(hours=2))
    await world.until(waiting_for="document-review")
    assert len((await world.ledger())["documents"]) == 1


async def test_document_api_that_is_missing_is_no_missing_bill(world: World) -> None:
    """404 on the upload speaks of the account's access: it is tried again, the bill is kept."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.fault("POST", UPLOADS, "status", status=404, times=1)
    assert (await world.provide()).taken
    held = await world.until(waiting_for="operator")
    assert "does not exist for this account" in held.reason
    await world.env.sleep(timedelta(minutes=5))
    await world.until(waiting_for="document-review")


async def test_create_that_twilio_refuses_is_amended(world: World) -> None:
    """22109, an unknown address: corrected, the order is made."""
    body = json.dumps({"code": 22109, "message": "no such address", "status": 400})
    await world.fault("POST", ORDERS, "status", status=400, body=body, times=1)
    await world.orders.start(an_order())
    held = await world.until(waiting_for="operator")
    assert "22109" in held.reason
    address = "AD" + "7" * 32
    assert (await world.orders.amend(NUMBER, Amendment(address_sid=address))).taken
    waiting = await world.until(waiting_for="verification-code")
    order = await world.twilio.hosted_number_orders.fetch(str(waiting.sid))
    assert order.address_sid == address
