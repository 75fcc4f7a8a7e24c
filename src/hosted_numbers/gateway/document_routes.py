"""Files over HTTP: the body is the file itself, which is read as it comes and never held whole."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from hosted_numbers.contract import Answer
from hosted_numbers.documents.handover import check_open, handed_over
from hosted_numbers.documents.intake import too_large
from hosted_numbers.documents.kinds import DocumentKind
from hosted_numbers.formats import MEDIA_TYPES
from hosted_numbers.gateway import examples
from hosted_numbers.gateway.dependencies import Blobs, Files, Limits, Orders
from hosted_numbers.gateway.error_answers import EVERYWHERE, documented
from hosted_numbers.gateway.idempotency import REPLAYED_HEADER, FileOnce
from hosted_numbers.gateway.openapi import example
from hosted_numbers.gateway.order_models import PATH
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.gateway.scopes import MaySendBills, OwnNumber, Scoped

_ANY_TYPE: Final = "application/octet-stream"
_UPLOAD: Final = re.compile(rf"{PATH}/[^/]+/documents")
_A_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in (*MEDIA_TYPES, _ANY_TYPE)
        },
    }
}

router = APIRouter(
    prefix=PATH,
    tags=["hosted number orders"],
    route_class=Scoped,
    responses=EVERYWHERE | documented(400, 404, 409, 415, 507),
)


def is_upload(scope: Scope) -> bool:
    """Whether the body of a request is a file, which its route reads by itself."""
    return scope["method"] == "POST" and bool(_UPLOAD.fullmatch(scope["path"]))


@router.post(
    "/{phone_number}/documents",
    openapi_extra=_A_FILE,
    responses=example(examples.ANSWER, headers=REPLAYED_HEADER),
)
async def provide_document(
    *,
    _caller: MaySendBills,
    phone_number: OwnNumber,
    once: FileOnce,
    kind: Annotated[DocumentKind, Query()],
    request: Request,
    orders: Orders,
    files: Files,
    blobs: Blobs,
    limits: Limits,
) -> Answer:
    """Hand in the bill that proves ownership, or the image of a supporting document.

    A PDF of 1 to 50 pages without a password, scripts and attachments, a JPEG or a PNG of up to 40
    megapixels; a bill has up to 10,000,000 bytes, a supporting document up to 5,000,000.
    """
    declared = _declared_type(request)
    _check_announced(request, kind)
    check_open(await orders.progress(phone_number))
    await limits.check("uploads", phone_number)
    document = await files.take_in(
        body_of(request),
        phone_number=phone_number,
        most_bytes=kind.most_bytes,
        declared=declared,
    )
    return await handed_over(
        document,
        kind,
        store=blobs,
        provide=lambda provided: orders.provide_document(phone_number, provided, idempotency=once),
    )


def _declared_type(request: Request) -> str | None:
    """The type that the file must have; None where the content alone is to tell."""
    declared = request.headers.get("content-type", _ANY_TYPE).partition(";")[0].strip().lower()
    if declared == _ANY_TYPE:
        return None
    if declared not in MEDIA_TYPES:
        raise Problem(
            415,
            "unsupported-media-type",
            "The body is of a type that is not taken here",
            detail="The body is declared as neither a PDF, nor a JPEG, nor a PNG.",
            next_step="Send the file itself as the body, not a form, with its type in "
            f"Content-Type: {', '.join(MEDIA_TYPES)}.",
        )
    return declared


def _check_announced(request: Request, kind: DocumentKind) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > kind.most_bytes:
        raise too_large(kind.most_bytes)


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body of a request, as it comes.

    Raises:
        Problem: 400, it broke off.
    """
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "body-incomplete",
            "The body broke off",
            detail="The connection broke before the whole file was there; nothing was kept.",
            next_step="Send it again.",
        ) from None
