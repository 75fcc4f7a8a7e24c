"""Amendments: told to Twilio's order, its letter and its documents, or refused as a whole."""

from datetime import timedelta

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.amendments import amendment_answer, amendment_settled
from hosted_numbers.contract import Amendment, SupportingDocumentRequest
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, next_step, starting
from hosted_numbers.steps import DocumentSnapshot, OrderUpdate, Trouble
from tests.orders import (
    BILL_SID,
    DOCUMENT_SID,
    FILE,
    NOW,
    ORDER_SID,
    PACE,
    PROOF,
    SUPPORT_SID,
    act,
    argument,
    doing,
    says,
    standing_at,
    told,
)

NAME = Amendment(friendly_name="Front desk")


def test_what_twilio_keeps_about_the_order_is_told_to_it() -> None:
    """Its name and e-mails are updated; the answer comes when Twilio has them."""
    before = told(standing_at("verified"), NAME, Amendment(email="other@example.com"))
    expected = OrderUpdate(sid=ORDER_SID, friendly_name="Front desk", email="other@example.com")
    assert argument(before) == expected
    assert not amendment_settled(before, before)
    state = act(before, says("verified"))
    assert amendment_settled(state, before)
    assert amendment_answer(state, before).taken


def test_an_amendment_during_the_update_is_sent_next() -> None:
    """The first answer is not taken for the second one's."""
    state = told(standing_at("verified"), NAME)
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    meanwhile = told(starting(state), Amendment(unique_name="desk-1"))
    state = learn(meanwhile, step, says("verified"), NOW, PACE)
    assert doing(state) == steps.UPDATE_ORDER
    assert argument(state).unique_name == "desk-1"


def test_a_refused_update_holds_and_a_better_one_goes_on() -> None:
    """22104: the e-mail is wrong; whoever amended reads it, and amends again."""
    before = told(standing_at("verified"), Amendment(email="bad@example.com"))
    state = act(before, Trouble(kind="refused", code=22104, status=400))
    assert amendment_settled(state, before)
    assert "22104" in amendment_answer(state, before).reason
    state = act(told(state, Amendment(email="good@example.com")), says("verified"))
    assert argument(state).email == "good@example.com"


def test_an_amendment_before_the_order_is_at_twilio_needs_no_update() -> None:
    """The order is created as amended, its SMS URL included."""
    refused = act(standing_at(None), Trouble(kind="refused", code=22105, status=400))
    amendment = Amendment(friendly_name="Front desk", sms_url="https://example.com/sms")
    before = told(refused, amendment)
    assert amendment_settled(before, before)
    assert argument(before).friendly_name == "Front desk"
    assert argument(before).sms_url == "https://example.com/sms"
    assert amendment_answer(before, before).taken


def test_a_bill_that_twilio_has_is_attached() -> None:
    """Whoever named it is told what Twilio said of it."""
    before = told(standing_at("received"), Amendment(verification_document_sid=BILL_SID))
    assert argument(before).document_sid == BILL_SID
    assert not amendment_settled(before, before)
    state = act(before, Trouble(kind="refused", code=22118, status=400))
    state = act(state, says("received"))
    assert amendment_settled(state, before)
    assert not amendment_answer(state, before).taken
    state = act(before, says("pending-verification"))
    assert amendment_answer(state, before).taken


def test_a_supporting_document_is_replaced_or_added() -> None:
    """The one of its type in a new edition; one of another type beside it."""
    state = standing_at("verified", supporting_documents=(PROOF,))
    other = SupportingDocumentRequest(type="proof_of_address")
    complete = PROOF.model_copy(update={"file": FILE})
    state = told(state, Amendment(supporting_documents=(complete, other)))
    assert [each.edition for each in state.supporting] == [2, 1]
    assert state.files_taken
    assert doing(state) == steps.FIND_OR_CREATE_DOCUMENT


def test_a_document_under_review_is_not_replaced() -> None:
    """Nor is one with a file of another number's order."""
    other = SupportingDocumentRequest(type="proof_of_address")
    state = standing_at("verified", supporting_documents=(other,))
    state = act(state, DocumentSnapshot(type="", sid=SUPPORT_SID, status="pending-review"))
    strange = PROOF.model_copy(update={"file": FILE.model_copy(update={"blob": "+12125550123/1"})})
    for documents, why in (((other,), "looked at already"), ((strange,), "another number's")):
        refused = messages.refusal(state, Amendment(supporting_documents=documents), NOW)
        assert refused is not None
        assert why in refused.reason


@pytest.mark.parametrize(
    ("status", "amendment", "why"),
    [
        ("received", Amendment(), "changes nothing"),
        ("received", Amendment(sms_method="GET"), "only when the order is created"),
        (None, Amendment(unique_name="desk-1"), "does not have the order yet"),
        ("testing", Amendment(extension="7", contact_title="Owner"), "contact_title, extension"),
        ("verified", Amendment(verification_document_sid=BILL_SID), "No bill is asked for"),
        ("testing", Amendment(supporting_documents=(PROOF,)), "No document is asked for"),
    ],
)
def test_an_amendment_that_comes_at_the_wrong_time_is_refused(
    status: str | None, amendment: Amendment, why: str
) -> None:
    """As a whole, with the reason and what to do instead."""
    refused = messages.refusal(standing_at(status), amendment, NOW + timedelta(hours=1))
    assert refused is not None
    assert why in refused.reason
    assert refused.next_step


def test_an_order_that_leaves_is_not_amended() -> None:
    """It is being taken back."""
    refused = messages.refusal(standing_at("verified").but(leaving="cancelled"), NAME, NOW)
    assert refused is not None
    assert "taken back" in refused.reason


def test_an_amendment_of_an_order_that_ends_is_answered() -> None:
    """Twilio failed it before it could be told."""
    before = told(standing_at("verified"), NAME)
    state = act(before.but(stale=True), says("failed", failure_reason="SMS is enabled elsewhere"))
    assert amendment_settled(state, before)
    assert "elsewhere" in amendment_answer(state, before).reason


def test_an_amendment_while_the_order_is_created_is_told_afterwards() -> None:
    """What was sent is compared with what the order says by then."""
    step = next_step(standing_at(None), PACE)
    assert isinstance(step, Do)
    amended = told(standing_at(None), NAME, Amendment(email="right@example.com"))
    state = learn(starting(amended), step, says("received"), NOW, PACE)
    assert state.update == OrderUpdate(
        sid=ORDER_SID, friendly_name="Front desk", email="right@example.com"
    )
    assert doing(state) == steps.UPDATE_ORDER


def test_an_amendment_while_the_letter_is_sent_changes_the_letter() -> None:
    """It went to the wrong person, and is withdrawn and sent to the right one."""
    verified = standing_at("verified")
    step = next_step(verified, PACE)
    assert isinstance(step, Do)
    out = {"authorization_document_sid": DOCUMENT_SID, "authorization_document_status": "signing"}
    amended = told(verified, Amendment(contact_title="Director"))
    state = learn(starting(amended), step, says("pending-loa", **out), NOW, PACE)
    assert doing(state) == steps.REOPEN_AUTHORIZATION
    unchanged = learn(starting(verified), step, says("pending-loa", **out), NOW, PACE)
    assert doing(unchanged) is None
