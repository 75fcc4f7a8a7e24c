"""Bills and supporting documents: what is asked for, taken, sent, refused, and told of it."""

from datetime import timedelta

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.contract import (
    Answer,
    ProvidedDocument,
    SupportingDocumentRequest,
    VerificationCallRequest,
)
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, next_step, starting
from hosted_numbers.order_state import OrderState, begin
from hosted_numbers.provided_documents import document_answer, document_settled
from hosted_numbers.standing import details, progress
from hosted_numbers.steps import DocumentSnapshot, Outcome, Trouble
from tests.orders import (
    BILL_SID,
    BLOB,
    FILE,
    NOW,
    NUMBER,
    ORDER_SID,
    PACE,
    PROOF,
    SUPPORT_SID,
    act,
    an_order,
    argument,
    doing,
    says,
    standing_at,
    told,
)

BILL = ProvidedDocument(document=FILE)
IMAGE = ProvidedDocument(document=FILE, type=PROOF.type)
ADDRESS = SupportingDocumentRequest(type="proof_of_address")
UPLOADED = DocumentSnapshot(type="utility_bill", sid=BILL_SID, status="pending-review")
REFUSED = Trouble(kind="refused", code=22118, status=400)


def verdict(state: OrderState, ticket: int = 1) -> Answer:
    return state.verdicts[ticket]


def billed(status: str = "received", **order: object) -> OrderState:
    return told(standing_at(status, **order), BILL)


def attached() -> OrderState:
    """An order whose bill Twilio looks at."""
    return act(act(billed(), UPLOADED), says("pending-verification"))


def test_a_bill_goes_to_twilio_and_proves_the_ownership() -> None:
    """Uploaded, attached, looked at: whoever provided it is told when Twilio has it."""
    state = billed(verification_type="phone-bill")
    assert progress(state).reason == "The bill is being sent to Twilio."
    assert argument(state) == steps.BillUpload(file=FILE)
    state = act(state, UPLOADED)
    expected = steps.BillAttachment(sid=ORDER_SID, document_sid=BILL_SID, start=True)
    assert argument(state) == expected
    assert not document_settled(state, "utility_bill", 1)
    state = act(state, says("pending-verification", verification_type="phone-bill"))
    assert document_settled(state, "utility_bill", 1)
    assert document_answer(state, "utility_bill", 1).taken
    assert progress(state).waiting_for == "document-review"
    assert BILL_SID in details(state)
    state = act(state.but(stale=True), says("verified", verification_document_sid=BILL_SID))
    assert state.bill is None
    assert progress(state).document_sid == BILL_SID


def test_an_order_by_bill_asks_for_one() -> None:
    """No call is placed; the document is asked for, and the reminder of it as well."""
    state = act(begin(an_order(verification_type="phone-bill"), NOW), says("received"))
    assert doing(state) is None
    assert progress(state).waiting_for == "document"
    assert "order bill" in progress(state).next_step


def test_a_bill_early_waits_for_twilio() -> None:
    """Before Twilio has received the order the bill is kept, and its provider told so."""
    state = told(standing_at("twilio-processing"), BILL)
    assert doing(state) is None
    assert document_settled(state, "utility_bill", 1)
    assert "kept" in document_answer(state, "utility_bill", 1).reason
    assert doing(act(state.but(stale=True), says("received"))) == steps.UPLOAD_BILL


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (DocumentSnapshot(type="utility_bill", reason="It is not readable."), "not readable"),
        (DocumentSnapshot(type="utility_bill", sid=BILL_SID, status="rejected"), "rejected"),
        (DocumentSnapshot(type="utility_bill", sid=BILL_SID, status="expired"), "expired"),
        (REFUSED, "22118"),
    ],
)
def test_a_bill_that_is_not_taken_is_asked_for_again(outcome: Outcome, why: str) -> None:
    """With the reason, to whoever provided it and in the order's progress."""
    state = act(billed(), outcome)
    state = state.but(stale=False)
    assert not verdict(state).taken
    assert why in verdict(state).reason
    assert progress(state).waiting_for == "document"
    assert why in progress(state).reason
    again = told(state, BILL)
    assert doing(again) == steps.UPLOAD_BILL
    assert again.tickets == 2


@pytest.mark.parametrize(("code", "why"), [(22112, "moved before"), (22118, "as proof")])
def test_a_bill_that_cannot_be_attached_is_given_back(code: int, why: str) -> None:
    """A race with the order's status is told apart from a bill that is no proof."""
    state = act(act(billed(), UPLOADED), Trouble(kind="refused", code=code, status=400))
    assert doing(state) == steps.FETCH_ORDER
    assert why in verdict(state).reason


