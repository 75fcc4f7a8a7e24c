"""The forms of Documents and SupportingDocuments, read and checked."""

import json
import re
from typing import Any, Final

from starlette.requests import Request

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.documents import UTILITY_BILL, NewDocument
from hosted_numbers.simulator.errors import DocumentsApiError, TwilioError, missing
from hosted_numbers.simulator.files import JPEG, PDF, PNG, StoredFile
from hosted_numbers.simulator.parameters import Parameters
from hosted_numbers.simulator.supporting_documents import (
    NewSupportingDocument,
    SupportingDocumentChanges,
)
from hosted_numbers.simulator.uploads import NoUploadError, TooLargeError, Upload, read_upload

LARGEST_DOCUMENT: Final = 10_485_760
LARGEST_SUPPORTING_DOCUMENT: Final = 5_242_880
"""Bytes. Twilio's pages say 10 MB and 5 MB, not which kind of megabyte; this is the larger one."""

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_COMPLIANT: Final = frozenset({JPEG, PNG, PDF})
_POSTABLE: Final = frozenset({machine.DRAFT, machine.PENDING_REVIEW})


async def read_document(request: Request, config: SimulatorConfig) -> NewDocument:
    """Read ``POST /v1/Documents``. Twilio documents no code but 70002; 18024 is about the file.

    Raises:
        DocumentsApiError: 70002 an unknown ``document_type``, 18024 a file that is too large, that
            is neither an image nor a PDF, or that is locked; 20001 anything else that is wrong.
    """
    try:
        upload = await read_upload(request, largest=LARGEST_DOCUMENT)
    except NoUploadError:
        raise DocumentsApiError(20001, "The post body is not multipart/form-data") from None
    except TooLargeError:
        raise DocumentsApiError(18024, "The file is larger than 10 MB") from None
    kind = upload.fields.text("document_type")
    if kind is None:
        raise DocumentsApiError(20001, "Missing required parameter document_type")
    if kind != UTILITY_BILL:
        raise DocumentsApiError(70002)
    if upload.file is None:
        raise DocumentsApiError(20001, "Missing required parameter File")
    if upload.file.mime_type is None:
        raise DocumentsApiError(18024, "The file is neither an image nor a PDF")
    if upload.file.locked and not config.accept_locked_documents:
        raise DocumentsApiError(18024, "The file is protected by a password")
    return NewDocument(kind, upload.fields.text("friendly_name"), upload.file)


async def read_supporting_upload(
    request: Request, config: SimulatorConfig
) -> NewSupportingDocument:
    """Read ``POST /v2/RegulatoryCompliance/SupportingDocuments`` with a file.

    Raises:
        TwilioError: 18024 for the file, 20001 where there is none; what
            ``read_supporting_create`` raises.
    """
    try:
        upload = await read_upload(request, largest=LARGEST_SUPPORTING_DOCUMENT)
    except NoUploadError:
        raise TwilioError(20001, "The post body is not multipart/form-data") from None
    except TooLargeError:
        raise TwilioError(18024, "The file is larger than 5 MB") from None
    return read_supporting_create(upload.fields, _compliant(upload, config))


def read_supporting_create(
    form: Parameters, file: StoredFile | None = None
) -> NewSupportingDocument:
    """Read the fields of ``POST /v2/RegulatoryCompliance/SupportingDocuments``.

    The types are a long list that Twilio adds to; here any word in their way of writing is one.

    Raises:
        TwilioError: 22211 no FriendlyName, 22210 no Type or none that could be, 22207 Attributes
            that are no JSON object.
    """
    friendly_name, kind = form.text("FriendlyName"), form.text("Type")
    if friendly_name is None:
        raise TwilioError(22211)
    if kind is None or _TYPE.fullmatch(kind) is None:
        raise TwilioError(22210)
    return NewSupportingDocument(friendly_name, kind, _attributes(form) or {}, file)


def read_supporting_update(form: Parameters) -> SupportingDocumentChanges:
    """Read ``POST /v2/RegulatoryCompliance/SupportingDocuments/{Sid}``.

    Twilio's page has no Status among the parameters, its errors 22208 and 22209 speak of one; here
    it takes a draft before the reviewer.

    Raises:
        TwilioError: 22208 Status beside Attributes, 22209 a status that no customer may set, 22207
            Attributes that are no JSON object.
    """
    status, attributes = form.text("Status"), _attributes(form)
    if status is not None and attributes is not None:
        raise TwilioError(22208)
    if status is not None and status not in _POSTABLE:
        raise TwilioError(22209)
    fields: dict[str, object] = {
        "friendly_name": form.text("FriendlyName"),
        "attributes": attributes,
    }
    sent = {name: value for name, value in fields.items() if value is not None}
    return SupportingDocumentChanges(sent, status)


def _compliant(upload: Upload, config: SimulatorConfig) -> StoredFile:
    file = upload.file
    if file is None:
        raise missing("File")
    if file.mime_type not in _COMPLIANT:
        raise TwilioError(18024)
    if file.locked and not config.accept_locked_documents:
        raise TwilioError(18024, "The file is protected by a password")
    return file


def _attributes(form: Parameters) -> dict[str, Any] | None:
    text = form.text("Attributes")
    if text is None:
        return None
    try:
        value = json.loads(text)
        # what JSON cannot say again, such as NaN or half a character, could not be answered
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise TwilioError(22207) from None
    if not isinstance(value, dict):
        raise TwilioError(22207)
    return value
