"""An order taken back: while it is made, with its letter out, too late, by an admin."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError, TerminatedError

from hosted_numbers.contract import Amendment
from hosted_numbers.errors import OrderEndedError, RefusedError
from tests.orders import NUMBER, an_order
from tests.world import World

ORDERS = "/HostedNumbers/HostedNumberOrders"
ONE_ORDER = f"{ORDERS}/*"


async def letters(world: World) -> list[str]:
    """The status of every letter there ever was."""
    return [each["status"] for each in (await world.ledger())["authorization_documents"]]


@pytest.mark.fault("F52")
@pytest.mark.parametrize("action", ["delay", "commit-then-drop"])
async def test_cancel_while_the_order_is_made_leaves_nothing(world: World, action: str) -> None:
    """Even where nobody heard that the create took effect."""
    await world.fault("POST", ORDERS, action, delay_seconds=0.3, times=1)
    await world.orders.start(an_order())
    assert (await world.while_time_goes_by(world.orders.cancel(NUMBER))).taken
    await world.until(phase="cancelled")
    assert all(order["deleted"] for order in (await world.ledger())["orders"])


async def test_cancel_while_twilio_checks_waits_until_it_lets_go(slow_world: World) -> None:
    """Twilio takes no DELETE in twilio-processing: it is promised, and done when it can be."""
    await slow_world.orders.start(an_order())
    await slow_world.until(status="twilio-processing")
    answer = await slow_world.orders.cancel(NUMBER)
    assert answer.taken
    assert "taken back" in answer.reason
    with pytest.raises(RefusedError, match="being taken back"):
        await slow_world.orders.amend(NUMBER, Amendment(email="late@example.com"))
    await slow_world.twilio_works()
    await slow_world.until(phase="cancelled")
    assert (await slow_world.ledger())["calls"] == []


@pytest.mark.fault("F52")
async def test_cancel_takes_the_letter_from_its_signer(world: World) -> None:
    """Nobody shall sign for an order that is gone: the letter is withdrawn first."""
    await world.verified()
    assert (await world.orders.cancel(NUMBER)).taken
    await world.until(phase="cancelled")
    assert await letters(world) == ["opened"]
    assert any("withdrawn from its signer" in line for line in await world.story())


async def test_cancel_leaves_a_letter_that_others_are_on(world: World) -> None:
    """Another order shares the letter: only ours goes."""
    signing = await world.verified()
    sid = str(signing.authorization_document_sid)
    other = await world.twilio.hosted_number_orders.create(phone_number="+12125550120")
    await world.tell(f"orders/{other.sid}", status="verified")
    documents = world.twilio.authorization_documents
    await documents.update(sid, status="opened")
    both = [str(signing.sid), other.sid]
    await documents.update(sid, hosted_number_order_sids=both, status="signing")
    assert (await world.orders.cancel(NUMBER)).taken
    await world.until(phase="cancelled")
    assert any("other orders are on it" in line for line in await world.story())
    ledger = await world.ledger()
    assert ledger["authorization_documents"][0]["status"] == "signing"
    assert ledger["authorization_documents"][0]["order_sids"] == [other.sid]


async def test_cancel_that_comes_too_late_is_answered_so(slow_world: World) -> None:
    """Twilio moved the order while it was being deleted: it stays, and goes on."""
    signing = await slow_world.verified()
    slow_world.callbacks.lost = True
    await slow_world.hold("DELETE", ONE_ORDER)
    cancelling = asyncio.create_task(slow_world.orders.cancel(NUMBER))
    await slow_world.struck()
    assert await letters(slow_world) == ["opened"]
    await slow_world.tell(f"orders/{signing.sid}", status="carrier-processing")
    await slow_world.well_again()
    answer = await cancelling
    assert not answer.taken
    await slow_world.until(waiting_for="carrier", status="carrier-processing")
    await slow_world.tell(f"orders/{signing.sid}", status="completed")
    await slow_world.env.sleep(timedelta(hours=1))
    await slow_world.until(phase="completed")


async def test_order_that_goes_on_while_it_is_cancelled_is_not_cancelled(world: World) -> None:
    """Twilio says so at the look before the deletion."""
    signing = await world.verified()
    world.callbacks.lost = True
    await world.fault("GET", ONE_ORDER, "delay", delay_seconds=0.2, times=1)
    await world.tell(f"orders/{signing.sid}", status="testing")
    answer = await world.orders.cancel(NUMBER)
    assert not answer.taken


async def test_cancel_of_an_order_on_hold_without_one_at_twilio(world: World) -> None:
    """Nothing was ever made: the workflow just ends, and a second cancel finds it ended."""
    await world.fault("*", "*", "status", status=401)
    await world.orders.start(an_order())
    await world.until(waiting_for="operator")
    await world.well_again()
    assert (await world.orders.cancel(NUMBER)).taken
    await world.until(phase="cancelled")
    with pytest.raises(OrderEndedError):
        await world.orders.cancel(NUMBER)
    assert (await world.ledger())["orders"] == []


async def test_bill_on_its_way_is_given_back_when_the_order_is_cancelled(world: World) -> None:
    """Whoever provided it learns that it is used for nothing."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.hold("POST", "/v1/Documents")
    providing = asyncio.create_task(world.provide())
    await world.struck()
    cancelling = asyncio.create_task(world.orders.cancel(NUMBER))
    await world.accepted(2)
    await world.well_again()
    assert (await cancelling).taken
    assert not (await providing).taken


async def test_amendment_on_its_way_is_not_taken_when_the_order_is_cancelled(world: World) -> None:
    """The letter is withdrawn for good, and nobody hears of another signer."""
    await world.verified()
    one_letter = "/HostedNumbers/AuthorizationDocuments/*"
    await world.hold("POST", one_letter)
    amending = asyncio.create_task(world.orders.amend(NUMBER, Amendment(contact_title="Owner")))
    await world.struck()
    cancelling = asyncio.create_task(world.orders.cancel(NUMBER))
    await world.accepted(3)  # the code, the amendment, the cancel
    await world.well_again()
    assert (await cancelling).taken
    assert not (await amending).taken
    assert len((await world.ledger())["loa_mails"]) == 1


@pytest.mark.fault("F52")
async def test_cancel_in_the_temporal_ui_withdraws_the_letter_too(world: World) -> None:
    """A cancelled workflow cleans up before it ends as cancelled."""
    await world.verified()
    await world.handle().cancel()
    with pytest.raises(WorkflowFailureError) as failure:
        await world.handle().result()
    assert isinstance(failure.value.cause, CancelledError)
    assert await letters(world) == ["opened"]
    assert [order["deleted"] for order in (await world.ledger())["orders"]] == [True]


@pytest.mark.fault("F52")
async def test_order_that_an_admin_terminated_is_taken_up_by_the_next(world: World) -> None:
    """Its order and its letter live on at Twilio: ordered again, they are adopted."""
    signing = await world.verified()
    await world.handle().terminate()
    with pytest.raises(WorkflowFailureError) as failure:
        await world.handle().result()
    assert isinstance(failure.value.cause, TerminatedError)
    await world.orders.start(an_order())
    again = await world.until(waiting_for="signature", status="pending-loa")
    assert (again.sid, again.authorization_document_sid) == (
        signing.sid,
        signing.authorization_document_sid,
    )
    ledger = await world.ledger()
    assert (len(ledger["orders"]), len(ledger["calls"]), len(ledger["loa_mails"])) == (1, 1, 1)