@pytest.mark.parametrize(
    ("status", "reason", "why"),
    [
        ("action-required", "The bill is of another company.", "another company"),
        ("action-required", None, "as proof of ownership"),
        ("received", None, "asks for the proof of ownership again"),
    ],
)
def test_a_bill_that_twilio_rejects_later_is_asked_for_again(
    status: str, reason: str | None, why: str
) -> None:
    """The order moved because of its bill: another one helps."""
    state = act(attached().but(stale=True), says(status, failure_reason=reason))
    assert why in progress(state).reason
    assert progress(state).waiting_for == "document"


def test_a_bill_in_action_required_is_attached_without_a_start() -> None:
    """Twilio lets nobody ask for the verification there; it goes on by itself."""
    state = standing_at("received").but(stale=True)
    state = told(act(state, says("action-required", failure_reason="22100: attempts")), BILL)
    state = act(state, UPLOADED)
    assert argument(state).start is False
    state = act(state, says("action-required", failure_reason="22100: attempts"))
    assert progress(state).waiting_for == "document-review"
    same = act(state.but(stale=True), says("action-required", failure_reason="22100: attempts"))
    assert same.bill is not None, "the same problem again is no news of the bill"


@pytest.mark.parametrize("status", ["verified", "carrier-processing"])
def test_a_bill_that_is_not_needed_any_more_is_given_back(status: str) -> None:
    """Somebody entered the code meanwhile."""
    state = act(billed().but(stale=True), says(status))
    assert "needed any more" in verdict(state).reason
    assert state.bill is None


def test_a_bill_of_an_order_that_leaves_is_given_back() -> None:
    """Whoever provided it learns that the order is taken back."""
    state = billed().but(leaving="cancelled")
    assert document_settled(state, "utility_bill", 1)
    assert not document_answer(state, "utility_bill", 1).taken
    state = act(state, steps.OrderGone(letter="none"))
    assert not verdict(state).taken
    assert "cancelled" in verdict(state).reason


def test_a_call_in_flight_is_not_tried_again_behind_a_bill() -> None:
    """A line that was busy when the bill came is not called hours later (22123)."""
    state = act(begin(an_order(), NOW), says("received"))
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    meanwhile = told(starting(state), BILL)
    busy = Trouble(kind="refused", code=22123, status=400)
    state = learn(meanwhile, step, busy, NOW, PACE)
    assert state.call_at is None
    assert not state.call_wanted


def test_an_outcome_for_a_bill_that_is_no_more_changes_nothing() -> None:
    """The order moved on while the bill was on its way."""
    step = next_step(billed(), PACE)
    assert isinstance(step, Do)
    without = billed().but(bill=None)
    assert learn(without, step, UPLOADED, NOW, PACE) == without
    assert learn(without, step, REFUSED, NOW, PACE).bill_trouble is None
    state = act(billed(), UPLOADED)
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    later = learn(state.but(bill=None), step, says("received"), NOW, PACE)
    assert later.verdicts == {}


REFUSALS = [
    (BILL.model_copy(update={"bill_date": NOW.date() - timedelta(days=31)}), "last 30 days"),
    (BILL.model_copy(update={"bill_date": NOW.date() + timedelta(days=2)}), "future"),
    (
        ProvidedDocument(document=FILE.model_copy(update={"blob": "+12125550123/1"})),
        "another number's",
    ),
    (ProvidedDocument(document=FILE, type="passport"), "asks for no passport"),
    (ProvidedDocument(document=FILE, type="proof_of_address"), "has no file"),
]


@pytest.mark.parametrize(("message", "why"), REFUSALS)
def test_a_document_that_cannot_help_is_refused_at_once(
    message: ProvidedDocument, why: str
) -> None:
    """Too old, somebody else's, not asked for, or without a file."""
    failed = standing_at("received", supporting_documents=(ADDRESS,))
    failed = act(failed, DocumentSnapshot(type="", reason="Unknown attribute."))
    refused = messages.refusal(failed, message, NOW)
    assert refused is not None
    assert why in refused.reason
    assert refused.next_step


def test_the_orders_own_bill_date_counts_where_none_is_given() -> None:
    """The backend told the date with the order."""
    old = standing_at("received", bill_date=NOW.date() - timedelta(days=40))
    assert messages.refusal(old, BILL, NOW) is not None
    assert messages.refusal(old, BILL.model_copy(update={"bill_date": NOW.date()}), NOW) is None


