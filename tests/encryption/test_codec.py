"""The codec: what leaves the process, and who can read it again."""

import dataclasses

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from hosted_numbers import converter
from hosted_numbers.encryption import codec
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import DecryptionError, UnknownEncryptionKeyError

OLD, NEW = Key("old", b"o" * 32), Key("new", b"n" * 32)
SECRET = "owner@example.com"


def encrypting(*keys: Key, namespace: str = "numbers") -> DataConverter:
    """A converter with these keys, the first to write with."""
    ring = KeyRing("\n".join(str(key) for key in keys))
    return converter.encrypting(ring, namespace)


@pytest.mark.security("S11")
async def test_what_is_written_is_read_again_and_by_nobody_else() -> None:
    """Bytes without the text, a new nonce each time, the key's id beside them."""
    numbers = encrypting(NEW)
    first, second = [(await numbers.encode([SECRET]))[0] for _ in range(2)]
    assert SECRET.encode() not in first.SerializeToString()
    assert first.data != second.data
    assert codec.key_ids([first, second]) == {"new"}
    assert await numbers.decode([first], [str]) == [SECRET]


@pytest.mark.security("S11")
@pytest.mark.fault("F47")
async def test_a_rotated_key_reads_what_it_wrote() -> None:
    """As long as it is on the ring; without it the error names it."""
    (old,) = await encrypting(OLD).encode([SECRET])
    assert await encrypting(NEW, OLD).decode([old], [str]) == [SECRET]
    with pytest.raises(UnknownEncryptionKeyError, match="key old"):
        await encrypting(NEW).decode([old], [str])


@pytest.mark.security("S11")
async def test_a_payload_is_bound_to_its_namespace_its_key_and_its_bytes() -> None:
    """Moved, relabelled, cut or changed, it does not decrypt."""
    (payload,) = await encrypting(NEW).encode([SECRET])
    with pytest.raises(DecryptionError):
        await encrypting(NEW, namespace="other").decode([payload], [str])
    same_secret = Key("old", NEW.secret)
    relabelled = Payload(metadata={**payload.metadata, codec.KEY_ID: b"old"}, data=payload.data)
    with pytest.raises(DecryptionError):
        await encrypting(NEW, same_secret).decode([relabelled], [str])
    for data in (payload.data[:-1], payload.data[:5], b"", bytes([payload.data[0] ^ 1])):
        cut = Payload(metadata=dict(payload.metadata), data=data)
        with pytest.raises(DecryptionError):
            await encrypting(NEW).decode([cut], [str])


async def test_what_was_never_encrypted_is_read_as_it_is() -> None:
    """Orders of an older release go on; what is encrypted already is not encrypted again."""
    plain = await converter.DATA_CONVERTER.encode([SECRET])
    numbers = encrypting(NEW)
    assert await numbers.decode(plain, [str]) == [SECRET]
    assert numbers.payload_codec is not None
    once = await numbers.payload_codec.encode(plain)
    assert await numbers.payload_codec.encode(once) == once


@pytest.mark.security("S12")
async def test_what_a_failure_says_is_encrypted_and_its_type_is_not() -> None:
    """Rules and counts need the type; the message and the stack are for those with the key."""
    numbers = encrypting(NEW)
    failure = Failure()
    await numbers.encode_failure(ApplicationError(SECRET, type="TwilioError"), failure)
    assert SECRET.encode() not in failure.SerializeToString()
    assert failure.application_failure_info.type == "TwilioError"
    read = await numbers.decode_failure(failure)
    assert isinstance(read, ApplicationError)
    assert read.message == SECRET


def test_encryption_changes_nothing_else_of_the_converter() -> None:
    """The same slim JSON inside."""
    fields = {field.name for field in dataclasses.fields(DataConverter) if field.init}
    numbers = encrypting(NEW)
    changed = {f for f in fields if getattr(numbers, f) != getattr(converter.DATA_CONVERTER, f)}
    assert changed == {"payload_codec", "failure_converter_class"}
