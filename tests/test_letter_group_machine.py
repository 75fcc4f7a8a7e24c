"""A group's life as a machine: orders, people, Twilio and time do whatever they like, in any order.

Twilio is honest: it puts an order on one living letter at most, and remembers what it did when its
answer is lost. The activities are played as their docstrings promise.
"""

from datetime import datetime, timedelta
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hosted_numbers.contract import Message, Resumption
from hosted_numbers.letter_groups import steps
from hosted_numbers.letter_groups.contract import LetterAmendment, SendNow
from hosted_numbers.letter_groups.learning import learn
from hosted_numbers.letter_groups.messages import refusal, taken
from hosted_numbers.letter_groups.rules import elapsed, next_step, starting
from hosted_numbers.letter_groups.standing import details, progress
from hosted_numbers.letter_groups.state import ALIVE, GroupState
from hosted_numbers.letter_groups.steps import LetterOutcome, LetterSnapshot
from hosted_numbers.lifecycle import Do, Wait
from hosted_numbers.steps import Trouble
from tests.letter_groups import GROUP_PACE, LETTER, a_group, joining, leaving, number, order_sid
from tests.orders import NOW

ORDERS: Final = st.integers(0, 11)
PEOPLE: Final[list[Message]] = [
    SendNow(),
    Resumption(),
    LetterAmendment(email="right@example.com"),
    LetterAmendment(contact_title="Director"),
]
MEANWHILE: Final = st.lists(st.tuples(st.sampled_from(["join", "leave"]), ORDERS), max_size=2)
TROUBLES: Final = st.sampled_from(
    [
        Trouble(kind="unreachable"),
        Trouble(kind="credentials", status=401),
        Trouble(kind="refused", code=22109, status=400),
        Trouble(kind="internal"),
    ]
)


class Letters:
    """The letters at Twilio, and which orders are on them."""

    def __init__(self) -> None:
        self.status: dict[str, str] = {}
        self.orders: dict[str, set[str]] = {}
        self.email: dict[str, str] = {}
        self.unfit: set[str] = set()

    def living(self, sid: str) -> str | None:
        """The living letter that an order is on."""
        on = [
            px for px, orders in self.orders.items() if sid in orders and self.status[px] in ALIVE
        ]
        assert len(on) < 2, "two letters are out for one order"
        return on[0] if on else None

    def find_or_create(self, request: steps.LetterRequest) -> LetterSnapshot:
        """As the activity promises."""
        found = [self.living(sid) for sid in request.order_sids[: None if request.in_doubt else 3]]
        for px in found:
            if px is not None and self.email[px] in request.emails:
                left = tuple(sid for sid in request.order_sids if sid not in self.orders[px])
                return LetterSnapshot(sid=px, status=self.status[px], left_over=left)
        fit = [s for s in request.order_sids if s not in self.unfit and self.living(s) is None]
        left_out = tuple(sid for sid in request.order_sids if sid not in fit)
        if not fit:
            return LetterSnapshot(left_out=left_out)
        px = f"PX{len(self.status):032x}"
        self.status[px], self.orders[px], self.email[px] = "signing", set(fit), request.email
        return LetterSnapshot(sid=px, status="signing", left_out=left_out)

    def carry_out(self, step: Do) -> LetterOutcome:
        """What a step comes to at Twilio."""
        argument = step.argument
        if isinstance(argument, steps.LetterRequest):
            return self.find_or_create(argument)
        if isinstance(argument, steps.LetterNews):
            return None
        assert isinstance(argument, steps.LetterLookup | steps.LetterChange)
        px = argument.document_sid
        if step.activity == steps.REOPEN_LETTER and self.status[px] == "signing":
            self.status[px] = "opened"
        if isinstance(argument, steps.LetterChange) and self.status[px] == "opened":
            self.status[px], self.email[px] = "signing", argument.email
            self.orders[px] = set(argument.order_sids) - self.unfit
        return LetterSnapshot(sid=px, status=self.status[px])


