"""Where an order stands, in words: what it waits for, why, who does what next, by when."""

import shlex
from datetime import datetime
from typing import Final, NamedTuple

from hosted_numbers import playbook
from hosted_numbers.contract import Progress, WaitingFor
from hosted_numbers.order_documents import SupportingDocument
from hosted_numbers.order_state import LETTER_OUT, UNDER_WAY, OrderState


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
        return _also_wanted(state, _verifying(state))
    if state.status == "verified" and (found := _supporting(state)) is not None:
        return found
    if state.status == "action-required":
        return _triaged(state)
    if (shared := _shared(state)) is not None:
        return shared
    if state.letter_change is not None:
        reason = "The Letter of Authorization is being withdrawn, changed and sent again."
        return Standing("nothing", reason, _PATIENCE, state.deadline)
    unknown = f"Twilio says {state.status!r}, a status that this release does not know."
    waiting_for, reason, next_step = _BY_STATUS.get(state.status, ("carrier", unknown, _PATIENCE))
    return _also_wanted(state, Standing(waiting_for, reason, next_step, state.deadline))


def _verifying(state: OrderState) -> Standing:
    number = state.order.phone_number
    if state.bill is not None:
        return _with_bill(state)
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
    if state.bill_trouble is not None:
        return _for_bill(state, state.bill_trouble)
    if state.order.verification_type == "phone-bill" and not state.calls_placed:
        return _for_bill(state, state.call_trouble or "Ownership is to be proven by a bill.")
    return _for_call(state)


def _for_call(state: OrderState) -> Standing:
    """What an order waits for whose code does not live: mostly, that somebody is at the phone."""
    number = state.order.phone_number
    if not state.calls_left:
        reason = state.call_trouble or "All three verification calls are used up."
        return Standing(
            "operator",
            reason,
            f"Provide a utility bill instead (hosted-numbers order bill {number} FILE), or write "
            f"to {playbook.SUPPORT} with the order's SID to have the calls reset.",
            state.deadline,
        )
    if state.call_at is not None:
        trouble = f"{state.call_trouble} " if state.call_trouble else ""
        return Standing(
            "verification-call",
            f"{trouble}The number is called at {state.call_at:%Y-%m-%d %H:%M} UTC.",
            f"Be at the phone then, or ask for the call now (hosted-numbers order call {number}).",
            state.call_at,
        )
    reason = state.call_trouble or (
        "Twilio is ready to call the number."
        if state.status == "received"
        else "The verification code has expired."
    )
    ask = f"Ask for the call when somebody is at the phone (hosted-numbers order call {number})"
    bill = f", or provide a bill (hosted-numbers order bill {number} FILE)"
    return Standing(
        "verification-call",
        reason,
        f"{ask}{bill if state.call_trouble else ''}.",
        state.deadline,
    )


def _with_bill(state: OrderState) -> Standing:
    if state.bill is not None and state.bill.attached:
        reason = "Twilio looks at the bill that proves who owns the number."
        return Standing("document-review", reason, _PATIENCE, state.deadline)
    return Standing("nothing", "The bill is being sent to Twilio.", _PATIENCE, state.deadline)


def _for_bill(state: OrderState, reason: str) -> Standing:
    number = state.order.phone_number
    return Standing(
        "document",
        reason,
        "Provide a utility bill of the last 30 days with the owner's name and address "
        f"(hosted-numbers order bill {number} FILE), or amend verification_document_sid with one "
        "that Twilio has.",
        state.deadline,
    )


def _triaged(state: OrderState) -> Standing:
    """Twilio's operations have the order: what the problem is, and who acts."""
    if state.bill is not None:
        return _with_bill(state)
    found = playbook.triage(state.failure_reason)
    if state.bill_trouble is not None:
        return _for_bill(state, state.bill_trouble)
    reason = state.failure_reason or found.means
    if found.kind != "unknown":
        reason = f"{found.means} Twilio says: {reason}"
    return Standing("operator", reason, found.next_step, state.deadline)


def _supporting(state: OrderState) -> Standing | None:
    """What the supporting documents keep a verified order waiting for; None when nothing."""
    wanted = [each for each in state.supporting if each.wanted]
    if wanted:
        reason = " ".join(_why(each) for each in wanted)
        return Standing("document", reason, _provide(state, wanted), state.deadline)
    reviewed = [each.request.type for each in state.supporting if not each.approved]
    if reviewed:
        reason = f"Twilio looks at the supporting documents: {', '.join(reviewed)}."
        return Standing("document-review", reason, _PATIENCE, state.deadline)
    return None


