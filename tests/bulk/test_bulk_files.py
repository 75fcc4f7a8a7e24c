"""What of an import is kept, under which names; and how its results leave as CSV."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk import receiving
from hosted_numbers.bulk.checking import check_file
from hosted_numbers.bulk.contract import BATCH_ROWS, BatchOutcome, BulkImportInput, RowResult
from hosted_numbers.bulk.course import counted, ended, in_trouble, is_through, pause
from hosted_numbers.bulk.files import ImportFiles
from hosted_numbers.bulk.receiving import FileTooLargeError, form_of, received
from hosted_numbers.bulk.results import csv_header, csv_lines
from hosted_numbers.errors import (
    BlobMissingError,
    BlobStoreError,
    BlobStoreFullError,
    InvalidRequestError,
)
from tests.bulk.files import a_row, as_jsonl, number
from tests.bulk.imports import AN_ID, NOW, a_progress


@pytest.fixture(params=["file", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> ImportFiles:
    """Each kind of store that needs no network."""
    url = (tmp_path / "blobs").as_uri() if request.param == "file" else "memory:///"
    return ImportFiles(BlobStore.at(url))


async def test_rows_are_kept_in_batches_as_they_were_checked(files: ImportFiles) -> None:
    """With the size of their groups; kept again, they are the same."""
    rows = [a_row(each, loa_group="elm") for each in range(BATCH_ROWS + 1)]
    checked = check_file(as_jsonl(*rows), "jsonl")
    assert await files.keep(AN_ID, checked) == 2
    assert await files.keep(AN_ID, checked) == 2
    first, second = await files.rows(AN_ID, 0), await files.rows(AN_ID, 1)
    assert [row.line for row in first + second] == list(range(1, BATCH_ROWS + 2))
    order = second[0].whole()
    assert (order.phone_number, order.loa_group_size) == (number(BATCH_ROWS), BATCH_ROWS + 1)
    with pytest.raises(BlobMissingError):
        await files.left_out(AN_ID)


async def test_results_of_a_batch_replace_what_was_there(files: ImportFiles) -> None:
    """Before there are any, its rows are listed as not started."""
    await files.keep(AN_ID, check_file(as_jsonl(a_row(0)), "jsonl"))
    [before] = await files.results(AN_ID, 0)
    assert (before.phone_number, before.outcome) == (number(0), "not-started")
    result = RowResult(line=1, phone_number=number(0), outcome="started")
    for _ in range(2):
        await files.keep_results(AN_ID, 0, [result])
        assert await files.results(AN_ID, 0) == [result]


async def test_bad_rows_are_kept_with_what_is_wrong_with_them(files: ImportFiles) -> None:
    """One result for each, whatever the number of its faults."""
    bad = a_row(0, email="x", contact_title="")
    checked = check_file(as_jsonl(bad, a_row(1)), "jsonl")
    await files.keep(AN_ID, checked)
    [left_out] = await files.left_out(AN_ID)
    assert (left_out.line, left_out.outcome) == (1, "left-out")
    assert left_out.reason
    assert "email:" in left_out.reason
    assert "contact_title:" in left_out.reason
    assert [row.line for row in await files.rows(AN_ID, 0)] == [2]


async def test_files_of_an_import_are_deleted_by_their_age(files: ImportFiles) -> None:
    """All of one import, none of another, none that came later."""
    other = AN_ID[::-1]
    for each in (AN_ID, other):
        await files.keep(each, check_file(as_jsonl(a_row(0)), "jsonl"))
    long_ago = datetime.now(UTC) - timedelta(days=1)
    assert await files.blobs.delete_import_until(AN_ID, long_ago) == 0
    assert await files.blobs.delete_import_until(AN_ID, datetime.now(UTC)) == 1
    with pytest.raises(BlobMissingError):
        await files.results(AN_ID, 0)
    assert await files.rows(other, 0)


@pytest.mark.security("S8")
@pytest.mark.parametrize(
    "name",
    [
        "bulk-imports/../secret.jsonl",
        f"bulk-imports/{AN_ID}/../../x.jsonl",
        f"bulk-imports/{AN_ID}/rows-0.jsonl/x",
        f"bulk-imports/{AN_ID.upper()}/rows-0.jsonl",
        "+15017122661/00000000-0000-4000-8000-000000000000",
    ],
)
async def test_import_writes_nowhere_else(files: ImportFiles, name: str) -> None:
    """Only beneath its own folder."""
    with pytest.raises(InvalidRequestError):
        await files.blobs.write(name, b"x")


@pytest.mark.security("S8")
async def test_import_deletes_nowhere_else(files: ImportFiles) -> None:
    """Only what an id names."""
    with pytest.raises(InvalidRequestError):
        await files.blobs.delete_import_until("../probe", datetime.now(UTC))


async def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    """They name owners of numbers."""
    files = ImportFiles(BlobStore.at((tmp_path / "blobs").as_uri()))
    await files.keep(AN_ID, check_file(as_jsonl(a_row(0)), "jsonl"))
    for each in (tmp_path / "blobs").rglob("*"):
        assert each.stat().st_mode & 0o077 == 0, each


@pytest.mark.security("S8")
def test_results_hold_no_formula() -> None:
    """What a spreadsheet would carry out is text; a phone number stays a phone number."""
    results = [
        RowResult(line=2, phone_number="+15017122661", outcome="started"),
        RowResult(
            line=3, phone_number="+1+cmd|' /C calc'!A0", outcome="refused", code="-x", reason="=1+1"
        ),
        RowResult(line=4, outcome="refused", reason='@SUM(1) "quoted", and\nmore'),
    ]
    rows = list(csv.reader(io.StringIO(csv_header() + csv_lines(results))))
    assert rows == [
        ["line", "phone_number", "outcome", "code", "reason"],
        ["2", "+15017122661", "started", "", ""],
        ["3", "'+1+cmd|' /C calc'!A0", "refused", "'-x", "'=1+1"],
        ["4", "", "refused", "", '\'@SUM(1) "quoted", and\nmore'],
    ]


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    """A body that comes bit by bit."""
    for each in content:
        yield each


async def test_body_is_received_whole() -> None:
    """Wherever it was cut."""
    async with received(pieces(b"ab", b"", b"c")) as file:
        file.seek(0)
        assert file.read() == b"abc"


async def test_body_that_grows_too_large_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first byte too many."""
    monkeypatch.setattr(receiving, "MOST_BYTES", 3)
    with pytest.raises(FileTooLargeError):
        async with received(pieces(b"ab", b"cd")):
            pass


