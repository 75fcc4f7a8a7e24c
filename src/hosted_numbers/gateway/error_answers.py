"""Which error is answered with which problem: the one table, installed for the whole gateway."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hosted_numbers.bulk.checking import BulkFileRefusedError
from hosted_numbers.bulk.imports import ImportNotFoundError, ResultsGoneError
from hosted_numbers.bulk.receiving import FileTooLargeError
from hosted_numbers.complaints import sentence
from hosted_numbers.documents.intake import TOO_LARGE
from hosted_numbers.errors import (
    BlobStoreError,
    BlobStoreFullError,
    DecryptionError,
    DocumentRefusedError,
    HostedNumbersError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    NoWorkerError,
    OrderAlreadyOpenError,
    OrderEndedError,
    OrderNotFoundError,
    RefusedError,
    TemporalUnavailableError,
    UnknownEncryptionKeyError,
    VirusScannerError,
)
from hosted_numbers.gateway.problems import (
    RETRY_AFTER,
    FieldError,
    Problem,
)
from hosted_numbers.phone_numbers import masked

_log = logging.getLogger(__name__)

_LONGEST_FIELD: Final = 100
_ANSWERS: Final[dict[type[HostedNumbersError], tuple[int, str]]] = {
    InvalidRequestError: (422, "The request is malformed"),
    IdempotencyKeyReusedError: (422, "The Idempotency-Key was used for something else"),
    OrderNotFoundError: (404, "No such order"),
    OrderAlreadyOpenError: (409, "Another order for the number is open"),
    RefusedError: (409, "The order does not take this now"),
    OrderEndedError: (409, "The order has ended"),
    NoWorkerError: (503, "No worker answers"),
    TemporalUnavailableError: (503, "Temporal does not answer"),
    DocumentRefusedError: (422, "The document is not taken"),
    VirusScannerError: (503, "The virus scanner does not do its work"),
    BlobStoreError: (503, "The blob store does not do its work"),
    BlobStoreFullError: (507, "The blob store is full"),
    DecryptionError: (503, "What is stored does not decrypt"),
    UnknownEncryptionKeyError: (503, "An encryption key is missing"),
    BulkFileRefusedError: (422, "Rows of the file are not right"),
    FileTooLargeError: (413, "The body is too large"),
    ImportNotFoundError: (404, "No such import"),
    ResultsGoneError: (410, "The results are not kept any more"),
}
_OTHERS: Final = {
    400: "The body is not JSON",
    401: "The API key is missing, wrong or expired",
    403: "The sender may not do this",
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body is of a type that is not taken here",
    429: "Too many at once, or in a short time",
    500: "Something went wrong in the gateway",
}


def install(app: FastAPI) -> None:
    """Have every error of the application answered as a problem."""
    for each in (Problem, HostedNumbersError, RequestValidationError, HTTPException):
        app.add_exception_handler(each, _answer)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer, for its description in OpenAPI."""
    return {status: {"description": _description(status)} for status in statuses}


def _description(status: int) -> str:
    titles = [title for each, title in _ANSWERS.values() if each == status]
    return "; or: ".join(titles) or _OTHERS[status]


EVERYWHERE: Final = documented(401, 403, 408, 413, 422, 429, 500, 503)
"""What every route of the API may answer."""


def number_taken() -> Problem:
    """The answer to a start where the number has an order that the caller may not know of."""
    return Problem(
        409,
        OrderAlreadyOpenError.code,
        _ANSWERS[OrderAlreadyOpenError][1],
        detail="The number is taken by an order that is open.",
        next_step="Check the number. If it is right, ask whoever runs the gateway.",
    )


def unexpected() -> Problem:
    """The answer where the gateway itself is at fault; its log has the rest."""
    return Problem(
        500,
        "unexpected",
        "Something went wrong in the gateway",
        detail="The gateway met an error that it does not know.",
        next_step="Read the order's progress before you try again, and give the correlation id "
        "to whoever runs the gateway.",
    )


def _answer(request: Request, error: Exception) -> Response:
    return _problem(request, error).response(request.scope)


def _problem(request: Request, error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case HostedNumbersError():
            order = masked(request.path_params.get("phone_number", ""))
            _log.info("%s, order %s", error.code, order, extra={"code": error.code, "order": order})
            return _of_ours(error)
        case RequestValidationError():
            return _of_body(request, error.errors())
        case HTTPException():
            return _of_status(error.status_code, error.headers)
    raise error


def _of_ours(error: HostedNumbersError) -> Problem:
    if type(error) not in _ANSWERS:
        raise error  # ``envelope`` logs it and answers 500
    status, title = _ANSWERS[type(error)]
    if error.code == TOO_LARGE:
        status = 413
    members: dict[str, Any] = {}
    if isinstance(error, OrderAlreadyOpenError):
        members = {"phone_number": error.phone_number, "workflow_id": error.workflow_id}
    elif isinstance(error, BulkFileRefusedError):
        members = {"rows": list(error.report.errors)}
    return Problem(
        status,
        error.code,
        title,
        detail=error.reason,
        next_step=error.next_step,
        headers=RETRY_AFTER if status == HTTPStatus.SERVICE_UNAVAILABLE else None,
        **members,
    )


def _of_body(request: Request, found: Sequence[Mapping[str, Any]]) -> Problem:
    if _declares_other_media(request) and any(each["loc"] == ("body",) for each in found):
        return Problem(
            415,
            "unsupported-media-type",
            _OTHERS[415],
            detail="The body is declared as something else than JSON.",
            next_step="Send it with Content-Type: application/json.",
        )
    if any(each["type"] == "json_invalid" for each in found):
        return _unreadable()
    wrong = [FieldError(field=_field(each["loc"]), message=sentence(each["msg"])) for each in found]
    return Problem(
        422,
        InvalidRequestError.code,
        _ANSWERS[InvalidRequestError][1],
        detail=" ".join(f"{each.field}: {each.message}" for each in wrong),
        next_step="Correct it and send it again; nothing was started or changed.",
        errors=wrong,
    )


def _declares_other_media(request: Request) -> bool:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return not (declared == "application/json" or declared.endswith("+json"))


def _unreadable() -> Problem:
    return Problem(
        400,
        "malformed-json",
        _OTHERS[400],
        detail="The body cannot be read as JSON.",
        next_step="Check its quotes, commas and brackets, and send it again as UTF-8.",
    )


def _field(location: Sequence[str | int]) -> str:
    """The field's own name; the ``body``, ``path`` or ``query`` before it tells nobody anything."""
    return ".".join(str(part) for part in location[1:])[:_LONGEST_FIELD] or "request"


def _of_status(status: int, headers: Mapping[str, str] | None) -> Problem:
    """What the framework refused by itself: an unreadable body, an unknown path or method."""
    if status == HTTPStatus.BAD_REQUEST:
        return _unreadable()
    phrase = HTTPStatus(status).phrase
    return Problem(
        status,
        phrase.lower().replace(" ", "-"),
        phrase,
        detail="The gateway has no such path, or not with this method.",
        next_step="See /openapi.json for the paths and methods that there are.",
        headers=headers,
    )
