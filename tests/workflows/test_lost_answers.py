"""Steps that took effect while their answer was lost: none of them happens twice."""

from collections.abc import Sequence

import pytest

from hosted_numbers.contract import Amendment, SupportingDocumentRequest, VerificationCodeEntry
from tests.orders import NUMBER
from tests.world import World

UPLOADS = "/v1/Documents"
SUPPORTING = "/v2/RegulatoryCompliance/SupportingDocuments"
ORDERS = "/HostedNumbers/HostedNumberOrders"
ONE_ORDER = f"{ORDERS}/*"
ONE_LETTER = "/HostedNumbers/AuthorizationDocuments/*"
LOST = ["commit-then-drop", "garbage"]


async def mails(world: World) -> Sequence[str]:
    """Who was sent a letter, in order."""
    return [mail["email"] for mail in (await world.ledger())["loa_mails"]]


@pytest.mark.fault("F14")
@pytest.mark.parametrize("action", LOST)
async def test_upload_of_a_bill_leaves_at_worst_an_orphan(world: World, action: str) -> None:
    """Twilio has no list of uploads: the order is verified by the second one alone."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.fault("POST", UPLOADS, action, times=1)
    assert (await world.while_time_goes_by(world.provide())).taken
    waiting = await world.until(waiting_for="document-review")
    documents = (await world.ledger())["documents"]
    assert [each["order_sids"] for each in documents] == [[], [waiting.sid]]


@pytest.mark.fault("F14")
@pytest.mark.parametrize("action", LOST)
async def test_bill_is_attached_once(world: World, action: str) -> None:
    """The same document is named again, and nobody is called."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.fault("POST", ONE_ORDER, action, times=1)
    assert (await world.while_time_goes_by(world.provide())).taken
    await world.until(waiting_for="document-review")
    ledger = await world.ledger()
    assert (len(ledger["documents"]), ledger["calls"]) == (1, [])


@pytest.mark.fault("F14")
@pytest.mark.parametrize("action", LOST)
async def test_bill_is_attached_once_in_action_required(world: World, action: str) -> None:
    """The second bill took the order back to its review, and nobody heard: it is asked again."""
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    await world.provide()
    first = await world.until(waiting_for="document-review")
    await world.review(first.document_sid, "rejected")
    await world.until(waiting_for="document")
    world.callbacks.lost = True
    await world.fault("POST", ONE_ORDER, action, times=1)
    assert (await world.while_time_goes_by(world.provide())).taken
    await world.until(waiting_for="document-review", status="pending-verification")


@pytest.mark.fault("F14")
@pytest.mark.parametrize("action", LOST)
async def test_supporting_document_is_created_once(world: World, action: str) -> None:
    """It is found by its name in Twilio's list."""
    await world.fault("POST", SUPPORTING, action, times=1)
    await world.start(supporting_documents=[SupportingDocumentRequest(type="proof_of_address")])
    await world.while_time_goes_by(_code_entered(world))
    await world.while_time_goes_by(world.until(waiting_for="document-review"))
    assert len((await world.ledger())["supporting_documents"]) == 1


async def _code_entered(world: World) -> None:
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    await world.orders.submit_verification_code(NUMBER, code)


@pytest.mark.fault("F08")
@pytest.mark.parametrize("action", [*LOST, "drop"])
async def test_withdrawn_letter_is_changed_all_the_same(world: World, action: str) -> None:
    """Withdrawn, and nobody heard: one change, one more mail."""
    signing = await world.verified()
    await world.fault("POST", ONE_LETTER, action, times=1)
    changes = Amendment(contact_title="Director")
    answer = await world.while_time_goes_by(world.orders.amend(NUMBER, changes))
    assert answer.taken
    await world.until(
        waiting_for="signature", authorization_document_sid=signing.authorization_document_sid
    )
    assert await mails(world) == ["owner@example.com"] * 2


@pytest.mark.fault("F08")
@pytest.mark.parametrize("action", LOST)
async def test_changed_letter_is_mailed_once(world: World, action: str) -> None:
    """Sent again, and nobody heard: there is no third mail."""
    signing = await world.verified()
    sid = str(signing.authorization_document_sid)
    await world.twilio.authorization_documents.update(sid, status="opened")
    await world.while_time_goes_by(world.until(waiting_for="operator"))
    await world.fault("POST", ONE_LETTER, action, times=1)
    assert (await world.orders.amend(NUMBER, Amendment(contact_title="Director"))).taken
    await world.while_time_goes_by(world.until(waiting_for="signature", status="pending-loa"))
    assert await mails(world) == ["owner@example.com"] * 2


@pytest.mark.fault("F14")
@pytest.mark.parametrize("action", [*LOST, "truncate"])
async def test_change_of_the_order_is_told_until_it_is_heard(world: World, action: str) -> None:
    """It says what shall be, whole: twice the same is once."""
    signing = await world.verified()
    await world.fault("POST", ONE_ORDER, action, times=1)
    changes = Amendment(friendly_name="Front desk", unique_name="desk-1")
    assert (await world.while_time_goes_by(world.orders.amend(NUMBER, changes))).taken
    order = await world.twilio.hosted_number_orders.fetch(str(signing.sid))
    assert (order.friendly_name, order.unique_name) == ("Front desk", "desk-1")


@pytest.mark.fault("F14")
@pytest.mark.parametrize("action", ["commit-then-drop", "drop"])
async def test_deletion_is_known_by_what_is_gone(world: World, action: str) -> None:
    """The order is gone, and nobody heard: not found is as good as deleted."""
    await world.verified()
    await world.fault("DELETE", ONE_ORDER, action, times=1)
    assert (await world.while_time_goes_by(world.orders.cancel(NUMBER))).taken
    await world.until(phase="cancelled")
    assert [order["deleted"] for order in (await world.ledger())["orders"]] == [True]
