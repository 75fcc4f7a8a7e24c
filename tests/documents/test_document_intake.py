"""The way of a file into the store: nothing is kept before all is well, nothing is left behind."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import StoredDocument
from hosted_numbers.documents.intake import Intake
from hosted_numbers.documents.kinds import BILL_BYTES, SUPPORTING_DOCUMENT_BYTES, DocumentKind
from hosted_numbers.errors import BlobStoreError, BlobStoreFullError, DocumentRefusedError
from tests.documents.files import HTML, a_pdf, an_image, in_pieces
from tests.orders import NUMBER


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for files under way."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process grows beyond 100 kB; not for the whole test, whose report is one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_in(tmp_path: Path) -> list[Path]:
    """Every file of the test, kept or under way."""
    return [each for each in tmp_path.rglob("*") if each.is_file()]


async def take_in(intake: Intake, content: bytes, declared: str | None = None) -> StoredDocument:
    """Take a bill in."""
    return await intake.take_in(
        in_pieces(content), phone_number=NUMBER, most_bytes=BILL_BYTES, declared=declared
    )


@pytest.mark.parametrize("declared", [None, "application/pdf"])
async def test_a_good_file_is_kept_as_it_came(
    intake: Intake, store: BlobStore, declared: str | None
) -> None:
    """With the type of its content and its size."""
    content = a_pdf(padding=1_000_000)

    kept = await take_in(intake, content, declared)

    assert await store.read(kept.blob) == content
    assert kept.media_type == "application/pdf"
    assert kept.size == len(content)


async def test_a_file_of_another_type_than_it_says_is_refused(
    intake: Intake, tmp_path: Path
) -> None:
    """The person is told which it is."""
    with pytest.raises(DocumentRefusedError, match="image/png") as refusal:
        await take_in(intake, an_image("PNG"), "application/pdf")

    assert refusal.value.code == "document-type-mismatch"
    assert files_in(tmp_path) == []


@pytest.mark.fault("F42")
@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "document-empty"), (b"%PDF-" + b"x" * BILL_BYTES, "document-too-large")],
)
async def test_a_file_of_a_wrong_size_is_refused(
    intake: Intake, tmp_path: Path, content: bytes, code: str
) -> None:
    """Nothing of it stays."""
    with pytest.raises(DocumentRefusedError) as refusal:
        await take_in(intake, content)

    assert refusal.value.code == code
    assert files_in(tmp_path) == []


@pytest.mark.fault("F42")
async def test_a_file_that_is_too_large_is_read_no_further(intake: Intake) -> None:
    """It stops at the first piece too many."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1_000

    with pytest.raises(DocumentRefusedError):
        await intake.take_in(endless(), phone_number=NUMBER, most_bytes=10_000)

    assert read == 11


@pytest.mark.fault("F43")
async def test_a_file_that_is_refused_is_not_kept(intake: Intake, tmp_path: Path) -> None:
    """Neither in the store nor on the way to it."""
    with pytest.raises(DocumentRefusedError):
        await take_in(intake, HTML)

    assert files_in(tmp_path) == []


@pytest.mark.fault("F40")
async def test_a_disk_that_is_full_is_said(intake: Intake, tmp_path: Path) -> None:
    """On the way in already; nothing stays."""
    file = a_pdf(padding=200_000)
    with small_files(), pytest.raises(BlobStoreFullError):
        await take_in(intake, file)

    assert files_in(tmp_path) == []


@pytest.mark.fault("F40")
async def test_a_machine_without_a_place_for_files_under_way_is_told(
    monkeypatch: pytest.MonkeyPatch, intake: Intake, tmp_path: Path
) -> None:
    """As the store in trouble that it is to the uploader."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    with pytest.raises(BlobStoreError):
        await take_in(intake, a_pdf())


@pytest.mark.fault("F05")
async def test_an_upload_that_is_broken_off_leaves_nothing(intake: Intake, tmp_path: Path) -> None:
    """Half a bill is visible nowhere, not even while it arrives."""
    arrived = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7" + b"x" * 2_000_000
        arrived.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(
        intake.take_in(stalling(), phone_number=NUMBER, most_bytes=BILL_BYTES)
    )
    await arrived.wait()
    assert files_in(tmp_path) == []

    upload.cancel()

    with pytest.raises(asyncio.CancelledError):
        await upload
    assert files_in(tmp_path) == []


_KILLED = """
import asyncio, sys
from hosted_numbers.blobs import BlobStore
from hosted_numbers.documents.intake import Intake

async def stalling():
    yield b"%PDF-1.7" + b"x" * 2_000_000
    print("arrived", flush=True)
    await asyncio.Event().wait()

intake = Intake(BlobStore.at(sys.argv[1]))
asyncio.run(intake.take_in(stalling(), phone_number="+15017122661", most_bytes=10_000_000))
"""


@pytest.mark.fault("F05")
def test_a_process_that_is_killed_during_an_upload_leaves_nothing(
    tmp_path: Path, directory: Path
) -> None:
    """The file under way has no name, so the system takes it away with the process."""
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, directory.as_uri()],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"arrived\n"
        process.send_signal(signal.SIGKILL)

    assert files_in(tmp_path) == []


async def test_only_so_many_are_checked_at_once(store: BlobStore) -> None:
    """The others wait their turn, and all are kept."""
    intake = Intake(store, checks_at_once=1)

    kept = await asyncio.gather(*(take_in(intake, a_pdf()) for _ in range(3)))

    assert len({each.blob for each in kept}) == 3


def test_a_bill_may_be_larger_than_a_supporting_document() -> None:
    """As Twilio has it; without a word it is a bill."""
    assert DocumentKind().most_bytes == BILL_BYTES
    assert DocumentKind(type="business_registration").most_bytes == SUPPORTING_DOCUMENT_BYTES
