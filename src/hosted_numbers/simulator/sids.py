"""Twilio's SIDs: two capitals and 32 hexadecimal digits."""

import re
import secrets

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


def new_sid(prefix: str) -> str:
    """Make a fresh SID, for instance ``HR`` and 32 random digits."""
    return prefix + secrets.token_hex(16)


def is_sid(text: str, *prefixes: str) -> bool:
    """Whether ``text`` is a well-formed SID with one of the two-letter ``prefixes``."""
    return _SID.fullmatch(text) is not None and text[:2] in prefixes
