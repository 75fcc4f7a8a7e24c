"""Every status against every message: what an order takes, what it then does, what it refuses.

A row is a status, a column a message; a cell is the next activity, ``WAITS`` where the message is
taken and the order goes on waiting, or ``NO``: refused, with a reason and a next step.
"""

from datetime import timedelta
from typing import Final

import pytest

from hosted_numbers import messages, steps
from hosted_numbers.contract import (
    Amendment,
    Cancellation,
    Message,
    OrderChanged,
    ProvidedDocument,
    Resumption,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.lifecycle import Do, Wait, elapsed, next_step
from hosted_numbers.order_documents import Bill
from hosted_numbers.order_state import OrderState
from hosted_numbers.playbook import LOA_DECLINED, VANISHED
from tests.orders import (
    BILL_SID,
    FILE,
    NOW,
    PACE,
    PROOF,
    STATUSES,
    doing,
    standing_at,
    told,
    waited,
)

NO: Final = "refused"
WAITS: Final = "waits"
KNOWN: Final = "known"
LOOK: Final = steps.FETCH_ORDER
CREATE: Final = steps.FIND_OR_CREATE_ORDER
CALL: Final = steps.PLACE_CALL
SUBMIT: Final = steps.SUBMIT_CODE
UPLOAD: Final = steps.UPLOAD_BILL
ATTACH: Final = steps.ATTACH_BILL
UPDATE: Final = steps.UPDATE_ORDER
DELETE: Final = steps.DELETE_ORDER
SUPPORT: Final = steps.FIND_OR_CREATE_DOCUMENT
LETTER: Final = steps.FIND_OR_CREATE_AUTHORIZATION
REOPEN: Final = steps.REOPEN_AUTHORIZATION

MESSAGES: Final[dict[str, Message]] = {
    "code": VerificationCodeEntry(code="4711"),
    "call": VerificationCallRequest(),
    "bill": ProvidedDocument(document=FILE),
    "proof": ProvidedDocument(document=FILE, type=PROOF.type),
    "title": Amendment(contact_title="Owner"),
    "name": Amendment(friendly_name="Front desk"),
    "url": Amendment(sms_url="https://example.com/sms"),
    "their bill": Amendment(verification_document_sid=BILL_SID),
    "papers": Amendment(supporting_documents=(PROOF.model_copy(update={"file": FILE}),)),
    "resume": Resumption(),
    "cancel": Cancellation(),
}
COLUMNS: Final = tuple(MESSAGES)

# An order that asks for one supporting document with a file, and for a call only when asked.
BY_STATUS: Final[dict[str | None, tuple[str, ...]]] = {
    # status: code, call, bill, proof, title, name, url, their bill, papers, resume, cancel
    None: (NO, CREATE, CREATE, CREATE, CREATE, CREATE, NO, CREATE, CREATE, NO, DELETE),
    "twilio-processing": (
        NO, WAITS, WAITS, SUPPORT, WAITS, UPDATE, NO, WAITS, SUPPORT, NO, WAITS,
    ),
    "received": (NO, CALL, UPLOAD, SUPPORT, WAITS, UPDATE, NO, ATTACH, SUPPORT, NO, DELETE),
    "pending-verification": (
        SUBMIT, CALL, UPLOAD, SUPPORT, WAITS, UPDATE, NO, ATTACH, SUPPORT, NO, DELETE,
    ),
    "verified": (NO, NO, NO, SUPPORT, WAITS, UPDATE, NO, NO, SUPPORT, NO, DELETE),
    "pending-loa": (NO, NO, NO, NO, REOPEN, UPDATE, NO, NO, NO, NO, DELETE),
    "carrier-processing": (NO, NO, NO, NO, NO, UPDATE, NO, NO, NO, NO, NO),
    "testing": (NO, NO, NO, NO, NO, UPDATE, NO, NO, NO, NO, NO),
    "completed": (NO,) * 11,
    "failed": (NO,) * 11,
    "action-required": (NO, NO, NO, NO, NO, LOOK, NO, NO, NO, LOOK, NO),
    "quantum-review": (NO, NO, NO, NO, NO, UPDATE, NO, NO, NO, NO, NO),
}  # fmt: skip


def outcome(state: OrderState, message: Message) -> str:
    """What a message comes to, as a cell of the tables says it."""
    refused = messages.refusal(state, message, NOW)
    if refused is not None:
        assert refused.reason.endswith((".", "?", "!")), "a whole sentence"
        assert refused.next_step
        return NO
    after = messages.taken(state, message, NOW)
    if after == state:
        return KNOWN
    return doing(after) or WAITS


def needing_proof(status: str | None) -> OrderState:
    return standing_at(status, supporting_documents=(PROOF,))


def test_the_table_is_whole() -> None:
    """Each known status, an unknown one and an order that Twilio does not have yet have a row."""
    assert set(BY_STATUS) == {None, *STATUSES}
    assert {len(row) for row in BY_STATUS.values()} == {len(COLUMNS)}


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
@pytest.mark.parametrize("status", BY_STATUS)
@pytest.mark.fault("F31")
def test_every_message_in_every_status(status: str | None, column: int) -> None:
    """A message is refused in words or taken with an effect; nothing in between."""
    found = outcome(needing_proof(status), MESSAGES[COLUMNS[column]])
    assert found == BY_STATUS[status][column]


def on_hold(status: str | None) -> OrderState:
    return needing_proof(status).held("refused-22999", VANISHED, NOW)


def leaving(status: str | None) -> OrderState:
    return needing_proof(status).but(leaving="cancelled")


def with_bill(status: str | None) -> OrderState:
    bill = Bill(ticket=1, sid=BILL_SID, attached=True)
    return needing_proof(status).but(bill=bill, tickets=1)


def called(status: str | None) -> OrderState:
    return needing_proof(status).but(call_wanted=True)


def changing_letter(status: str | None) -> OrderState:
    return needing_proof(status).but(letter_change="resend")


def declined(status: str | None) -> OrderState:
    return needing_proof(status).held("authorization-declined", LOA_DECLINED, NOW)


SITUATIONS: Final = {
    ("on hold", "received"): (
        on_hold, (NO, NO, NO, WAITS, LOOK, LOOK, NO, NO, LOOK, LOOK, DELETE),
    ),
    ("on hold", "carrier-processing"): (
        on_hold, (NO, NO, NO, NO, LOOK, LOOK, NO, NO, NO, LOOK, NO),
    ),
    ("letter declined", "pending-loa"): (
        declined, (NO, NO, NO, NO, LOOK, LOOK, NO, NO, NO, LOOK, DELETE),
    ),
    ("leaving", "twilio-processing"): (leaving, (NO,) * 10 + (KNOWN,)),
    ("leaving", "verified"): (leaving, (NO,) * 10 + (KNOWN,)),
    ("bill attached", "pending-verification"): (
        with_bill, (NO, NO, NO, SUPPORT, WAITS, UPDATE, NO, NO, SUPPORT, NO, DELETE),
    ),
    ("bill attached", "action-required"): (
        with_bill, (NO, NO, NO, NO, NO, UPDATE, NO, NO, NO, NO, NO),
    ),
    ("call on its way", "received"): (
        called, (CALL, KNOWN, UPLOAD, CALL, CALL, UPDATE, NO, ATTACH, CALL, NO, DELETE),
    ),
    ("letter being changed", "pending-loa"): (
        changing_letter,
        (NO, NO, NO, NO, steps.RESEND_AUTHORIZATION, UPDATE, NO, NO, NO, NO, DELETE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
@pytest.mark.parametrize("where", SITUATIONS, ids=" in ".join)
def test_every_message_in_the_midst_of_things(where: tuple[str, str], column: int) -> None:
    """The same where something is under way in a status; what is known already changes nothing."""
    prepare, row = SITUATIONS[where]
    found = outcome(prepare(where[1]), MESSAGES[COLUMNS[column]])
    assert found == row[column]


@pytest.mark.parametrize("says", [None, *STATUSES])
@pytest.mark.parametrize("status", BY_STATUS)
@pytest.mark.fault("F20")
def test_every_hint_in_every_status(status: str | None, says: str | None) -> None:
    """A hint makes an open order look; one of what is known is no news; none is believed."""
    state = standing_at(status)
    after = messages.taken(state, OrderChanged(status=says), NOW)
    assert after.status == status
    if state.ended is not None or (says is not None and says == status):
        assert after is state
    else:
        assert after.stale
        assert doing(after) == (LOOK if state.sid else CREATE)


AT_THE_END: Final = {
    # status: what the deadline brings, once a last look found that Twilio has not moved the order
    "twilio-processing": "overdue",
    "received": DELETE,
    "pending-verification": DELETE,
    "verified": DELETE,
    "pending-loa": DELETE,
    "carrier-processing": "overdue",
    "testing": "overdue",
    "action-required": "overdue",
    "quantum-review": "overdue",
}


@pytest.mark.parametrize("status", AT_THE_END)
@pytest.mark.fault("F34")
def test_every_status_at_its_deadline(status: str) -> None:
    """At its deadline an order looks, then leaves where Twilio lets it, else a person is called."""
    state = needing_proof(status)
    state = elapsed(state, state.deadline, PACE)
    assert doing(state) == LOOK
    state = state.but(stale=False)
    assert (doing(state) or (state.hold and state.hold.kind)) == AT_THE_END[status]


@pytest.mark.parametrize("status", AT_THE_END)
def test_every_wait_ends_in_something(status: str) -> None:
    """A wait that ran out is followed by an activity, or by a wait that ends later."""
    state = needing_proof(status)
    step = next_step(state, PACE)
    assert isinstance(step, Wait)
    after = next_step(waited(state), PACE)
    assert isinstance(after, Do) or (after is not None and after.until > step.until)


def test_an_order_that_twilio_never_had_ends_at_its_deadline() -> None:
    """A refused creation that nobody mends is given up; what may be at Twilio is deleted."""
    state = standing_at(None).held("refused-22110", VANISHED, NOW)
    assert doing(elapsed(state, state.deadline, PACE)) == DELETE


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_no_person_is_ignored_after_the_end(message: Message) -> None:
    """An order that has ended says so, to people; machines are not answered."""
    state = told(standing_at("received"), Cancellation()).but(ended="cancelled")
    refused = messages.refusal(state, message, NOW + timedelta(days=1))
    assert refused is not None
    assert refused.reason == "The order has ended."
    assert refused.next_step


def test_what_is_no_message_of_ours_is_a_bug() -> None:
    """A model that is no message of an order is told apart at once, in tests."""
    with pytest.raises(TypeError, match="StoredDocument"):
        messages.refusal(standing_at("received"), FILE, NOW)
    with pytest.raises(TypeError, match="StoredDocument"):
        messages.taken(standing_at("received"), FILE, NOW)
