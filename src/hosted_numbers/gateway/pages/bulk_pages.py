"""The pages of bulk imports: a file is sent or checked, and an import is followed while it runs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from hosted_numbers.bulk.checking import MOST_BYTES, MOST_ROWS, BulkFileRefusedError, FileReport
from hosted_numbers.bulk.contract import ImportProgress
from hosted_numbers.bulk.imports import ID_PATTERN, BulkImports
from hosted_numbers.bulk.receiving import form_of
from hosted_numbers.bulk.template import template
from hosted_numbers.errors import HostedNumbersError, InvalidRequestError
from hosted_numbers.gateway.bulk_routes import results_answer
from hosted_numbers.gateway.dependencies import Imports, Limits, Orders
from hosted_numbers.gateway.pages import forms
from hosted_numbers.gateway.pages.csrf import same_origin
from hosted_numbers.gateway.pages.desk import OfDesk, SignedIn
from hosted_numbers.gateway.pages.forms import IMPORTS, Submitted
from hosted_numbers.gateway.pages.live import while_signed_in
from hosted_numbers.gateway.pages.rendering import page
from hosted_numbers.gateway.pages.sessions import Flash
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.orders import HostedNumberOrders

_NEWEST: Final = 50
_MOST_COMPLAINTS: Final = 500
_LOOK: Final = timedelta(seconds=3)
_RETRY_MILLISECONDS: Final = 3000
_NO_FILE: Final = InvalidRequestError(
    "Choose a file that ends in .csv, .jsonl or .ndjson.", "Nothing was started."
)

ImportId = Annotated[str, Path(pattern=ID_PATTERN)]

router = APIRouter(
    prefix=IMPORTS,
    dependencies=[Depends(same_origin)],
    include_in_schema=False,
    default_response_class=HTMLResponse,
)


@router.get("")
async def overview(request: Request, imports: Imports) -> HTMLResponse:
    """The form, and the imports that there were."""
    return await _overview(request, imports)


@router.get("/template.csv")
async def as_template() -> Response:
    """A file to begin with."""
    return Response(
        template("csv"),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="orders.csv"'},
    )


@router.post("")
async def send(
    *, request: Request, imports: Imports, session: SignedIn, submitted: Submitted, limits: Limits
) -> Response:
    """Check the file and show what is wrong; or start its orders and go to the import's page."""
    upload = forms.file(submitted, "file")
    form = form_of(upload.filename or "") if upload is not None else None
    if upload is None or form is None:
        return await _overview(request, imports, trouble=_NO_FILE)
    try:
        await limits.check("imports", "operator", session.log_name)
        if forms.text(submitted, "act") == "check":
            report = await imports.dry_run(upload.file, form)
            return await _overview(request, imports, report=report)
        begun = await imports.begin(
            upload.file,
            form,
            name=forms.text(submitted, "name") or None,
            skip_bad_rows=forms.text(submitted, "skip_bad_rows") == "true",
        )
    except BulkFileRefusedError as refused:
        return await _overview(request, imports, trouble=refused, report=refused.report)
    except InvalidRequestError as error:
        return await _overview(request, imports, trouble=error)
    except Problem as problem:
        told = InvalidRequestError(problem.detail, problem.next_step)
        answer = await _overview(request, imports, trouble=told, status=problem.status)
        answer.headers.update(problem.headers or {})
        return answer
    words = "The import has begun." if begun.created else "This very file was taken before."
    session.flashes.append(Flash(words))
    return RedirectResponse(f"{IMPORTS}/{begun.progress.id}", HTTPStatus.SEE_OTHER)


@router.get("/{import_id}")
async def one(
    request: Request, import_id: ImportId, imports: Imports, orders: Orders
) -> HTMLResponse:
    """Where an import and its orders stand."""
    progress, counts = await _picture(import_id, imports, orders)
    return page(request.scope, "import.html", it=progress, counts=counts)


@router.get("/{import_id}/results.csv")
async def results(import_id: ImportId, imports: Imports) -> StreamingResponse:
    """What came of each row."""
    return await results_answer(imports.results(import_id), import_id)


@router.post("/{import_id}/cancel")
async def cancel(
    import_id: ImportId, imports: Imports, session: SignedIn, _form: Submitted
) -> Response:
    """Start no further rows."""
    await imports.cancel(import_id)
    session.flashes.append(Flash("No further row will be started. The orders so far go on."))
    return RedirectResponse(f"{IMPORTS}/{import_id}", HTTPStatus.SEE_OTHER)


@router.get("/{import_id}/events", response_class=EventSourceResponse)
async def events(
    import_id: ImportId, imports: Imports, orders: Orders, desk: OfDesk, session: SignedIn
) -> AsyncIterator[ServerSentEvent]:
    """``changed`` whenever a figure did; ``end`` once none will."""
    changes = _changes(import_id, imports, orders)
    async for _ in while_signed_in(changes, desk.sessions, session):
        yield ServerSentEvent(event="changed", data="", retry=_RETRY_MILLISECONDS)
    if desk.sessions.is_alive(session):
        yield ServerSentEvent(event="end")


async def _changes(
    import_id: str, imports: BulkImports, orders: HostedNumberOrders
) -> AsyncIterator[ImportProgress]:
    seen: tuple[ImportProgress, dict[str, int]] | None = None
    while True:
        try:
            picture = await _picture(import_id, imports, orders)
        except HostedNumbersError:
            return  # the page itself will say why
        if picture != seen:
            yield picture[0]
        seen = picture
        progress, counts = picture
        if progress.has_ended and not counts.keys() - {"completed", "failed", "ended"}:
            return
        await asyncio.sleep(_LOOK.total_seconds())


async def _picture(
    import_id: str, imports: BulkImports, orders: HostedNumberOrders
) -> tuple[ImportProgress, dict[str, int]]:
    progress = await imports.show(import_id)
    return progress, await orders.lists.of_import(import_id)


async def _overview(
    request: Request,
    imports: BulkImports,
    *,
    trouble: InvalidRequestError | None = None,
    report: FileReport | None = None,
    status: int | None = None,
) -> HTMLResponse:
    newest: list[ImportProgress] = []
    async for progress in imports.listed():
        newest.append(progress)
        if len(newest) == _NEWEST:
            break
    shown: dict[str, Any] = {
        "trouble": trouble,
        "report": report,
        "most_complaints": _MOST_COMPLAINTS,
        "most_rows": MOST_ROWS,
        "most_megabytes": MOST_BYTES // 1_000_000,
        "imports": newest,
    }
    bad = HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK
    return page(request.scope, "imports.html", status or bad, **shown)
