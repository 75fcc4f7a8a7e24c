"""The simulator as one ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.simulator import (
    control_api,
    incoming_phone_numbers,
    twilio_api,
    twilio_documents_api,
)
from hosted_numbers.simulator.authentication import is_authentic
from hosted_numbers.simulator.clock import Clock
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.control_api import LoopbackOnly, is_control
from hosted_numbers.simulator.errors import ControlError, TwilioError, not_found
from hosted_numbers.simulator.fault_injection import FaultInjection, Sleep
from hosted_numbers.simulator.faults import FaultRule
from hosted_numbers.simulator.postman import Sender
from hosted_numbers.simulator.runtime import Simulator
from hosted_numbers.simulator.sids import new_sid

VERSION_HEADER: Final = "x-hosted-numbers-simulator"
REQUEST_ID_HEADER: Final = "Twilio-Request-Id"

_VERSION: Final = version("hosted-numbers")


def create_app(
    config: SimulatorConfig,
    *,
    clock: Clock | None = None,
    sender: Sender | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Starlette:
    """Build the application; its ``state.simulator`` is the ``Simulator`` behind it.

    Its lifespan starts and stops the work in the background. In process, where nobody runs a
    lifespan, ``async with app.state.simulator.running()`` does the same.

    Args:
        config: what the simulator is like.
        clock: its time, for tests.
        sender: what delivers callbacks in place of HTTP, for tests.
        sleep: what waits in the faults ``delay`` and ``slice``, for tests.
    """
    simulator = Simulator(config, clock=clock, sender=sender)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with simulator.running():
            yield

    def judge(scope: Scope) -> FaultRule | None:
        method, path = scope["method"], scope["path"]
        if is_control(path):
            return None
        label = twilio_api.route_label(path)
        simulator.count_request(f"{method} {label}")
        return simulator.faults.strike(method, path, label)

    async def cleared() -> None:
        await simulator.faults.cleared()  # of those that are there now: a reset puts others there

    app = Starlette(
        routes=[
            *twilio_api.ROUTES,
            *twilio_documents_api.ROUTES,
            *incoming_phone_numbers.ROUTES,
            *control_api.ROUTES,
        ],
        middleware=[
            Middleware(_Stamp),
            Middleware(LoopbackOnly),
            Middleware(FaultInjection, judge=judge, sleep=sleep, cleared=cleared),
            Middleware(_Authentication, config=config),
        ],
        exception_handlers={
            TwilioError: _twilio_error,
            ControlError: _control_error,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _bug,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.simulator = simulator
    return app


class _Stamp:
    """Puts a request id and the simulator's version on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_stamps())
            await send(message)

        await self._app(scope, receive, stamped)


class _Authentication:
    """Answers 401 on Twilio's paths to whoever is not the account."""

    def __init__(self, app: ASGIApp, config: SimulatorConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and not is_control(scope["path"])
            and not is_authentic(scope, self._config)
        ):
            refusal = TwilioError(20003)
            headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
            answer = JSONResponse(refusal.body(), refusal.status, headers)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _twilio_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, TwilioError)  # noqa: S101 - Starlette calls it for nothing else
    return JSONResponse(error.body(), error.status)


async def _control_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ControlError)  # noqa: S101 - the same
    return JSONResponse({"error": error.message}, error.status)


async def _http_error(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405, each in the shape of the side that was asked."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    if is_control(request.url.path):
        sentence = f"{request.method} {request.url.path}: {error.detail}"
        return JSONResponse({"error": sentence}, error.status_code)
    wrong_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    refusal = TwilioError(20004) if wrong_method else not_found(request.url.path)
    return JSONResponse(refusal.body(), refusal.status, error.headers)


async def _gone(_: Request, __: Exception) -> Response:
    """A client that left in the middle of its upload hears nothing, and nothing is wrong here."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _bug(_: Request, __: Exception) -> Response:
    refusal = TwilioError(20500)
    # Starlette answers this outside of the middleware that stamps all other answers
    return JSONResponse(refusal.body(), refusal.status, _stamps())


def _stamps() -> dict[str, str]:
    return {REQUEST_ID_HEADER: new_sid("RQ"), VERSION_HEADER: _VERSION}
