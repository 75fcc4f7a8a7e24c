"""The files that people send, in a directory of this machine or in an object store.

A bill names its owner, so it never travels through Temporal: only its name in here does, a
``contract.StoredDocument``. A file is named by its order's number and a UUID of ours, or stands
beneath its bulk import, and is there whole or not at all. With a ring of keys all of them are
encrypted; what an older release kept is read as it is. obstore is imported here and nowhere else.
"""

import asyncio
import errno
import io
import os
import re
import shutil
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, Protocol, Self
from urllib.parse import unquote, urlsplit

from obstore import exceptions
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from hosted_numbers.contract import StoredDocument
from hosted_numbers.encryption import files
from hosted_numbers.encryption.key_ring import KeyRing, shown_id
from hosted_numbers.errors import (
    BlobMissingError,
    BlobStoreError,
    BlobStoreFullError,
    InvalidRequestError,
    SettingsError,
)
from hosted_numbers.formats import BLOB_PATTERN
from hosted_numbers.phone_numbers import dialable_phone_number

BULK_IMPORTS: Final = "bulk-imports"
_IMPORT: Final = re.compile(rf"{BULK_IMPORTS}/[0-9a-f]{{32}}")
_IMPORT_FILE: Final = re.compile(rf"{_IMPORT.pattern}/[a-z0-9-]{{1,64}}\.jsonl")
_PATIENCE: Final = timedelta(seconds=20)
_PROBE_PATIENCE: Final = timedelta(seconds=2)
# Health is asked without a key, and each probe of an object store costs a little.
_PROBE_AGE: Final = timedelta(seconds=5)
_PIECE: Final = 1 << 20
_PROBE: Final = b"\0" * 4096
# No file takes as long to be written; what is older was left by a process that was killed.
_LEFTOVER_AGE: Final = timedelta(hours=1)
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_FOUND: Final = (exceptions.NotFoundError, FileNotFoundError)
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")


@dataclass(frozen=True)
class KeptFile:
    """A file of ours, as the store lists it.

    Attributes:
        blob: its name.
        kept_at: when it was written last.
    """

    blob: str
    kept_at: datetime


class StoreSettings(Protocol):
    """What of ``settings.Settings`` a store is opened by."""

    @property
    def hosted_numbers_blob_store(self) -> str:
        """The store's URL."""

    def key_ring(self) -> KeyRing | None:
        """The keys to encrypt with; None where there are none.

        Raises:
            SettingsError: they are no ring, or there must be some.
        """


