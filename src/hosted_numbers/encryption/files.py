"""Files as the blob store keeps them: encrypted with AES-256-GCM, piece by piece.

A file has a key of its own, derived (HKDF with SHA-256) from the ring's key and a random salt that
stands at its beginning, so that however many files there are, no key encrypts much. Its pieces are
64 KiB each, numbered, and the last one is marked: a file that was cut, put in another order or made
of two does not decrypt. Its name in the store is authenticated with each piece, so neither does one
that was given another's name. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway and
Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015).

The layout: eight bytes that no document begins with, one byte for the length of the key's id, the
id, 32 bytes of salt, the pieces, each with its tag of 16 bytes. What does not begin so was kept by
an installation without keys, and is read as it is.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hosted_numbers.encryption.key_ring import KEY_BYTES, Key, KeyRing, shown_id
from hosted_numbers.errors import DecryptionError, UnknownEncryptionKeyError

PIECE: Final = 1 << 16
"""Bytes that are encrypted at once."""

MOST_HEADER: Final = 8 + 1 + 64 + 32
"""Bytes of the longest beginning."""

_MAGIC: Final = b"\0HNFILE\x01"
_SALT_BYTES: Final = 32
_TAG_BYTES: Final = 16
_PURPOSE: Final = b"hosted-numbers/file/1"


def sealed(keys: KeyRing, name: str, file: BinaryIO) -> Iterator[bytes]:
    """Encrypt a file, from where it stands to its end, as it is read.

    Args:
        keys: the installation's; its first key is used.
        name: of the file in the store.
        file: buffered; read a piece at a time.

    Yields:
        What is to be kept: the beginning, then each piece.

    Raises:
        OSError: the file cannot be read.
    """
    key, salt = keys.current, os.urandom(_SALT_BYTES)
    header = _MAGIC + bytes([len(key.id)]) + key.id.encode() + salt
    cipher, bound_to = _cipher(key, salt), header + name.encode()
    yield header
    number, piece = 0, file.read(PIECE)
    while following := file.read(PIECE):
        yield cipher.encrypt(_nonce(number, last=False), piece, bound_to)
        number, piece = number + 1, following
    yield cipher.encrypt(_nonce(number, last=True), piece, bound_to)


def opened(keys: KeyRing | None, name: str, content: bytes) -> bytes:
    """The file that was encrypted; one that never was as it is.

    Args:
        keys: the installation's, None where it has none.
        name: of the file in the store.
        content: all that is kept of it.

    Raises:
        UnknownEncryptionKeyError: its key is not on the ring.
        DecryptionError: it is damaged, or was kept under another name.
    """
    key_id = key_id_of(content)
    if key_id is None:
        return content
    if keys is None:
        raise UnknownEncryptionKeyError(shown_id(key_id))
    key = keys.key(key_id)
    begin = len(_MAGIC) + 1 + len(key_id) + _SALT_BYTES
    header = content[:begin]
    cipher, bound_to = _cipher(key, header[-_SALT_BYTES:]), header + name.encode()
    step = PIECE + _TAG_BYTES
    starts = range(begin, max(len(content), begin + 1), step)
    view = memoryview(content)
    try:
        return b"".join(
            cipher.decrypt(_nonce(number, last=start == starts[-1]), view[start:][:step], bound_to)
            for number, start in enumerate(starts)
        )
    except (InvalidTag, ValueError):
        raise DecryptionError(key.id) from None


def key_id_of(beginning: bytes) -> str | None:
    """The key that a file names in its first ``MOST_HEADER`` bytes; None where it is plain."""
    if not beginning.startswith(_MAGIC):
        return None
    named = beginning[len(_MAGIC) :]
    return named[1 : 1 + named[0]].decode("ascii", "replace") if named else ""


def _cipher(key: Key, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, _PURPOSE).derive(key.secret))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
