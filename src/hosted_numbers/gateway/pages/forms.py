"""A form of ours as it arrives: its fields, its token, and the one file that may go along.

A file spools to a nameless temporary file while it arrives (Starlette's form parser), so memory
stays flat; what the browser calls the file is never used.
"""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from hosted_numbers.blobs import blob_store_error
from hosted_numbers.bulk.checking import MOST_BYTES
from hosted_numbers.bulk.receiving import FileTooLargeError
from hosted_numbers.documents.intake import too_large
from hosted_numbers.documents.kinds import BILL_BYTES
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.gateway.pages.csrf import check_token
from hosted_numbers.gateway.pages.operators import session_of
from hosted_numbers.gateway.problems import Problem

IMPORTS: Final = "/imports"
_UPLOAD: Final = re.compile(r"/orders/[^/]+/documents")
_MOST_FIELDS: Final = 60
_FIELD_BYTES: Final = 64_000
_AROUND_A_FILE: Final = 20_000  # the other fields, and the form's own lines
_PIECE: Final = 65_536


def is_upload(scope: Scope) -> bool:
    """Whether the body of a request is a form with a file, which is read as it comes."""
    path = scope["path"]
    return scope["method"] == "POST" and (path == IMPORTS or bool(_UPLOAD.fullmatch(path)))


async def _submitted(request: Request) -> AsyncIterator[FormData]:
    """The fields of a form of ours, whose files are closed at the end.

    Raises:
        Problem: 403, its token is missing or of another session; 400, it is unreadable.
        DocumentRefusedError: its file is too large.
        FileTooLargeError: its bulk file is.
    """
    form = await _read(request)
    try:
        check_token(form, session_of(request.scope))
        yield form
    finally:
        await form.close()


Submitted = Annotated[FormData, Depends(_submitted)]


def text(form: FormData, name: str) -> str:
    """What was typed into a field, without blanks around it; empty where there is no such field."""
    given = form.get(name)
    return given.strip() if isinstance(given, str) else ""


def file(form: FormData, name: str) -> UploadFile | None:
    """The file that was chosen in a field, if one was."""
    given = form.get(name)
    return given if isinstance(given, UploadFile) and (given.filename or given.size) else None


async def pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    """What a file holds."""
    while piece := await upload.read(_PIECE):
        yield piece


async def _read(request: Request) -> FormData:
    announced = request.headers.get("content-length", "")
    most, refusal = _allowed(request.url.path)
    if announced.isdecimal() and int(announced) > most:
        raise refusal
    counted = Request(request.scope, _counted(request.receive, most, refusal))
    try:
        return await counted.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES)
    except (HTTPException, ClientDisconnect):
        raise _unreadable() from None
    except OSError as error:
        raise blob_store_error(error) from None


def _allowed(path: str) -> tuple[int, HostedNumbersError]:
    """How many bytes a form may have, and the refusal of one that has more."""
    if path == IMPORTS:
        return MOST_BYTES + _AROUND_A_FILE, FileTooLargeError()
    return BILL_BYTES + _AROUND_A_FILE, too_large(BILL_BYTES)


def _counted(receive: Receive, most: int, refusal: HostedNumbersError) -> Receive:
    """The same body, cut where it grows too large."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise refusal
        return message

    return counted


def _unreadable() -> Problem:
    return Problem(
        400,
        "malformed-form",
        "The form cannot be read",
        detail="The form broke off or is of another make than ours.",
        next_step="Open the page again and send its form from there; nothing was changed.",
    )
