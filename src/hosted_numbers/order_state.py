"""The state of an order's workflow: one immutable, serialisable model, and the views of it.

It survives continue-as-new whole. Rules that change it stand in ``lifecycle`` (what Twilio and time
do) and ``messages`` (what people and machines do).
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Self

from pydantic import Field

from hosted_numbers.contract import (
    Answer,
    HostedNumberOrderRequest,
    Message,
    Phase,
    TimelineEntry,
    WaitingFor,
)
from hosted_numbers.order_documents import Bill, SupportingDocument
from hosted_numbers.playbook import Play, triage
from hosted_numbers.steps import OrderUpdate

CALLS_ALLOWED: Final = 3
"""Twilio places at most three verification calls per order (HostedNumberOrder page)."""

CODE_LIFE: Final = timedelta(minutes=10)
"""A verification code is valid for ten minutes (HostedNumberOrder page)."""

DELETABLE: Final = frozenset({"received", "pending-verification", "verified", "pending-loa"})
"""Statuses in which Twilio takes a DELETE (HostedNumberOrder page)."""

UNDER_WAY: Final = frozenset({"twilio-processing", "received", "pending-verification", "verified"})
"""Statuses before a Letter of Authorization is out."""

CALLABLE: Final = frozenset({"received", "pending-verification"})
"""Statuses in which Twilio takes a request for a call."""

BILL_WANTED: Final = frozenset({"received", "pending-verification", "action-required"})
"""Statuses in which a bill can be attached to an order."""

LETTER_OUT: Final = frozenset({"verified", "pending-loa"})
"""Statuses in which a Letter of Authorization may be out and not signed."""

SIGNED: Final = frozenset({"carrier-processing", "testing", "completed"})
"""Statuses after the Letter of Authorization was signed."""

EDITION: Final = 2
"""The rules by which new orders are begun: other commands than those of edition 1, releases 0.1 to
0.3, which have their differences in ``workflows.patches``."""

_TIMELINE_LENGTH: Final = 100
_VERDICTS_KEPT: Final = 20


class Hold(Message):
    """The order does not go on until a person mends something, or a try at ``retry_at`` works."""

    kind: str = Field(description="Stable name, such as credentials or authorization-declined")
    reason: str
    next_step: str
    waiting_for: WaitingFor = "operator"
    retry_at: datetime | None = Field(default=None, description="When it tries again by itself")


class PendingCode(Message):
    """A code that was taken and that Twilio has not judged yet."""

    ticket: int
    code: str = Field(repr=False)


class Told(Message):
    """How the order stood when a backend was last told of it."""

    status: str | None = None
    waiting_for: WaitingFor
    about: tuple[str, ...] = ()
    deadline: datetime
    reminders: int = 0
    ended: bool = False


class OrderState(Message):
    """Everything that an order's workflow knows."""

    edition: int = Field(default=1, description="The rules by which it was begun")
    order: HostedNumberOrderRequest
    deadline: datetime
    looked_at: datetime = Field(description="When Twilio was last asked, with or without success")
    looks: int = Field(default=0, description="Looks and tries since something last changed")
    stale: bool = Field(default=False, description="A look at Twilio is due")
    swept: bool = Field(
        default=False, description="The status sweep is at work, as a worker last said"
    )
    sweep_doubted: bool = Field(default=False, description="Whether it still is, is to be asked")
    hinted: str | None = Field(default=None, description="The status of the one hint since then")

    sid: str | None = None
    operator_url: str | None = Field(default=None, description="Where people act on orders")
    status: str | None = None
    failure_reason: str | None = None
    missing: bool = Field(default=False, description="The last look did not find the order")

    call_wanted: bool = Field(default=False, description="A call is to be placed when possible")
    call_in_doubt: bool = Field(default=False, description="A call may have been placed")
    call_suspended: bool = Field(
        default=False, description="Wanted again, unless it rang, once Twilio finds the order"
    )
    call_trouble: str | None = Field(default=None, description="Why the last call came to nothing")
    call_at: datetime | None = Field(default=None, description="When it is placed by itself")
    call_after: datetime | None = Field(
        default=None, description="A call is to be planned in business hours after this"
    )
    call_asked: bool = Field(default=False, description="A person asked for the last call")
    call_failures: int = Field(default=0, description="Calls that could not be placed, in a row")
    calls_placed: int = 0
    calls_seen: int = Field(default=0, description="Twilio's own count, when last seen")
    verification_code: str | None = Field(default=None, repr=False)
    code_expires_at: datetime | None = Field(default=None, description="None: no code lives")
    codes: tuple[PendingCode, ...] = ()
    tickets: int = 0
    verdicts: dict[int, Answer] = Field(
        default={}, description="What became of codes and bills, by ticket"
    )

    verification_type: str | None = Field(default=None, description="Twilio's, when last seen")
    bill: Bill | None = None
    bill_trouble: str | None = Field(default=None, description="Why another bill is asked for")
    document_sid: str | None = Field(default=None, description="The bill that the order has")
    supporting: tuple[SupportingDocument, ...] = ()
    files_taken: bool = Field(default=False, description="The blob store holds files of the order")

    authorization_document_sid: str | None = None
    authorization_document_status: str | None = None
    voided_document_sid: str | None = Field(
        default=None, description="Declined or failed, done with"
    )
    letter_group: str | None = Field(
        default=None, description="The key of the group that the order joined last"
    )
    joined_at: datetime | None = Field(
        default=None, description="When it joined; None: it has to, before it shares a letter"
    )
    letter_missing: bool = Field(default=False, description="The last look did not find the letter")
    letter_again: bool = Field(
        default=False, description="A new letter, although Twilio says pending-loa"
    )
    letter_change: Literal["reopen", "resend"] | None = Field(
        default=None, description="The letter that is out is to be changed; the next step of it"
    )
    letter_trouble: str | None = Field(
        default=None, description="Why the last change of the letter came to nothing"
    )
    update: OrderUpdate | None = Field(
        default=None, description="What Twilio has not been told about the order itself"
    )

    hold: Hold | None = None
    leaving: Literal["cancelled", "overdue"] | None = Field(
        default=None, description="The order is to be deleted at Twilio, and why"
    )
    ended: Phase | None = None
    reminders: int = Field(default=0, description="Given since the deadline was set")
    previous_run_id: str | None = None
    timeline: tuple[TimelineEntry, ...] = ()

    notifies: bool | None = Field(
        default=None, description="Whether a backend wants to be told, as a worker last said"
    )
    told: Told | None = None
    events: int = Field(default=0, description="How many were told")

    def but(self, **changes: object) -> Self:
        """The same state with some fields changed.

        Which fields were ever set is forgotten: nobody asks, and it takes 2 kB of each open order.
        """
        changed = self.model_copy(update=changes)
        changed.model_fields_set.clear()
        return changed

    def noting(self, now: datetime, what: str) -> Self:
        """The same state with one more step in its timeline; the oldest go when it is full."""
        entries = (*self.timeline, TimelineEntry(at=now, what=what))
        return self.but(timeline=entries[-_TIMELINE_LENGTH:])

    def held(
        self, kind: str, play: Play, now: datetime, *, retry_at: datetime | None = None
    ) -> Self:
        """The same state put on hold; the same hold again is no news for the timeline."""
        hold = Hold(
            kind=kind,
            reason=play.reason,
            next_step=play.next_step,
            waiting_for="nothing" if kind == "unreachable" else "operator",
            retry_at=retry_at,
        )
        known = self.timeline[-1].what if self.timeline else ""
        state = self.but(hold=hold)
        return state if known == play.reason else state.noting(now, play.reason)

    def judging(self, ticket: int, answer: Answer) -> Self:
        """The same state with a code or a bill judged."""
        return self.but(
            verdicts={**self.verdicts, ticket: answer},
            codes=tuple(code for code in self.codes if code.ticket != ticket),
        )

    def forgetting(self) -> Self:
        """The same state without old verdicts: whoever waited for them has read them long since."""
        if len(self.verdicts) <= _VERDICTS_KEPT:
            return self
        return self.but(verdicts=dict(sorted(self.verdicts.items())[-_VERDICTS_KEPT:]))

    def with_supporting(self, document: SupportingDocument) -> Self:
        """The same state with the supporting document of this type replaced, or added."""
        kept = [each for each in self.supporting if each.request.type != document.request.type]
        found = [each for each in self.supporting if each not in kept]
        place = self.supporting.index(found[0]) if found else len(kept)
        return self.but(supporting=(*kept[:place], document, *kept[place:]))

    @property
    def calls_left(self) -> int:
        """Verification calls that Twilio still places."""
        return max(CALLS_ALLOWED - self.calls_placed, 0)

    @property
    def phase(self) -> Phase:
        """The leg of the way that the order is on."""
        if self.ended is not None:
            return self.ended
        if self.status == "action-required":
            return _PROBLEMS.get(triage(self.failure_reason).kind, "carrier")
        return _PHASES.get(self.status or "", "carrier" if self.status else "ordering")


