"""Which acts an order takes now, and which of them is the one that it waits for."""

from typing import Final, Literal

from hosted_numbers.contract import BILL, Phase, Progress, WaitingFor

Act = Literal["code", "call", "document", "amend", "resume", "cancel", "offboard"]

ENDED: Final[frozenset[Phase]] = frozenset({"completed", "failed", "cancelled"})

_WAITED_FOR: Final[dict[WaitingFor, Act]] = {
    "verification-code": "code",
    "verification-call": "call",
    "document": "document",
    "operator": "resume",
}
_PROVING: Final = frozenset({"received", "pending-verification"})
_WITH_LETTER: Final = frozenset({None, "twilio-processing", "verified", "pending-loa"}) | _PROVING


def primary(progress: Progress) -> Act | None:
    """The act that an order waits for; None where no person of ours can move it on."""
    if progress.waiting_for == "operator":
        if progress.status in _PROVING and not progress.attempts_left:
            return "document"  # a bill in place of the calls that are used up
        if progress.status == "action-required":
            return None
    return _WAITED_FOR.get(progress.waiting_for)


def others(progress: Progress) -> tuple[Act, ...]:
    """What else the order might take; its workflow has the last word and says why not."""
    if progress.phase in ENDED:
        return ("offboard",) if progress.phase == "completed" else ()
    first = primary(progress)
    possible: dict[Act, bool] = {
        "code": progress.status == "pending-verification",
        "call": progress.status in _PROVING and bool(progress.attempts_left),
        "document": progress.status in _PROVING
        or progress.status == "action-required"
        or bool(wanted(progress)),
        "resume": progress.waiting_for == "operator",
        "amend": True,
        "cancel": progress.status in _WITH_LETTER,
    }
    return tuple(act for act, is_possible in possible.items() if is_possible and act != first)


def wanted(progress: Progress) -> tuple[str, ...]:
    """The supporting documents that the order asks for: not there yet, or refused."""
    return tuple(
        each.type
        for each in progress.supporting_documents
        if each.status is None or each.reason is not None
    )


def document_types(progress: Progress) -> tuple[str, ...]:
    """The documents that may be handed in, the likeliest first."""
    supporting = dict.fromkeys(
        (*wanted(progress), *(each.type for each in progress.supporting_documents))
    )
    proving = progress.status in _PROVING or progress.status == "action-required"
    return (BILL, *supporting) if proving else (*supporting, BILL)
