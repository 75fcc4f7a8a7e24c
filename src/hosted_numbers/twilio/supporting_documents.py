"""The SupportingDocument resource, what a number's regulation asks for beside the order.

Source: https://www.twilio.com/docs/phone-numbers/regulatory/api/supporting-documents
"""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Final

from pydantic import JsonValue

from hosted_numbers.twilio import arguments, pages, parameters, sids, uploads
from hosted_numbers.twilio.answers import decoded
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.document_models import SupportingDocument
from hosted_numbers.twilio.errors import InvalidArgumentError

MAX_BYTES: Final = 5_000_000
"""The page says 5 MB and not of which kind: the smaller reading is always taken."""
MEDIA_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})

_PATH: Final = "/v2/RegulatoryCompliance/SupportingDocuments"


class SupportingDocuments:
    """Create, look at, change and delete supporting documents.

    Each method makes one HTTP call (``list`` one per page) and raises an error of the tree in
    ``hosted_numbers.twilio.errors``; each refuses malformed arguments with InvalidArgumentError
    before anything is sent.
    """

    def __init__(self, connection: Connection, uploads_connection: Connection) -> None:
        self._connection = connection
        self._uploads = uploads_connection

    async def create(
        self,
        *,
        friendly_name: str,
        type: str,  # noqa: A002  # Twilio's name for it
        attributes: Mapping[str, JsonValue] | None = None,
        file: uploads.Upload | None = None,
    ) -> SupportingDocument:
        """Make a document, with or without a file; the new document is ``draft``.

        Args:
            friendly_name: to know it by (22211).
            type: for instance ``business_registration`` (22210).
            attributes: what the type asks for (22207).
            file: a JPEG, PNG or PDF, 1 to 5,000,000 bytes (18024). It goes to another host.

        Raises:
            UnknownOutcomeError: the document may exist: look by ``list`` before sending it again.
        """
        operation = "create SupportingDocument"
        fields = {
            "friendly_name": arguments.text("friendly_name", friendly_name),
            "type": arguments.text("type", type),
            "attributes": _json(attributes),
        }
        if file is None:
            form = parameters.form(fields)
            answer = await self._connection.send(operation, "POST", _PATH, form=form)
        else:
            body = uploads.multipart(
                {parameters.pascal_case(name): value for name, value in fields.items()},
                uploads.checked_upload(file, max_bytes=MAX_BYTES, media_types=MEDIA_TYPES),
            )
            answer = await self._uploads.send(operation, "POST", _PATH, multipart=body)
        return decoded(answer, operation, SupportingDocument)

    async def fetch(self, sid: str) -> SupportingDocument:
        """Look at one document.

        Raises:
            NotFoundError: there is no such document (any more), 20404.
        """
        operation = "fetch SupportingDocument"
        answer = await self._connection.send(operation, "GET", _path_of(sid))
        return decoded(answer, operation, SupportingDocument)

    def list(self, *, page_size: int = 50) -> AsyncIterator[SupportingDocument]:
        """Iterate over the account's documents; Twilio has no filter for them.

        Args:
            page_size: documents in one HTTP call, 1 to 1000.
        """
        return pages.listed(
            self._connection,
            "list SupportingDocuments",
            _PATH,
            pages.ResultsPage[SupportingDocument],
            page_size=page_size,
            filters={},
        )

    async def update(
        self,
        sid: str,
        *,
        friendly_name: str | None = None,
        attributes: Mapping[str, JsonValue] | None = None,
    ) -> SupportingDocument:
        """Change what is given, and leave the rest as it is; only a ``draft`` can be changed.

        Args:
            sid: RD….
            friendly_name: to know it by.
            attributes: what the type asks for (22207).

        Raises:
            InvalidArgumentError: also where nothing is given.
            UnknownOutcomeError: it may be done: fetch the document before sending it again.
        """
        operation = "update SupportingDocument"
        form = parameters.form(
            {
                "friendly_name": arguments.text("friendly_name", friendly_name),
                "attributes": _json(attributes),
            }
        )
        if not form:
            raise InvalidArgumentError("an update must change something")
        answer = await self._connection.send(operation, "POST", _path_of(sid), form=form)
        return decoded(answer, operation, SupportingDocument)

    async def delete(self, sid: str) -> None:
        """Delete a document.

        Twilio allows it in draft, approved and rejected, where no number relies on it.

        Raises:
            NotFoundError: it is gone already, which after an unknown outcome means success.
            RefusedError: 21645 where it is in a bundle, 21646 where it is under review.
        """
        await self._connection.send("delete SupportingDocument", "DELETE", _path_of(sid))


def _path_of(sid: str) -> str:
    return f"{_PATH}/{sids.checked_sid('sid', sid, sids.DOCUMENT)}"


def _json(attributes: Mapping[str, JsonValue] | None) -> str | None:
    if attributes is None:
        return None
    try:
        return json.dumps(dict(attributes), allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        pass  # the exception may show a value, so it must not become the context of ours
    raise InvalidArgumentError("attributes must be what JSON can say")
