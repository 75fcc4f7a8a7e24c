"""An order's life as a machine: whatever people, Twilio and time do, in any order.

Twilio is honest about what it counts and about which letter it knows; about all else it may say
anything: statuses go backwards and are invented, steps come to nothing for every reason there is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hosted_numbers import messages, steps
from hosted_numbers.amendments import amendment_answer, amendment_settled
from hosted_numbers.contract import (
    Amendment,
    Cancellation,
    Message,
    OrderChanged,
    ProvidedDocument,
    Resumption,
    SupportingDocumentRequest,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.learning import learn
from hosted_numbers.lifecycle import Do, Wait, elapsed, next_step, starting
from hosted_numbers.order_state import CALLS_ALLOWED, OrderState, begin
from hosted_numbers.provided_documents import document_answer, document_settled
from hosted_numbers.standing import details, progress
from hosted_numbers.steps import (
    DocumentSnapshot,
    GroupTold,
    OrderGone,
    OrderSnapshot,
    Outcome,
    Trouble,
)
from tests.orders import (
    FILE,
    NOW,
    NUMBER,
    ORDER_SID,
    PACE,
    PROOF,
    STATUSES,
    SUPPORT_SID,
    act,
    an_order,
    says,
)

SECRETS: Final = ("4711", "0042", "owner@example.com", "other@example.com", "Chief Executive")
OTHER_FILE: Final = FILE.model_copy(update={"blob": f"{NUMBER}/" + "1" * 36})
ADDRESS: Final = SupportingDocumentRequest(type="proof_of_address")
CODE: Final = VerificationCodeEntry(code="4711")
OTHER_CODE: Final = VerificationCodeEntry(code="0042")
CALL: Final = VerificationCallRequest()
BILL: Final = ProvidedDocument(document=FILE)
OLD_BILL: Final = ProvidedDocument(document=OTHER_FILE, bill_date=NOW.date() - timedelta(days=200))
THEIR_BILL: Final = Amendment(verification_document_sid="RI" + "e" * 32)
IMAGE: Final = ProvidedDocument(document=FILE, type=PROOF.type)
PAPERS: Final = Amendment(supporting_documents=(PROOF.model_copy(update={"file": FILE}), ADDRESS))
EMAIL: Final = Amendment(email="other@example.com")
SIGNER: Final = Amendment(contact_title="Owner", extension="7")
NAME: Final = Amendment(friendly_name="Front desk")
PEOPLE: Final[list[Message]] = [
    CODE, OTHER_CODE, CALL, VerificationCallRequest(extension="12", call_delay=3), BILL, OLD_BILL,
    THEIR_BILL, IMAGE, ProvidedDocument(document=FILE, type="no_such_document"), PAPERS, EMAIL,
    SIGNER, NAME, Amendment(), Amendment(unique_name="desk-1"),
    Amendment(sms_url="https://example.com/sms"), Resumption(), Cancellation(),
]  # fmt: skip
MEANWHILE: Final[st.SearchStrategy[list[Message]]] = st.one_of(
    st.just([]), st.lists(st.sampled_from(PEOPLE), max_size=2)
)
COURSE: Final = ["stays"] * 6 + ["goes on"] * 5 + [s for s in STATUSES if s != "failed"]
WAY: Final = STATUSES[:8]
HELP: Final[dict[str, list[Message]]] = {
    "verification-call": [CALL, CALL, BILL],
    "verification-code": [CODE, OTHER_CODE, CALL, BILL],
    "document": [BILL, IMAGE, PAPERS, THEIR_BILL],
    "signature": [EMAIL, SIGNER, NAME],
    "operator": [Resumption(), EMAIL, NAME, BILL],
}
"""What a person would most likely do, by what the order waits for."""
TROUBLES: Final = st.builds(
    Trouble,
    kind=st.sampled_from(["credentials", "not-found", "refused", "unreachable", "internal"]),
    code=st.sampled_from([None, 20003, 20404, 20429, 10001, *range(22100, 22124)]),
    status=st.sampled_from([None, 400, 404, 503]),
    retry_after=st.sampled_from([None, 0.0, 30.0, 86400.0]),
)
DOCUMENT_STATUSES: Final = [
    None, "draft", "pending-review", "approved", "provisionally-approved", "rejected", "expired",
    "missing", "quantum-review",
]  # fmt: skip
LETTER_STATUSES: Final = ["signing", "signing", "opened", "signed", "canceled", "failed", "missing"]
ALIVE: Final = frozenset({"opened", "signing", "signed"})
LETTERED: Final = frozenset(
    {
        steps.FETCH_ORDER,
        steps.FIND_OR_CREATE_AUTHORIZATION,
        steps.REOPEN_AUTHORIZATION,
        steps.RESEND_AUTHORIZATION,
    }
)
"""The steps whose answer tells of the letter that the order is on."""


def _open(life: "OrderLife") -> bool:
    return life.state.ended is None


def _acting(life: "OrderLife") -> bool:
    return isinstance(next_step(life.state, PACE), Do)


def _resting(life: "OrderLife") -> bool:
    return isinstance(next_step(life.state, PACE), Wait)


class OrderLife(RuleBasedStateMachine):
    """One order, with as much of the world as its rules must not lose sight of."""

    state: OrderState

    @initialize(
        call_when=st.sampled_from(["now", "business-hours", "asked"]),
        verification_type=st.sampled_from(["phone-call", "phone-call", "phone-bill"]),
        supporting=st.sampled_from([(), (), (PROOF,), (PROOF, ADDRESS)]),
        deadline_days=st.sampled_from([1, 29, 29]),
        loa_group=st.sampled_from([None, None, "spring"]),
        status=st.sampled_from([None, *STATUSES[:7], "action-required"]),
    )
    def order(self, status: str | None, **fields: Any) -> None:
        """An order is taken, and maybe found at Twilio on its way."""
        self.now: datetime = NOW
        self.state = begin(an_order(**fields), NOW)
        if status is not None:
            self.state = act(self.state, says(status))
        self.wishes = int(self.state.call_wanted or self.state.call_after is not None)
        self.rings = 0
        self.others_calls = 0
        self.letter: tuple[str, str | None] | None = None
        self.letters = 0
        self.waiting: list[Callable[[OrderState], bool]] = []
        self.tickets: set[int] = set()

    def become(self, state: OrderState) -> None:
        """The state moves on, and whoever waits for something sees it."""
        assert self.state.ended is None or state is self.state, "an end is final"
        self.state = state
        self.tickets = {ticket for ticket in self.tickets if ticket not in state.verdicts}
        self.waiting = [settled for settled in self.waiting if not settled(state)]

    def hear(self, message: Message) -> None:
        """A person acts: refused in words, or taken with an effect."""
        refused = messages.refusal(self.state, message, self.now)
        if refused is not None:
            assert refused.reason
            assert refused.next_step
            return
        before = self.state
        state = messages.taken(before, message, self.now)
        if isinstance(message, VerificationCallRequest):
            self.wishes += not before.call_wanted
        assert state != before or _said_before(before, message)
        self.become(state)
        self.expect(message)

    def expect(self, message: Message) -> None:
        """What whoever sent a message as an update waits for."""
        state, ticket = self.state, self.state.tickets
        if isinstance(message, VerificationCodeEntry):
            self.tickets.add(messages.ticket_of(state, message))
        elif isinstance(message, VerificationCallRequest):
            self.waiting.append(messages.call_settled)
        elif isinstance(message, Cancellation):
            self.waiting.append(messages.cancel_settled)
        elif isinstance(message, Amendment):
            self.waiting.append(lambda now: amendment_settled(now, state))
            assert amendment_answer(state, state).next_step
        elif isinstance(message, ProvidedDocument):
            self.waiting.append(lambda now: document_settled(now, message.type, ticket))
            assert document_answer(state, message.type, ticket).next_step
        self.become(self.state)

    @precondition(_open)
    @rule(message=st.sampled_from(PEOPLE))
    def person(self, message: Message) -> None:
        """A person acts while the order rests or is about to act."""
        self.hear(message)

    @precondition(lambda self: progress(self.state).waiting_for in HELP)
    @rule(choice=st.integers(0, 3))
    def help(self, choice: int) -> None:
        """A person does what the order waits for."""
        ways = HELP[progress(self.state).waiting_for]
        self.hear(ways[choice % len(ways)])

    @precondition(_open)
    @rule(status=st.sampled_from([None, *STATUSES]))
    def hint(self, status: str | None) -> None:
        """Something says that Twilio moved the order; it is not believed."""
        before = self.state
        self.become(messages.taken(before, OrderChanged(status=status), self.now))
        assert self.state.status == before.status
        known = status == before.status and not before.stale
        assert before.ended or known or self.state.stale

    @precondition(_open)
    @rule()
    def others_call(self) -> None:
        """Somebody has Twilio call the number without us."""
        self.others_calls = min(self.others_calls + 1, CALLS_ALLOWED)

    @precondition(_resting)
    @rule(seconds=st.sampled_from([10, 10**7, 10**7, 10**7]))
    def time(self, seconds: int) -> None:
        """Time goes by, at most until the end of the wait, which brings something."""
        step = next_step(self.state, PACE)
        assert isinstance(step, Wait)
        self.now = max(self.now, min(self.now + timedelta(seconds=seconds), step.until))
        if self.now < step.until:
            return
        self.become(elapsed(self.state, self.now, PACE))
        after = next_step(self.state, PACE)
        assert isinstance(after, Do) or (after is not None and after.until > self.now), "it spins"

    @precondition(_acting)
    @rule(trouble=TROUBLES, rang=st.booleans(), meanwhile=MEANWHILE)
    def trouble(self, trouble: Trouble, *, rang: bool, meanwhile: list[Message]) -> None:
        """The next activity comes to nothing; a call in doubt may have rung."""
        step = next_step(self.state, PACE)
        assert isinstance(step, Do)
        if step.activity == steps.PLACE_CALL:
            if rang and trouble.kind in {"unreachable", "internal"}:
                self.rings += 1
            self.wishes += trouble.kind == "refused"  # it did not ring: the wish stays
        self.finish(step, trouble, meanwhile)

    @precondition(_acting)
    @rule(
        course=st.sampled_from(COURSE),
        letter=st.sampled_from(LETTER_STATUSES),
        reviews=st.sampled_from(DOCUMENT_STATUSES),
        code=st.sampled_from([None, "4711", "0042"]),
        reason=st.sampled_from([None, "22100: attempts used up", "The bill is unreadable"]),
        accepted=st.booleans(),
        call_from=st.sampled_from([None, timedelta(0), timedelta(hours=20)]),
        meanwhile=MEANWHILE,
    )
    def answer(
        self,
        *,
        course: str,
        letter: str,
        reviews: str | None,
        code: str | None,
        reason: str | None,
        accepted: bool,
        call_from: timedelta | None,
        meanwhile: list[Message],
    ) -> None:
        """The next activity is carried out, and Twilio says something."""
        step = next_step(self.state, PACE)
        assert isinstance(step, Do)
        status = self.status_after(step, course)
        self.rings += step.activity == steps.PLACE_CALL
        if step.activity == steps.DELETE_ORDER:
            self.finish(step, OrderGone(letter="withdrawn"), meanwhile)
            return
        if step.activity in {steps.UPLOAD_BILL, steps.FIND_OR_CREATE_DOCUMENT}:
            self.finish(step, _document(reviews), meanwhile)
            return
        if isinstance(step.argument, steps.GroupCall):
            self.grouped(step, letter, meanwhile)
            return
        sid, said = self.letter_said(step, status, letter)
        looked = step.argument if isinstance(step.argument, steps.OrderLookup) else None
        snapshot = OrderSnapshot(
            sid=ORDER_SID,
            status=status,
            failure_reason=reason,
            calls_placed=self.rings + self.others_calls,
            verification_code=code,
            authorization_document_sid=sid,
            authorization_document_status=said,
            call_from=self.now + call_from if looked and looked.call_after and call_from else None,
            supporting_documents=tuple(
                DocumentSnapshot(type="", sid=each, status=reviews)
                for each in (looked.supporting_document_sids if looked else ())
            ),
            code_accepted=accepted,
        )
        self.finish(step, snapshot, meanwhile)

    def grouped(self, step: Do, letter: str, meanwhile: list[Message]) -> None:
        """The group is told; now and then it sends a letter at once, which the next look finds."""
        assert isinstance(step.argument, steps.GroupCall)
        dead = self.letter is None or self.letter[1] not in ALIVE
        if step.activity == steps.JOIN_LETTER_GROUP and letter == "signing" and dead:
            self.letters += 1
            self.letter = (f"PX{self.letters:032d}", "signing")
        self.finish(step, GroupTold(group=step.argument.group), meanwhile)

    def status_after(self, step: Do, course: str) -> str:
        """Twilio's status, as a step leads to it or as Twilio pleases."""
        now = self.state.status or "received"
        if course == "goes on":
            led = _LEADS_TO.get(step.activity)
            following = WAY[WAY.index(now) + 1] if now in WAY[:-1] else "carrier-processing"
            return led or following
        return now if course == "stays" else course

    def letter_said(self, step: Do, status: str, letter: str) -> tuple[str | None, str | None]:
        """The letter that a step's answer tells of, and where it stands."""
        if step.activity == steps.FIND_OR_CREATE_AUTHORIZATION:
            if self.letter is None or self.letter[1] not in ALIVE:
                self.letters += 1
                self.letter = (f"PX{self.letters:032d}", "signing")
            return self.letter
        if step.activity not in LETTERED or status not in {"verified", "pending-loa"}:
            return None, None
        if self.letter is not None and self.letter[1] not in {"canceled", "failed"}:  # are final
            self.letter = (self.letter[0], letter)
        return self.letter or (None, None)

    def finish(self, step: Do, outcome: Outcome, meanwhile: list[Message]) -> None:
        """An activity ends, after what people said while it ran."""
        self.become(starting(self.state))
        for message in meanwhile:
            self.hear(message)
        if isinstance(outcome, OrderSnapshot) and outcome.status not in {"verified", "pending-loa"}:
            self.letter = None  # it is not for this order any more
        self.become(learn(self.state, step, outcome, self.now, PACE))

    @invariant()
    def something_comes_next(self) -> None:
        """An order that has not ended does something or waits, and nothing else."""
        step = next_step(self.state, PACE)
        assert (step is None) == (self.state.ended is not None)
        if isinstance(step, Do):
            self.check_step(step)
        else:
            assert not self.state.codes, "a code waits for nothing"
            assert not self.tickets or self.state.bill is not None

    def check_step(self, step: Do) -> None:
        """What must not be done, is not."""
        state = self.state
        match step.activity:
            case steps.FIND_OR_CREATE_ORDER:
                assert state.sid is None, "an order that Twilio had is never created again"
            case steps.PLACE_CALL:
                assert self.rings < CALLS_ALLOWED, "Twilio places no fourth call"
                assert self.rings < self.wishes, "a phone rings unasked"
                assert state.bill is None, "a bill proves the ownership"
            case steps.JOIN_LETTER_GROUP:
                assert state.authorization_document_sid is None, "a letter is out"
            case steps.FIND_OR_CREATE_AUTHORIZATION:
                assert state.order.loa_group is None, "its letter is the group's business"
                given_up = self.letter is None or self.letter[0] == state.voided_document_sid
                assert given_up, "a letter is out"

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        """While the order waits, whoever acted has an answer, or Twilio is asked again soon."""
        step = next_step(self.state, PACE)
        soon = self.state.missing or self.state.letter_missing
        soon = soon or (self.state.leaving is not None and self.state.status == "twilio-processing")
        assert isinstance(step, Do) or soon or not self.waiting

    @invariant()
    def people_read_why(self) -> None:
        """Reason and next step are told, and nothing personal where everybody looks."""
        seen = progress(self.state)
        assert seen.reason
        assert seen.next_step
        if self.state.hold is not None:
            assert self.state.hold.reason
            assert self.state.hold.next_step
        shown = details(self.state)
        assert not [secret for secret in SECRETS if secret in shown]
        assert len(self.state.timeline) <= 100

    @invariant()
    def state_survives(self) -> None:
        """The state goes through continue-as-new unchanged."""
        assert OrderState.model_validate_json(self.state.model_dump_json()) == self.state

    @precondition(lambda self: self.state.ended is not None)
    @rule(message=st.sampled_from(PEOPLE))
    def afterwards(self, message: Message) -> None:
        """An order that has ended refuses everything, with all its tickets judged."""
        assert not self.tickets
        assert not self.waiting
        refused = messages.refusal(self.state, message, self.now)
        assert refused is not None
        assert messages.taken(self.state, message, self.now) is self.state

    def teardown(self) -> None:
        """Once Twilio is well again and nobody acts any more, the order comes to its end."""
        if not hasattr(self, "state"):
            return
        for _ in range(60):
            step = next_step(self.state, PACE)
            if step is None:
                break
            if isinstance(step, Wait):
                self.now = max(self.now, step.until)
                self.become(elapsed(self.state, self.now, PACE))
                continue
            gone = step.activity == steps.DELETE_ORDER
            papers = step.activity in {steps.UPLOAD_BILL, steps.FIND_OR_CREATE_DOCUMENT}
            well: Outcome = _document("approved") if papers else _well(self.state)
            if isinstance(step.argument, steps.GroupCall):
                well = GroupTold(group=step.argument.group)
            self.finish(step, OrderGone(letter="none") if gone else well, [])
        assert self.state.ended is not None
        assert not self.tickets
        assert not self.waiting


