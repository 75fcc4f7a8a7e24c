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
from hosted_numbers.playbook import Play

CALLS_ALLOWED: Final = 3
"""Twilio places at most three verification calls per order (HostedNumberOrder page)."""

CODE_LIFE: Final = timedelta(minutes=10)
"""A verification code is valid for ten minutes (HostedNumberOrder page)."""

DELETABLE: Final = frozenset({"received", "pending-verification", "verified", "pending-loa"})
"""Statuses in which Twilio takes a DELETE (HostedNumberOrder page)."""

UNDER_WAY: Final = frozenset({"twilio-processing", "received", "pending-verification", "verified"})
"""Statuses before a Letter of Authorization is out."""

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


class OrderState(Message):
    """Everything that an order's workflow knows."""

    order: HostedNumberOrderRequest
    deadline: datetime
    looked_at: datetime = Field(description="When Twilio was last asked, with or without success")
    looks: int = Field(default=0, description="Looks and tries since something last changed")
    stale: bool = Field(default=False, description="A look at Twilio is due")
    hinted: str | None = Field(default=None, description="The status of the one hint since then")

    sid: str | None = None
    operator_url: str | None = Field(default=None, description="Where people act on orders")
    status: str | None = None
    failure_reason: str | None = None
    missing: bool = Field(default=False, description="The last look did not find the order")

    call_wanted: bool = Field(default=False, description="A call is to be placed when possible")
    call_in_doubt: bool = Field(default=False, description="A call may have been placed")
    call_trouble: str | None = Field(default=None, description="Why the last call came to nothing")
    calls_placed: int = 0
    calls_seen: int = Field(default=0, description="Twilio's own count, when last seen")
    verification_code: str | None = Field(default=None, repr=False)
    code_expires_at: datetime | None = Field(default=None, description="None: no code lives")
    codes: tuple[PendingCode, ...] = ()
    tickets: int = 0
    verdicts: dict[int, Answer] = Field(default={}, description="What became of codes, by ticket")

    authorization_document_sid: str | None = None
    authorization_document_status: str | None = None
    voided_document_sid: str | None = Field(
        default=None, description="Declined or failed, done with"
    )

    hold: Hold | None = None
    leaving: Literal["cancelled", "overdue"] | None = Field(
        default=None, description="The order is to be deleted at Twilio, and why"
    )
    ended: Phase | None = None
    timeline: tuple[TimelineEntry, ...] = ()

    def but(self, **changes: object) -> Self:
        """The same state with some fields changed."""
        return self.model_copy(update=changes)

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
        """The same state with a code judged."""
        verdicts = {**self.verdicts, ticket: answer}
        kept = dict(sorted(verdicts.items())[-_VERDICTS_KEPT:])
        return self.but(
            verdicts=kept, codes=tuple(code for code in self.codes if code.ticket != ticket)
        )

    @property
    def calls_left(self) -> int:
        """Verification calls that Twilio still places."""
        return max(CALLS_ALLOWED - self.calls_placed, 0)

    @property
    def phase(self) -> Phase:
        """The leg of the way that the order is on."""
        if self.ended is not None:
            return self.ended
        return _PHASES.get(self.status or "", "carrier" if self.status else "ordering")


_PHASES: Final[dict[str, Phase]] = {
    "twilio-processing": "ordering",
    "received": "verification",
    "pending-verification": "verification",
    "verified": "authorization",
    "pending-loa": "authorization",
}


class OrderInput(HostedNumberOrderRequest):
    """The workflow's input: the order as it was sent, or, continued as new, what is known of it."""

    carried: OrderState | None = None

    def state(self, now: datetime) -> OrderState:
        """The state to go on from."""
        return self.carried or begin(HostedNumberOrderRequest.model_validate(dict(self)), now)


def begin(order: HostedNumberOrderRequest, now: datetime) -> OrderState:
    """The state of an order that was just taken."""
    return OrderState(
        order=order,
        deadline=now + timedelta(days=order.deadline_days),
        looked_at=now,
        call_wanted=order.call_when == "now",
    ).noting(now, "The order was taken.")
