"""Where a group stands, in words: what it waits for, why, who does what next, by when."""

import shlex
from collections import Counter
from datetime import datetime
from typing import Final, NamedTuple

from hosted_numbers.contract import WaitingFor
from hosted_numbers.letter_groups.contract import LetterProgress
from hosted_numbers.letter_groups.state import GroupState
from hosted_numbers.standing import plain

_PATIENCE: Final = "Nothing to do: the group goes on by itself."
_HELD: Final = {
    "authorization-declined": "declined",
    "authorization-failed": "failed",
    "authorization-missing": "missing",
    "authorization-withdrawn": "withdrawn",
}


class GroupStanding(NamedTuple):
    """What people need to know of a group."""

    status: str
    waiting_for: WaitingFor
    reason: str
    next_step: str
    deadline: datetime | None


def standing(state: GroupState) -> GroupStanding:
    """Where the group stands; what needs a person goes first."""
    for letter in sorted(state.letters, key=lambda each: not each.needs_a_person):
        if letter.hold is not None:
            status = _HELD.get(letter.hold.kind, "refused")
            status = "waiting" if letter.hold.retry_at else status
            command = f" (hosted-numbers letter resume {shlex.quote(state.key)})"
            return GroupStanding(
                status,
                letter.hold.waiting_for,
                letter.hold.reason,
                f"{letter.hold.next_step}{'' if letter.hold.retry_at else command}",
                letter.hold.retry_at,
            )
    if any(letter.at_work for letter in state.letters):
        return GroupStanding("sending", "nothing", "The letter is being sent.", _PATIENCE, None)
    if state.letters:
        return _signing(state)
    if state.gathering:
        return _gathering(state)
    if "signed" in state.seen.values():
        reason = "Every letter of the group is signed."
        return GroupStanding("signed", "nothing", reason, "Nothing to do.", None)
    reason = "No order of the group waits for a letter."
    return GroupStanding("ended", "nothing", reason, "Nothing to do.", state.idle_until)


def _signing(state: GroupState) -> GroupStanding:
    orders = sum(len(letter.members) for letter in state.letters)
    letters = len(state.letters)
    out = "The letter is" if letters == 1 else f"{letters} letters are"
    deadlines = [letter.deadline for letter in state.letters if letter.deadline is not None]
    return GroupStanding(
        "signing",
        "signature",
        f"{out} out for {orders} orders and not signed yet.",
        "The signer opens Twilio's e-mail and signs.",
        min(deadlines, default=None),
    )


def _gathering(state: GroupState) -> GroupStanding:
    known = f" of {state.size}" if state.size is not None else ""
    return GroupStanding(
        "gathering",
        "nothing",
        f"{len(state.gathering)}{known} orders wait for the letter to go out.",
        f"{_PATIENCE} To send it without the others: hosted-numbers letter send "
        f"{shlex.quote(state.key)}",
        None,
    )


def progress(state: GroupState) -> LetterProgress:
    """The one view of a group that the query, the CLI and the result show."""
    stands = standing(state)
    seen = Counter(state.seen.values())
    return LetterProgress(
        group=state.key,
        status=stands.status,
        document_sids=tuple(letter.sid for letter in state.letters if letter.sid is not None),
        size=state.size,
        gathered=len(state.gathering),
        out=sum(len(letter.members) for letter in state.letters),
        signed=seen["signed"],
        left=seen["left"],
        waiting_for=stands.waiting_for,
        reason=stands.reason,
        next_step=stands.next_step,
        deadline=stands.deadline,
        timeline=state.timeline,
    )


def details(state: GroupState) -> str:
    """The group's panel in the Temporal UI, in Markdown: never an e-mail, a title or a phone."""
    shown = progress(state)
    known = f" of {shown.size}" if shown.size is not None else ""
    lines = [
        f"### {plain(shown.group)}: {shown.status}",
        "",
        f"**{plain(shown.reason)}**",
        "",
        f"- Next: {plain(shown.next_step)}",
        f"- Orders{known}: {shown.gathered} waiting, {shown.out} out, {shown.signed} signed",
        f"- Left: {shown.left}",
    ]
    if shown.deadline is not None:
        lines.append(f"- Until: {shown.deadline:%Y-%m-%d %H:%M} UTC")
    lines += [f"- AuthorizationDocument: `{sid}`" for sid in shown.document_sids]
    lines += ["", "| when (UTC) | what |", "|---|---|"]
    lines += [f"| {entry.at:%m-%d %H:%M:%S} | {plain(entry.what)} |" for entry in shown.timeline]
    return "\n".join(lines)
