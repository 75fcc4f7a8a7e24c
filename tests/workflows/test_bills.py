"""Ownership proven by a utility bill: asked for, looked at, rejected, too late."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hosted_numbers import contract
from hosted_numbers.contract import (
    Amendment,
    ProvidedDocument,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import RefusedError
from tests.orders import NUMBER, an_order
from tests.world import World, a_world

ONE_ORDER = "/HostedNumbers/HostedNumberOrders/*"
UPLOADS = "/v1/Documents"
REJECTED = "Bill rejected: the name on it is not the owner's"
RI = "RI" + "c" * 32


async def test_bill_proves_the_number_without_a_call(world: World) -> None:
    """Asked for, handed in, approved: the letter goes out, and no phone ever rang."""
    await world.start(verification_type="phone-bill")
    asked = await world.until(waiting_for="document")
    assert "order bill" in asked.next_step
    answer = await world.provide()
    assert answer.taken
    assert "looks at it" in answer.reason
    waiting = await world.until(waiting_for="document-review", status="pending-verification")
    await world.review(waiting.document_sid, "approved")
    signing = await world.until(waiting_for="signature", status="pending-loa")
    assert signing.document_sid == waiting.document_sid
    ledger = await world.ledger()
    assert ledger["calls"] == []
    assert [document["order_sids"] for document in ledger["documents"]] == [[waiting.sid]]


async def test_rejected_bill_is_asked_for_again_with_the_reason(world: World) -> None:
    """Twilio's reason is shown; the next bill takes the order back to its review."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.provide()
    first = await world.until(waiting_for="document-review")
    await world.review(first.document_sid, "rejected", failure_reason=REJECTED)
    asked = await world.until(waiting_for="document", status="action-required")
    assert REJECTED in asked.reason
    assert (await world.provide()).taken
    second = await world.until(waiting_for="document-review", status="pending-verification")
    assert second.document_sid != first.document_sid
    await world.review(second.document_sid, "approved")
    await world.until(waiting_for="signature")


async def test_bill_that_comes_early_waits_for_twilio(slow_world: World) -> None:
    """Twilio still checks the number: the bill is kept, and goes out when it can."""
    await slow_world.orders.start(an_order(verification_type="phone-bill"))
    await slow_world.until(status="twilio-processing")
    answer = await slow_world.provide()
    assert answer.taken
    assert "as soon as it can" in answer.reason
    assert (await slow_world.ledger())["documents"] == []
    await slow_world.twilio_works()
    await slow_world.until(waiting_for="document-review")


async def test_bill_of_long_ago_is_refused_before_it_is_sent(world: World) -> None:
    """By its own date, or by the order's: nothing of it reaches Twilio."""
    old = datetime.now(UTC).date() - timedelta(days=40)
    await world.start(verification_type="phone-bill", bill_date=old)
    await world.until(waiting_for="document")
    with pytest.raises(RefusedError, match="last 30 days"):
        await world.provide()
    with pytest.raises(RefusedError, match="in the future"):
        await world.provide(bill_date=datetime.now(UTC).date() + timedelta(days=10))
    assert (await world.ledger())["documents"] == []
    assert (await world.provide(bill_date=datetime.now(UTC).date())).taken


async def test_bill_that_grew_old_on_its_way_is_asked_for_again(
    slow_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was of the last 30 days when it was taken, and is not when it would be sent."""
    await slow_world.orders.start(an_order(verification_type="phone-bill"))
    await slow_world.until(status="twilio-processing")
    assert (await slow_world.provide(bill_date=datetime.now(UTC).date())).taken
    monkeypatch.setattr("activities.documents.bill_complaint", lambda *_: "The bill is too old.")
    await slow_world.twilio_works()
    asked = await slow_world.until(waiting_for="document")
    assert "too old" in asked.reason
    assert (await slow_world.ledger())["documents"] == []


async def test_bill_whose_file_is_gone_is_asked_for_again(world: World) -> None:
    """Somebody emptied the blob store: the answer says so at once."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    document = await world.kept()
    await world.blobs.delete(document.blob)
    answer = await world.orders.provide_document(NUMBER, ProvidedDocument(document=document))
    assert not answer.taken
    assert "no longer in the blob store" in answer.reason
    await world.until(waiting_for="document", reason=answer.reason)


async def test_file_of_another_number_is_refused(world: World) -> None:
    """A reference names the number that its file belongs to."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    provided = ProvidedDocument(document=await world.kept("+12125550110"))
    with pytest.raises(RefusedError, match="another number"):
        await world.orders.provide_document(NUMBER, provided)


async def test_sid_that_twilio_does_not_take_is_replaced_by_one_it_does() -> None:
    """22118: the document is no proof; a person names one that Twilio has, RI…."""
    async with a_world(strict_document_sids=True) as world:
        await world.start(verification_type="phone-bill")
        await world.until(waiting_for="document")
        answer = await world.provide()
        assert not answer.taken
        assert "22118" in answer.reason
        await world.until(waiting_for="document", reason=answer.reason)
        amended = await world.orders.amend(NUMBER, Amendment(verification_document_sid=RI))
        assert amended.taken
        waiting = await world.until(waiting_for="document-review")
        assert waiting.document_sid == RI
        await world.review(RI, "approved")
        await world.until(waiting_for="signature")


async def test_sid_that_nobody_takes_is_told_to_who_amended_it(world: World) -> None:
    """The answer to the amendment is Twilio's verdict on the document."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    unknown = Amendment(verification_document_sid="RD" + "0" * 32)
    answer = await world.orders.amend(NUMBER, unknown)
    assert not answer.taken
    assert "22118" in answer.reason
    await world.until(waiting_for="document")


async def test_bill_takes_the_place_of_a_call_that_rings(world: World) -> None:
    """The code of the call is dead with it, and no other call can be asked for meanwhile."""
    await world.start()
    ringing = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(ringing))
    assert (await world.provide()).taken
    waiting = await world.until(waiting_for="document-review")
    assert waiting.verification_code is None
    with pytest.raises(RefusedError, match="looks at the bill"):
        await world.orders.submit_verification_code(NUMBER, code)
    with pytest.raises(RefusedError, match="looks at the bill"):
        await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    await world.review(waiting.document_sid, "approved")
    await world.until(waiting_for="signature")


