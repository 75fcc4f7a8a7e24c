"""One order's workflow against the simulator, on the time-skipping server."""

from datetime import timedelta

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError

from hosted_numbers import contract
from hosted_numbers.contract import (
    Amendment,
    Cancellation,
    OrderChanged,
    Resumption,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import OrderEndedError, RefusedError
from tests.orders import NUMBER
from tests.world import World

FICTION = "+1212555"
ORDERS = "/HostedNumbers/HostedNumberOrders"


async def test_order_goes_from_received_to_completed(world: World) -> None:
    """Create, call, code, letter, signature, carrier: one order, one call, one letter."""
    await world.sign(await world.verified())
    result = await world.handle().result()
    assert result.phase == "completed"
    ledger = await world.ledger()
    assert [order["status"] for order in ledger["orders"]] == ["completed"]
    assert ledger["orders"][0]["unique_name"] == f"hosted-number-order/{NUMBER}"
    assert len(ledger["calls"]) == 1
    assert len(ledger["loa_mails"]) == 1


@pytest.mark.fault("F27")
async def test_wrong_code_is_answered_at_once_and_the_right_one_goes_on(world: World) -> None:
    """A wrong code comes back with the attempts left; the next one is taken."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    code = await world.code(waiting)
    wrong = VerificationCodeEntry(code=str((int(code) + 1) % 10000).zfill(4))
    answer = await world.orders.submit_verification_code(NUMBER, wrong)
    assert (answer.taken, answer.attempts_left) == (False, 2)
    assert "wrong" in answer.reason
    right = VerificationCodeEntry(code=code)
    assert (await world.orders.submit_verification_code(NUMBER, right)).taken
    with pytest.raises(RefusedError, match="No code is asked for"):
        await world.orders.submit_verification_code(NUMBER, right)


async def test_code_by_signal_moves_the_order_and_a_bad_one_is_noted(world: World) -> None:
    """The signal twin works as the update does; what it cannot refuse stands in the timeline."""
    handle = await world.start()
    waiting = await world.until(waiting_for="verification-code")
    assert waiting.verification_code == await world.code(waiting)
    await handle.signal(contract.SUBMIT_VERIFICATION_CODE, VerificationCodeEntry(code="abc"))
    code = VerificationCodeEntry(code=await world.code(waiting))
    await handle.signal(contract.SUBMIT_VERIFICATION_CODE, code)
    progress = await world.until(status="pending-loa")
    assert any("Not taken: A verification code is 4 to 10" in e.what for e in progress.timeline)
    await handle.signal(contract.RESUME, Resumption())
    await handle.signal(contract.AMEND, Amendment(sms_url="https://example.com/sms"))
    await handle.signal(contract.REQUEST_VERIFICATION_CALL, VerificationCallRequest())
    progress = await world.orders.progress(NUMBER)
    assert [e.what[:9] for e in progress.timeline].count("Not taken") == 4


async def test_code_keyed_into_the_phone_needs_no_entry(world: World) -> None:
    """Where the owner keys the code into the phone, Twilio's callback moves the order on."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    await world.tell(f"orders/{waiting.sid}/call", digits=await world.code(waiting))
    await world.until(waiting_for="signature")


@pytest.mark.fault("F28")
async def test_code_dies_after_ten_minutes_and_nobody_dials_again(world: World) -> None:
    """After ten minutes the order waits for a person to ask for a call; the new code works."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    old = VerificationCodeEntry(code=await world.code(waiting))
    await world.pass_time(timedelta(minutes=11))
    expired = await world.until(waiting_for="verification-call")
    assert "expired" in expired.reason
    answer = await world.orders.submit_verification_code(NUMBER, old)
    assert "expired" in answer.reason
    assert len((await world.ledger())["calls"]) == 1
    answer = await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    assert answer.taken
    new = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(NUMBER, new)).taken


async def test_call_waits_until_it_is_asked_for(world: World) -> None:
    """With call_when=asked no phone rings before a person is ready."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    assert (await world.ledger())["calls"] == []
    request = VerificationCallRequest(extension="12#", call_delay=5)
    assert (await world.orders.request_verification_call(NUMBER, request)).taken
    progress = await world.until(waiting_for="verification-code")
    assert progress.attempts_used == 1
    assert progress.sid is not None
    order = await world.twilio.hosted_number_orders.fetch(progress.sid)
    assert (order.extension, order.call_delay) == ("12#", 5)


@pytest.mark.fault("F29")
async def test_fourth_call_is_refused_before_twilio_is_asked(world: World) -> None:
    """Three calls are all; the way out is named, and no fourth is tried."""
    await world.start()
    await world.until(waiting_for="verification-code")
    for _ in range(2):
        await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    with pytest.raises(RefusedError):
        await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    await world.pass_time(timedelta(minutes=11))
    progress = await world.until(waiting_for="operator")
    assert "hostedsms@twilio.com" in progress.next_step
    assert len((await world.ledger())["calls"]) == 3


@pytest.mark.fault("F33")
async def test_declined_letter_is_amended_and_never_two_are_out(world: World) -> None:
    """The signer declines; an amendment sends a second letter, to the new signer."""
    waiting = await world.verified()
    await world.sign(waiting, "canceled")
    held = await world.until(waiting_for="operator")
    assert "declined" in held.reason
    assert (await world.orders.amend(NUMBER, Amendment(email="new@example.com"))).taken
    again = await world.until(waiting_for="signature", status="pending-loa")
    assert again.authorization_document_sid != waiting.authorization_document_sid
    await world.sign(again)
    assert (await world.handle().result()).phase == "completed"
    ledger = await world.ledger()
    assert [document["status"] for document in ledger["authorization_documents"]] == [
        "canceled",
        "signed",
    ]
    assert [mail["email"] for mail in ledger["loa_mails"]][-1] == "new@example.com"


async def test_number_with_sms_elsewhere_fails_with_twilios_reason(world: World) -> None:
    """Twilio's failed is a result with its reason, not a failure of the workflow."""
    handle = await world.start(phone_number=f"{FICTION}0110")
    result = await handle.result()
    assert result.phase == "failed"
    assert result.status == "failed"
    assert result.failure_reason


async def test_number_hosted_elsewhere_holds_for_a_person(world: World) -> None:
    """22110 on create: a person decides; cancelled, nothing is left at Twilio."""
    number = f"{FICTION}0111"
    await world.start(phone_number=number)
    held = await world.until(number, waiting_for="operator")
    assert "22110" in held.reason
    assert (await world.orders.cancel(number)).taken
    assert (await world.handle(number).result()).phase == "cancelled"
    assert (await world.ledger())["orders"] == []


@pytest.mark.fault("F36")
async def test_action_required_goes_on_when_twilio_moves_it(slow_world: World) -> None:
    """The reason is shown for a person; the order goes on by itself."""
    number = f"{FICTION}0112"
    await slow_world.sign(await slow_world.verified(phone_number=number))
    await slow_world.until(number, waiting_for="carrier")
    await slow_world.twilio_works()
    held = await slow_world.until(number, waiting_for="operator")
    assert held.failure_reason
    await slow_world.tell(f"orders/{held.sid}", status="testing")
    await slow_world.until(number, waiting_for="carrier")
    await slow_world.tell(f"orders/{held.sid}", status="completed")
    assert (await slow_world.handle(number).result()).phase == "completed"


@pytest.mark.fault("F37")
async def test_carrier_that_refuses_fails_the_order(world: World) -> None:
    """The carrier's reason is the result's."""
    number = f"{FICTION}0117"
    await world.sign(await world.verified(phone_number=number))
    result = await world.handle(number).result()
    assert result.phase == "failed"
    assert result.failure_reason


@pytest.mark.fault("F21")
async def test_lost_callbacks_only_cost_time(world: World) -> None:
    """Without a single callback the order's own looks bring it to its end."""
    world.callbacks.lost = True
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    await world.tell(f"orders/{waiting.sid}/call", digits=await world.code(waiting))
    await world.env.sleep(timedelta(seconds=20))
    signing = await world.until(waiting_for="signature", status="pending-loa")
    await world.sign(signing)
    await world.env.sleep(timedelta(seconds=40))
    assert (await world.handle().result()).phase == "completed"


@pytest.mark.fault("F21")
async def test_thirty_days_at_the_carrier_are_looked_at_ever_less(slow_world: World) -> None:
    """Looks grow from 15 s to an hour: a month costs some 730 of them, not 170,000."""
    signing = await slow_world.verified(deadline_days=90)
    slow_world.callbacks.lost = True
    await slow_world.sign(signing)
    before = (await slow_world.ledger())["requests"][f"GET {ORDERS}/{{sid}}"]
    await slow_world.days_go_by(30)
    await slow_world.until(waiting_for="carrier", status="carrier-processing")
    after = (await slow_world.ledger())["requests"][f"GET {ORDERS}/{{sid}}"]
    assert 700 < after - before < 760
    await slow_world.tell(f"orders/{signing.sid}", status="completed")
    await slow_world.env.sleep(timedelta(hours=1))
    assert (await slow_world.handle().result()).phase == "completed"


@pytest.mark.fault("F35")
async def test_vanished_order_is_never_created_again_by_itself(world: World) -> None:
    """Deleted behind our back: a second look, then a person; cancelled, the workflow ends."""
    waiting = await world.verified()
    assert waiting.sid is not None
    await world.twilio.hosted_number_orders.delete(waiting.sid)
    await world.orders.order_changed(NUMBER, OrderChanged(status="gone"))
    await world.until(waiting_for="nothing")
    await world.env.sleep(timedelta(seconds=70))
    held = await world.until(waiting_for="operator")
    assert "no longer knows" in held.reason
    assert (await world.orders.cancel(NUMBER)).taken
    assert (await world.handle().result()).phase == "cancelled"
    assert len((await world.ledger())["orders"]) == 1


async def test_cancel_deletes_the_order_at_twilio(world: World) -> None:
    """The answer comes when the order is gone; the ended order takes no more messages."""
    await world.start()
    await world.until(waiting_for="verification-code")
    assert (await world.orders.cancel(NUMBER)).taken
    assert (await world.handle().result()).phase == "cancelled"
    assert [order["deleted"] for order in (await world.ledger())["orders"]] == [True]
    with pytest.raises(OrderEndedError):
        await world.orders.cancel(NUMBER)


async def test_cancel_by_signal_deletes_the_order_too(world: World) -> None:
    """For those who cannot wait for an answer."""
    handle = await world.start()
    await world.until(waiting_for="verification-code")
    await handle.signal(contract.CANCEL_ORDER, Cancellation())
    assert (await handle.result()).phase == "cancelled"


async def test_resume_tries_again(world: World) -> None:
    """What was in the way is mended, and a person says so."""
    number = f"{FICTION}0111"
    await world.start(phone_number=number)
    await world.until(number, waiting_for="operator")
    await world.tell("reset")
    assert (await world.orders.resume(number)).taken
    held = await world.until(number, waiting_for="operator")
    assert [entry.what for entry in held.timeline].count("Resumed.") == 1
    assert (await world.ledger())["requests"]["POST /HostedNumbers/HostedNumberOrders"] == 1


async def test_cancel_at_the_carrier_is_refused_with_what_to_do(slow_world: World) -> None:
    """Once the letter is signed Twilio keeps the order."""
    waiting = await slow_world.verified()
    await slow_world.tell(f"orders/{waiting.sid}", status="carrier-processing")
    await slow_world.until(waiting_for="carrier")
    with pytest.raises(RefusedError, match="off-board"):
        await slow_world.orders.cancel(NUMBER)


@pytest.mark.fault("F52")
async def test_cancel_from_the_temporal_ui_cleans_up(world: World) -> None:
    """A cancelled workflow deletes its order before it ends as cancelled."""
    handle = await world.start()
    await world.until(waiting_for="verification-code")
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, CancelledError)
    assert [order["deleted"] for order in (await world.ledger())["orders"]] == [True]
    assert (await world.orders.progress(NUMBER)).phase == "cancelled"