def _also_wanted(state: OrderState, stands: Standing) -> Standing:
    """An order that waits for something else tells of the documents that it will wait for next."""
    wanted = [each for each in state.supporting if each.wanted]
    if not wanted or state.status not in UNDER_WAY:
        return stands
    return stands._replace(next_step=f"{stands.next_step} {_provide(state, wanted)}")


def _shared(state: OrderState) -> Standing | None:
    """What an order waits for whose letter is to go out, or is changed, together with others'."""
    group = state.letter_group
    if group is None or state.status not in LETTER_OUT:
        return None
    if state.authorization_document_status == "opened":
        reason = "The Letter of Authorization of the group is being changed."
    elif state.status == "verified" and state.authorization_document_sid is None:
        reason = f"Verified; its letter goes out together with the others of {group}."
    else:
        return None
    known = f"See the group: hosted-numbers letter show {shlex.quote(group)}"
    return Standing("signature", reason, f"{_PATIENCE} {known}", state.deadline)


def _why(document: SupportingDocument) -> str:
    name = document.request.type
    return f"{name}: {document.reason}" if document.reason else f"{name} is not provided yet."


def _provide(state: OrderState, wanted: list[SupportingDocument]) -> str:
    number = state.order.phone_number
    files = [each.request.type for each in wanted if each.request.with_file]
    others = [each.request.type for each in wanted if not each.request.with_file]
    steps = [
        f"Provide the {name} (hosted-numbers order bill {number} FILE --type {name})."
        for name in files
    ]
    return " ".join(steps + [f"Amend supporting_documents with another {n}." for n in others])


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
        customer=state.order.customer,
        phase=state.phase,
        waiting_for=stands.waiting_for,
        reason=stands.reason,
        next_step=stands.next_step,
        deadline=stands.deadline,
        attempts_used=state.calls_placed,
        attempts_left=state.calls_left,
        verification_code=state.verification_code,
        document_sid=_bill_sid(state),
        supporting_documents=tuple(each.progress() for each in state.supporting),
        authorization_document_sid=state.authorization_document_sid,
        failure_reason=state.failure_reason,
        previous_run_id=state.previous_run_id,
        timeline=state.timeline,
    )


def _bill_sid(state: OrderState) -> str | None:
    return (state.bill.sid if state.bill else None) or state.document_sid


def details(state: OrderState) -> str:
    """The order's panel in the Temporal UI, in Markdown: never a code, an e-mail or a name."""
    stands = standing(state)
    lines = [
        f"### {state.order.phone_number}: {state.status or 'not at Twilio yet'}",
        "",
        f"**{plain(stands.reason)}**",
        "",
        f"- Waiting for: {stands.waiting_for.replace('-', ' ')}",
        f"- Next: {plain(stands.next_step)}",
    ]
    if stands.deadline is not None:
        lines.append(f"- Until: {stands.deadline:%Y-%m-%d %H:%M} UTC")
    lines.append(f"- Verification calls: {state.calls_placed} placed, {state.calls_left} left")
    if state.sid is not None:
        lines.append(f"- HostedNumberOrder: `{state.sid}`")
    if (bill := _bill_sid(state)) is not None:
        lines.append(f"- Bill: `{bill}`")
    lines += [
        f"- {each.request.type}: {each.status or 'not at Twilio yet'}" for each in state.supporting
    ]
    if state.previous_run_id is not None:
        lines.append(f"- The number's order before: run `{state.previous_run_id}`")
    if state.authorization_document_sid is not None:
        lines.append(f"- AuthorizationDocument: `{state.authorization_document_sid}`")
    if state.operator_url is not None and state.ended is None:
        page = state.order.phone_number.replace("+", "%2B")
        lines += ["", f"[Act on this order]({state.operator_url}/orders/{page})"]
    lines += ["", "| when (UTC) | what |", "|---|---|"]
    lines += [f"| {entry.at:%m-%d %H:%M:%S} | {plain(entry.what)} |" for entry in state.timeline]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Text that may come from Twilio, so that it cannot be taken for Markdown."""
    return " ".join(text.split()).translate(_ESCAPED)


_ESCAPED: Final = str.maketrans({char: f"\\{char}" for char in r"\`*_[]<>|#"})
