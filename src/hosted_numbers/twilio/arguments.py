"""Local checks of arguments that Twilio would surely refuse.

A mistake found here costs no request, and its outcome is certain. Each function returns the value
that it was given, so that a call reads as one form; None means 'not given' and passes. Messages
name the argument and the rule, never the value, which may be personal.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from hosted_numbers.twilio.errors import InvalidArgumentError

MAX_FRIENDLY_NAME: Final = 64
"""Characters; the resource's page says 64, error 22116 says 128: the smaller is always taken."""
MAX_UNIQUE_NAME: Final = 128
"""Characters (22115)."""
MAX_CALL_DELAY: Final = 60
"""Seconds; the property's text says 30, the parameter's 60."""
MAX_PAGE_SIZE: Final = 1000

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_VERIFICATION_CODE = re.compile(r"[0-9]{4,10}")
_EXTENSION = re.compile(r"[0-9#*w]+")


def _matching(name: str, value: str | None, pattern: re.Pattern[str], rule: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise InvalidArgumentError(f"{name} must be {rule}")
    return value


def _at_most(name: str, value: str | None, characters: int) -> str | None:
    if value is not None and len(value) > characters:
        raise InvalidArgumentError(f"{name} must have at most {characters} characters")
    return value


def phone_number(value: str | None) -> str | None:
    """E.164: a plus, a country code and at most 15 digits in all (22102)."""
    return _matching("phone_number", value, _E164, "E.164, for instance +15017122661")


def verification_code(value: str | None) -> str | None:
    """Four to ten digits as text, as leading zeros count."""
    return _matching("verification_code", value, _VERIFICATION_CODE, "4 to 10 digits")


def extension(value: str | None) -> str | None:
    """Digits, ``#``, ``*`` and ``w`` (a wait of half a second), at least one (22117)."""
    return _matching("extension", value, _EXTENSION, "digits, #, * and w")


def friendly_name(value: str | None) -> str | None:
    """At most 64 characters."""
    return _at_most("friendly_name", value, MAX_FRIENDLY_NAME)


def unique_name(value: str | None) -> str | None:
    """At most 128 characters (22115)."""
    return _at_most("unique_name", value, MAX_UNIQUE_NAME)


def call_delay(value: int | None) -> int | None:
    """Whole seconds, 0 to 60."""
    if value is not None and not 0 <= value <= MAX_CALL_DELAY:
        raise InvalidArgumentError(f"call_delay must be 0 to {MAX_CALL_DELAY} seconds")
    return value


def page_size(value: int) -> int:
    """1 to 1000 items."""
    if not 1 <= value <= MAX_PAGE_SIZE:
        raise InvalidArgumentError(f"page_size must be 1 to {MAX_PAGE_SIZE}")
    return value


def seconds(name: str, value: float) -> float:
    """A length of time, finite and positive: a call without a bound hangs one day."""
    if not (math.isfinite(value) and value > 0):
        raise InvalidArgumentError(f"{name} must be a positive number of seconds")
    return value


def http_method(name: str, value: str | None) -> str | None:
    """``GET`` or ``POST`` (22106)."""
    if value not in (None, "GET", "POST"):
        raise InvalidArgumentError(f"{name} must be GET or POST")
    return value


def text(name: str, value: str | None) -> str | None:
    """Anything but nothing: not empty, not only spaces."""
    if value is not None and not value.strip():
        raise InvalidArgumentError(f"{name} must not be empty")
    return value


def new_cc_emails(value: Sequence[str] | None) -> Sequence[str] | None:
    """At least one address, since Twilio documents no way to clear the list.

    An empty list would be sent as nothing at all and so change nothing, in silence.
    """
    if value is not None and not value:
        raise InvalidArgumentError("cc_emails cannot be cleared, only replaced")
    return cc_emails(value)


def cc_emails(value: Sequence[str] | None) -> Sequence[str] | None:
    """Several addresses, not one string, which would go out letter by letter."""
    if isinstance(value, str):
        raise InvalidArgumentError("cc_emails must be a sequence of addresses")
    return value
