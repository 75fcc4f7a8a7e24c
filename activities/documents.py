"""Documents of an order, from the blob store to Twilio: the bill and the supporting documents."""

from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity

from activities.failures import twilio_failures
from activities.snapshots import document_snapshot, snapshot
from hosted_numbers import steps
from hosted_numbers.bills import bill_complaint
from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import BILL, StoredDocument
from hosted_numbers.errors import BlobMissingError
from hosted_numbers.steps import (
    BillAttachment,
    BillUpload,
    DocumentDisposal,
    DocumentSnapshot,
    OrderSnapshot,
    SupportingDocumentCreation,
)
from hosted_numbers.twilio import (
    SupportingDocument,
    TwilioClient,
    Upload,
    UploadFailedError,
)

FILE_GONE: Final = "The file is no longer in the blob store."

_ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class DocumentActivities:
    """Files from the blob store to Twilio."""

    def __init__(self, twilio: TwilioClient, blobs: BlobStore, retention: timedelta) -> None:
        self._twilio = twilio
        self._blobs = blobs
        self._retention = retention

    @activity.defn(name=steps.UPLOAD_BILL)
    async def upload_bill(self, upload: BillUpload) -> DocumentSnapshot:
        """Bring a bill to Twilio, unless it has become too old.

        Safe to run twice: Twilio has no way to look an upload up, so a repeated try leaves at
        worst a Document that nothing refers to.
        """
        if complaint := bill_complaint(upload.bill_date, datetime.now(UTC).date()):
            return DocumentSnapshot(type=BILL, reason=complaint)
        file = await self._file(upload.file)
        if file is None:
            return DocumentSnapshot(type=BILL, reason=FILE_GONE)
        with twilio_failures():
            try:
                document = await self._twilio.documents.upload(document_type=BILL, file=file)
            except UploadFailedError:
                return DocumentSnapshot(type=BILL, reason="The file arrived empty at Twilio.")
        return DocumentSnapshot(
            type=BILL, sid=document.sid, status=document.status, reason=document.failure_reason
        )

    @activity.defn(name=steps.ATTACH_BILL)
    async def attach_bill(self, attachment: BillAttachment) -> OrderSnapshot:
        """Have an order verified by a bill. Safe to run twice: it names the same document."""
        with twilio_failures():
            order = await self._twilio.hosted_number_orders.update(
                attachment.sid,
                verification_type="phone-bill",
                verification_document_sid=attachment.document_sid,
                status="pending-verification" if attachment.start else None,
            )
        return snapshot(order)

    @activity.defn(name=steps.FIND_OR_CREATE_DOCUMENT)
    async def find_or_create(self, creation: SupportingDocumentCreation) -> DocumentSnapshot:
        """Create a supporting document, unless an earlier try did.

        Safe to run twice: its FriendlyName carries the order's run and the document's edition, by
        which a repeated try finds it in Twilio's list.
        """
        request = creation.request
        info = activity.info()
        mark = f"{creation.phone_number} {info.workflow_run_id}/{creation.edition}"
        name = f"{request.friendly_name or request.type} ({mark})"
        with twilio_failures():
            found = await self._find(request.type, name) if info.attempt > 1 else None
            if found is not None:
                return document_snapshot(found)
            file = await self._file(request.file) if request.file is not None else None
            if request.file is not None and file is None:
                return DocumentSnapshot(type=request.type, reason=FILE_GONE)
            created = await self._twilio.supporting_documents.create(
                friendly_name=name, type=request.type, attributes=request.attributes, file=file
            )
        return document_snapshot(created)

    async def _find(self, type_: str, friendly_name: str) -> SupportingDocument | None:
        async for document in self._twilio.supporting_documents.list():
            if document.type == type_ and document.friendly_name == friendly_name:
                return document
        return None

    async def _file(self, stored: StoredDocument) -> Upload | None:
        try:
            content = await self._blobs.read(stored.blob)
        except BlobMissingError:
            return None
        name = f"{stored.blob.rpartition('/')[2]}.{_ENDINGS.get(stored.media_type, 'bin')}"
        return Upload(content=content, filename=name, media_type=stored.media_type)

    @activity.defn(name=steps.DISPOSAL_DELAY)
    async def disposal_delay(self) -> timedelta:
        """How long the files of an order are kept after its end, by the worker's settings."""
        return self._retention

    @activity.defn(name=steps.DISPOSE_OF_DOCUMENTS)
    async def dispose(self, disposal: DocumentDisposal) -> int:
        """Delete the files that the order, or import, had at its end; those of a later one stay.

        Safe to run twice: what is gone is gone. Returns how many were there.
        """
        if disposal.bulk_import is not None:
            return await self._blobs.delete_import_until(disposal.bulk_import, disposal.ended_at)
        return await self._blobs.delete_until(disposal.phone_number, disposal.ended_at)
