"""What the number's regulation needs beside the order: no letter goes out before it is approved."""

import json
from datetime import timedelta

import pytest

from hosted_numbers import contract
from hosted_numbers.contract import (
    Amendment,
    ProvidedDocument,
    SupportingDocumentProgress,
    SupportingDocumentRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import RefusedError
from tests.orders import NUMBER, an_order
from tests.world import World

REGISTRATION = "business_registration"
PROOF = "proof_of_address"
A_LOOK = timedelta(seconds=20)
CREATE = "/v2/RegulatoryCompliance/SupportingDocuments"


async def owner_verified(world: World, *documents: SupportingDocumentRequest) -> str:
    """An order whose owner is verified, with the documents that it needs; its SID."""
    await world.start(supporting_documents=documents)
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(NUMBER, code)).taken
    await world.until(status="verified")
    return str(waiting.sid)


def registration(**fields: object) -> SupportingDocumentRequest:
    return SupportingDocumentRequest.model_validate({"type": REGISTRATION} | fields)


async def document_of(
    world: World, type_: str = REGISTRATION, **expected: object
) -> SupportingDocumentProgress:
    """The order's document of a type, once it stands as expected."""
    for _ in range(5):
        found = (await world.orders.progress(NUMBER)).supporting_documents
        for document in found:
            if document.type == type_ and expected.items() <= document.model_dump().items():
                return document
        await world.env.sleep(A_LOOK)
    raise AssertionError(f"no {type_} with {expected} in {found}")


async def test_letter_waits_until_the_document_is_approved(world: World) -> None:
    """A document without a file is created at once; the gate opens with its approval."""
    await owner_verified(world, registration(attributes={"business_name": "Example Ltd"}))
    waiting = await world.until(waiting_for="document-review")
    assert REGISTRATION in waiting.reason
    assert (await world.ledger())["loa_mails"] == []
    document = await document_of(world, reason=None)
    await world.review_supporting(document.sid, "pending-review")
    await world.env.sleep(A_LOOK)
    await world.until(waiting_for="document-review")
    await world.review_supporting(document.sid, "approved")
    await world.env.sleep(timedelta(minutes=2))
    await world.until(waiting_for="signature", status="pending-loa")
    assert "Twilio approved the business_registration." in await world.story()
    found = await world.twilio.supporting_documents.fetch(str(document.sid))
    assert found.attributes == {"business_name": "Example Ltd"}


async def test_document_with_a_file_is_asked_for_and_provided(world: World) -> None:
    """It is asked for while the code still is, and the order waits for it when verified."""
    await world.start(supporting_documents=[registration(with_file=True)])
    ringing = await world.until(waiting_for="verification-code")
    assert f"--type {REGISTRATION}" in ringing.next_step
    code = VerificationCodeEntry(code=await world.code(ringing))
    await world.orders.submit_verification_code(NUMBER, code)
    asked = await world.until(waiting_for="document", status="verified")
    assert "not provided yet" in asked.reason
    answer = await world.provide(type=REGISTRATION)
    assert answer.taken
    assert "Twilio has the business registration" in answer.reason
    await world.until(waiting_for="document-review")
    with pytest.raises(RefusedError, match="being looked at already"):
        await world.provide(type=REGISTRATION)
    document = await document_of(world)
    await world.review_supporting(document.sid, "provisionally-approved")
    await world.env.sleep(timedelta(minutes=2))
    await world.until(waiting_for="signature")
    with pytest.raises(RefusedError, match="No document is asked for"):
        await world.provide(type=REGISTRATION)


async def test_file_can_come_with_the_order(world: World) -> None:
    """A file that was kept before the order is sent needs no second act."""
    await owner_verified(world, registration(with_file=True, file=await world.kept()))
    await world.until(waiting_for="document-review")
    assert len((await world.ledger())["supporting_documents"]) == 1


async def test_rejected_document_is_replaced(world: World) -> None:
    """Twilio's reason is shown; another file makes a second document, and only that is judged."""
    await owner_verified(world, registration(with_file=True))
    await world.until(waiting_for="document")
    await world.provide(type=REGISTRATION)
    first = await document_of(world)
    await world.review_supporting(first.sid, "rejected", failure_reason="It is cut off")
    await world.env.sleep(A_LOOK)
    asked = await world.until(waiting_for="document")
    assert "It is cut off" in asked.reason
    assert (await world.provide(type=REGISTRATION)).taken
    second = await document_of(world, reason=None)
    assert second.sid != first.sid
    await world.review_supporting(second.sid, "approved")
    await world.env.sleep(timedelta(minutes=2))
    await world.until(waiting_for="signature")
    ledger = await world.ledger()
    assert [each["status"] for each in ledger["supporting_documents"]] == ["rejected", "approved"]


async def test_rejected_document_without_a_file_is_amended(world: World) -> None:
    """Nothing can be uploaded in its place: its attributes are corrected."""
    await owner_verified(world, registration())
    first = await document_of(world, reason=None)
    await world.until(waiting_for="document-review")
    await world.review_supporting(first.sid, "rejected")
    await world.env.sleep(A_LOOK)
    asked = await world.until(waiting_for="document")
    assert "Amend supporting_documents" in asked.next_step
    with pytest.raises(RefusedError, match="has no file"):
        await world.provide(type=REGISTRATION)
    better = Amendment(supporting_documents=(registration(attributes={"name": "Right Ltd"}),))
    assert (await world.orders.amend(NUMBER, better)).taken
    second = await document_of(world, status="draft")
    assert second.sid != first.sid
    found = await world.twilio.supporting_documents.fetch(str(second.sid))
    assert found.attributes == {"name": "Right Ltd"}


