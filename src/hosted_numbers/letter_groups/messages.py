"""What orders and people say to a group, as pure rules: is it taken, and what does it change.

Orders' words are signals, which may come twice and in any order, so each says where the order is,
not what has changed.
"""

from datetime import datetime
from functools import singledispatch
from typing import Final

from hosted_numbers.contract import Answer, Message, Resumption
from hosted_numbers.letter_groups.contract import Joining, Leaving, LetterAmendment, SendNow
from hosted_numbers.letter_groups.rules import GroupPace, settled
from hosted_numbers.letter_groups.standing import standing
from hosted_numbers.letter_groups.state import ALIVE, DEAD, GroupLetter, GroupState
from hosted_numbers.refusals import Refusal

_NOBODY: Final = "No order of the group needs a letter now."


def refusal(state: GroupState, message: Message) -> Refusal | None:
    """Why the group does not take a person's message now; None when it does."""
    return _refusal(message, state)


def taken(state: GroupState, message: Message, now: datetime, pace: GroupPace) -> GroupState:
    """The state after a message that was not refused."""
    return settled(_taken(message, state, now), now, pace)


@singledispatch
def _refusal(message: Message, state: GroupState) -> Refusal | None:
    del state
    raise TypeError(f"{type(message).__name__} is no message of a person to a group")


@singledispatch
def _taken(message: Message, state: GroupState, now: datetime) -> GroupState:
    del state, now
    raise TypeError(f"{type(message).__name__} is no message to a group")


@_taken.register
def _(message: Joining, state: GroupState, now: datetime) -> GroupState:
    number, sid = message.phone_number, message.sid
    state = state.but(size=_larger(state.size, message.size))
    letter = state.letter_of(number)
    if letter is not None:
        done_with = letter.sid is not None and letter.sid == message.voided_document_sid
        if letter.members[number] == sid and not done_with:
            return state
        state = _off(state, letter, number)
    return state.but(
        gathering={**state.gathering, number: sid},
        seen={**state.seen, number: "in"},
        since=state.since or now,
    )


@_taken.register
def _(message: Leaving, state: GroupState, now: datetime) -> GroupState:
    del now
    number = message.phone_number
    if (letter := state.letter_of(number)) is not None:
        state = _off(state, letter, number)
    return state.but(
        size=_larger(state.size, message.size),
        gathering={each: sid for each, sid in state.gathering.items() if each != number},
        seen={**state.seen, number: "left"},
    )


def _off(state: GroupState, letter: GroupLetter, phone_number: str) -> GroupState:
    """Take an order off a letter; at Twilio nothing changes for the others."""
    kept = {number: sid for number, sid in letter.members.items() if number != phone_number}
    return state.with_letter(letter.but(members=kept))


def _larger(one: int | None, other: int | None) -> int | None:
    return max((size for size in (one, other) if size is not None), default=None)


@_refusal.register
def _(message: SendNow, state: GroupState) -> Refusal | None:
    del message
    return None if state.gathering else Refusal("No order waits for a letter.", _next(state))


@_taken.register
def _(message: SendNow, state: GroupState, now: datetime) -> GroupState:
    del message
    return state.but(send_now=True).noting(now, "A person had the letter sent now.")


@_refusal.register
def _(message: Resumption, state: GroupState) -> Refusal | None:
    del message
    if any(letter.hold is not None for letter in state.letters):
        return None
    return Refusal(f"The group is not on hold. {standing(state).reason}", _next(state))


@_taken.register
def _(message: Resumption, state: GroupState, now: datetime) -> GroupState:
    del message
    for letter in state.letters:
        state = state.with_letter(_going_on(letter))
    return state.noting(now, "Resumed.")


def _going_on(letter: GroupLetter) -> GroupLetter:
    """What was in the way is mended: a dead letter is issued anew, a withdrawn one sent again."""
    if letter.hold is None:
        return letter
    if letter.hold.kind in DEAD:
        return letter.but(
            sid=None, status=None, hold=None, missing=False, again=True, looks=0, change=None
        )
    change = "resend" if letter.hold.kind == "authorization-withdrawn" else letter.change
    stale = letter.sid is not None and change is None
    return letter.but(hold=None, change=change, looks=0, stale=stale)


@_refusal.register
def _(message: LetterAmendment, state: GroupState) -> Refusal | None:
    if not message.changes():
        return Refusal("The amendment changes nothing.", "Name at least one field to change.")
    return None if state.letters or state.gathering else Refusal(_NOBODY, _next(state))


@_taken.register
def _(message: LetterAmendment, state: GroupState, now: datetime) -> GroupState:
    changes = message.changes()
    state = state.but(letter=state.letter.model_copy(update=changes))
    for letter in state.letters:
        state = state.with_letter(_changing(letter))
    return state.noting(now, f"Amended: {', '.join(sorted(changes))}.")


def _changing(letter: GroupLetter) -> GroupLetter:
    if letter.hold is not None:
        letter = _going_on(letter)
    if letter.sid is None or letter.status not in ALIVE:
        return letter
    return letter.but(change=letter.change or "reopen")


def _next(state: GroupState) -> str:
    return standing(state).next_step


def act_settled(state: GroupState) -> bool:
    """Whether what a person asked for has come to something that can be told."""
    return not any(letter.at_work for letter in state.letters)


def act_answer(state: GroupState) -> Answer:
    """What a person's act came to."""
    stands = standing(state)
    held = any(letter.hold is not None for letter in state.letters)
    reason = stands.reason if held else f"Taken. {stands.reason}"
    return Answer(taken=True, reason=reason, next_step=stands.next_step)
