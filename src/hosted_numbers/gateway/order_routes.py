"""The orders over HTTP: each route is one call of ``HostedNumberOrders`` and no more."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response, Security

from hosted_numbers.contract import Answer, VerificationCallRequest
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.gateway import paging
from hosted_numbers.gateway.dependencies import DESCRIBED_KEY, Orders, PhoneNumber, Ui
from hosted_numbers.gateway.error_answers import documented
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
from hosted_numbers.validation import (
    NewAmendment,
    NewHostedNumberOrder,
    NewVerificationCallRequest,
    NewVerificationCodeEntry,
)

router = APIRouter(
    prefix=PATH,
    tags=["hosted number orders"],
    dependencies=[Security(DESCRIBED_KEY)],
    responses=documented(401, 422, 503),
)

_SENT_BODY: Final = documented(400, 413, 415)
_ACT: Final = documented(404, 409) | _SENT_BODY
_STARTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": OrderStarted, "description": "This very order is open already"},
    201: {"headers": {"Location": {"schema": {"type": "string"}}}},
    **documented(409),
    **_SENT_BODY,
}
_FULL_ORDER: Final[dict[str, Any]] = {
    "phone_number": "+15017122661",
    "email": "owner@example.com",
    "address_sid": "AD00000000000000000000000000000001",
    "contact_title": "Owner",
    "contact_phone_number": "+15017122662",
}
_EXAMPLES: Final[dict[str, Any]] = {
    "least": {"summary": "What is required", "value": _FULL_ORDER},
    "call when asked": {
        "summary": "With an extension, called when a person asks for it",
        "value": _FULL_ORDER
        | {
            "friendly_name": "Front desk",
            "cc_emails": ["office@example.com"],
            "sms_url": "https://example.com/sms",
            "extension": "ww101",
            "call_when": "asked",
            "customer": "customer-4711",
        },
    },
}


@router.post("", status_code=HTTPStatus.CREATED, responses=_STARTED)
async def start(
    order: Annotated[NewHostedNumberOrder, Body(openapi_examples=_EXAMPLES)],
    orders: Orders,
    ui: Ui,
    response: Response,
) -> OrderStarted:
    """Start an order; sent twice, it is started once and answered alike."""
    started = OrderStarted.of(found := await orders.start(order), ui)
    response.headers["Location"] = started.links.self_
    response.status_code = HTTPStatus.CREATED if found.created else HTTPStatus.OK
    return started


@router.get("")
async def list_orders(query: Annotated[OrderQuery, Query()], orders: Orders, ui: Ui) -> OrderList:
    """The orders, newest first, a page at a time."""
    page = await orders.page(
        status=query.status,
        waiting_for=query.waiting_for,
        customer=query.customer,
        open_only=query.open,
        page_size=query.page_size,
        cursor=None if query.cursor is None else paging.from_text(query.cursor, query.filters),
    )
    return OrderList(
        orders=[OrderRow.of(summary, ui) for summary in page.orders],
        next_cursor=paging.as_text(page.next_cursor, query.filters) if page.next_cursor else None,
    )


@router.get("/{phone_number}", responses=documented(404))
async def progress(phone_number: PhoneNumber, orders: Orders, ui: Ui) -> OrderProgress:
    """Where the number's newest order stands, what it waits for and who does what by when."""
    return OrderProgress.of(await orders.progress(phone_number), ui)


@router.post("/{phone_number}/verification-code", responses=_ACT)
async def submit_verification_code(
    phone_number: PhoneNumber, entry: NewVerificationCodeEntry, orders: Orders
) -> Answer:
    """Hand in the code that was heard on the call; the answer says right, wrong or expired."""
    return await orders.submit_verification_code(phone_number, entry)


@router.post("/{phone_number}/verification-call", responses=_ACT)
async def request_verification_call(
    phone_number: PhoneNumber, orders: Orders, request: NewVerificationCallRequest | None = None
) -> Answer:
    """Have the number called now. A real phone rings, and Twilio allows few calls."""
    return await orders.request_verification_call(
        phone_number, request or VerificationCallRequest()
    )


@router.post("/{phone_number}/amend", responses=_ACT)
async def amend(phone_number: PhoneNumber, amendment: NewAmendment, orders: Orders) -> Answer:
    """Change who signs, how ownership is proven or how the number is set up; the rest stays."""
    return await orders.amend(phone_number, amendment)


@router.post("/{phone_number}/resume", responses=_ACT)
async def resume(
    phone_number: PhoneNumber, orders: Orders, nothing: NoFields | None = None
) -> Answer:
    """Let an order that is on hold go on, once what was in the way is mended."""
    del nothing
    return await orders.resume(phone_number)


@router.post("/{phone_number}/cancel", responses=_ACT)
async def cancel(
    phone_number: PhoneNumber, orders: Orders, nothing: NoFields | None = None
) -> Answer:
    """Give the order up and take it back at Twilio."""
    del nothing
    return await orders.cancel(phone_number)


@router.post("/{phone_number}/offboard", responses=_ACT)
async def offboard(phone_number: PhoneNumber, sure: Confirmation, orders: Orders) -> Answer:
    """Give the number of a completed order back to Twilio for good; the body names it again."""
    if sure.confirm != phone_number:
        raise InvalidRequestError(
            "confirm is another number than the path's.",
            "Name the number that is to be given back in both places; nothing was changed.",
        )
    return await orders.offboard(phone_number)
