"""A kept file and its order: who has it after which answer."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import Answer, Progress, ProvidedDocument, StoredDocument
from hosted_numbers.documents.handover import check_open, handed_over
from hosted_numbers.documents.kinds import DocumentKind
from hosted_numbers.errors import (
    BlobMissingError,
    BlobStoreError,
    HostedNumbersError,
    NoWorkerError,
    OrderEndedError,
    OrderNotFoundError,
    RefusedError,
    TemporalUnavailableError,
)
from tests.orders import NUMBER

Provide = Callable[[ProvidedDocument], Awaitable[Answer]]


@pytest.fixture
async def document(store: BlobStore, tmp_path: Path) -> StoredDocument:
    """A file that is kept."""
    file = tmp_path / "bill.pdf"
    file.write_bytes(b"a bill")
    return await store.keep(NUMBER, file, "application/pdf")


def raising(error: Exception) -> Provide:
    """An order that says no, or says nothing."""

    async def provide(provided: ProvidedDocument) -> Answer:
        del provided
        raise error

    return provide


@pytest.mark.parametrize("taken", [True, False])
async def test_what_the_order_took_is_its_own(
    store: BlobStore, document: StoredDocument, *, taken: bool
) -> None:
    """The file stays, whatever the order then makes of it."""
    given = []

    async def provide(provided: ProvidedDocument) -> Answer:
        given.append(provided)
        return Answer(taken=taken, reason="It was looked at.", next_step="Wait.")

    kind = DocumentKind(type="business_registration")

    answer = await handed_over(document, kind, store=store, provide=provide)

    assert answer.taken is taken
    assert given == [ProvidedDocument(document=document, type="business_registration")]
    assert await store.read(document.blob) == b"a bill"


@pytest.mark.parametrize("error", [RefusedError, OrderEndedError, OrderNotFoundError])
async def test_what_the_order_surely_did_not_take_is_deleted(
    store: BlobStore, document: StoredDocument, error: type[RefusedError]
) -> None:
    """The refusal is told all the same."""
    with pytest.raises(error):
        await handed_over(
            document, DocumentKind(), store=store, provide=raising(error("No.", "Wait."))
        )

    with pytest.raises(BlobMissingError):
        await store.read(document.blob)


@pytest.mark.parametrize("error", [NoWorkerError, TemporalUnavailableError])
async def test_what_the_order_may_have_taken_stays(
    store: BlobStore, document: StoredDocument, error: type[HostedNumbersError]
) -> None:
    """It goes with the order's end."""
    with pytest.raises(error):
        await handed_over(
            document, DocumentKind(), store=store, provide=raising(error("No.", "Wait."))
        )

    assert await store.read(document.blob) == b"a bill"


async def test_a_refusal_is_told_though_the_file_cannot_be_deleted(
    document: StoredDocument, caplog: pytest.LogCaptureFixture
) -> None:
    """The store's trouble goes to the log."""

    class Stuck(BlobStore):
        async def delete(self, blob: str) -> None:
            raise BlobStoreError(blob, "")

    store = Stuck.at("memory:///")

    with pytest.raises(RefusedError):
        await handed_over(
            document, DocumentKind(), store=store, provide=raising(RefusedError("No.", "Wait."))
        )

    assert "blob-store-unavailable" in caplog.text
    assert NUMBER not in caplog.text


@pytest.mark.parametrize("phase", ["cancelled", "completed", "failed", "verification"])
def test_an_order_that_has_ended_takes_no_file(phase: str) -> None:
    """It is said before the file is read."""
    progress = Progress.model_validate(
        {
            "phone_number": NUMBER,
            "phase": phase,
            "waiting_for": "nothing",
            "reason": "",
            "next_step": "",
            "attempts_left": 3,
        }
    )

    if phase == "verification":
        check_open(progress)
    else:
        with pytest.raises(OrderEndedError):
            check_open(progress)
