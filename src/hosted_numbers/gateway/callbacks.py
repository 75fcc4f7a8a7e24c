"""Twilio's status callback: a signed hint that an order moved.

Parameters: Status, HostedNumberOrderSid, PhoneNumber (E.164), and whatever Twilio adds. Callbacks
come late, twice, in any order or not at all, and one that is genuine can be replayed; so the order
is only told to look at Twilio for itself. What cannot concern an open order is answered 204 all the
same: to Twilio, anything else is a failure to be reported.

Sources: Twilio's HostedNumberOrder page (StatusCallbackUrl) and
https://www.twilio.com/docs/usage/security#validating-requests.
"""

import logging
import re
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from hosted_numbers.contract import OrderChanged
from hosted_numbers.gateway.dependencies import Callbacks, Orders
from hosted_numbers.gateway.error_answers import documented
from hosted_numbers.gateway.problems import Problem, correlation_id
from hosted_numbers.phone_numbers import dialable_phone_number, masked
from hosted_numbers.settings import CALLBACK_PATH
from hosted_numbers.twilio.signatures import SIGNATURE_HEADER, verify, verify_body

_log = logging.getLogger(__name__)

_FORM: Final = "application/x-www-form-urlencoded"
_SCHEME_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"
_MOST_PARAMETERS: Final = 100
_ORDER_SID: Final = re.compile(r"HR[0-9a-fA-F]{32}")
_STATUS: Final = re.compile(r"[a-z-]{1,40}")

router = APIRouter(tags=["callbacks"], responses=documented(403, 503))


async def _genuine_parameters(request: Request, webhook: Callbacks) -> dict[str, str]:
    """The parameters of a callback that Twilio signed.

    Raises:
        Problem: 403, the signature is missing or another than Twilio's.
    """
    query = request.scope["query_string"].decode("latin-1")
    url = webhook.public_url + CALLBACK_PATH + (f"?{query}" if query else "")
    signature = request.headers.get(SIGNATURE_HEADER)
    token = webhook.auth_token
    try:
        if request.method == "GET":
            parameters = _pairs(query)
            signed = verify(token, url, (), signature)
        elif _is_form(request):
            parameters = _pairs((await request.body()).decode("utf-8"))
            signed = verify(token, url, parameters, signature)
        else:
            parameters = []
            signed = verify_body(token, url, await request.body(), signature)
    except ValueError:
        # Too many parameters, or no UTF-8: whatever it is, Twilio did not send it.
        signed = False
    if not signed or _names_other_algorithm(request):
        _log.warning("Callback with a bad signature [%s]", correlation_id(request.scope))
        raise _forged()
    return dict(parameters)


Parameters = Annotated[dict[str, str], Depends(_genuine_parameters)]


@router.post(CALLBACK_PATH, status_code=HTTPStatus.NO_CONTENT)
async def posted(request: Request, parameters: Parameters, orders: Orders) -> Response:
    """A status callback as a form."""
    return await _passed_on(request, parameters, orders)


@router.get(CALLBACK_PATH, status_code=HTTPStatus.NO_CONTENT)
async def gotten(request: Request, parameters: Parameters, orders: Orders) -> Response:
    """A status callback in the query, where StatusCallbackMethod is GET."""
    return await _passed_on(request, parameters, orders)


async def _passed_on(request: Request, parameters: dict[str, str], orders: Orders) -> Response:
    """Tell the order, if there is one, that it may have moved."""
    number = _number_of_order(parameters)
    if number is None:
        outcome = "concerns no order and is ignored"
    elif await orders.order_changed(number, OrderChanged(status=_status(parameters))):
        outcome = f"for {masked(number)} passed on"
    else:
        outcome = f"for {masked(number)} ignored, no order is open"
    _log.info("Callback %s [%s]", outcome, correlation_id(request.scope))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _number_of_order(parameters: dict[str, str]) -> str | None:
    """The number whose order this is about; None for what else Twilio sends about numbers."""
    number = parameters.get("PhoneNumber", "")
    if not _ORDER_SID.fullmatch(parameters.get("HostedNumberOrderSid", "")):
        return None
    try:
        return dialable_phone_number(number)
    except ValueError:
        return None


def _status(parameters: dict[str, str]) -> str | None:
    """Twilio's status in the one spelling that is used here: its pages have pending_loa as well."""
    status = parameters.get("Status", "").strip().lower().replace("_", "-")
    return status if _STATUS.fullmatch(status) else None


def _is_form(request: Request) -> bool:
    declared = request.headers.get("content-type", _FORM)
    return declared.partition(";")[0].strip().lower() == _FORM


def _names_other_algorithm(request: Request) -> bool:
    """Whether it claims a signature by another scheme than the auth token's HMAC-SHA1."""
    scheme = request.headers.get(_SCHEME_HEADER)
    return scheme is not None and not re.search(r"\balgorithm=HMAC_SHA1\b", scheme)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Decoded parameters, blank ones kept, nothing trimmed: Twilio signs them all as they are."""
    return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)


def _forged() -> Problem:
    return Problem(
        403,
        "bad-signature",
        "The signature is not Twilio's",
        detail="X-Twilio-Signature is missing or does not fit the request.",
        next_step="Check that PUBLIC_BASE_URL is the address that Twilio calls, and that "
        "TWILIO_AUTH_TOKEN is the account's.",
    )
