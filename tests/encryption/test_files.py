"""Files at rest: what stands on the disk, who reads it, and what was tampered with."""

import io
import random
import tracemalloc
from pathlib import Path

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.encryption import files
from hosted_numbers.encryption.files import PIECE, key_id_of, opened, sealed
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import DecryptionError, UnknownEncryptionKeyError
from tests.orders import NUMBER

OLD, NEW = Key("old", b"o" * 32), Key("new", b"n" * 32)
RING = KeyRing(f"{NEW}\n{OLD}")
NAME = f"{NUMBER}/6f1e5a52-3c86-4a0e-9f3e-0f2f0d7c1b11"
ROWS = f"bulk-imports/{'ab' * 16}/rows-0.jsonl"
HEADER = 8 + 1 + len(NEW.id) + 32
STEP = PIECE + 16


def content_of(size: int) -> bytes:
    """A bill of that many bytes."""
    return (b"%PDF-1.7 " + random.Random(size).randbytes(size))[:size]  # noqa: S311 - repeatable


def kept(content: bytes, ring: KeyRing = RING, name: str = NAME) -> bytes:
    """What is kept of a file."""
    return b"".join(sealed(ring, name, io.BytesIO(content)))


def all_bytes(folder: Path) -> bytes:
    """Everything that files beneath a folder hold."""
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


@pytest.mark.security("S10")
@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7])
def test_a_file_is_read_as_it_was(size: int) -> None:
    """Whatever its length is in pieces; nothing of it stands there, and each time it is another."""
    content = content_of(size)
    sealed_once, sealed_twice = kept(content), kept(content)
    assert opened(RING, NAME, sealed_once) == opened(RING, NAME, sealed_twice) == content
    assert b"%PDF" not in sealed_once
    assert sealed_once != sealed_twice
    assert len(sealed_once) == HEADER + size + 16 * max(1, -(-size // PIECE))


@pytest.mark.security("S10")
@pytest.mark.parametrize(
    "tampered",
    [
        lambda it: it[:-1],
        lambda it: it[: HEADER + STEP],
        lambda it: it[: HEADER + 2 * STEP],
        lambda it: it[:HEADER],
        lambda it: it[: HEADER + 3],
        lambda it: it[: HEADER - 1],
        lambda it: it + b"\0",
        lambda it: it + it[HEADER:],
        lambda it: it[:HEADER] + it[HEADER + STEP :],
        lambda it: (
            it[:HEADER] + it[HEADER + STEP :][:STEP] + it[HEADER:][:STEP] + it[HEADER + 2 * STEP :]
        ),
        lambda it: it[: HEADER - 1] + bytes([it[HEADER - 1] ^ 1]) + it[HEADER:],
        lambda it: it[:HEADER] + bytes([it[HEADER] ^ 1]) + it[HEADER + 1 :],
        lambda it: it.replace(b"new", b"old", 1),
    ],
    ids=[
        "cut",
        "cut after a piece",
        "cut after two",
        "no piece",
        "half a tag",
        "half a salt",
        "longer",
        "joined",
        "a piece less",
        "swapped",
        "another salt",
        "a bit",
        "relabelled",
    ],
)
def test_a_file_that_was_tampered_with_does_not_decrypt(tampered: object) -> None:
    """Cut, reordered, joined or changed, it is refused whole; no part of it comes out."""
    assert callable(tampered)
    content = kept(content_of(2 * PIECE + 100))
    with pytest.raises(DecryptionError):
        opened(RING, NAME, tampered(content))


@pytest.mark.security("S10")
def test_a_file_is_bound_to_its_name() -> None:
    """Nobody hands in another order's bill by giving it a new name in the store."""
    with pytest.raises(DecryptionError):
        opened(RING, NAME.replace(NUMBER, "+15017122669"), kept(b"a bill"))


@pytest.mark.security("S10")
@pytest.mark.fault("F47")
def test_a_key_that_is_missing_is_named() -> None:
    """With a ring or without; a rotated one still reads."""
    content = kept(b"a bill", KeyRing(str(OLD)))
    assert opened(RING, NAME, content) == b"a bill"
    for ring in (KeyRing(str(NEW)), None):
        with pytest.raises(UnknownEncryptionKeyError, match="key old"):
            opened(ring, NAME, content)
    assert key_id_of(content[: files.MOST_HEADER]) == "old"
    assert key_id_of(content[:8]) == ""
    assert key_id_of(b"%PDF") is None


@pytest.mark.security("S10")
async def test_nothing_of_a_file_stands_in_the_store(tmp_path: Path) -> None:
    """Bills and rows of imports; the size that is told is the file's own."""
    store = BlobStore.at(tmp_path.as_uri(), RING)
    bill = tmp_path.with_name("bill")
    bill.write_bytes(content_of(200_000))
    document = await store.keep(NUMBER, bill, "application/pdf")
    await store.write(ROWS, b'{"email": "canary@example.com"}\n')
    on_disk = all_bytes(tmp_path)
    assert b"%PDF" not in on_disk
    assert b"canary" not in on_disk
    assert document.size == 200_000
    assert await store.read(document.blob) == content_of(200_000)
    assert await store.read(ROWS) == b'{"email": "canary@example.com"}\n'
    assert await store.encryption_keys() == {"new": 2}


async def test_files_of_an_older_release_are_read(tmp_path: Path) -> None:
    """They were kept as they are, and need no key."""
    bill = tmp_path / "bill"
    bill.write_bytes(b"%PDF-1.7 a bill")
    url = (tmp_path / "blobs").as_uri()
    before = await BlobStore.at(url).keep(NUMBER, bill, "application/pdf")
    store = BlobStore.at(url, RING)
    assert await store.read(before.blob) == b"%PDF-1.7 a bill"
    assert await store.encryption_keys() == {}


@pytest.mark.security("S10")
async def test_a_large_upload_stays_flat_in_memory(tmp_path: Path) -> None:
    """10 MiB go to the disk piece by piece."""
    file = tmp_path / "bill"
    file.write_bytes(content_of(10 << 20))
    store = BlobStore.at((tmp_path / "blobs").as_uri(), RING)
    tracemalloc.start()
    try:
        document = await store.keep(NUMBER, file, "application/pdf")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 << 20
    assert document.size == 10 << 20
