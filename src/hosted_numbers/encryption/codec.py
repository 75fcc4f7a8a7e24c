"""Payloads as Temporal stores them: encrypted with AES-256-GCM before they leave the process.

An encrypted payload says so in its metadata (``encoding: binary/encrypted``, as Temporal's own
samples write it) and names its key. What was not encrypted (an order of an older release, a signal
sent from the ``temporal`` command line) is read as it is.

The namespace and the key's id are authenticated with it: a payload that somebody moved to another
namespace, or relabelled, does not decrypt.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from hosted_numbers.encryption.key_ring import KeyRing, shown_id
from hosted_numbers.errors import DecryptionError, UnknownEncryptionKeyError

ENCODING: Final = b"binary/encrypted"
KEY_ID: Final = "encryption-key-id"
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"hosted-numbers/payload/1"


class EncryptionCodec(PayloadCodec):
    """Encrypts and decrypts the payloads of one namespace.

    Args:
        keys: the installation's.
        namespace: Temporal's, where the payloads are.
    """

    def __init__(self, keys: KeyRing, namespace: str) -> None:
        self._keys = keys
        self._namespace = namespace

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload, metadata and all, inside an encrypted one; encrypted ones stay."""
        return [self._encrypted(each) for each in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """What ``encode`` was given.

        Raises:
            UnknownEncryptionKeyError: a payload's key is not on the ring.
            DecryptionError: a payload is damaged, or from another namespace.
        """
        return [self._decrypted(each) for each in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        if is_encrypted(payload):
            return payload
        key = self._keys.current
        nonce = os.urandom(_NONCE_BYTES)
        sealed = key.cipher.encrypt(nonce, payload.SerializeToString(), self._bound_to(key.id))
        return Payload(
            metadata={"encoding": ENCODING, KEY_ID: key.id.encode()}, data=nonce + sealed
        )

    def _decrypted(self, payload: Payload) -> Payload:
        if not is_encrypted(payload):
            return payload
        key = self._keys.key(key_id_of(payload))
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(key.cipher.decrypt(nonce, sealed, self._bound_to(key.id)))
        except (InvalidTag, ValueError):
            raise DecryptionError(key.id) from None

    def _bound_to(self, key_id: str) -> bytes:
        return b"\0".join((_PURPOSE, self._namespace.encode(), key_id.encode()))


class KeylessCodec(PayloadCodec):
    """Writes payloads as they are, and says so where one needs a key.

    Without it the SDK would drop a signal that it cannot read, and the order go on without it.
    """

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads.

        Raises:
            UnknownEncryptionKeyError: one is encrypted.
        """
        for each in filter(is_encrypted, payloads):
            raise UnknownEncryptionKeyError(shown_id(key_id_of(each)))
        return list(payloads)


def is_encrypted(payload: Payload) -> bool:
    """Whether this codec, or one like it, made the payload."""
    return payload.metadata.get("encoding") == ENCODING


def key_ids(payloads: Iterable[Payload]) -> set[str]:
    """The keys that payloads are encrypted with."""
    return {key_id_of(each) for each in payloads if is_encrypted(each)}


def key_id_of(payload: Payload) -> str:
    """The key that an encrypted payload names; nothing where it names none."""
    return payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
