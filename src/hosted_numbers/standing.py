"""Where an order stands, in words: what it waits for, why, who does what next, by when."""

from datetime import datetime
from typing import Final, NamedTuple

from hosted_numbers import playbook
from hosted_numbers.contract import Progress, WaitingFor
from hosted_numbers.order_state import OrderState


class Standing(NamedTuple):
    """What people need to know of an order that waits or has ended."""

    waiting_for: WaitingFor
    reason: str
    next_step: str
    deadline: datetime | None


_PATIENCE: Final = "Nothing to do: the order goes on by itself."

_BY_STATUS: Final[dict[str | None, tuple[WaitingFor, str, str]]] = {
    None: ("nothing", "The order is being created at Twilio.", _PATIENCE),
    "twilio-processing": (
        "nothing",
        "Twilio checks whether the number can be hosted.",
        _PATIENCE,
    ),
    "verified": (
        "signature",
        "The number's ownership is verified; the Letter of Authorization is being sent out.",
        _PATIENCE,
    ),
    "pending-loa": (
        "signature",
        "The Letter of Authorization is out and not signed yet.",
        "The signer opens Twilio's e-mail and signs.",
    ),
    "carrier-processing": (
        "carrier",
        "The carrier sets the number up for SMS on Twilio.",
        _PATIENCE,
    ),
    "testing": ("carrier", "Twilio tests SMS on the number.", _PATIENCE),
}

_MOVED: Final = {
    "twilio-processing": "Twilio has the order and checks the number.",
    "received": "Twilio can host the number.",
    "pending-verification": "Twilio waits for the number's owner to be verified.",
    "verified": "The number's owner is verified.",
    "pending-loa": "The Letter of Authorization waits for its signature.",
    "carrier-processing": "The letter is signed; the carrier works on the number.",
    "testing": "Twilio tests SMS on the number.",
    "completed": "The number is hosted on Twilio.",
    "failed": "Twilio failed the order.",
    "action-required": "Twilio met a problem; its operations look into it.",
}


def moved_to(status: str) -> str:
    """A change of Twilio's status, as a step in the timeline."""
    return _MOVED.get(status, f"Twilio moved the order to {status!r}.")


def standing(state: OrderState) -> Standing:
    """Where the order stands."""
    if state.ended is not None:
        return _ended(state)
    if state.hold is not None:
        hold = state.hold
        return Standing(hold.waiting_for, hold.reason, hold.next_step, state.deadline)
    if state.leaving is not None:
        reason = "The order is being taken back at Twilio."
        return Standing("nothing", reason, _PATIENCE, state.deadline)
    if state.missing:
        reason = "Twilio did not find the order; it is looked for once more."
        return Standing("nothing", reason, _PATIENCE, state.deadline)
    if state.status in {"received", "pending-verification"}:
        return _verifying(state)
    if state.status == "action-required":
        play = playbook.ACTION_REQUIRED
        reason = state.failure_reason or play.reason
        return Standing("operator", reason, play.next_step, state.deadline)
    unknown = f"Twilio says {state.status!r}, a status that this release does not know."
    waiting_for, reason, next_step = _BY_STATUS.get(state.status, ("carrier", unknown, _PATIENCE))
    return Standing(waiting_for, reason, next_step, state.deadline)


def _verifying(state: OrderState) -> Standing:
    number = state.order.phone_number
    if state.call_wanted:
        reason = "Twilio is about to call the number."
        return Standing("nothing", reason, "Be at the phone.", state.deadline)
    if state.code_expires_at is not None and state.call_trouble is None:
        shown = " or key the code shown into the ringing phone" if state.verification_code else ""
        return Standing(
            "verification-code",
            f"Twilio called {number} with a code that lives for ten minutes.",
            f"Enter the code that was heard (hosted-numbers order code {number}){shown}.",
            state.code_expires_at,
        )
    if not state.calls_left:
        reason = state.call_trouble or "All three verification calls are used up."
        return Standing(
            "operator",
            reason,
            f"Write to {playbook.SUPPORT} with the order's SID to have the calls reset.",
            state.deadline,
        )
    reason = state.call_trouble or (
        "Twilio is ready to call the number."
        if state.status == "received"
        else "The verification code has expired."
    )
    ask = f"Ask for the call when somebody is at the phone (hosted-numbers order call {number})."
    return Standing("verification-call", reason, ask, state.deadline)


def _ended(state: OrderState) -> Standing:
    match state.ended:
        case "completed":
            reason = "The number is hosted on Twilio and ready for SMS."
            return Standing("nothing", reason, "Nothing to do.", None)
        case "cancelled":
            reason = "The order was cancelled."
            return Standing("nothing", reason, "Send a new order if it is wanted again.", None)
        case _:
            reason = state.failure_reason or "Twilio failed the order without a reason."
            return Standing(
                "nothing", reason, "Mend the cause, then send a new order for the number.", None
            )


def progress(state: OrderState) -> Progress:
    """The one view of an order that the query, the API, the CLI and the result show."""
    stands = standing(state)
    return Progress(
        phone_number=state.order.phone_number,
        sid=state.sid,
        status=state.status,
        phase=state.phase,
        waiting_for=stands.waiting_for,
        reason=stands.reason,
        next_step=stands.next_step,
        deadline=stands.deadline,
        attempts_used=state.calls_placed,
        attempts_left=state.calls_left,
        verification_code=state.verification_code,
        authorization_document_sid=state.authorization_document_sid,
        failure_reason=state.failure_reason,
        timeline=state.timeline,
    )


def details(state: OrderState) -> str:
    """The order's panel in the Temporal UI, in Markdown: never a code, an e-mail or a name."""
    stands = standing(state)
    lines = [
        f"### {state.order.phone_number}: {state.status or 'not at Twilio yet'}",
        "",
        f"**{_plain(stands.reason)}**",
        "",
        f"- Waiting for: {stands.waiting_for.replace('-', ' ')}",
        f"- Next: {_plain(stands.next_step)}",
    ]
    if stands.deadline is not None:
        lines.append(f"- Until: {stands.deadline:%Y-%m-%d %H:%M} UTC")
    lines.append(f"- Verification calls: {state.calls_placed} placed, {state.calls_left} left")
    if state.sid is not None:
        lines.append(f"- HostedNumberOrder: `{state.sid}`")
    if state.authorization_document_sid is not None:
        lines.append(f"- AuthorizationDocument: `{state.authorization_document_sid}`")
    if state.operator_url is not None and state.ended is None:
        lines += ["", f"[Act on this order]({state.operator_url}/docs)"]
    lines += ["", "| when (UTC) | what |", "|---|---|"]
    lines += [f"| {entry.at:%m-%d %H:%M:%S} | {_plain(entry.what)} |" for entry in state.timeline]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that may come from Twilio, so that it cannot be taken for Markdown."""
    flat = " ".join(text.split())
    return "".join(f"\\{char}" if char in r"\`*_[]<>|#" else char for char in flat)