@pytest.mark.parametrize("fails", ["open", "write"])
async def test_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """In our own words, which name no path."""

    class Full(io.BytesIO):
        def write(self, content: Any, /) -> int:
            del content
            raise OSError(28, "No space left on device")

    def full() -> io.BytesIO:
        if fails == "open":
            raise OSError(28, "No space left on device")
        return Full()

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(BlobStoreFullError) as caught:
        async with received(pieces(b"ab")):
            pass
    assert isinstance(caught.value, BlobStoreError)


def test_kind_of_a_file_is_known_by_its_name() -> None:
    """In any case; an unknown one is not guessed."""
    names = ["a.csv", "A.CSV", "b.jsonl", "b.ndjson", "c.json", "csv"]
    assert [form_of(each) for each in names] == ["csv", "csv", "jsonl", "jsonl", None, None]


def test_import_counts_its_batches() -> None:
    """A full one comes again; trouble is shown until a try comes to something."""
    state = BulkImportInput(progress=a_progress(), batches=2)
    state = in_trouble(state, "The store is away.")
    assert (state.next_batch, state.progress.trouble) == (0, "The store is away.")
    state = counted(state, BatchOutcome(full=True))
    assert (state.next_batch, state.progress.trouble) == (0, None)
    state = counted(state, BatchOutcome(started=98, already_open=1, refused=1))
    assert (state.next_batch, state.progress.handled, is_through(state)) == (1, 100, False)
    assert ended(state, NOW).progress.status == "cancelled"
    state = ended(counted(state, BatchOutcome(started=20)), NOW)
    assert (state.progress.status, state.progress.handled) == ("done", 120)
    assert state.progress.ended_at == NOW


def test_pauses_grow_to_a_minute() -> None:
    """However long there is no room."""
    seconds = [pause(each).total_seconds() for each in (1, 2, 3, 6, 1000)]
    assert seconds == [2, 4, 8, 60, 60]
