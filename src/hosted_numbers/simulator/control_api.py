"""The control paths under ``/_simulator``: what a test, a demo or a person at the keyboard turns.

They need no credentials of Twilio and answer on loopback alone.
"""

import ipaddress
from datetime import timedelta
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hosted_numbers.simulator import paperwork
from hosted_numbers.simulator.catalog import Catalog, Listed
from hosted_numbers.simulator.control_bodies import (
    Body,
    CallbackSetting,
    ClockJump,
    DocumentVerdict,
    KeyedDigits,
    LetterMove,
    OrderMove,
    SupportingDocumentVerdict,
    read_body,
)
from hosted_numbers.simulator.endpoints import origin
from hosted_numbers.simulator.errors import ControlError
from hosted_numbers.simulator.faults import FaultRule
from hosted_numbers.simulator.ledger import wire_time
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.people import what_the_phone_says
from hosted_numbers.simulator.resources import (
    authorization_document_resource,
    document_resource,
    order_resource,
    supporting_document_resource,
)
from hosted_numbers.simulator.runtime import Simulator

PREFIX: Final = "/_simulator"

T = TypeVar("T", bound=Listed)


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
            world.ledger.as_json(
                world.orders.all.values(),
                world.authorization_documents.after(0),
                world.documents.after(0),
                world.supporting_documents.after(0),
            )
        )


async def set_fault(request: Request) -> Response:
    """Set one more fault: 201 with its id."""
    fault = _simulator(request).faults.add(await _body(request, FaultRule))
    return JSONResponse(fault.as_json(), 201)


async def show_faults(request: Request) -> Response:
    """What is set, with how often it struck."""
    return JSONResponse({"faults": [fault.as_json() for fault in _simulator(request).faults]})


async def clear_faults(request: Request) -> Response:
    """Take all faults away, and let go on what one delays: 204."""
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


async def end_authorization_document(request: Request) -> Response:
    """The signer signs or cancels, or the document fails."""
    body = await _body(request, LetterMove)
    simulator = _simulator(request)
    with simulator.turn() as now:
        world = simulator.world
        document = _found(world.authorization_documents, request, "authorization document")
        world.end_authorization_document(document, body.status, now)
    return JSONResponse(authorization_document_resource(document, origin(request)))


async def decide_document(request: Request) -> Response:
    """The reviewer decides on a bill, which moves the orders that wait for it."""
    body = await _body(request, DocumentVerdict)
    simulator = _simulator(request)
    with simulator.turn() as now:
        document = _found(simulator.world.documents, request, "document")
        paperwork.decide_document(simulator.world, document, body.status, body.failure_reason, now)
    return JSONResponse(document_resource(document))


async def decide_supporting_document(request: Request) -> Response:
    """The reviewer decides on a supporting document."""
    body = await _body(request, SupportingDocumentVerdict)
    simulator = _simulator(request)
    with simulator.turn() as now:
        world = simulator.world
        document = _found(world.supporting_documents, request, "supporting document")
        if document.deleted:
            raise ControlError(409, f"The supporting document {document.sid} is deleted.")
        paperwork.decide_supporting_document(world, document, body.status, body.failure_reason, now)
    return JSONResponse(supporting_document_resource(document, origin(request)))


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
    Route(
        f"{PREFIX}/authorization-documents/{{sid}}", end_authorization_document, methods=["POST"]
    ),
    Route(f"{PREFIX}/documents/{{sid}}", decide_document, methods=["POST"]),
    Route(f"{PREFIX}/supporting-documents/{{sid}}", decide_supporting_document, methods=["POST"]),
    Route(f"{PREFIX}/clock", show_clock, methods=["GET"]),
    Route(f"{PREFIX}/clock", advance_clock, methods=["POST"]),
    Route(f"{PREFIX}/callbacks", show_callbacks, methods=["GET"]),
    Route(f"{PREFIX}/callbacks", set_callbacks, methods=["POST"]),
    Route(f"{PREFIX}/reset", reset, methods=["POST"]),
]


async def _body(request: Request, model: type[Body]) -> Body:
    return read_body(await request.body(), model)


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _order(simulator: Simulator, request: Request) -> Order:
    return _found(simulator.world.orders.listed, request, "order")


def _found(catalog: Catalog[T], request: Request, what: str) -> T:
    sid = request.path_params["sid"]
    item = catalog.get(sid)
    if item is None:
        raise ControlError(404, f"There is no {what} {sid}.")
    return item


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
