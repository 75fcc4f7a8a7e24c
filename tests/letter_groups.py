"""Groups of orders that share a letter, for tests."""

from datetime import datetime, timedelta

from hosted_numbers.contract import Message
from hosted_numbers.letter_groups.contract import Joining, Leaving, LetterFields, group_key
from hosted_numbers.letter_groups.learning import learn
from hosted_numbers.letter_groups.messages import refusal, taken
from hosted_numbers.letter_groups.rules import GroupPace, elapsed, next_step, starting
from hosted_numbers.letter_groups.state import GroupInput, GroupState
from hosted_numbers.letter_groups.steps import LetterOutcome, LetterSnapshot
from hosted_numbers.lifecycle import Do, Wait
from tests.orders import DOCUMENT_SID, NOW, PACE, an_order

GROUP = "spring 2026"
KEY = str(group_key(an_order(loa_group=GROUP)))
LETTER = LetterFields.model_validate(dict(an_order()))
GROUP_PACE = GroupPace(
    window=timedelta(hours=24),
    late_window=timedelta(hours=1),
    most=5,
    signing=timedelta(days=29),
    looks=PACE,
)


def number(index: int) -> str:
    """The number of an order of the group."""
    return f"+1212555{index:04d}"


def order_sid(index: int) -> str:
    """Its SID at Twilio."""
    return f"HR{index:032x}"


def joining(index: int, **more: object) -> Joining:
    """An order that waits."""
    fields = {"phone_number": number(index), "sid": order_sid(index)} | more
    return Joining.model_validate(fields)


def leaving(index: int, size: int | None = None) -> Leaving:
    """An order that has ended."""
    return Leaving(phone_number=number(index), size=size)


def a_group() -> GroupState:
    """A group that was just begun."""
    return GroupInput(key=KEY, letter=LETTER).state(NOW, GROUP_PACE.window)


def told(state: GroupState, *messages: Message, at: datetime = NOW) -> GroupState:
    """The state after messages of orders, or of people, none of which is refused."""
    for message in messages:
        if not isinstance(message, Joining | Leaving):
            refused = refusal(state, message)
            assert refused is None, refused
        state = taken(state, message, at, GROUP_PACE)
    return state


def act(state: GroupState, outcome: LetterOutcome, at: datetime = NOW) -> GroupState:
    """The state after its next activity came to an outcome."""
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Do), f"nothing to do: {step}"
    return learn(starting(state, step), step, outcome, at, GROUP_PACE)


def doing(state: GroupState) -> str | None:
    """The name of the next activity, None while the group waits or when it is done."""
    step = next_step(state, GROUP_PACE)
    return step.activity if isinstance(step, Do) else None


def until(state: GroupState) -> datetime:
    """How long it waits."""
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Wait), f"nothing to wait for: {step}"
    return step.until


def waited(state: GroupState) -> GroupState:
    """The state after its next wait ran out."""
    return elapsed(state, until(state), GROUP_PACE)


def says(status: str | None = "signing", sid: str | None = DOCUMENT_SID) -> LetterSnapshot:
    """What Twilio says of the letter."""
    return LetterSnapshot(sid=sid, status=status)


def out(*indexes: int) -> GroupState:
    """A group whose letter is out for these orders, who know it."""
    state = told(a_group(), *(joining(index, size=len(indexes)) for index in indexes))
    return act(act(state, says()), None)


def seen(state: GroupState, *statuses: str) -> GroupState:
    """The state after looks that found the letter so, its orders told."""
    for status in statuses:
        state = act(waited(state), says(status), at=until(state))
        while state.untold:
            state = act(state, None)
    return state