class GroupLife(RuleBasedStateMachine):
    """One group, its orders, and Twilio."""

    state: GroupState

    @initialize(size=st.sampled_from([None, 3, 6, 12]))
    def begin(self, size: int | None) -> None:
        """An order of the group is the first that is verified."""
        self.now: datetime = NOW
        self.twilio = Letters()
        self.size = size
        self.waiting: set[int] = set()
        self.state = a_group()
        self.join(0)

    def become(self, state: GroupState) -> None:
        """The state moves on."""
        self.state = state

    @rule(index=ORDERS)
    def join(self, index: int) -> None:
        """An order is verified, or says so again."""
        if order_sid(index) not in self.twilio.unfit:
            self.waiting.add(index)
            message = joining(index, size=self.size)
            self.become(taken(self.state, message, self.now, GROUP_PACE))

    @rule(index=ORDERS)
    def leave(self, index: int) -> None:
        """An order ends, and tells so; it never comes back."""
        self.twilio.unfit.add(order_sid(index))
        self.waiting.discard(index)
        for orders in self.twilio.orders.values():
            orders.discard(order_sid(index))
        self.become(taken(self.state, leaving(index, self.size), self.now, GROUP_PACE))
        assert self.state.letter_of(number(index)) is None

    @rule(index=ORDERS)
    def fails(self, index: int) -> None:
        """An order fails at Twilio, and nobody knows yet."""
        self.twilio.unfit.add(order_sid(index))
        self.waiting.discard(index)
        for orders in self.twilio.orders.values():
            orders.discard(order_sid(index))

    @rule(message=st.sampled_from(PEOPLE))
    def person(self, message: Message) -> None:
        """A person acts: refused in words, or taken."""
        refused = refusal(self.state, message)
        if refused is not None:
            assert refused.reason
            assert refused.next_step
            return
        self.become(taken(self.state, message, self.now, GROUP_PACE))

    @precondition(lambda self: any(s == "signing" for s in self.twilio.status.values()))
    @rule(status=st.sampled_from(["signed", "canceled", "failed", "opened"]), which=st.integers(0))
    def signer(self, status: str, which: int) -> None:
        """The signer signs or declines, or it is withdrawn or fails at Twilio."""
        out = [px for px, each in self.twilio.status.items() if each == "signing"]
        self.twilio.status[out[which % len(out)]] = status

    @precondition(lambda self: isinstance(next_step(self.state, GROUP_PACE), Wait))
    @rule(seconds=st.sampled_from([10, 10**7, 10**7]))
    def time(self, seconds: int) -> None:
        """Time goes by, at most until the end of the wait, which brings something."""
        step = next_step(self.state, GROUP_PACE)
        assert isinstance(step, Wait)
        self.now = max(self.now, min(self.now + timedelta(seconds=seconds), step.until))
        if self.now < step.until:
            return
        self.become(elapsed(self.state, self.now, GROUP_PACE))
        after = next_step(self.state, GROUP_PACE)
        assert not isinstance(after, Wait) or after.until > self.now, "it spins"

    @precondition(lambda self: isinstance(next_step(self.state, GROUP_PACE), Do))
    @rule(meanwhile=MEANWHILE, trouble=st.none() | TROUBLES, done=st.booleans())
    def work(
        self, meanwhile: list[tuple[str, int]], trouble: Trouble | None, *, done: bool
    ) -> None:
        """The next activity; its answer may be lost, whether it was carried out or not."""
        step = next_step(self.state, GROUP_PACE)
        assert isinstance(step, Do)
        self.become(starting(self.state, step))
        lost = trouble is not None and trouble.kind in {"unreachable", "internal"}
        outcome = self.twilio.carry_out(step) if trouble is None or (lost and done) else None
        for what, index in meanwhile:
            (self.join if what == "join" else self.leave)(index)
        self.become(learn(self.state, step, trouble or outcome, self.now, GROUP_PACE))

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """Each order that waits is in one place: gathered, on a letter, or told."""
        for index in self.waiting:
            places = [number(index) in self.state.gathering]
            places += [number(index) in letter.members for letter in self.state.letters]
            assert sum(places) < 2
            if not any(places):
                assert self.state.seen[number(index)] in {"signed", "left"}

    @invariant()
    def one_letter_at_most(self) -> None:
        """Never are two letters out for one order."""
        for index in range(12):
            self.twilio.living(order_sid(index))

    @invariant()
    def letters_are_for_somebody(self) -> None:
        """No step is for nobody, and no letter holds more than it may."""
        for letter in self.state.letters:
            assert 0 < len(letter.members) <= GROUP_PACE.most

    @invariant()
    def people_read_why(self) -> None:
        """Reason and next step are told, and nothing personal where everybody looks."""
        told = progress(self.state)
        assert told.reason
        assert told.next_step
        for secret in (LETTER.email, "right@example.com", LETTER.contact_title, "Director"):
            assert secret not in details(self.state)

    @invariant()
    def state_survives(self) -> None:
        """The state goes through continue-as-new unchanged."""
        assert GroupState.model_validate_json(self.state.model_dump_json()) == self.state

    def teardown(self) -> None:
        """Once Twilio is well, people resume and the signer signs: the group comes to its end."""
        if not hasattr(self, "state"):
            return
        for _ in range(200):
            step = next_step(self.state, GROUP_PACE)
            if step is None:
                break
            if refusal(self.state, Resumption()) is None:
                self.person(Resumption())
            elif isinstance(step, Do):
                self.work([], None, done=True)
            else:
                for px, status in self.twilio.status.items():
                    self.twilio.status[px] = "signed" if status == "signing" else status
                self.time(10**9)
        assert next_step(self.state, GROUP_PACE) is None, "it never ends"
        assert not self.state.gathering
        for index in self.waiting:
            assert self.state.seen[number(index)] != "in", "an order waits in vain"


TestGroupLife = GroupLife.TestCase
TestGroupLife.settings = settings(max_examples=200, stateful_step_count=30)
