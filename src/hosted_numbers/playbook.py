"""What Twilio's refusals and problems mean for people, and what they do about them, as tables.

Codes are those of Twilio's error catalogue (22100 to 22123, 2xxxx). A refusal never fails an order:
it is put on hold with these words, and goes on once a person has mended what is in the way.
"""

import re
from typing import Final, NamedTuple

from hosted_numbers.steps import Trouble

SUPPORT: Final = "hostedsms@twilio.com"


class Play(NamedTuple):
    """What happened, and what a person does about it; both are whole sentences."""

    reason: str
    next_step: str


_CREDENTIALS: Final = Play(
    "Twilio refuses our credentials.",
    "Correct TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN (or the API key) and restart the worker; "
    "the order then goes on by itself.",
)
_ACCOUNT: Final = Play(
    "Twilio says that the account may not do this: it is inactive, a trial, or its key is "
    "restricted.",
    "Settle it in Twilio's console; the order then goes on by itself.",
)
_UNREACHABLE: Final = Play(
    "Twilio does not answer.", "Nothing to do: the order tries again by itself."
)
_NO_ACCESS: Final = Play(
    "Twilio says that the Hosted Numbers API does not exist for this account.",
    "Ask Twilio to open it for the account, or correct TWILIO_BASE_URL; the order then goes on by "
    "itself.",
)

_BY_CODE: Final[dict[int, Play]] = {
    10001: _ACCOUNT,
    10002: _ACCOUNT,
    70051: _ACCOUNT,
    22100: Play(
        "All verification calls that Twilio allows for this order are used up.",
        f"Provide a utility bill instead, or write to {SUPPORT} to have the attempts reset.",
    ),
    22101: Play(
        "Twilio does not take this order onto a Letter of Authorization.",
        "See in Twilio's console whether another document holds it, then resume the order.",
    ),
    22102: Play("Twilio does not take the phone number as E.164.", "Cancel the order."),
    22103: Play("Twilio hosts numbers of the US and Canada only.", "Cancel the order."),
    22104: Play(
        "Twilio does not take an e-mail address of this order.", "Amend the e-mail addresses."
    ),
    22105: Play(
        "Twilio does not take a URL of this order.",
        "Cancel it and send it with URLs that the internet can reach; check PUBLIC_BASE_URL too.",
    ),
    22106: Play("Twilio does not take an HTTP method of this order.", "Cancel it and correct it."),
    22107: Play(
        "Twilio lets nobody change the Letter of Authorization any more.", "Resume the order."
    ),
    22108: Play(
        "Twilio does not know the SMS application of this order.",
        "Cancel it and send it with an application SID of this account.",
    ),
    22109: Play(
        "Twilio does not know the address of this order.",
        "Amend the address SID to an Address of this account.",
    ),
    22110: Play(
        "Twilio cannot host this number: it is hosted already, a mobile or VoIP number, or its "
        "carrier cannot.",
        "Cancel the order, or resume it once the number was released where it is hosted now.",
    ),
    22117: Play(
        "Twilio does not take the extension: only digits, #, * and w.", "Amend the extension."
    ),
    22118: Play(
        "Twilio does not take the document as proof.",
        "Provide another bill, or amend verification_document_sid with one that Twilio has.",
    ),
    22123: Play(
        "Twilio could not place the verification call: the line is busy, blocked or unreachable.",
        "See that the line takes calls from abroad, then ask for the call again; or provide a "
        "utility bill instead.",
    ),
}

_INTERNAL: Final = Play(
    "A step failed for a reason of our own, not of Twilio's.",
    "Read the failed activity in the Temporal UI and mend it; the order tries again by itself.",
)
_REFUSED: Final = Play(
    "Twilio refused this step.",
    "Look the error code up in Twilio's catalogue, mend what it names, then resume the order.",
)

NUMBER_UNKNOWN: Final = Play(
    "Twilio no longer knows the order, so its number was not given back.",
    "Release the number, its IncomingPhoneNumber, in Twilio's console.",
)
DOCUMENT_GONE: Final = "Twilio does not find the document any more."
DOCUMENT_EXPIRED: Final = "The document has expired."
DOCUMENT_REJECTED: Final = "Twilio rejected the document without a reason."

