"""The orders over HTTP: each route is one call of ``HostedNumberOrders`` and no more."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response

from hosted_numbers.contract import Answer, VerificationCallRequest
from hosted_numbers.errors import InvalidRequestError, OrderAlreadyOpenError
from hosted_numbers.gateway import examples, paging
from hosted_numbers.gateway.dependencies import Limits, Orders, Where
from hosted_numbers.gateway.error_answers import EVERYWHERE, documented, number_taken
from hosted_numbers.gateway.idempotency import REPLAYED, REPLAYED_HEADER, Once
from hosted_numbers.gateway.openapi import example
from hosted_numbers.gateway.order_models import (
    PATH,
    Confirmation,
    NoFields,
    OrderList,
    OrderProgress,
    OrderQuery,
    OrderRow,
    OrderStarted,
)
from hosted_numbers.gateway.scopes import (
    MayAdminister,
    MayEnterCodes,
    MayRead,
    MayWrite,
    OwnNumber,
    Scoped,
    in_the_name_of,
)
from hosted_numbers.validation import (
    NewAmendment,
    NewHostedNumberOrder,
    NewVerificationCallRequest,
    NewVerificationCodeEntry,
)

router = APIRouter(
    prefix=PATH, tags=["hosted number orders"], route_class=Scoped, responses=EVERYWHERE
)

_SENT_BODY: Final = documented(400, 415)
_ACT: Final = documented(404, 409) | _SENT_BODY | example(examples.ANSWER, headers=REPLAYED_HEADER)
_LOCATION: Final[dict[str, Any]] = {
    "Location": {
        "description": "The order's path",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    }
}
_STARTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": OrderStarted,
        "description": "This very order is open already",
        "headers": _LOCATION,
        "content": {"application/json": {"example": examples.STARTED}},
    },
    201: {
        "description": "The order is started, or was with this Idempotency-Key",
        "headers": _LOCATION | REPLAYED_HEADER,
        "content": {"application/json": {"example": examples.STARTED}},
    },
    **documented(409),
    **_SENT_BODY,
}


@router.post("", status_code=HTTPStatus.CREATED, responses=_STARTED)
async def start_order(
    *,
    caller: MayWrite,
    once: Once,
    order: Annotated[NewHostedNumberOrder, Body(openapi_examples=examples.ORDERS)],
    orders: Orders,
    limits: Limits,
    where: Where,
    response: Response,
) -> OrderStarted:
    """Start an order; sent twice, it is started once and answered alike."""
    customer = in_the_name_of(caller, order.customer)
    await limits.check("starts", caller.kind, caller.name)
    try:
        found = await orders.start(
            order.model_copy(update={"customer": customer}), idempotency=once
        )
    except OrderAlreadyOpenError:
        if caller.customer and await orders.customer_of(order.phone_number) != caller.customer:
            raise number_taken() from None
        raise
    started = OrderStarted.of(found, where)
    if found.replayed:
        response.headers[REPLAYED] = "true"
    response.headers["Location"] = started.links.self_
    anew = found.created or found.replayed
    response.status_code = HTTPStatus.CREATED if anew else HTTPStatus.OK
    return started


@router.get("", responses=example(examples.LIST))
async def list_orders(
    caller: MayRead, query: Annotated[OrderQuery, Query()], orders: Orders, where: Where
) -> OrderList:
    """The orders, newest first, a page at a time."""
    if caller.customer and query.customer not in {None, caller.customer}:
        return OrderList(orders=[], next_cursor=None)
    wanted = query.for_customer(caller.customer)
    page = await orders.lists.page(
        status=wanted.status,
        waiting_for=wanted.waiting_for,
        customer=wanted.customer,
        open_only=wanted.open,
        page_size=wanted.page_size,
        cursor=None if wanted.cursor is None else paging.from_text(wanted.cursor, wanted.filters),
    )
    following = paging.as_text(page.next_cursor, wanted.filters) if page.next_cursor else None
    return OrderList(
        orders=[OrderRow.of(summary, where) for summary in page.orders], next_cursor=following
    )


@router.get("/{phone_number}", responses=documented(404) | example(examples.PROGRESS))
async def order_progress(
    caller: MayRead, phone_number: OwnNumber, orders: Orders, where: Where
) -> OrderProgress:
    """Where the number's newest order stands, what it waits for and who does what by when."""
    return OrderProgress.of(await orders.progress(phone_number), where, caller.customer)


@router.post("/{phone_number}/verification-code", responses=_ACT)
async def submit_verification_code(
    *,
    _caller: MayEnterCodes,
    phone_number: OwnNumber,
    once: Once,
    entry: Annotated[NewVerificationCodeEntry, Body(openapi_examples=examples.CODES)],
    orders: Orders,
    limits: Limits,
) -> Answer:
    """Hand in the code that was heard on the call; the answer says right, wrong or expired."""
    await limits.check("codes", phone_number)
    return await orders.submit_verification_code(phone_number, entry, idempotency=once)


@router.post("/{phone_number}/verification-call", responses=_ACT)
async def request_verification_call(
    *,
    _caller: MayWrite,
    phone_number: OwnNumber,
    once: Once,
    wanted: Annotated[
        NewVerificationCallRequest | None, Body(openapi_examples=examples.CALLS)
    ] = None,
    orders: Orders,
) -> Answer:
    """Have the number called now. A real phone rings, and Twilio allows few calls."""
    return await orders.request_verification_call(
        phone_number, wanted or VerificationCallRequest(), idempotency=once
    )


@router.post("/{phone_number}/amend", responses=_ACT)
async def amend_order(
    *,
    _caller: MayWrite,
    phone_number: OwnNumber,
    once: Once,
    amendment: Annotated[NewAmendment, Body(openapi_examples=examples.AMENDMENTS)],
    orders: Orders,
) -> Answer:
    """Change who signs, how ownership is proven or how the number is set up; the rest stays."""
    return await orders.amend(phone_number, amendment, idempotency=once)


@router.post("/{phone_number}/resume", responses=_ACT)
async def resume_order(
    *,
    _caller: MayWrite,
    phone_number: OwnNumber,
    once: Once,
    _nothing: Annotated[NoFields | None, Body(openapi_examples=examples.NOTHING)] = None,
    orders: Orders,
) -> Answer:
    """Let an order that is on hold go on, once what was in the way is mended."""
    return await orders.resume(phone_number, idempotency=once)


@router.post("/{phone_number}/cancel", responses=_ACT)
async def cancel_order(
    *,
    _caller: MayWrite,
    phone_number: OwnNumber,
    once: Once,
    _nothing: Annotated[NoFields | None, Body(openapi_examples=examples.NOTHING)] = None,
    orders: Orders,
) -> Answer:
    """Give the order up and take it back at Twilio."""
    return await orders.cancel(phone_number, idempotency=once)


@router.post("/{phone_number}/offboard", responses=_ACT)
async def offboard_number(
    *,
    _caller: MayAdminister,
    phone_number: OwnNumber,
    once: Once,
    sure: Annotated[Confirmation, Body(openapi_examples=examples.CONFIRMATIONS)],
    orders: Orders,
) -> Answer:
    """Give the number of a completed order back to Twilio for good; the body names it again."""
    if sure.confirm != phone_number:
        raise InvalidRequestError(
            "confirm is another number than the path's.",
            "Name the number that is to be given back in both places; nothing was changed.",
        )
    return await orders.offboard(phone_number, idempotency=once)
