"""What an activity of a group came to, folded into the state of the group; pure."""

from datetime import datetime, timedelta
from typing import Final

from hosted_numbers import playbook
from hosted_numbers.letter_groups import steps
from hosted_numbers.letter_groups.contract import LetterFields
from hosted_numbers.letter_groups.rules import GroupPace, number_of, settled
from hosted_numbers.letter_groups.state import GroupLetter, GroupState
from hosted_numbers.letter_groups.steps import LetterOutcome, LetterSnapshot
from hosted_numbers.lifecycle import Do
from hosted_numbers.order_state import Hold
from hosted_numbers.playbook import Play
from hosted_numbers.steps import Trouble

SIGNED_HINT: Final = "carrier-processing"
OUT_HINT: Final = "pending-loa"
_FIXED: Final = 22107

DECLINED: Final = Play(
    "The signer declined the Letter of Authorization.",
    "Talk to the signer, then amend who signs, or resume to send the same letter again.",
)
FAILED: Final = Play(
    "The Letter of Authorization failed at Twilio.",
    "Amend what is wrong with it, or resume to send it again.",
)
MISSING: Final = Play(
    "Twilio does not find the Letter of Authorization any more.",
    "Resume to have a new letter sent.",
)
WITHDRAWN: Final = Play(
    "The Letter of Authorization was withdrawn at Twilio and is not with its signer.",
    "Amend what is wrong with it, or resume to have it sent again.",
)


def learn(
    state: GroupState, step: Do, outcome: LetterOutcome, now: datetime, pace: GroupPace
) -> GroupState:
    """What an activity came to.

    Args:
        state: as it is now, messages that came meanwhile included.
        step: what was done.
        outcome: what Twilio says now, why it came to nothing, or None where nothing is told.
        now: the workflow's time.
        pace: for the time of the next try.
    """
    if step.activity == steps.TELL_ORDERS:
        # orders that could not be told look for themselves: it is not worth a wait
        return state.but(untold=tuple(each for each in state.untold if each != step.argument))
    letter = state.numbered(number_of(step))
    if letter is None:  # all its orders left meanwhile; whoever is on it looks for itself
        return state
    if isinstance(outcome, LetterSnapshot):
        state = _answered(state, letter, step, outcome, now=now, pace=pace)
    elif isinstance(outcome, Trouble):
        state = _troubled(state, letter, step, outcome, now=now, pace=pace)
    return settled(state, now, pace)


def _answered(
    state: GroupState,
    letter: GroupLetter,
    step: Do,
    snapshot: LetterSnapshot,
    *,
    now: datetime,
    pace: GroupPace,
) -> GroupState:
    moved = snapshot.status != letter.status
    letter = letter.but(looked_at=now, looks=0 if moved else letter.looks + 1, in_doubt=False)
    state, letter = _without_strangers(state, letter, snapshot, now)
    if step.activity == steps.FIND_OR_CREATE_LETTER:
        return _created(state, letter, snapshot, now, pace)
    if step.activity == steps.REOPEN_LETTER and snapshot.status == "opened":
        letter = letter.but(status="opened", change="resend")
        return state.with_letter(letter).noting(now, f"Letter {letter.number} was withdrawn.")
    if step.activity == steps.REOPEN_LETTER and snapshot.status == "signing":
        return _fixed(state, letter, now)
    if step.activity == steps.RESEND_LETTER and snapshot.status == "signing":
        return _resent(state, letter, step, now, pace)
    return _seen(state, letter.but(status=snapshot.status), now, moved=moved)


def _without_strangers(
    state: GroupState, letter: GroupLetter, snapshot: LetterSnapshot, now: datetime
) -> tuple[GroupState, GroupLetter]:
    """Take off the orders that are not on the letter; those of another one are sent theirs."""
    out = {n: sid for n, sid in letter.members.items() if sid in snapshot.left_out}
    over = {n: sid for n, sid in letter.members.items() if sid in snapshot.left_over}
    if not out and not over:
        return state, letter
    kept = {n: sid for n, sid in letter.members.items() if n not in out and n not in over}
    if out:
        state = state.telling(tuple(out)).but(seen={**state.seen, **dict.fromkeys(out, "left")})
        state = state.noting(now, f"{len(out)} orders are not verified any more and were left out.")
    if over:
        state = state.but(gathering={**state.gathering, **over}, send_now=True)
        state = state.but(since=state.since or now)
    return state, letter.but(members=kept)


