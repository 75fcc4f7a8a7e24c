"""The cursor of a list: Temporal's page token as opaque text that fits into a URL.

A checksum goes before the token. It ties the cursor to its list, and tells one that was mangled on
the way, which Temporal would answer with an inner error after several tries of its own.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from hosted_numbers.errors import InvalidRequestError

_CHECKSUM_BYTES: Final = 8


def as_text(token: bytes, of_list: str) -> str:
    """The cursor as a caller gets it, base64url without padding.

    Args:
        token: what leads to the next page.
        of_list: what was listed, as text; the cursor is good for that alone.
    """
    cursor = _checksum(token, of_list) + token
    return base64.urlsafe_b64encode(cursor).rstrip(b"=").decode("ascii")


def from_text(text: str, of_list: str) -> bytes:
    """The token in a cursor that a caller sent back.

    Raises:
        InvalidRequestError: it is none that was handed out for this list.
    """
    try:
        cursor = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        cursor = b""
    checksum, token = cursor[:_CHECKSUM_BYTES], cursor[_CHECKSUM_BYTES:]
    if not hmac.compare_digest(checksum, _checksum(token, of_list)):
        raise InvalidRequestError(
            "The cursor is none that was handed out for this list.",
            "Send next_cursor of the page before with the same filters, or no cursor for the "
            "first page.",
        )
    return token


def _checksum(token: bytes, of_list: str) -> bytes:
    return hashlib.sha256(of_list.encode() + b"\0" + token).digest()[:_CHECKSUM_BYTES]
