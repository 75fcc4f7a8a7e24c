"""The form of a new order."""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hosted_numbers.errors import InvalidRequestError, OrderAlreadyOpenError
from hosted_numbers.gateway.dependencies import Limits, Orders
from hosted_numbers.gateway.pages.csrf import same_origin
from hosted_numbers.gateway.pages.desk import SignedIn
from hosted_numbers.gateway.pages.fields import (
    NEW_ORDER,
    MistypedError,
    Typed,
    fields_of,
    read,
    values_of,
)
from hosted_numbers.gateway.pages.forms import Submitted
from hosted_numbers.gateway.pages.rendering import page
from hosted_numbers.gateway.pages.sessions import Flash
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.validation import NewHostedNumberOrder

_FIELDS: Final = fields_of(NEW_ORDER)

router = APIRouter(
    prefix="/new",
    dependencies=[Depends(same_origin)],
    include_in_schema=False,
    default_response_class=HTMLResponse,
)


@router.get("")
async def form(request: Request) -> HTMLResponse:
    """The empty form."""
    return _form(request, Typed({}, {}))


@router.post("")
async def start(
    request: Request, orders: Orders, session: SignedIn, submitted: Submitted, limits: Limits
) -> Response:
    """Start the order and go to its page; the same one sent twice is started once."""
    try:
        order = read(NewHostedNumberOrder, submitted, _FIELDS)
        await limits.check("starts", "operator", session.log_name)
        started = await orders.start(order)
    except MistypedError as error:
        return _form(request, error.typed, HTTPStatus.UNPROCESSABLE_ENTITY)
    except Problem as problem:
        typed = Typed(values_of(submitted, _FIELDS), {"": f"{problem.detail} {problem.next_step}"})
        answer = _form(request, typed, problem.status)
        answer.headers.update(problem.headers or {})
        return answer
    except InvalidRequestError as error:
        typed = Typed(values_of(submitted, _FIELDS), {"": str(error)})
        return _form(request, typed, HTTPStatus.UNPROCESSABLE_ENTITY)
    except OrderAlreadyOpenError as error:
        typed = Typed(values_of(submitted, _FIELDS), {})
        return _form(request, typed, HTTPStatus.CONFLICT, already_open=error.phone_number)
    session.flashes.append(
        Flash("The order was started." if started.created else "This very order is open already.")
    )
    return RedirectResponse(f"/orders/{quote(started.phone_number)}", HTTPStatus.SEE_OTHER)


def _form(
    request: Request, typed: Typed, status: int = HTTPStatus.OK, already_open: str | None = None
) -> HTMLResponse:
    return page(
        request.scope,
        "new_order.html",
        status,
        groups=NEW_ORDER,
        typed=typed,
        already_open=already_open,
    )