class BlobStore:
    """One store of files.

    Args:
        store: obstore's.
        directory: where a local store keeps its files.
        keys: what files are encrypted with; None keeps them as they are.

    Every method raises ``BlobStoreError`` when the store does not do its work.
    """

    def __init__(
        self, store: ObjectStore, directory: Path | None = None, keys: KeyRing | None = None
    ) -> None:
        self._store = store
        self._directory = directory
        self._keys = keys
        self._probing = asyncio.Lock()
        self._probed_at: float | None = None
        self._reachable = False

    @classmethod
    def of(cls, settings: StoreSettings) -> Self:
        """The store of an installation, with its keys; the way of every process to its files.

        Raises:
            SettingsError: as ``at`` does; or production has no keys.
            BlobStoreError: the directory cannot be made.
        """
        return cls.at(settings.hosted_numbers_blob_store, settings.key_ring())

    @classmethod
    def at(cls, url: str, keys: KeyRing | None = None) -> Self:
        """The store of a URL.

        Args:
            url: ``file:///directory`` (made where it is missing, for its owner alone),
                ``memory:///``, ``s3://bucket/prefix``, ``gs://bucket/prefix`` or
                ``az://container/prefix``. Credentials, region and endpoint of the last three come
                from their SDKs' usual variables (``AWS_…``, ``GOOGLE_…``, ``AZURE_…``).
            keys: what files are encrypted with.

        Raises:
            SettingsError: there is no such kind of store, or it lacks a setting.
            BlobStoreError: the directory cannot be made.
        """
        parts = urlsplit(url)
        if parts.scheme == "memory":
            return cls(MemoryStore(), keys=keys)
        if parts.scheme == "file":
            directory = Path(unquote(parts.path))
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                return cls(LocalStore(directory, automatic_cleanup=True), directory, keys)
            except (exceptions.BaseError, OSError) as error:
                raise blob_store_error(error) from None
        try:
            store = from_url(
                url,
                client_options={"timeout": _PATIENCE, "connect_timeout": _PROBE_PATIENCE},
                retry_config={"max_retries": 2, "retry_timeout": _PATIENCE},
            )
        except (exceptions.BaseError, ValueError) as error:
            raise SettingsError(
                f"The blob store cannot be opened: {_first_line(error)}.",
                "Correct HOSTED_NUMBERS_BLOB_STORE, or set what its kind of store needs.",
            ) from None
        return cls(store, keys=keys)

    async def keep(
        self, phone_number: str, file: Path | BinaryIO, media_type: str
    ) -> StoredDocument:
        """Keep a file beneath an order's number, under a new name.

        Args:
            phone_number: E.164.
            file: buffered, read from where it stands; a path is read whole.
            media_type: as found in its content.

        Raises:
            BlobStoreFullError: there is no room; nothing of it is kept.
            BlobStoreError: it could not be kept; nothing of it is visible.
        """
        blob = f"{_number(phone_number)}/{uuid.uuid4()}"
        size = _size(file)
        async with _our_words():
            if self._directory:
                (self._directory / phone_number).mkdir(mode=0o700, exist_ok=True)
            with _pieces(self._keys, blob, file) as pieces:
                # To a disk bit by bit; to an object store in one piece, so that a killed process
                # leaves no parts of a file there, which nobody sees and somebody pays for.
                await self._store.put_async(
                    blob,
                    pieces if self._directory else b"".join(pieces),
                    use_multipart=self._directory is not None,
                    chunk_size=_PIECE,
                    max_concurrency=1,
                )
            if self._directory:
                (self._directory / blob).chmod(0o600)
        return StoredDocument(blob=blob, media_type=media_type, size=size)

    async def write(self, blob: str, content: bytes) -> None:
        """Keep a file of a bulk import under its own name, in place of the one that was there.

        Raises:
            InvalidRequestError: it is no name of such a file.
            BlobStoreFullError: there is no room; what was there stays.
        """
        if not _IMPORT_FILE.fullmatch(blob):
            raise _no_name()
        async with _our_words():
            if self._directory:
                (self._directory / BULK_IMPORTS).mkdir(mode=0o700, exist_ok=True)
                (self._directory / blob).parent.mkdir(mode=0o700, exist_ok=True)
            with _pieces(self._keys, blob, io.BytesIO(content)) as pieces:
                await self._store.put_async(blob, b"".join(pieces), use_multipart=False)
            if self._directory:
                (self._directory / blob).chmod(0o600)

    async def read(self, blob: str) -> bytes:
        """The content of a file.

        Raises:
            BlobMissingError: there is no file of that name.
            UnknownEncryptionKeyError: its key is not on the ring.
            DecryptionError: it is damaged, or was kept under another name.
        """
        name = _name(blob)
        try:
            async with _our_words(but=_NOT_FOUND):
                found = await self._store.get_async(name)
                content = bytes(await found.bytes_async())
        except _NOT_FOUND:
            raise BlobMissingError(
                "The file is not in the blob store (any more).", "Provide the document again."
            ) from None
        return files.opened(self._keys, name, content)

    async def delete(self, blob: str) -> None:
        """Delete a file; that it is missing is fine."""
        name = _name(blob)
        with suppress(*_NOT_FOUND):
            async with _our_words(but=_NOT_FOUND):
                await self._store.delete_async(name)

    async def delete_until(self, phone_number: str, moment: datetime) -> int:
        """Delete the files of a number that were kept up to a moment; how many those were.

        Args:
            phone_number: E.164.
            moment: aware of its time zone.
        """
        return await self._delete_beneath(_number(phone_number), moment)

    async def delete_import_until(self, import_id: str, moment: datetime) -> int:
        """Delete the files of a bulk import that were kept up to a moment; how many those were.

        Raises:
            InvalidRequestError: it is no id of an import.
        """
        folder = f"{BULK_IMPORTS}/{import_id}"
        if not _IMPORT.fullmatch(folder):
            raise _no_name()
        return await self._delete_beneath(folder, moment)

    async def _delete_beneath(self, folder: str, moment: datetime) -> int:
        found = []
        async with _our_words():
            async for some in self._store.list(f"{folder}/"):
                found += [each["path"] for each in some if each["last_modified"] <= moment]
        for blob in found:
            await self.delete(blob)
        return len(found)

    async def encryption_keys(self) -> Counter[str]:
        """How many files each key is needed for, by the key's id."""
        found: Counter[str] = Counter()
        async with _our_words():
            async for some in self._store.list():
                for each in some:
                    if key_id := await self._key_of(each["path"]):
                        found[shown_id(key_id)] += 1
        return found

    async def _key_of(self, path: str) -> str | None:
        try:
            beginning = await self._store.get_range_async(path, start=0, length=files.MOST_HEADER)
        except _NOT_FOUND:
            return None  # deleted meanwhile
        return files.key_id_of(bytes(beginning))

    async def listed(self, folder: str | None = None) -> AsyncIterator[KeptFile]:
        """The files beneath a number, or a folder of imports; without a word, all of ours."""
        async with _our_words():
            async for some in self._store.list(None if folder is None else f"{folder}/"):
                for each in some:
                    if is_ours(each["path"]):
                        yield KeptFile(each["path"], each["last_modified"])

    async def reachable(self) -> bool:
        """Whether a file can be written and deleted, as of the last few seconds."""
        async with self._probing:
            now = time.monotonic()
            if self._probed_at is None or now - self._probed_at > _PROBE_AGE.total_seconds():
                self._reachable = await self._probe()
                self._probed_at = now
        return self._reachable

    def free_bytes(self) -> int | None:
        """Room for files, where the store is a directory; None where nobody can tell."""
        if self._directory is None:
            return None
        try:
            return shutil.disk_usage(self._directory).free
        except OSError:
            return None

    async def _probe(self) -> bool:
        if self._directory and not self._directory.is_dir():
            return False  # obstore would make it anew, and hide that a volume is gone
        name = f"probe/{uuid.uuid4()}"
        try:
            async with asyncio.timeout(_PROBE_PATIENCE.total_seconds()), _our_words():
                await self._store.put_async(name, _PROBE, use_multipart=False)
                await self._store.delete_async(name)
        except (TimeoutError, BlobStoreError):
            return False
        return True

    def discard_leftovers(self) -> int:
        """Delete what killed processes were writing into a local store; how many files.

        Such a file is in no list and under no name that anybody knows, but it may be a bill.
        """
        discarded = 0
        # obstore writes to the name with #1, #2, … behind it, then renames.
        for file in self._directory.rglob("*#*") if self._directory else ():
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _LEFTOVER_AGE.total_seconds():
                    file.unlink()
                    discarded += 1
        return discarded


