"""How an order shares its Letter of Authorization with the others of its group; pure."""

import shlex
from datetime import datetime, timedelta
from typing import NamedTuple

from hosted_numbers import steps
from hosted_numbers.contract import Message
from hosted_numbers.letter_groups.contract import LetterFields, group_key
from hosted_numbers.order_state import OrderState
from hosted_numbers.playbook import Play


class GroupStep(NamedTuple):
    """What the order does next about its group: the activity, what it is asked, and why."""

    activity: str
    argument: steps.GroupCall
    summary: str


def grouping(state: OrderState) -> GroupStep | None:
    """What an order without a letter has to tell its group; None when nothing.

    Amended to another signer, it leaves the group that it had joined and joins the one of the new
    signer. It joins once it is verified and its supporting documents are approved.
    """
    key, joined = group_key(state.order), state.letter_group
    if key is None:
        return None
    if joined is not None and joined != key:
        return _leaving(state, joined)
    if not _is_ready(state) or state.joined_at is not None:
        return None
    call = _call(state, key).model_copy(
        update={"sid": state.sid, "voided_document_sid": state.voided_document_sid}
    )
    return GroupStep(steps.JOIN_LETTER_GROUP, call, "Wait for the letter of the group")


def farewell(state: OrderState) -> GroupStep | None:
    """What an order that has ended before its letter was signed tells its group, once."""
    key = group_key(state.order)
    if key is None or state.ended not in {"failed", "cancelled"}:
        return None
    return _leaving(state, state.letter_group or key)


def _is_ready(state: OrderState) -> bool:
    lettered = state.status == "verified" or (state.status == "pending-loa" and state.letter_again)
    return lettered and all(each.approved for each in state.supporting)


def _leaving(state: OrderState, group: str) -> GroupStep:
    return GroupStep(steps.LEAVE_LETTER_GROUP, _call(state, group), "Leave the letter's group")


def _call(state: OrderState, group: str) -> steps.GroupCall:
    return steps.GroupCall(
        group=group,
        letter=LetterFields.model_validate(dict(state.order)),
        customer=state.order.customer,
        phone_number=state.order.phone_number,
        size=state.order.loa_group_size,
        joined=state.letter_group == group,
    )


def group_told(state: OrderState, activity: str, call: Message, now: datetime) -> OrderState:
    """The state after its group was told that the order waits, or that it goes another way."""
    if not isinstance(call, steps.GroupCall):
        return state
    if activity == steps.LEAVE_LETTER_GROUP:
        return state.but(letter_group=None, joined_at=None)
    known = state.letter_group == call.group
    state = state.but(letter_group=call.group, joined_at=now)
    what = f"It waits for the letter of the group {call.group}."
    return state if known else state.noting(now, what)


def rejoins_at(state: OrderState, after: timedelta) -> datetime | None:
    """When an order that waits for its group tells it so again, should the group have been lost."""
    if state.joined_at is None or state.authorization_document_sid is not None:
        return None
    waits = state.status == "verified" and state.hold is None and state.leaving is None
    return state.joined_at + after if waits else None


def command(word: str, group: str) -> str:
    """What a person types to act on a group."""
    return f"hosted-numbers letter {word} {shlex.quote(group)}"


def shared_play(state: OrderState, play: Play) -> Play:
    """The words for a dead letter, which a group has in common."""
    if state.letter_group is None:
        return play
    again, amended = command("resume", state.letter_group), command("amend", state.letter_group)
    return Play(
        play.reason,
        f"For all orders of the group: {again}, or {amended} to change who signs. Resumed alone, "
        "this order goes onto the group's next letter.",
    )