_PHASES: Final[dict[str, Phase]] = {
    "twilio-processing": "ordering",
    "received": "verification",
    "pending-verification": "verification",
    "verified": "authorization",
    "pending-loa": "authorization",
}


_PROBLEMS: Final[dict[str, Phase]] = {
    "calls-used-up": "verification",
    "bill": "verification",
    "letter": "authorization",
}
"""The leg of the way on which Twilio's operations were called, by what the problem is about."""


class Beginning(Message):
    """By which rules an order's history is begun, and what is known of the order already.

    A worker that does not know the edition cannot read its input. It leaves the order to one that
    does: its first workflow task fails, and is tried again.
    """

    edition: int = Field(ge=2, le=EDITION)
    state: OrderState | None = None


class OrderInput(HostedNumberOrderRequest):
    """The workflow's input: the order as it was sent, or, continued as new, what is known of it."""

    carried: OrderState | Beginning | None = Field(
        default=None,
        union_mode="left_to_right",
        description="A state alone, or nothing, where the order is of edition 1",
    )
    previous_run_id: str | None = Field(
        default=None, description="The run of the number's order before this one"
    )

    def state(self, now: datetime) -> OrderState:
        """The state to go on from.

        Which fields were set is forgotten here too (see ``OrderState.but``): the SDK keeps a
        workflow's input as long as the workflow.
        """
        self.model_fields_set.clear()
        carried = self.carried.state if isinstance(self.carried, Beginning) else self.carried
        if carried is not None:
            return carried
        known = {name: getattr(self, name) for name in HostedNumberOrderRequest.model_fields}
        order = HostedNumberOrderRequest.model_construct(set(), **known)  # it was validated
        state = begin(order, now, self.previous_run_id)
        return state.but(edition=self.carried.edition) if self.carried is not None else state

    @classmethod
    def of(cls, order: HostedNumberOrderRequest, previous_run_id: str | None) -> Self:
        """A new order's."""
        carried = Beginning(edition=EDITION)
        return cls(**order.model_dump(), carried=carried, previous_run_id=previous_run_id)

    @classmethod
    def continuing(cls, state: OrderState) -> Self:
        """That of an order whose history is begun anew, by the rules that it had."""
        if state.edition == 1:
            return cls(**state.order.model_dump(), carried=state)
        carried = Beginning(edition=state.edition, state=state)
        return cls(**state.order.model_dump(), carried=carried)


def begin(
    order: HostedNumberOrderRequest, now: datetime, previous_run_id: str | None = None
) -> OrderState:
    """The state of an order that was just taken."""
    by_call = order.verification_type == "phone-call"
    state = OrderState(
        order=order,
        deadline=now + timedelta(days=order.deadline_days),
        looked_at=now,
        call_wanted=by_call and order.call_when == "now",
        call_after=now if by_call and order.call_when == "business-hours" else None,
        supporting=tuple(
            SupportingDocument(request=document) for document in order.supporting_documents
        ),
        files_taken=any(document.file is not None for document in order.supporting_documents),
        previous_run_id=previous_run_id,
    ).noting(now, "The order was taken.")
    if previous_run_id is None:
        return state
    return state.noting(now, f"The number was ordered before, in the run {previous_run_id}.")