_LEADS_TO: Final = {
    steps.FIND_OR_CREATE_ORDER: "received",
    steps.PLACE_CALL: "pending-verification",
    steps.ATTACH_BILL: "pending-verification",
    steps.SUBMIT_CODE: "verified",
    steps.FIND_OR_CREATE_AUTHORIZATION: "pending-loa",
    steps.REOPEN_AUTHORIZATION: "pending-loa",
    steps.RESEND_AUTHORIZATION: "pending-loa",
}


def _said_before(state: OrderState, message: Message) -> bool:
    """Whether a message only says again what is under way; such a one changes nothing."""
    return (
        isinstance(message, VerificationCodeEntry)
        and any(pending.code == message.code for pending in state.codes)
    ) or (
        (isinstance(message, VerificationCallRequest) and state.call_wanted)
        or (isinstance(message, Cancellation) and state.leaving == "cancelled")
    )


def _document(status: str | None) -> DocumentSnapshot:
    """What an upload came to; without a SID, it was not sent to Twilio."""
    sent = status not in {None, "missing"}
    return DocumentSnapshot(type="", sid=SUPPORT_SID, status=status) if sent else _NOT_SENT


_NOT_SENT: Final = DocumentSnapshot(type="", reason="The file cannot be opened.")


def _well(state: OrderState) -> OrderSnapshot:
    """What a Twilio without troubles says: the carrier has the order, then it is completed."""
    status = "completed" if state.status == "carrier-processing" else "carrier-processing"
    return OrderSnapshot(sid=ORDER_SID, status=status, calls_placed=state.calls_seen)


TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = settings(max_examples=200, stateful_step_count=30)