@contextmanager
def _pieces(keys: KeyRing | None, blob: str, file: Path | BinaryIO) -> Iterator[Iterator[bytes]]:
    """What is to be kept of a file, piece by piece: encrypted where there are keys."""
    with file.open("rb") if isinstance(file, Path) else nullcontext(file) as source:
        plain = iter(partial(source.read, files.PIECE), b"")
        yield plain if keys is None else files.sealed(keys, blob, source)


@asynccontextmanager
async def _our_words(but: tuple[type[Exception], ...] = ()) -> AsyncIterator[None]:
    """Turn the store's errors into ours, but for those that the caller knows."""
    try:
        yield
    except but:
        raise
    except (exceptions.BaseError, OSError) as error:
        raise blob_store_error(error) from None


def blob_store_error(error: Exception) -> BlobStoreError:
    """The error of ours for one of the store's or of the operating system's.

    Its own text may name paths and buckets, and goes no further.
    """
    if _number_of(error) in _NO_ROOM:
        return BlobStoreFullError(
            "The blob store has no room for another file; nothing was kept.",
            "Have whoever runs it make room, and send the file again.",
        )
    return BlobStoreError(
        "The blob store does not do its work; nothing was changed.",
        "Send it again shortly. If it stays so, look at HOSTED_NUMBERS_BLOB_STORE and its rights.",
    )


def _number_of(error: Exception) -> int | None:
    """The operating system's number of an error, which obstore tells in its text alone."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    told = _OS_ERROR.search(str(error))
    return int(told[1]) if told else None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _number(phone_number: str) -> str:
    """The number, which names a directory.

    Raises:
        InvalidRequestError: it is none.
    """
    try:
        return dialable_phone_number(phone_number)
    except ValueError as error:
        raise InvalidRequestError(str(error), "Correct the number.") from None


def _name(blob: str) -> str:
    """The name of a blob, which leads nowhere else.

    Raises:
        InvalidRequestError: it is none of ours.
    """
    if not is_ours(blob):
        raise _no_name()
    return blob


def is_ours(blob: str) -> bool:
    """Whether a name is one that this module gives."""
    return bool(re.fullmatch(BLOB_PATTERN, blob) or _IMPORT_FILE.fullmatch(blob))


def _no_name() -> InvalidRequestError:
    return InvalidRequestError("This names no file of ours.", "Correct the blob's name.")


def _size(file: Path | BinaryIO) -> int:
    """Bytes from where a file stands to its end."""
    if isinstance(file, Path):
        return file.stat().st_size
    return os.fstat(file.fileno()).st_size - file.tell()