def _created(
    state: GroupState, letter: GroupLetter, snapshot: LetterSnapshot, now: datetime, pace: GroupPace
) -> GroupState:
    """The letter is out, made just now or found, or nobody was left to be on it."""
    if snapshot.sid is None:
        return state.without_letter(letter.number)
    wanted = LetterFields.model_validate(dict(state.letter))
    as_wanted = letter.tried == (wanted,)
    news = None if letter.again else OUT_HINT
    letter = letter.but(
        sid=snapshot.sid,
        status=snapshot.status,
        deadline=now + pace.signing,
        reminders=0,
        change=None if as_wanted else "reopen",
        tried=(),
    )
    orders = len(letter.members)
    state = state.with_letter(letter).telling(tuple(letter.members), news)
    state = state.noting(now, f"Letter {letter.number} is out for signature, for {orders} orders.")
    return state if snapshot.status == "signing" else _seen(state, letter, now, moved=True)


def _resent(
    state: GroupState, letter: GroupLetter, step: Do, now: datetime, pace: GroupPace
) -> GroupState:
    wanted = LetterFields.model_validate(dict(state.letter))
    sent = LetterFields.model_validate(step.argument.model_dump())
    letter = letter.but(
        status="signing",
        change=None if sent == wanted else "reopen",
        deadline=now + pace.signing,
        reminders=0,
        hold=None,
        missing=False,
    )
    state = state.with_letter(letter).telling(tuple(letter.members))
    return state.noting(now, f"Letter {letter.number} is out for signature again.")


def _seen(state: GroupState, letter: GroupLetter, now: datetime, *, moved: bool) -> GroupState:
    """What a look at the letter shows."""
    match letter.status:
        case "signed":
            signed = dict.fromkeys(letter.members, "signed")
            state = state.but(seen={**state.seen, **signed}).without_letter(letter.number)
            state = state.telling(tuple(letter.members), SIGNED_HINT)
            return state.noting(now, f"Letter {letter.number} is signed.")
        case "canceled":
            return _dead(state, letter, "authorization-declined", DECLINED, now)
        case "failed":
            return _dead(state, letter, "authorization-failed", FAILED, now)
        case "missing" if letter.missing:
            return _dead(state, letter, "authorization-missing", MISSING, now)
        case "missing":
            return state.with_letter(letter.but(missing=True))
        case "opened" if letter.change is None:
            return _held(state, letter, "authorization-withdrawn", WITHDRAWN, now)
        case "signing" if letter.hold is not None:
            state = state.with_letter(letter.but(hold=None, missing=False))
            state = state.telling(tuple(letter.members))
            return state.noting(now, f"Letter {letter.number} is out again.")
        case _:
            state = state.with_letter(letter.but(missing=False))
            return state.telling(tuple(letter.members)) if moved else state


def _dead(
    state: GroupState, letter: GroupLetter, kind: str, play: Play, now: datetime
) -> GroupState:
    known = letter.hold is not None and letter.hold.kind == kind
    state = _held(state, letter.but(change=None, deadline=None), kind, play, now)
    return state if known else state.telling(tuple(letter.members))


def _held(
    state: GroupState,
    letter: GroupLetter,
    kind: str,
    play: Play,
    now: datetime,
    *,
    retry_at: datetime | None = None,
) -> GroupState:
    """The letter does not go on until a person mends something, or a try at ``retry_at`` works."""
    hold = Hold(
        kind=kind,
        reason=play.reason,
        next_step=play.next_step,
        waiting_for="nothing" if kind == "unreachable" else "operator",
        retry_at=retry_at,
    )
    state = state.with_letter(letter.but(hold=hold))
    known = bool(state.timeline) and state.timeline[-1].what == play.reason
    return state if known else state.noting(now, play.reason)


def _fixed(state: GroupState, letter: GroupLetter, now: datetime) -> GroupState:
    """Twilio lets nobody change the letter (22107): it is looked at anew."""
    state = state.with_letter(letter.but(change=None, stale=True))
    return state.noting(now, "Twilio lets nobody change the letter any more.")


def _troubled(
    state: GroupState,
    letter: GroupLetter,
    step: Do,
    trouble: Trouble,
    *,
    now: datetime,
    pace: GroupPace,
) -> GroupState:
    """An activity came to nothing."""
    letter = letter.but(looked_at=now, looks=letter.looks + 1)
    creating = step.activity == steps.FIND_OR_CREATE_LETTER
    if trouble.code == _FIXED and letter.change is not None:
        return _fixed(state, letter, now)
    play = playbook.play(trouble, creating=creating)
    if trouble.kind == "refused":
        letter = letter.but(in_doubt=False)
        return _held(state, letter, f"refused-{trouble.code or trouble.status}", play, now)
    pause = timedelta(seconds=trouble.retry_after or 0)
    looks = pace.looks
    retry_at = now + min(max(pause, looks.after(letter.looks - 1)), looks.longest_look)
    kind = "no-access" if trouble.kind == "not-found" else trouble.kind
    return _held(state, letter, kind, play, now, retry_at=retry_at)
