"""The life of a group as pure rules: what comes next, and what time brings.

Like ``hosted_numbers.lifecycle`` for an order: no Temporal, no clock, no I/O.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hosted_numbers.letter_groups import steps
from hosted_numbers.letter_groups.contract import LetterFields
from hosted_numbers.letter_groups.state import GroupLetter, GroupState
from hosted_numbers.lifecycle import Do, Pace, Wait


@dataclass(frozen=True)
class GroupPace:
    """How long a group waits for what; the values stand in ``workflows.policies``."""

    window: timedelta
    """For the others, once the first order waits."""
    late_window: timedelta
    """The same for orders that come after a letter went out to a whole group."""
    most: int
    """Orders on one letter."""
    signing: timedelta
    """For the signature, from the mail to the deadline of which it reminds."""
    looks: Pace
    """At a letter that is out, and between tries; and its reminders."""


def next_step(state: GroupState, pace: GroupPace) -> Do | Wait | None:
    """What comes next; None when nothing is left to be done."""
    if state.untold:
        return Do(steps.TELL_ORDERS, state.untold[0], "Tell the orders of their letter")
    for letter in state.letters:
        if (step := _with_letter(state, letter)) is not None:
            return step
    moments = _moments(state, pace)
    if not moments:
        return None
    return Wait(min(moments), "Waiting for signature" if state.letters else "Gathering orders")


def _with_letter(state: GroupState, letter: GroupLetter) -> Do | None:
    number, sid = letter.number, letter.sid
    if letter.hold is not None and (letter.hold.retry_at is not None or not letter.stale):
        return None
    fields = state.letter.model_dump() | {
        "number": number,
        "order_sids": tuple(letter.members.values()),
    }
    if sid is None:
        emails = tuple(dict.fromkeys(each.email for each in (*letter.tried, state.letter)))
        request = steps.LetterRequest.model_validate(
            fields | {"emails": emails, "in_doubt": letter.in_doubt}
        )
        summary = "Send the Letter of Authorization out"
        return Do(steps.FIND_OR_CREATE_LETTER, request, summary)
    lookup = steps.LetterLookup(number=number, document_sid=sid)
    if letter.change == "reopen":
        return Do(steps.REOPEN_LETTER, lookup, "Withdraw the Letter of Authorization")
    if letter.change == "resend":
        change = steps.LetterChange.model_validate(fields | {"document_sid": sid})
        return Do(steps.RESEND_LETTER, change, "Send the changed Letter of Authorization")
    return Do(steps.FETCH_LETTER, lookup, "Look at the letter") if letter.stale else None


def _moments(state: GroupState, pace: GroupPace) -> list[datetime]:
    """When time brings something, if nobody says anything."""
    found = [state.idle_until, due_at(state, pace)]
    for letter in state.letters:
        found += [_next_look(letter, pace), _next_reminder(letter, pace)]
    return [moment for moment in found if moment is not None]


def _next_look(letter: GroupLetter, pace: GroupPace) -> datetime:
    if letter.hold is not None and letter.hold.retry_at is not None:
        return letter.hold.retry_at
    if letter.sid is None or letter.status in {"canceled", "failed"}:
        return letter.looked_at + pace.signing  # nothing to see: only a person brings it on
    if letter.missing and letter.hold is None:
        return letter.looked_at + pace.looks.second_look
    return letter.looked_at + pace.looks.after(letter.looks)


def _next_reminder(letter: GroupLetter, pace: GroupPace) -> datetime | None:
    if letter.deadline is None or letter.reminders >= len(pace.looks.reminders):
        return None
    return letter.deadline - pace.looks.reminders[letter.reminders]


def complete(state: GroupState) -> bool:
    """Whether every order that the group will have was heard of."""
    return state.size is not None and len(state.seen) >= state.size


def due_at(state: GroupState, pace: GroupPace) -> datetime | None:
    """When those who wait go out; None while nobody waits, or a person has to act first."""
    if not state.gathering or state.since is None:
        return None
    if state.send_now:
        return state.since
    if any(letter.needs_a_person for letter in state.letters):
        return None  # what is in the way of one letter would be in the way of the next
    if len(state.gathering) >= pace.most or (complete(state) and not state.was_complete):
        return state.since
    return state.since + (pace.late_window if state.was_complete else pace.window)


def settled(state: GroupState, now: datetime, pace: GroupPace) -> GroupState:
    """The state with letters for those who waited long enough, and without letters for nobody."""
    if not state.gathering:
        state = state.but(since=None, send_now=False)
    state = state.but(letters=tuple(each for each in state.letters if each.members))
    while (due := due_at(state, pace)) is not None and now >= due:
        members = dict(list(state.gathering.items())[: pace.most])
        rest = {number: sid for number, sid in state.gathering.items() if number not in members}
        letter = GroupLetter(number=state.letters_made + 1, members=members, looked_at=now)
        state = state.but(
            letters=(*state.letters, letter),
            letters_made=letter.number,
            gathering=rest,
            since=state.since if rest else None,
            send_now=state.send_now and bool(rest),
            was_complete=state.was_complete or complete(state),
            idle_until=None,
        ).noting(now, f"A letter for {len(members)} orders is being sent out.")
    return state


def elapsed(state: GroupState, now: datetime, pace: GroupPace) -> GroupState:
    """What a wait that ran out brought."""
    if state.idle_until is not None and now >= state.idle_until:
        state = state.but(idle_until=None)
    for letter in state.letters:
        state = _reminded(state.with_letter(_grown_old(letter, now, pace)), letter, now, pace)
    return settled(state, now, pace)


def _grown_old(letter: GroupLetter, now: datetime, pace: GroupPace) -> GroupLetter:
    if now < _next_look(letter, pace):
        return letter
    trying = letter.hold is not None and letter.hold.retry_at is not None
    return letter.but(
        hold=None if trying else letter.hold, stale=letter.sid is not None, looked_at=now
    )


def _reminded(state: GroupState, letter: GroupLetter, now: datetime, pace: GroupPace) -> GroupState:
    """Reminders that are due by now, as one line of the timeline."""
    current = state.numbered(letter.number) or letter
    given = current.reminders
    while (moment := _next_reminder(current, pace)) is not None and now >= moment:
        current = current.but(reminders=current.reminders + 1)
    if current.reminders == given or current.deadline is None:
        return state
    until = f"{current.deadline:%Y-%m-%d %H:%M} UTC"
    state = state.with_letter(current)
    return state.noting(now, f"Reminder: letter {letter.number} is not signed, due {until}.")


def starting(state: GroupState, step: Do) -> GroupState:
    """An activity starts: what it will answer is newer than what was known."""
    letter = state.numbered(number_of(step))
    if letter is None:
        return state
    if step.activity != steps.FIND_OR_CREATE_LETTER:
        return state.with_letter(letter.but(stale=False))
    sent = LetterFields.model_validate(dict(state.letter))
    tried = letter.tried if sent in letter.tried else (*letter.tried, sent)
    return state.with_letter(letter.but(tried=tried, in_doubt=True))


def number_of(step: Do) -> int:
    """Which letter a step is about; 0 where it is about none."""
    argument = step.argument
    about = steps.LetterRequest | steps.LetterLookup | steps.LetterChange
    return argument.number if isinstance(argument, about) else 0