def test_a_second_bill_waits_for_the_first() -> None:
    """One bill at a time; a call is not asked for behind it either."""
    for message in (BILL, VerificationCallRequest()):
        refused = messages.refusal(attached(), message, NOW)
        assert refused is not None
        assert refused.reason


def test_supporting_documents_are_created_side_by_side() -> None:
    """What is complete is created at once; the letter waits until all are approved."""
    state = standing_at("verified", supporting_documents=(PROOF, ADDRESS))
    assert progress(state).waiting_for == "document"
    assert argument(state).request == ADDRESS
    review = DocumentSnapshot(type=ADDRESS.type, sid=SUPPORT_SID, status="pending-review")
    state = act(state, review)
    assert doing(state) is None
    state = told(state, IMAGE)
    assert not document_settled(state, PROOF.type, 0)
    assert argument(state).request.file == FILE
    other = DocumentSnapshot(type=PROOF.type, sid=BILL_SID, status="draft")
    state = act(state, other)
    assert document_settled(state, PROOF.type, 0)
    assert document_answer(state, PROOF.type, 0).reason.startswith("Twilio has the business")
    assert progress(state).waiting_for == "document-review"
    assert argument(state.but(stale=True)).supporting_document_sids == (BILL_SID, SUPPORT_SID)
    approved = [
        DocumentSnapshot(type="", sid=sid, status="approved") for sid in (BILL_SID, SUPPORT_SID)
    ]
    state = act(state.but(stale=True), says("verified", supporting_documents=tuple(approved)))
    assert "Twilio approved the proof_of_address." in [entry.what for entry in state.timeline]
    assert doing(state) == steps.FIND_OR_CREATE_AUTHORIZATION
    refused = messages.refusal(state, IMAGE, NOW)
    assert refused is not None
    assert "approved" in refused.reason


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (DocumentSnapshot(type="", reason="Too large."), "Too large."),
        (DocumentSnapshot(type="", sid=SUPPORT_SID, status="rejected"), "rejected"),
        (Trouble(kind="refused", code=22207, status=400), "22207"),
    ],
)
def test_a_refused_supporting_document_is_asked_for_again(outcome: Outcome, why: str) -> None:
    """Its provider and the progress are told why; the next edition replaces it."""
    state = act(told(standing_at("verified", supporting_documents=(PROOF,)), IMAGE), outcome)
    answer = document_answer(state, PROOF.type, 0)
    assert not answer.taken
    assert why in answer.reason
    assert progress(state).supporting_documents[0].reason is not None
    assert PROOF.type in details(state)
    again = told(state, IMAGE)
    assert argument(again).edition == 3


def test_a_document_that_twilio_does_not_find_is_looked_for_twice() -> None:
    """A 404 is more often a hiccup; after the second one another document is asked for."""
    state = standing_at("verified", supporting_documents=(ADDRESS,))
    state = act(state, DocumentSnapshot(type="", sid=SUPPORT_SID, status="pending-review"))
    gone = (DocumentSnapshot(type="", sid=SUPPORT_SID, status="missing"),)
    state = act(state.but(stale=True), says("verified", supporting_documents=gone))
    assert progress(state).waiting_for == "document-review"
    state = act(state.but(stale=True), says("verified", supporting_documents=gone))
    assert progress(state).waiting_for == "document"
    assert "does not find" in progress(state).reason


def test_an_outcome_for_a_replaced_document_changes_nothing() -> None:
    """Another edition came while the first was on its way."""
    state = told(standing_at("verified", supporting_documents=(PROOF,)), IMAGE)
    step = next_step(state, PACE)
    assert isinstance(step, Do)
    late = DocumentSnapshot(type="", sid=SUPPORT_SID, status="pending-review")
    newer = state.with_supporting(state.supporting[0].replaced(PROOF))
    assert learn(newer, step, late, NOW, PACE) == newer
    assert learn(state.but(supporting=()), step, late, NOW, PACE).supporting == ()


def test_a_document_before_the_order_is_at_twilio_is_kept() -> None:
    """It goes to Twilio as soon as Twilio has the order."""
    state = told(standing_at(None, supporting_documents=(PROOF,)), IMAGE)
    assert document_settled(state, PROOF.type, 0)
    assert "is kept" in document_answer(state, PROOF.type, 0).reason
    assert state.files_taken


def test_files_sent_with_the_order_are_remembered() -> None:
    """Their disposal must not be forgotten when the order ends."""
    with_file = PROOF.model_copy(update={"file": FILE})
    assert standing_at(None, supporting_documents=(with_file,)).files_taken
    assert f"{NUMBER}/" in BLOB
