"""Bulk imports over HTTP: the body is the file itself, which is checked before anything starts."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Scope

from hosted_numbers.bulk.checking import MOST_BYTES, FileReport
from hosted_numbers.bulk.contract import FileFormat, ImportProgress, RowResult
from hosted_numbers.bulk.imports import ID_PATTERN, unknown_import
from hosted_numbers.bulk.receiving import MEDIA_TYPES, FileTooLargeError, received
from hosted_numbers.bulk.results import csv_header, csv_lines
from hosted_numbers.gateway import bulk_examples, examples
from hosted_numbers.gateway.bulk_models import (
    PATH,
    ImportBegun,
    ImportList,
    ImportQuery,
    ImportShown,
    ImportWithOrders,
    ListQuery,
)
from hosted_numbers.gateway.dependencies import Imports, Limits, Orders, Where
from hosted_numbers.gateway.document_routes import body_of
from hosted_numbers.gateway.error_answers import EVERYWHERE, documented
from hosted_numbers.gateway.idempotency import REPLAYED_HEADER, FileOnce, Once
from hosted_numbers.gateway.openapi import example
from hosted_numbers.gateway.order_models import NoFields
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.gateway.scopes import MayRead, MayWrite, Scoped, in_the_name_of, known

router = APIRouter(prefix=PATH, tags=["bulk imports"], route_class=Scoped, responses=EVERYWHERE)

_CSV: Final = "text/csv"
_A_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string"}, "example": bulk_examples.CSV}
            if form == "csv"
            else {"schema": {"type": "string", "format": "binary"}}
            for media_type, form in MEDIA_TYPES.items()
        },
    }
}
_BEGUN: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": FileReport,
        "description": "With dry_run: what is wrong with the file",
        "content": {"application/json": {"example": bulk_examples.REPORT}},
    },
    202: {
        "description": "The rows are being started, or were when the same file came before",
        "headers": {
            "Location": {
                "description": "The import's path",
                "required": True,
                "schema": {"type": "string", "format": "uri-reference"},
            },
            **REPLAYED_HEADER,
        },
        "content": {"application/json": {"example": bulk_examples.BEGUN}},
    },
    **documented(400, 415, 507),
}
_RESULTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A line for each row: line, phone_number, outcome, code, reason",
        "content": {_CSV: {"schema": {"type": "string"}, "example": bulk_examples.RESULTS}},
    }
}


def is_upload(scope: Scope) -> bool:
    """Whether the body of a request is a bulk file, which its route reads by itself."""
    return bool(scope["method"] == "POST" and scope["path"] == PATH)


async def own_import(
    request: Request,
    import_id: Annotated[
        str, Path(pattern=ID_PATTERN, examples=[bulk_examples.SHOWN["id"]], description="Its id")
    ],
    imports: Imports,
) -> ImportProgress:
    """The import in the path, if the caller may know of it.

    Raises:
        ImportNotFoundError: it is unknown, or another customer's: nothing tells one from the other.
    """
    progress = await imports.show(import_id)
    caller = known(request)
    if caller.customer not in {None, progress.customer}:
        raise unknown_import()
    return progress


@router.post("", status_code=HTTPStatus.ACCEPTED, responses=_BEGUN, openapi_extra=_A_FILE)
async def begin_import(
    *,
    caller: MayWrite,
    once: FileOnce,
    query: Annotated[ImportQuery, Query()],
    request: Request,
    imports: Imports,
    limits: Limits,
    where: Where,
    response: Response,
) -> ImportBegun:
    """Check a file of orders whole, then start them; the same file sent twice is one import.

    CSV in UTF-8 whose header names fields of an order, several values of a cell parted by
    semicolons; or JSON Lines, the body of an order on each line. Up to 10,000 rows and 20,000,000
    bytes. A file with bad rows is refused whole, unless it is told to skip them.
    """
    form = _declared_form(request)
    _check_announced(request)
    customer = in_the_name_of(caller, query.customer)
    await limits.check("imports", caller.kind, caller.name)
    async with received(body_of(request)) as file:
        if query.dry_run:
            report = await imports.dry_run(file, form, customer=customer)
            return JSONResponse(report.model_dump(mode="json"))  # type: ignore[return-value] # 200
        begun = await imports.begin(
            file,
            form,
            name=query.name,
            customer=customer,
            skip_bad_rows=query.skip_bad_rows,
            idempotency=once,
        )
    answer = ImportBegun.of(
        begun.progress,
        where,
        created=begun.created,
        warnings=begun.report.warnings if begun.report else (),
    )
    response.headers["Location"] = answer.links.self_
    return answer


@router.get("", responses=example(bulk_examples.LIST))
async def list_imports(
    caller: MayRead, query: Annotated[ListQuery, Query()], imports: Imports, where: Where
) -> ImportList:
    """The imports, newest first, as of a second ago."""
    found: list[ImportShown] = []
    async for progress in imports.listed(customer=caller.customer):
        found.append(ImportShown.of(progress, where))
        if len(found) == query.limit:
            break
    return ImportList(imports=found)


@router.get("/{import_id}", responses=documented(404) | example(bulk_examples.WITH_ORDERS))
async def import_progress(
    _caller: MayRead,
    progress: Annotated[ImportProgress, Depends(own_import)],
    orders: Orders,
    where: Where,
) -> ImportWithOrders:
    """Where an import stands, and its orders by their status."""
    return ImportWithOrders.of(progress, where, orders=await orders.lists.of_import(progress.id))


@router.get(
    "/{import_id}/results",
    response_class=StreamingResponse,
    responses=documented(404, 410) | _RESULTS,
)
async def import_results(
    _caller: MayRead, progress: Annotated[ImportProgress, Depends(own_import)], imports: Imports
) -> StreamingResponse:
    """What came of each row, as CSV: first those that were left out, then as the file has them."""
    return await results_answer(imports.results(progress.id), progress.id)


@router.post(
    "/{import_id}/cancel",
    responses=documented(400, 404, 415) | example(bulk_examples.SHOWN, headers=REPLAYED_HEADER),
)
async def cancel_import(
    *,
    _caller: MayWrite,
    progress: Annotated[ImportProgress, Depends(own_import)],
    _once: Once,
    _nothing: Annotated[NoFields | None, Body(openapi_examples=examples.NOTHING)] = None,
    imports: Imports,
    where: Where,
) -> ImportShown:
    """Start no further rows; the orders that were started go on, each may be cancelled itself."""
    return ImportShown.of(await imports.cancel(progress.id), where)


async def results_answer(
    results: AsyncIterator[list[RowResult]], import_id: str
) -> StreamingResponse:
    """Results as CSV, written while they are read.

    Raises:
        ResultsGoneError: they are not kept any more; that is known with the first of them.
    """
    first: list[RowResult] = await anext(results, [])

    async def lines() -> AsyncIterator[str]:
        yield csv_header() + csv_lines(first)
        async for some in results:
            yield csv_lines(some)

    return StreamingResponse(
        lines(),
        media_type=_CSV,
        headers={"Content-Disposition": f'attachment; filename="import-{import_id}.csv"'},
    )


def _declared_form(request: Request) -> FileFormat:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in MEDIA_TYPES:
        raise Problem(
            415,
            "unsupported-media-type",
            "The body is of a type that is not taken here",
            detail="The body is declared as neither CSV nor JSON Lines.",
            next_step="Send the file itself as the body, with its type in Content-Type: "
            f"{', '.join(MEDIA_TYPES)}.",
        )
    return MEDIA_TYPES[declared]


def _check_announced(request: Request) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST_BYTES:
        raise FileTooLargeError
