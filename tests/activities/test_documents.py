"""Files from the blob store to Twilio, and what keeps them from getting there."""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.documents import FILE_GONE, DocumentActivities
from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import StoredDocument, SupportingDocumentRequest
from hosted_numbers.errors import BlobMissingError, BlobStoreError
from hosted_numbers.steps import (
    BillAttachment,
    BillUpload,
    DocumentDisposal,
    SupportingDocumentCreation,
)
from tests.activities.running import run
from tests.orders import NUMBER
from tests.world import BILL_CONTENT, RETENTION, Twilio

UPLOADS = "/v1/Documents"
TYPE = "proof_of_address"


class Kept:
    """A blob store and the activities over it."""

    def __init__(self, twilio: Twilio) -> None:
        self.blobs = BlobStore.at("memory:///")
        self.documents = DocumentActivities(twilio.twilio, self.blobs, RETENTION)

    async def file(self, media_type: str = "application/pdf") -> StoredDocument:
        """A file that is kept."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(BILL_CONTENT)
            return await self.blobs.keep(NUMBER, path, media_type)


@pytest.fixture
def kept(twilio: Twilio) -> Kept:
    """Somewhere to keep files."""
    return Kept(twilio)


def creation(edition: int = 1, **fields: object) -> SupportingDocumentCreation:
    request = SupportingDocumentRequest.model_validate({"type": TYPE} | fields)
    return SupportingDocumentCreation(phone_number=NUMBER, edition=edition, request=request)


async def test_bill_arrives_whole_and_is_attached(twilio: Twilio, kept: Kept) -> None:
    """Upload, then name it on the order, which starts its verification."""
    today = datetime.now(UTC).date()
    sent = await run(
        kept.documents.upload_bill, BillUpload(file=await kept.file(), bill_date=today)
    )
    assert (sent.status, sent.reason) == ("draft", None)
    assert (await twilio.ledger())["documents"][0]["size"] == len(BILL_CONTENT)
    order = await twilio.twilio.hosted_number_orders.create(phone_number=NUMBER)
    attachment = BillAttachment(sid=order.sid, document_sid=str(sent.sid), start=True)
    for attempt in (1, 2):
        attached = await run(kept.documents.attach_bill, attachment, attempt=attempt)
        assert attached.status == "pending-verification"
        assert attached.verification_document_sid == sent.sid


async def test_bill_that_is_too_old_is_not_read(kept: Kept) -> None:
    """Its date comes first: not even the store is asked."""
    old = datetime.now(UTC).date() - timedelta(days=31)
    file = StoredDocument(blob="nowhere", media_type="application/pdf", size=1)
    answer = await run(kept.documents.upload_bill, BillUpload(file=file, bill_date=old))
    assert answer.sid is None
    assert "last 30 days" in (answer.reason or "")


async def test_bill_that_arrives_empty_is_none(twilio: Twilio, kept: Kept) -> None:
    """A 201 without a media type means that nothing arrived (Twilio's Documents page)."""
    body = {"sid": "RD" + "1" * 32, "status": "DRAFT", "mime_type": ""}
    await twilio.fault("POST", UPLOADS, "status", status=201, body=json.dumps(body), times=1)
    answer = await run(kept.documents.upload_bill, BillUpload(file=await kept.file()))
    assert answer.sid is None
    assert "arrived empty" in (answer.reason or "")


async def test_file_that_is_gone_is_said_so(kept: Kept) -> None:
    """For a bill and for a supporting document alike, nothing is sent."""
    file = await kept.file()
    await kept.blobs.delete(file.blob)
    bill = await run(kept.documents.upload_bill, BillUpload(file=file))
    document = await run(kept.documents.find_or_create, creation(with_file=True, file=file))
    assert bill.reason == document.reason == FILE_GONE
    assert (bill.sid, document.sid, document.type) == (None, None, TYPE)


@pytest.mark.fault("F40")
async def test_store_that_fails_is_tried_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error leaves the activity as it is, which Temporal tries again."""
    file = await kept.file()

    async def broken(_blob: str) -> bytes:
        raise BlobStoreError("The store does not do its work.", "Look at it.")

    monkeypatch.setattr(kept.blobs, "read", broken)
    with pytest.raises(BlobStoreError):
        await run(kept.documents.upload_bill, BillUpload(file=file))


async def test_refusal_of_an_upload_keeps_its_code(twilio: Twilio, kept: Kept) -> None:
    """70002 in the Documents API's own shape of an error."""
    body = {"message": "no", "code": 70002, "user_error": True, "http_status_code": 400}
    await twilio.fault("POST", UPLOADS, "status", status=400, body=json.dumps(body), times=1)
    with pytest.raises(ApplicationError) as refused:
        await run(kept.documents.upload_bill, BillUpload(file=await kept.file()))
    assert (refused.value.details[0].code, refused.value.non_retryable) == (70002, True)


@pytest.mark.parametrize("with_file", [True, False], ids=["with a file", "without"])
async def test_supporting_document_is_made_once(
    twilio: Twilio, kept: Kept, *, with_file: bool
) -> None:
    """A repeated try finds it by its name; a first try and another edition do not look."""
    file = await kept.file() if with_file else None
    wanted = creation(with_file=with_file, file=file, attributes={"a": 1})
    first = await run(kept.documents.find_or_create, wanted)
    assert (first.type, first.status) == (TYPE, "draft")
    assert (await run(kept.documents.find_or_create, wanted, attempt=2)).sid == first.sid
    second = await run(kept.documents.find_or_create, creation(2), attempt=2)
    assert second.sid != first.sid
    found = await twilio.twilio.supporting_documents.fetch(str(first.sid))
    assert found.attributes == {"a": 1}
    assert NUMBER in str(found.friendly_name)


async def test_supporting_document_that_was_rejected_is_found_with_its_reason(
    twilio: Twilio, kept: Kept
) -> None:
    """The reviewer was faster than the second try; without words the codes are the reason."""
    first = await run(kept.documents.find_or_create, creation())
    await twilio.review_supporting(first.sid, "rejected", failure_reason="It is cut off")
    again = await run(kept.documents.find_or_create, creation(), attempt=2)
    assert (again.sid, again.reason) == (first.sid, "It is cut off")


async def test_files_are_kept_as_long_as_the_settings_say(kept: Kept) -> None:
    """The delay is the worker's, and the disposal takes what was there by then."""
    assert await run(kept.documents.disposal_delay) == RETENTION
    file = await kept.file()
    ended = DocumentDisposal(phone_number=NUMBER, ended_at=datetime.now(UTC))
    later = await kept.file()
    assert await run(kept.documents.dispose, ended) == 1
    assert await run(kept.documents.dispose, ended, attempt=2) == 0
    assert await kept.blobs.read(later.blob) == BILL_CONTENT
    with pytest.raises(BlobMissingError):
        await kept.blobs.read(file.blob)
