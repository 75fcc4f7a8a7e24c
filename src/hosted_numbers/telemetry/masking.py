"""Text without what is personal: phone numbers, e-mail addresses and codes are hidden in it.

It is the second guard. The first is that nothing personal is written to the log at all, and that
only known keys are; this one is for what others' libraries say, and for the day somebody forgets.
"""

import re
from functools import lru_cache
from typing import Final

from hosted_numbers.phone_numbers import masked

_CODE: Final = range(4, 9)
"""Digits of what may be a code; fewer are a status, an attempt, a count."""
_NUMBER: Final = range(9, 16)
"""Digits of what may be a phone number; E.164 has fifteen at the most. More are somebody's id."""
_LONGEST: Final = 4000
_SHORT: Final = 200

_PIECE: Final = re.compile(
    r"""
    (?P<kept>
        [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
      | \d{4}-\d\d-\d\d(?!\d)(?:[T\ ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?
      | [a-z]+://[^/\s:@]+:\d{1,5}(?!\d)
      | (?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\]):\d{1,5}(?!\d)
      | \d{1,3}(?:\.\d{1,3}){3}(?![.\d])
      | \*+\d{1,4}(?!\d)
    )
  | (?P<email>[^\s@<>"'(),;:=]{1,64}(?:@|%40)[^\s@<>"'(),;:]+)
  | (?P<phone>
        (?:\+|%2B)\d[\d ().-]{5,18}\d
      | (?<!\w)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)
    )
  | (?P<word>[^\W\d_]*\d*[^\W\d_][^\W_]*)
  | (?P<digits>\d+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ID: Final = re.compile(r"[A-Za-z]{0,2}[0-9a-fA-F]{16,}")
_MANY_DIGITS: Final = re.compile(r"\d{9,}")
_HARMLESS: Final = re.compile(r"(?:[^\W\d]|[ !-$&-/:-?\[-`{-~]|(?<!\d)\d{1,3}(?!\d))*")
"""No run of digits worth hiding, no at sign, nothing that is encoded, nothing that ends a line."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def without_personal_data(text: str) -> str:
    """The text as one line, at most 4000 characters, with what may be personal hidden.

    Phone numbers keep their last four digits, wherever and however they stand. E-mail addresses,
    and digits that stand alone and may be a code (four to eight), leave nothing. Dates, addresses
    of servers, UUIDs, Twilio's SIDs and other words stay as they are.
    """
    if len(text) > _SHORT:
        return _masked(text[:_LONGEST])
    return _masked_before(text)


def _masked(text: str) -> str:
    if _HARMLESS.fullmatch(text):
        return text
    return _PIECE.sub(_shown, _CONTROL.sub(_escaped, text))


_masked_before = lru_cache(maxsize=4096)(_masked)
"""An order's ids and a module's words come again and again, in every line."""


def _shown(found: re.Match[str]) -> str:
    piece = found.group()
    match found.lastgroup:
        case "email":
            return "(e-mail)"
        case "phone":
            digits = re.sub(r"\D", "", piece.removeprefix("%2B").removeprefix("%2b"))
            return masked(f"+{digits}" if piece[0] in "+%" else digits)
        case "word" if not _ID.fullmatch(piece):
            return _MANY_DIGITS.sub(lambda many: masked(many.group()), piece)
        case "digits" if len(piece) in _CODE:
            return "*" * len(piece)
        case "digits" if len(piece) in _NUMBER:
            return masked(piece)
    return piece


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
