"""A letter changed, withdrawn, signed or lost while an activity works on it."""

import json

import pytest
from temporalio.exceptions import ApplicationError

from activities.authorization_documents import AuthorizationDocumentActivities
from activities.hosted_number_orders import HostedNumberOrderActivities
from hosted_numbers.steps import OrderDeletion, OrderLookup
from tests.activities.running import changed, letter, run, verified
from tests.orders import NUMBER
from tests.world import Twilio

ONE_LETTER = "/HostedNumbers/AuthorizationDocuments/*"
NOWHERE = "PX" + "0" * 32


async def out(twilio: Twilio) -> tuple[AuthorizationDocumentActivities, str, str]:
    """The activities, and an order with its letter out."""
    letters = AuthorizationDocumentActivities(twilio.twilio)
    sid = await verified(twilio)
    sent = await run(letters.find_or_create, letter(sid))
    return letters, sid, str(sent.authorization_document_sid)


async def test_letter_is_withdrawn_changed_and_sent(twilio: Twilio) -> None:
    """Each step run twice is as good as once: one more mail, to the new signer."""
    letters, sid, document = await out(twilio)
    change = changed(sid, document, email="right@example.com", cc_emails=("cc@example.com",))
    for attempt in (1, 2):
        seen = await run(letters.reopen, change, attempt=attempt)
        assert seen.authorization_document_status == "opened"
    for attempt in (1, 2):
        seen = await run(letters.resend, change, attempt=attempt)
        assert seen.authorization_document_status == "signing"
    mails = [mail["email"] for mail in (await twilio.ledger())["loa_mails"]]
    assert mails == ["owner@example.com", "right@example.com"]
    found = await twilio.twilio.authorization_documents.fetch(document)
    assert found.cc_emails == ("cc@example.com",)


@pytest.mark.fault("F33")
async def test_letter_that_was_signed_is_left_as_it_is(twilio: Twilio) -> None:
    """Before the first look, or between the look and the withdrawal (22107)."""
    letters, sid, document = await out(twilio)
    refused = json.dumps({"code": 22107, "message": "fixed", "status": 400})
    await twilio.fault("POST", ONE_LETTER, "status", status=400, body=refused, times=1)
    seen = await run(letters.reopen, changed(sid, document))
    assert seen.authorization_document_status == "signing"
    await twilio.sign_document(document)
    for step in (letters.reopen, letters.resend):
        seen = await run(step, changed(sid, document))
        assert seen.status not in {"verified", "pending-loa"}
        assert seen.authorization_document_sid == document


async def test_other_refusals_of_a_withdrawal_are_told(twilio: Twilio) -> None:
    """Only 22107 means that it is too late."""
    letters, sid, document = await out(twilio)
    refused = json.dumps({"code": 22122, "message": "no", "status": 400})
    await twilio.fault("POST", ONE_LETTER, "status", status=400, body=refused, times=1)
    with pytest.raises(ApplicationError, match="22122"):
        await run(letters.reopen, changed(sid, document))


async def test_letter_that_is_gone_is_seen_as_missing(twilio: Twilio) -> None:
    """Nothing is changed, and the order says that its letter is not found."""
    letters, sid, document = await out(twilio)
    await twilio.fault("GET", ONE_LETTER, "status", status=404)
    for step in (letters.reopen, letters.resend):
        seen = await run(step, changed(sid, document))
        assert seen.authorization_document_status == "missing"
    await twilio.well_again()
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    lookup = OrderLookup(sid=sid, authorization_document_sid=document)
    assert (await run(orders.fetch, lookup)).authorization_document_status == "signing"


async def test_letter_is_withdrawn_with_its_only_order(twilio: Twilio) -> None:
    """Of a deleted order nobody shall sign the letter."""
    _, sid, document = await out(twilio)
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    gone = await run(orders.delete, OrderDeletion(phone_number=NUMBER, sid=sid))
    assert gone.letter == "withdrawn"
    assert (await twilio.twilio.authorization_documents.fetch(document)).status == "opened"
    again = await run(orders.delete, OrderDeletion(phone_number=NUMBER, sid=sid), attempt=2)
    assert again.letter == "none"


async def test_letter_that_others_are_on_stays_out(twilio: Twilio) -> None:
    """Only the order goes."""
    letters, sid, document = await out(twilio)
    other = await verified(twilio, "+12125550120")
    await run(letters.reopen, changed(sid, document))
    await twilio.twilio.authorization_documents.update(
        document, hosted_number_order_sids=[sid, other], status="signing"
    )
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    gone = await run(orders.delete, OrderDeletion(phone_number=NUMBER, sid=sid))
    assert gone.letter == "shared"
    assert (await twilio.twilio.authorization_documents.fetch(document)).status == "signing"


@pytest.mark.parametrize("status", ["canceled", "failed"])
async def test_dead_or_lost_letter_is_none_to_withdraw(twilio: Twilio, status: str) -> None:
    """The order is deleted all the same."""
    letters, sid, document = await out(twilio)
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    dead = json.dumps({"sid": document, "status": status, "cc_emails": []})
    await twilio.fault("GET", ONE_LETTER, "status", status=200, body=dead, times=1)
    assert (await run(orders.delete, OrderDeletion(phone_number=NUMBER, sid=sid))).letter == "none"
    assert (
        await run(letters.resend, changed(await verified(twilio), NOWHERE))
    ).status == "verified"