VANISHED: Final = Play(
    "Twilio no longer knows the order: somebody deleted it there.",
    "Cancel the order, and send it again if the number is still to be hosted.",
)
LOA_DECLINED: Final = Play(
    "The signer declined the Letter of Authorization.",
    "Talk to the signer, then amend who signs, or resume to send the same letter again.",
)
LOA_FAILED: Final = Play(
    "The Letter of Authorization failed at Twilio.",
    "Amend what is wrong with it, or resume to send it again.",
)
LOA_MISSING: Final = Play(
    "Twilio does not find the Letter of Authorization any more.",
    "Resume the order to have a new letter sent.",
)
LOA_WITHDRAWN: Final = Play(
    "The Letter of Authorization was withdrawn at Twilio and is not with its signer.",
    "Amend what is wrong with it, or resume the order to have it sent again.",
)
OVERDUE: Final = Play(
    "The order's deadline has passed, and Twilio does not let it go in this status.",
    f"Ask {SUPPORT} where it stands; it goes on by itself when Twilio moves it.",
)
NOT_DELETABLE: Final = Play(
    "Twilio does not let the order go in the status that it has now.",
    "Wait for Twilio to move it, then cancel again.",
)


class Triage(NamedTuple):
    """What a problem that Twilio's operations look into is about."""

    kind: str
    means: str
    next_step: str


_WRITE: Final = f"write to {SUPPORT} with the order's SID"
_BY_ITSELF: Final = "the order goes on by itself when Twilio moves it."

_PROBLEMS: Final[tuple[tuple[str, Triage], ...]] = (
    (
        r"22100|attempt",
        Triage(
            "calls-used-up",
            "All verification calls that Twilio allows for this order are used up.",
            f"Provide a utility bill instead, or {_WRITE} to have the attempts reset.",
        ),
    ),
    (
        r"22118|\bbill\b|verification document",
        Triage(
            "bill",
            "Twilio does not take the bill as proof of ownership.",
            "Provide another bill of the last 30 days with the owner's name and address.",
        ),
    ),
    (
        r"\b(loa|letter|authori[sz]ation|signer|signature)\b",
        Triage(
            "letter",
            "Something is wrong with the Letter of Authorization.",
            f"Talk to the signer, then {_WRITE}; {_BY_ITSELF}",
        ),
    ),
    (
        r"22109|2162[89]|\baddress\b",
        Triage(
            "address",
            "Twilio does not take the owner's address.",
            f"Correct the Address in Twilio's console, then {_WRITE}; {_BY_ITSELF}",
        ),
    ),
    (
        r"22110|sms.?enabled|already (hosted|enabled)|another provider",
        Triage(
            "hosted-elsewhere",
            "The number's SMS is enabled with another provider.",
            f"Have that provider release it, then {_WRITE}; {_BY_ITSELF}",
        ),
    ),
    (
        r"\bcarrier\b|\blosing\b|\bport",
        Triage(
            "carrier",
            "The number's carrier wants something corrected.",
            f"Ask the carrier what it misses, then {_WRITE}; {_BY_ITSELF}",
        ),
    ),
)
"""What Twilio's reason is about, told by its words: Twilio documents no codes for it."""

_ANY_PROBLEM: Final = Triage(
    "unknown",
    "Twilio met a problem, and its operations specialist looks into it.",
    f"Nobody but Twilio can act: {_WRITE}; {_BY_ITSELF}",
)


def triage(failure_reason: str | None) -> Triage:
    """What an order in ``action-required`` needs, by Twilio's words on it."""
    words = failure_reason or ""
    for pattern, found in _PROBLEMS:
        if re.search(pattern, words, re.IGNORECASE):
            return found
    return _ANY_PROBLEM


def play(trouble: Trouble, *, creating: bool = False) -> Play:
    """The words for a trouble.

    Args:
        trouble: what came of an activity.
        creating: it was the order's creation, where a 404 speaks of the whole API.
    """
    if trouble.code in _BY_CODE:
        return _coded(_BY_CODE[trouble.code], trouble)
    if trouble.kind == "credentials":
        return _coded(_CREDENTIALS, trouble)
    if trouble.kind == "unreachable":
        return _UNREACHABLE
    if trouble.kind == "internal":
        return _INTERNAL
    if trouble.kind == "not-found":
        return _NO_ACCESS if creating else VANISHED
    return _coded(_REFUSED, trouble)


def _coded(found: Play, trouble: Trouble) -> Play:
    return (
        Play(f"{found.reason} (Twilio {trouble.code})", found.next_step) if trouble.code else found
    )
