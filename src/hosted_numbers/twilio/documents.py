"""The Documents API, which takes utility bills.

Source: https://www.twilio.com/docs/phone-numbers/documents-api
"""

from typing import Final

from hosted_numbers.twilio import arguments, uploads
from hosted_numbers.twilio.answers import decoded
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.document_models import Document
from hosted_numbers.twilio.errors import UploadFailedError

MAX_BYTES: Final = 10_000_000
"""The page says 10 MB and not of which kind: the smaller reading is always taken."""
MEDIA_TYPES: Final = frozenset({"application/pdf", "image/*"})

_PATH: Final = "/v1/Documents"


class Documents:
    """Upload documents; the API can neither show nor delete them.

    A method makes one HTTP call and raises an error of the tree in
    ``hosted_numbers.twilio.errors``; it refuses malformed arguments with InvalidArgumentError
    before anything is sent.
    """

    def __init__(self, uploads_connection: Connection) -> None:
        self._connection = uploads_connection

    async def upload(
        self, *, document_type: str, file: uploads.Upload, friendly_name: str | None = None
    ) -> Document:
        """Upload a document.

        Args:
            document_type: ``utility_bill``, the only one that Twilio names (70002 for others).
            file: an image or a PDF without a password, 1 to 10,000,000 bytes.
            friendly_name: to know it by.

        Raises:
            UploadFailedError: Twilio made a document, but nothing of the file is in it.
            UnknownOutcomeError: there may be a document, which cannot be looked for. A second
                upload leaves it behind and does no other harm.
        """
        operation = "upload Document"
        body = uploads.multipart(
            {
                "document_type": arguments.text("document_type", document_type),
                "friendly_name": arguments.text("friendly_name", friendly_name),
            },
            uploads.checked_upload(file, max_bytes=MAX_BYTES, media_types=MEDIA_TYPES),
        )
        answer = await self._connection.send(operation, "POST", _PATH, multipart=body)
        document = decoded(answer, operation, Document)
        if not document.mime_type:
            raise UploadFailedError(
                f"{operation}: HTTP {answer.status}, but the upload had no content at Twilio",
                operation=operation,
                status=answer.status,
                request_id=answer.request_id,
            )
        return document