async def test_temporal_ui_cancel_at_the_carrier_waits_for_the_end(slow_world: World) -> None:
    """Twilio keeps the order, so the workflow stays with it to its end."""
    waiting = await slow_world.verified()
    await slow_world.tell(f"orders/{waiting.sid}", status="carrier-processing")
    await slow_world.until(waiting_for="carrier")
    await slow_world.handle().cancel()
    await slow_world.tell(f"orders/{waiting.sid}", status="completed")
    assert (await slow_world.handle().result()).phase == "completed"


@pytest.mark.fault("F19")
async def test_storm_of_callbacks_makes_few_looks(world: World) -> None:
    """Fifty hints at once that say nothing new cost no look at all; any others few."""
    await world.verified()
    route = f"GET {ORDERS}/{{sid}}"
    before = (await world.ledger())["requests"][route]
    for _ in range(50):
        await world.orders.order_changed(NUMBER, OrderChanged(status="pending-loa"))
    assert (await world.ledger())["requests"][route] == before


@pytest.mark.security("S14")
async def test_page_of_the_temporal_ui_tells_where_the_order_stands(world: World) -> None:
    """The Markdown names the status, who does what, and the link; never a code or an e-mail."""
    handle = await world.start()
    waiting = await world.until(waiting_for="verification-code")
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    details = metadata.current_details
    assert f"{NUMBER}: pending-verification" in details
    assert "Waiting for: verification code" in details
    assert "http://127.0.0.1/orders/%2B15017122661" in details
    assert waiting.verification_code is not None
    assert waiting.verification_code not in details.replace(NUMBER.removeprefix("+"), "")
    assert "owner@example.com" not in details


async def test_history_reads_as_a_story_and_holds_no_surprise(world: World) -> None:
    """Every activity and timer has a summary in words."""
    handle = await world.start()
    await world.until(waiting_for="verification-code")
    summaries = [
        event.user_metadata.summary
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
        or event.HasField("timer_started_event_attributes")
    ]
    assert summaries
    assert all(summary.data for summary in summaries)
