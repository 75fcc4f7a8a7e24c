"""The keys that payloads and files are encrypted with: one to write with, all to read with.

A ring is written as text, one key a line (or with commas between): an id, a colon, 32 bytes in
base64. The first key is the one that is written with; the others stay as long as anything written
with them is kept. Lines that begin with ``#`` are comments.
"""

import base64
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Final, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hosted_numbers.errors import SettingsError, UnknownEncryptionKeyError

_log = logging.getLogger(__name__)

KEY_BYTES: Final = 32
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# A message under an id that nobody knows comes again and again, and must not cost a file each time.
_REREAD_PAUSE: Final = 1.0


class Key:
    """One key of AES-256.

    Attributes:
        id: its name, which stands in the clear beside all that it encrypts.
        secret: its 32 bytes.
        cipher: AES-256-GCM under it.
    """

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.id = key_id
        self.secret = secret
        self.cipher = AESGCM(secret)

    @classmethod
    def new(cls, now: datetime | None = None) -> Self:
        """A random key, named by the day of its making."""
        day = (now or datetime.now(UTC)).strftime("%Y-%m-%d")
        return cls(f"{day}-{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES))

    def __str__(self) -> str:
        """The key as a line of a ring: it holds the secret."""
        return f"{self.id}:{base64.b64encode(self.secret).decode()}"

    def __repr__(self) -> str:
        return f"Key({self.id!r})"


class KeyRing:
    """All keys of an installation.

    Args:
        text: as the module's docstring says.
        reread: answers the text as it is now; asked when something is read whose key is not known,
            so that a key that was added to the file is found by processes that run. They take up
            no other key to write with.

    Raises:
        SettingsError: the text is no ring; no part of it is told.
    """

    def __init__(self, text: str, reread: Callable[[], str] | None = None) -> None:
        self._keys = _parsed(text)
        self._reread = reread
        self._reread_at = monotonic()

    @property
    def keys(self) -> Mapping[str, Key]:
        """All keys by their ids, the one to write with first."""
        return self._keys

    @property
    def current(self) -> Key:
        """The key that is written with."""
        return next(iter(self._keys.values()))

    def key(self, key_id: str) -> Key:
        """The key of an id.

        Raises:
            UnknownEncryptionKeyError: it is not on the ring; its message names the id.
        """
        if key_id not in self._keys:
            self._look_again()
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownEncryptionKeyError(shown_id(key_id)) from None

    def _look_again(self) -> None:
        if self._reread and monotonic() - self._reread_at >= _REREAD_PAUSE:
            self._reread_at = monotonic()
            try:
                found = _parsed(self._reread())
            except (OSError, UnicodeError, SettingsError) as error:
                _log.warning("The ring of keys cannot be read again: %s", type(error).__name__)
                return
            # Keys are only added: which one is written with is settled when a process starts, so
            # that an operator knows when the last process has left an old one.
            self._keys |= {key_id: key for key_id, key in found.items() if key_id not in self._keys}


def shown_id(key_id: str) -> str:
    """A key's id as it may be told: what stands in a stranger's payload could be anything."""
    return key_id if _ID.fullmatch(key_id) else "of no known form"


def _parsed(text: str) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for entry in filter(None, (part.strip() for line in lines for part in line.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except ValueError:
            secret = b""
        if not _ID.fullmatch(key_id) or len(secret) != KEY_BYTES:
            raise _no_ring(f"key {len(keys) + 1} is no id, colon and {KEY_BYTES} bytes in base64")
        if key_id in keys:
            raise _no_ring(f"two keys have the id {key_id}")
        keys[key_id] = Key(key_id, secret)
    if not keys:
        raise _no_ring("it has no key")
    return keys


def _no_ring(reason: str) -> SettingsError:
    return SettingsError(
        f"HOSTED_NUMBERS_ENCRYPTION_KEYS is wrong: {reason}.",
        "Make a ring with: hosted-numbers encryption-keys new",
    )