async def test_call_can_be_asked_for_in_place_of_a_bill(world: World) -> None:
    """Whoever cannot find a bill has the number called after all."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    answer = await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    assert answer.taken
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(NUMBER, code)).taken


async def test_bill_that_overtakes_a_code_is_given_back_when_the_code_is_right(
    world: World,
) -> None:
    """A code and a bill at once: the code was right, so nobody needs the bill."""
    await world.start()
    ringing = await world.until(waiting_for="verification-code")
    await world.hold("POST", ONE_ORDER)
    code = VerificationCodeEntry(code=await world.code(ringing))
    both = asyncio.gather(world.orders.submit_verification_code(NUMBER, code), world.provide())
    await world.struck()
    await world.accepted(2)
    await world.well_again()
    first, second = await both
    assert first.taken
    assert not second.taken
    assert "No bill is needed" in second.reason
    ledger = await world.ledger()
    assert ledger["documents"] == []


async def test_second_bill_is_refused_while_the_first_is_looked_at(world: World) -> None:
    """Two people at once: one bill goes to Twilio, the other person is told so."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.hold("POST", UPLOADS)
    first = asyncio.create_task(world.provide())
    await world.struck()
    with pytest.raises(RefusedError, match="A bill is being looked at already"):
        await world.provide()
    await world.well_again()
    assert (await first).taken
    assert len((await world.ledger())["documents"]) == 1


@pytest.mark.fault("F29")
async def test_bill_helps_when_twilio_allows_no_more_calls(world: World) -> None:
    """22100: calls that somebody placed in the console used them up; a bill still proves it."""
    await world.start(call_when="asked")
    waiting = await world.until(waiting_for="verification-call")
    world.callbacks.lost = True
    for _ in range(3):
        await world.twilio.hosted_number_orders.update(
            str(waiting.sid), status="pending-verification"
        )
    answer = await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    assert not answer.taken
    assert "22100" in answer.reason
    stuck = await world.until(status="action-required", waiting_for="operator")
    assert "utility bill" in stuck.next_step
    assert stuck.attempts_left == 0
    with pytest.raises(RefusedError):
        await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    assert (await world.provide()).taken
    review = await world.until(waiting_for="document-review", status="pending-verification")
    await world.review(review.document_sid, "approved")
    await world.env.sleep(timedelta(minutes=1))
    await world.until(waiting_for="signature")
    assert len((await world.ledger())["calls"]) == 3


@pytest.mark.fault("F32")
async def test_bill_helps_where_no_call_gets_through(world: World) -> None:
    """22123: with a bill at Twilio, the call that was planned is not placed any more."""
    number = "+12125550115"
    await world.start(phone_number=number)
    await world.until(number, waiting_for="verification-call")
    assert (await world.provide(number)).taken
    await world.until(number, waiting_for="document-review")
    await world.env.sleep(timedelta(hours=5))
    waiting = await world.until(number, waiting_for="document-review")
    assert (waiting.attempts_used, (await world.ledger())["calls"]) == (0, [])
    await world.review(waiting.document_sid, "approved")
    await world.until(number, waiting_for="signature")


async def test_bill_that_nobody_needs_is_refused(world: World) -> None:
    """A verified number needs no proof, and a bill by signal becomes a line in the timeline."""
    await world.verified()
    with pytest.raises(RefusedError, match="No bill is asked for"):
        await world.provide()
    provided = ProvidedDocument(document=await world.kept())
    await world.handle().signal(contract.PROVIDE_DOCUMENT, provided)
    assert any("Not taken: No bill is asked for" in line for line in await world.story())


async def test_bill_by_signal_goes_the_same_way(world: World) -> None:
    """For those who cannot wait for an answer."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    provided = ProvidedDocument(document=await world.kept())
    await world.handle().signal(contract.PROVIDE_DOCUMENT, provided)
    await world.until(waiting_for="document-review")
