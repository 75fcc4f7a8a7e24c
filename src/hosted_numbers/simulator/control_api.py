"""The control paths under ``/_simulator``: what a test, a demo or a person at the keyboard turns.

They need no credentials of Twilio and answer on loopback alone.
"""

import ipaddress
from datetime import timedelta
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.callbacks import CallbackMode
from hosted_numbers.simulator.errors import ControlError
from hosted_numbers.simulator.faults import FaultRule
from hosted_numbers.simulator.ledger import wire_time
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.people import what_the_phone_says
from hosted_numbers.simulator.resources import document_resource, order_resource
from hosted_numbers.simulator.runtime import Simulator
from hosted_numbers.simulator.twilio_api import origin

PREFIX: Final = "/_simulator"

_TEN_YEARS: Final = 10 * 365 * 86400


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderMove(_Body):
    """Twilio moves an order; a status that no page knows is possible too."""

    status: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,63}$")]
    failure_reason: Annotated[str, Field(max_length=1000)] | None = None


class KeyedDigits(_Body):
    """What the person at the ringing phone keys."""

    digits: Annotated[str, Field(pattern=r"^[0-9#*]{1,20}$")]


class DocumentMove(_Body):
    """The signer signs or cancels, or the document fails."""

    status: Literal["signed", "canceled", "failed"]


class ClockJump(_Body):
    """How far the clock jumps."""

    advance_seconds: Annotated[float, Field(ge=0, le=_TEN_YEARS, allow_inf_nan=False)]


class CallbackSetting(_Body):
    """How callbacks travel from now on."""

    mode: CallbackMode


Body = TypeVar("Body", bound=BaseModel)


class LoopbackOnly:
    """ASGI middleware: the control paths answer 403 to any other machine.

    Args:
        app: what answers the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "http" and is_control(scope["path"]) and not _is_loopback(scope):
            refusal = {"error": "The control paths answer on loopback only."}
            await JSONResponse(refusal, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_control(path: str) -> bool:
    """Whether a path is one of the simulator's own, not Twilio's."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


async def show_ledger(request: Request) -> Response:
    """What really happened."""
    simulator = _simulator(request)
    with simulator.turn():
        world = simulator.world
        return JSONResponse(
            world.ledger.as_json(world.orders.all.values(), world.documents.after(0))
        )


async def set_fault(request: Request) -> Response:
    """Set one more fault: 201 with its id."""
    fault = _simulator(request).faults.add(await _body(request, FaultRule))
    return JSONResponse(fault.as_json(), 201)


async def show_faults(request: Request) -> Response:
    """What is set, with how often it struck."""
    return JSONResponse({"faults": [fault.as_json() for fault in _simulator(request).faults]})


async def clear_faults(request: Request) -> Response:
    """Take all faults away: 204."""
    _simulator(request).faults.clear()
    return Response(status_code=204)


async def move_order(request: Request) -> Response:
    """Twilio moves an order, and its callback goes out."""
    body = await _body(request, OrderMove)
    simulator = _simulator(request)
    with simulator.turn() as now:
        order = _order(simulator, request)
        simulator.world.move_order(order, body.status, body.failure_reason, now)
    return JSONResponse(order_resource(order, origin(request)))


async def hear_phone(request: Request) -> Response:
    """What the phone of an order says."""
    simulator = _simulator(request)
    with simulator.turn() as now:
        return JSONResponse(what_the_phone_says(_order(simulator, request), now))


async def key_digits(request: Request) -> Response:
    """Digits from the ringing phone; the answer says whether they were right."""
    body = await _body(request, KeyedDigits)
    simulator = _simulator(request)
    with simulator.turn() as now:
        order = _order(simulator, request)
        right = simulator.world.key_digits(order, body.digits, now)
    says = "Thank you, the number is verified." if right else "These are not the right digits."
    return JSONResponse({"accepted": right, "status": order.status, "says": says})


async def end_document(request: Request) -> Response:
    """The signer signs or cancels, or the document fails."""
    body = await _body(request, DocumentMove)
    simulator = _simulator(request)
    with simulator.turn() as now:
        document = _document(simulator, request)
        simulator.world.end_document(document, body.status, now)
    return JSONResponse(document_resource(document, origin(request)))


async def show_clock(request: Request) -> Response:
    """The simulator's time, and how far it is ahead of the machine's."""
    clock = _simulator(request).clock
    return JSONResponse(
        {"now": wire_time(clock.now()), "offset_seconds": clock.offset.total_seconds()}
    )


async def advance_clock(request: Request) -> Response:
    """Let the clock jump; what becomes due has happened when the answer comes."""
    body = await _body(request, ClockJump)
    _simulator(request).advance_clock(timedelta(seconds=body.advance_seconds))
    return await show_clock(request)


async def show_callbacks(request: Request) -> Response:
    """How callbacks travel, and how many are still to go out."""
    world = _simulator(request).world
    return JSONResponse(
        {"mode": world.settings.callback_mode, "waiting": len(world.outbox.waiting)}
    )


async def set_callbacks(request: Request) -> Response:
    """Choose how callbacks travel."""
    body = await _body(request, CallbackSetting)
    _simulator(request).set_callback_mode(body.mode)
    return await show_callbacks(request)


async def reset(request: Request) -> Response:
    """Empty everything: 204."""
    _simulator(request).reset()
    return Response(status_code=204)


ROUTES: Final[list[BaseRoute]] = [
    Route(f"{PREFIX}/ledger", show_ledger, methods=["GET"]),
    Route(f"{PREFIX}/faults", set_fault, methods=["POST"]),
    Route(f"{PREFIX}/faults", show_faults, methods=["GET"]),
    Route(f"{PREFIX}/faults", clear_faults, methods=["DELETE"]),
    Route(f"{PREFIX}/orders/{{sid}}", move_order, methods=["POST"]),
    Route(f"{PREFIX}/orders/{{sid}}/call", hear_phone, methods=["GET"]),
    Route(f"{PREFIX}/orders/{{sid}}/call", key_digits, methods=["POST"]),
    Route(f"{PREFIX}/authorization-documents/{{sid}}", end_document, methods=["POST"]),
    Route(f"{PREFIX}/clock", show_clock, methods=["GET"]),
    Route(f"{PREFIX}/clock", advance_clock, methods=["POST"]),
    Route(f"{PREFIX}/callbacks", show_callbacks, methods=["GET"]),
    Route(f"{PREFIX}/callbacks", set_callbacks, methods=["POST"]),
    Route(f"{PREFIX}/reset", reset, methods=["POST"]),
]


async def _body(request: Request, model: type[Body]) -> Body:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        status = 400 if problems[0]["type"] == "json_invalid" else 422
        sentences = [
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in problems
        ]
        raise ControlError(status, "; ".join(sentences)) from None


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _order(simulator: Simulator, request: Request) -> Order:
    sid = request.path_params["sid"]
    order = simulator.world.orders.listed.get(sid)
    if order is None:
        raise ControlError(404, f"There is no order {sid}.")
    return order


def _document(simulator: Simulator, request: Request) -> AuthorizationDocument:
    sid = request.path_params["sid"]
    document = simulator.world.documents.get(sid)
    if document is None:
        raise ControlError(404, f"There is no authorization document {sid}.")
    return document


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
