"""The lines of bulk imports: those of one number are struck out, the others stay byte by byte."""

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.checking import check_file
from hosted_numbers.bulk.contract import RowResult
from hosted_numbers.bulk.files import ImportFiles
from hosted_numbers.erasure.import_rows import ImportRows
from tests.bulk.files import a_row, as_csv, number

pytestmark = pytest.mark.security("S30")

AN_IMPORT = "0" * 32
ERASED, OTHER = number(0), number(1)


async def test_the_lines_of_others_stay_as_they_are() -> None:
    """Also one that only names the number, as its contact or in its reason."""
    blobs = BlobStore.at("memory:///")
    files = ImportFiles(blobs)
    rows = as_csv(a_row(0), a_row(1, contact_phone_number=ERASED))
    await files.keep(AN_IMPORT, check_file(rows, "csv"))
    refused = RowResult(line=3, phone_number=OTHER, outcome="refused", reason=f"See {ERASED}.")
    results = [RowResult(line=2, phone_number=ERASED, outcome="started"), refused]
    await files.keep_results(AN_IMPORT, 0, results)
    erasure = ImportRows(blobs)
    _, line_of_other = (await blobs.read(f"bulk-imports/{AN_IMPORT}/rows-0.jsonl")).splitlines()

    found = {blob: lines async for blob, lines in erasure.found(ERASED)}
    struck = [await erasure.strike(blob, ERASED) for blob in found]

    assert (sorted(found.values()), struck) == ([1, 1], [1, 1])
    assert await blobs.read(f"bulk-imports/{AN_IMPORT}/rows-0.jsonl") == line_of_other + b"\n"
    assert await files.results(AN_IMPORT, 0) == [refused]
    assert [each async for each in erasure.found(ERASED)] == []


async def test_a_file_that_goes_meanwhile_and_one_without_the_number_are_left_alone() -> None:
    """Nothing is written anew."""
    blobs = BlobStore.at("memory:///")
    erasure = ImportRows(blobs)
    there, gone = (f"bulk-imports/{AN_IMPORT}/results-{each}.jsonl" for each in (0, 1))
    await blobs.write(there, b"")

    assert [await erasure.strike(blob, ERASED) for blob in (there, gone)] == [0, 0]
    assert [each.blob async for each in blobs.listed()] == [there]
