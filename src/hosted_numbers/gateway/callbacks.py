"""Twilio's status callback: a signed hint that an order moved.

Parameters: Status, HostedNumberOrderSid, PhoneNumber (E.164), and whatever Twilio adds. Callbacks
come late, twice, in any order or not at all, and one that is genuine can be replayed; so the order
is only told to look at Twilio for itself. What cannot concern an open order is answered 204 all the
same: to Twilio, anything else is a failure to be reported.

Sources: Twilio's HostedNumberOrder page (StatusCallbackUrl) and
https://www.twilio.com/docs/usage/security#validating-requests.
"""

import functools
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from hosted_numbers.contract import OrderChanged
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.gateway.dependencies import Callbacks, Echoes, Hints
from hosted_numbers.gateway.error_answers import documented
from hosted_numbers.gateway.metrics import GatewayMetrics
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.phone_numbers import dialable_phone_number, masked
from hosted_numbers.settings import CALLBACK_PATH
from hosted_numbers.twilio.signatures import (
    SIGNATURE_HEADER,
    SIGNED_WITH_HEADER,
    verify,
    verify_body,
)

_log = logging.getLogger(__name__)

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_PARAMETERS: Final = 100
_ORDER_SID: Final = re.compile(r"HR[0-9a-fA-F]{32}")
_STATUS: Final = re.compile(r"[a-z-]{1,40}")
_OUTCOMES: Final = {
    True: ("told", "passed on, unless it is known"),
    False: ("unknown", "ignored, no order is open"),
    None: ("coalesced", "held back, one like it was just passed on"),
}
"""What became of a callback: for metrics, and in words."""


@asynccontextmanager
async def _last_words(app: FastAPI) -> AsyncIterator[None]:
    """At the gateway's end, what is still held back is passed on."""
    yield
    await app.state.coalescing.close()
    await app.state.echoes.close()


router = APIRouter(tags=["callbacks"], responses=documented(403, 503), lifespan=_last_words)


async def _genuine_parameters(request: Request, webhook: Callbacks) -> dict[str, str]:
    """The parameters of a callback that Twilio signed.

    Raises:
        Problem: 403, the signature is missing or another than Twilio's.
    """
    query = request.scope["query_string"].decode("latin-1")
    url = webhook.public_url + CALLBACK_PATH + (f"?{query}" if query else "")
    parameters: list[tuple[str, str]] = []
    try:
        algorithm, secrets = webhook.accepted(request.headers.getlist(SIGNED_WITH_HEADER))
        signature = _only(request.headers.getlist(SIGNATURE_HEADER))
        if request.method == "GET":
            parameters = _pairs(query)
            signed = verify(secrets, url, (), signature, algorithm=algorithm)
        elif _is_form(request):
            parameters = _pairs((await request.body()).decode("utf-8"))
            signed = verify(secrets, url, parameters, signature, algorithm=algorithm)
        else:
            body = await request.body()
            signed = verify_body(secrets, url, body, signature, algorithm=algorithm)
    except ValueError:
        # Another scheme, too many parameters, or no UTF-8: whatever it is, it is not Twilio's.
        signed = False
    if not signed:
        request.app.state.metrics.callback("forged")
        _log.warning("Callback with a bad signature", extra={"outcome": "forged"})
        raise _forged()
    return dict(parameters)


Parameters = Annotated[dict[str, str], Depends(_genuine_parameters)]


@router.post(CALLBACK_PATH, status_code=HTTPStatus.NO_CONTENT)
async def posted(
    request: Request, parameters: Parameters, echoes: Echoes, hints: Hints
) -> Response:
    """A status callback as a form."""
    return await _passed_on(request, parameters, echoes, hints)


@router.get(CALLBACK_PATH, status_code=HTTPStatus.NO_CONTENT)
async def gotten(
    request: Request, parameters: Parameters, echoes: Echoes, hints: Hints
) -> Response:
    """A status callback in the query, where StatusCallbackMethod is GET."""
    return await _passed_on(request, parameters, echoes, hints)


async def _passed_on(
    request: Request, parameters: dict[str, str], echoes: Echoes, hints: Hints
) -> Response:
    """Tell the order, if there is one, that it may have moved."""
    metrics: GatewayMetrics = request.app.state.metrics
    number = _number_of_order(parameters)
    if number is None:
        metrics.callback("foreign")
        _log.info("Callback concerns no order and is ignored", extra={"outcome": "foreign"})
        return Response(status_code=HTTPStatus.NO_CONTENT)
    hint = OrderChanged(status=_status(parameters))
    try:
        taken = await hints.take(
            (number, parameters["HostedNumberOrderSid"], hint.status),
            functools.partial(echoes.pass_on, number, hint),
        )
    except TemporalUnavailableError:
        metrics.callback("owed")
        raise
    (outcome, words), order = _OUTCOMES[taken], masked(number)
    metrics.callback(outcome)
    told = {"outcome": outcome, "order": order}
    _log.info("Callback for %s %s", order, words, extra=told)
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


def _only(values: Sequence[str]) -> str | None:
    """A header that may be there once.

    Raises:
        ValueError: it is there more than once.
    """
    if len(values) > 1:
        raise ValueError("the header is there more than once")
    return values[0] if values else None


def _pairs(text: str) -> list[tuple[str, str]]:
    """Decoded parameters, blank ones kept, nothing trimmed: Twilio signs them all as they are."""
    return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)


def _forged() -> Problem:
    return Problem(
        403,
        "bad-signature",
        "The signature is not Twilio's",
        detail="X-Twilio-Signature is missing, does not fit the request, or is made with a secret "
        "that is not taken here.",
        next_step="Check that PUBLIC_BASE_URL is the address that Twilio calls, and that "
        "TWILIO_AUTH_TOKEN, or the shared key's TWILIO_WEBHOOK_KEY_SID and "
        "TWILIO_WEBHOOK_KEY_SECRET, are the account's.",
    )
