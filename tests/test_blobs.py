"""The store of files: what is kept, under which names, and what a store in trouble does."""

import asyncio
import os
import resource
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hosted_numbers import blobs
from hosted_numbers.blobs import BlobStore
from hosted_numbers.errors import (
    BlobMissingError,
    BlobStoreError,
    BlobStoreFullError,
    InvalidRequestError,
    SettingsError,
)
from hosted_numbers.validation import NewStoredDocument
from tests.orders import NUMBER

OTHER_NUMBER = "+15017122662"
UNKNOWN = "6f1e5a52-3c86-4a0e-9f3e-0f2f0d7c1b11"
BILL = b"a bill" * 20_000


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a local store has its files; the name needs quoting in a URL."""
    return tmp_path / "the blobs" / "of ours"


@pytest.fixture
def local(directory: Path) -> BlobStore:
    return BlobStore.at(directory.as_uri())


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, directory: Path) -> BlobStore:
    """Each kind that needs no network."""
    return BlobStore.at(directory.as_uri() if request.param == "file" else "memory:///")


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    file = tmp_path / "bill.pdf"
    file.write_bytes(BILL)
    return file


@contextmanager
def a_full_disk() -> Iterator[None]:
    """No file of this process grows beyond 4 kB; not for the whole test, whose report is one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_of(directory: Path) -> list[Path]:
    """Every file below a directory."""
    return [each for each in directory.rglob("*") if each.is_file()]


def entries_of(directory: Path) -> list[Path]:
    """What stands in a directory."""
    return list(directory.iterdir())


def take_away(directory: Path, instead: bytes | None = None) -> None:
    """Remove an empty directory; a file may take its place."""
    directory.rmdir()
    if instead is not None:
        directory.write_bytes(instead)


async def test_a_file_is_read_as_it_was_kept(store: BlobStore, bill: Path) -> None:
    """Under its number and a name that is new each time."""
    first = await store.keep(NUMBER, bill, "application/pdf")
    second = await store.keep(NUMBER, bill, "application/pdf")

    assert await store.read(first.blob) == BILL
    assert first.size == len(BILL)
    assert first.blob != second.blob
    NewStoredDocument.model_validate(first.model_dump())


async def test_an_open_file_is_kept_from_where_it_stands(store: BlobStore) -> None:
    """It need not have a name."""
    with tempfile.TemporaryFile() as file:
        file.write(b"to skip, to keep")
        file.seek(9)

        kept = await store.keep(NUMBER, file, "image/png")

    assert await store.read(kept.blob) == b"to keep"
    assert kept.size == 7


async def test_a_local_store_is_for_its_owner_alone(
    local: BlobStore, directory: Path, bill: Path
) -> None:
    """Directories 0700, files 0600."""
    kept = await local.keep(NUMBER, bill, "application/pdf")

    modes = {
        stat.S_IMODE(each.stat().st_mode)
        for each in (directory, directory / NUMBER, directory / kept.blob)
    }
    assert modes == {0o700, 0o600}


async def test_what_is_deleted_is_gone(store: BlobStore, bill: Path) -> None:
    """To delete it again is fine."""
    kept = await store.keep(NUMBER, bill, "application/pdf")

    await store.delete(kept.blob)
    await store.delete(kept.blob)

    with pytest.raises(BlobMissingError):
        await store.read(kept.blob)


async def test_a_numbers_files_up_to_a_moment_are_deleted(store: BlobStore, bill: Path) -> None:
    """Later ones stay, and those of other numbers."""
    old = [await store.keep(NUMBER, bill, "application/pdf") for _ in range(3)]
    other = await store.keep(OTHER_NUMBER, bill, "application/pdf")

    assert await store.delete_until(NUMBER, datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await store.read(old[0].blob)
    assert await store.delete_until(NUMBER, datetime.now(UTC) + timedelta(hours=1)) == 3
    assert await store.delete_until(NUMBER, datetime.now(UTC)) == 0
    assert await store.read(other.blob)


async def test_where_all_files_are_deleted_no_number_is_left(
    local: BlobStore, directory: Path, bill: Path
) -> None:
    """An empty directory would still tell who was a customer."""
    await local.keep(NUMBER, bill, "application/pdf")

    await local.delete_until(NUMBER, datetime.now(UTC) + timedelta(hours=1))

    assert entries_of(directory) == []


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        f"{NUMBER}/../../etc/passwd",
        f"{NUMBER}/{UNKNOWN}/..",
        f"/{NUMBER}/{UNKNOWN}",
        f"{NUMBER}/{UNKNOWN}\n",
        f"{NUMBER}/bill.pdf",
        "",
    ],
)
async def test_a_name_that_is_none_of_ours_leads_nowhere(store: BlobStore, name: str) -> None:
    """Neither for reading nor for deleting."""
    with pytest.raises(InvalidRequestError):
        await store.read(name)
    with pytest.raises(InvalidRequestError):
        await store.delete(name)