async def test_document_is_replaced_before_it_was_provided(world: World) -> None:
    """A wrong type's file is not wanted any more once the amendment says that none is."""
    await owner_verified(world, registration(with_file=True))
    await world.until(waiting_for="document")
    added = SupportingDocumentRequest(type=PROOF, friendly_name="Address")
    amendment = Amendment(supporting_documents=(registration(), added))
    assert (await world.orders.amend(NUMBER, amendment)).taken
    await world.until(waiting_for="document-review")
    for type_ in (REGISTRATION, PROOF):
        document = await document_of(world, type_, status="draft")
        await world.review_supporting(document.sid, "approved")
    await world.env.sleep(timedelta(minutes=2))
    await world.until(waiting_for="signature")


async def test_document_deleted_at_twilio_is_looked_for_twice_and_asked_for(world: World) -> None:
    """One 404 is a hiccup; the second asks a person for another document."""
    await owner_verified(world, registration())
    await world.until(waiting_for="document-review")
    document = await document_of(world, status="draft")
    await world.twilio.supporting_documents.delete(str(document.sid))
    await world.env.sleep(A_LOOK)
    await document_of(world, status="missing")
    await world.env.sleep(timedelta(minutes=2))
    asked = await world.until(waiting_for="document")
    assert "does not find the document" in asked.reason
    again = Amendment(supporting_documents=(registration(),))
    assert (await world.orders.amend(NUMBER, again)).taken
    await world.until(waiting_for="document-review")


async def test_document_that_is_found_again_is_still_under_review(world: World) -> None:
    """Twilio did not find it for a moment: nothing is asked for."""
    await owner_verified(world, registration())
    await world.until(waiting_for="document-review")
    document = await document_of(world, status="draft")
    await world.fault("GET", f"{CREATE}/*", "status", status=404, times=1)
    await world.env.sleep(A_LOOK)
    await world.env.sleep(timedelta(minutes=2))
    assert (await document_of(world, status="draft")).sid == document.sid
    await world.until(waiting_for="document-review")


async def test_document_that_expired_is_asked_for_again(world: World) -> None:
    """Where Twilio gives no reason, its status does."""
    await owner_verified(world, registration())
    await world.until(waiting_for="document-review")
    document = await document_of(world, status="draft")
    answer: dict[str, object] = {
        "sid": document.sid,
        "status": "expired",
        "type": REGISTRATION,
        "attributes": {},
    }
    await world.fault("GET", f"{CREATE}/*", "status", status=200, body=json.dumps(answer), times=1)
    await world.env.sleep(A_LOOK)
    asked = await world.until(waiting_for="document")
    assert "expired" in asked.reason


async def test_document_that_twilio_refuses_to_make_is_amended(world: World) -> None:
    """22210, an unknown type: the reason is the document's, and the order waits for a person."""
    body = json.dumps({"code": 22210, "message": "no such type", "status": 400})
    await world.fault("POST", CREATE, "status", status=400, body=body, times=1)
    await owner_verified(world, registration())
    asked = await world.until(waiting_for="document")
    assert "22210" in asked.reason
    again = Amendment(supporting_documents=(registration(),))
    assert (await world.orders.amend(NUMBER, again)).taken
    await world.until(waiting_for="document-review")


async def test_document_whose_file_is_gone_is_asked_for_again(world: World) -> None:
    """Nothing is created at Twilio without its file."""
    await owner_verified(world, registration(with_file=True))
    await world.until(waiting_for="document")
    kept = await world.kept()
    await world.blobs.delete(kept.blob)
    provided = ProvidedDocument(document=kept, type=REGISTRATION)
    answer = await world.orders.provide_document(NUMBER, provided)
    assert not answer.taken
    assert "no longer in the blob store" in answer.reason
    assert (await world.ledger())["supporting_documents"] == []


async def test_document_that_the_order_does_not_need_is_refused(world: World) -> None:
    """Only what the order names is taken, and only files of its own number."""
    await world.start(supporting_documents=[registration(with_file=True)])
    await world.until(waiting_for="verification-code")
    with pytest.raises(RefusedError, match=f"asks for no {PROOF}") as refusal:
        await world.provide(type=PROOF)
    assert REGISTRATION in refusal.value.next_step
    theirs = await world.kept("+12125550110")
    with pytest.raises(RefusedError, match="another number"):
        await world.orders.provide_document(
            NUMBER, ProvidedDocument(document=theirs, type=REGISTRATION)
        )
    with pytest.raises(RefusedError, match="another number"):
        await world.orders.amend(
            NUMBER, Amendment(supporting_documents=(registration(with_file=True, file=theirs),))
        )


async def test_document_that_comes_before_twilio_has_the_order_is_kept(slow_world: World) -> None:
    """It is created as soon as the order is under way."""
    await slow_world.fault("POST", "/HostedNumbers/HostedNumberOrders", "status", status=401)
    await slow_world.orders.start(an_order(supporting_documents=[registration(with_file=True)]))
    await slow_world.until(waiting_for="operator")
    answer = await slow_world.provide(type=REGISTRATION)
    assert answer.taken
    assert "as soon as it can" in answer.reason
    await slow_world.well_again()
    await slow_world.env.sleep(timedelta(minutes=10))
    await document_of(slow_world, status="draft")


async def test_document_by_signal_is_taken_too(world: World) -> None:
    """For those who cannot wait for an answer."""
    await owner_verified(world, registration(with_file=True))
    await world.until(waiting_for="document")
    provided = ProvidedDocument(document=await world.kept(), type=REGISTRATION)
    await world.handle().signal(contract.PROVIDE_DOCUMENT, provided)
    await world.until(waiting_for="document-review")
