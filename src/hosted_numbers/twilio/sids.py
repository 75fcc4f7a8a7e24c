"""Twilio's SIDs: two capitals that name the resource and 32 hexadecimal digits.

Each SID is checked before it enters a path or a form: ``HR…/../Accounts`` must not become another
request, and an RD where an AD belongs is a mistake that is cheaper to find here.
Source: https://www.twilio.com/docs/glossary/what-is-a-sid
"""

import re
from collections.abc import Sequence
from typing import Final

from hosted_numbers.twilio.errors import InvalidArgumentError

ACCOUNT: Final = "AC"
ADDRESS: Final = "AD"
API_KEY: Final = "SK"
APPLICATION: Final = "AP"
AUTHORIZATION_DOCUMENT: Final = "PX"
DOCUMENT: Final = "RD"
"""Of the Documents and of the SupportingDocuments API alike, though neither knows the other's."""
HOSTED_NUMBER_ORDER: Final = "HR"
IDENTITY_DOCUMENT: Final = "RI"
INCOMING_PHONE_NUMBER: Final = "PN"

_AFTER_PREFIX = re.compile(r"[0-9a-fA-F]{32}")


def checked_sid(name: str, value: str, *prefixes: str) -> str:
    """Return ``value`` when it is a SID with one of ``prefixes``.

    Args:
        name: the argument's name, for the message; the value itself is not shown.
        value: what the caller gave.
        prefixes: the acceptable resources, for instance ``"HR"``.

    Raises:
        InvalidArgumentError: it is no such SID.
    """
    if value[:2] not in prefixes or not _AFTER_PREFIX.fullmatch(value[2:]):
        wanted = " or ".join(prefixes)
        raise InvalidArgumentError(f"{name} must be {wanted} and 32 hexadecimal digits")
    return value


def checked_optional_sid(name: str, value: str | None, *prefixes: str) -> str | None:
    """``checked_sid``, where None means that the argument was not given."""
    return None if value is None else checked_sid(name, value, *prefixes)


def checked_sids(name: str, values: Sequence[str], *prefixes: str) -> tuple[str, ...]:
    """Return ``values`` when they are one or more SIDs with one of ``prefixes``.

    Raises:
        InvalidArgumentError: there is none, one is no such SID, or ``values`` is a single string.
    """
    if isinstance(values, str) or not values:
        raise InvalidArgumentError(f"{name} must be a sequence of at least one SID")
    return tuple(checked_sid(name, value, *prefixes) for value in values)