@pytest.mark.parametrize("number", ["../../etc", "..", "", "+1501", "+15017122661/.."])
async def test_what_is_no_number_names_no_directory(
    store: BlobStore, bill: Path, number: str
) -> None:
    """Neither for keeping nor for deleting."""
    with pytest.raises(InvalidRequestError):
        await store.keep(number, bill, "application/pdf")
    with pytest.raises(InvalidRequestError):
        await store.delete_until(number, datetime.now(UTC))


@pytest.mark.fault("F40")
async def test_a_full_disk_keeps_nothing_by_halves(
    local: BlobStore, directory: Path, bill: Path
) -> None:
    """It is said, health is red, and nothing is there."""
    with a_full_disk():
        with pytest.raises(BlobStoreFullError):
            await local.keep(NUMBER, bill, "application/pdf")
        healthy = await local.reachable()

    assert not healthy
    assert files_of(directory) == []


@pytest.mark.fault("F40")
async def test_a_store_whose_directory_is_gone_is_not_made_anew(
    local: BlobStore, directory: Path, bill: Path
) -> None:
    """A volume that is not mounted is told, not hidden."""
    take_away(directory)

    with pytest.raises(BlobStoreError) as error:
        await local.keep(NUMBER, bill, "application/pdf")

    assert error.value.code == "blob-store-unavailable"
    assert str(directory) not in str(error.value)
    assert not await local.reachable()
    assert entries_of(directory.parent) == []


@pytest.mark.fault("F40")
async def test_a_store_that_cannot_be_written_is_told(
    local: BlobStore, directory: Path, bill: Path
) -> None:
    """Here a file is in the directory's place."""
    take_away(directory, instead=b"")

    with pytest.raises(BlobStoreError) as error:
        await local.keep(NUMBER, bill, "application/pdf")

    assert error.value.code == "blob-store-unavailable"
    with pytest.raises(BlobStoreError):
        await local.read(f"{NUMBER}/{uuid.uuid4()}")


async def test_health_is_looked_at_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, local: BlobStore, directory: Path
) -> None:
    """Many questions at once, one look; later another one. A look leaves nothing."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert await asyncio.gather(*(local.reachable() for _ in range(3))) == [True] * 3
    assert entries_of(directory) == []
    take_away(directory)

    assert await local.reachable()
    now += 6

    assert not await local.reachable()


async def test_what_a_killed_process_was_writing_is_discarded(
    local: BlobStore, directory: Path, bill: Path
) -> None:
    """Once no living one can be writing it any more; what is kept stays."""
    kept = await local.keep(NUMBER, bill, "application/pdf")
    left = directory / f"{kept.blob}#1"
    fresh = directory / f"{kept.blob}#2"
    left.write_bytes(b"half a bill")
    fresh.write_bytes(b"half a bill")
    yesterday = time.time() - 86_400
    os.utime(left, (yesterday, yesterday))

    assert local.discard_leftovers() == 1

    assert not left.exists()
    assert fresh.exists()
    assert await local.read(kept.blob)
    assert BlobStore.at("memory:///").discard_leftovers() == 0


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Before the process starts its work."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(BlobStoreError):
        BlobStore.at((tmp_path / "file" / "blobs").as_uri())


def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path) -> None:
    """The same."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(BlobStoreError):
        BlobStore.at((tmp_path / "file").as_uri())


@pytest.mark.parametrize("url", ["ftp://example.com/blobs", "nonsense", "az://container"])
def test_a_store_that_cannot_be_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Its variable is named. Azure's needs an account from its own variables."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)

    with pytest.raises(SettingsError, match="HOSTED_NUMBERS_BLOB_STORE"):
        BlobStore.at(url)


@pytest.fixture
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.fault("F40")
@pytest.mark.usefixtures("_no_proxy")
async def test_an_object_store_that_is_away_is_told_in_time(
    monkeypatch: pytest.MonkeyPatch, bill: Path
) -> None:
    """Its address and credentials come from its own variables."""
    monkeypatch.setattr(blobs, "_PATIENCE", timedelta(seconds=1))
    for name, value in {
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "canary",
    }.items():
        monkeypatch.setenv(name, value)
    store = BlobStore.at("s3://bucket/prefix")

    with pytest.raises(BlobStoreError) as error:
        await store.keep(NUMBER, bill, "application/pdf")

    assert error.value.code == "blob-store-unavailable"
    assert "canary" not in str(error.value)
    assert not await store.reachable()
