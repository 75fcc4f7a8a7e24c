"""Signing in and out.

A sign-in has no session yet whose token its form could carry, so it is guarded by where it comes
from alone (``csrf.same_origin``); a forged one would need the password anyway.
"""

import logging
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hosted_numbers.gateway.dependencies import Limits
from hosted_numbers.gateway.pages.csrf import same_origin
from hosted_numbers.gateway.pages.desk import Desk, OfDesk, SignedIn
from hosted_numbers.gateway.pages.forms import Submitted
from hosted_numbers.gateway.pages.rendering import page
from hosted_numbers.gateway.problems import Problem

_log = logging.getLogger(__name__)

SIGN_IN: Final = "/sign-in"
_OPERATOR: Final = "operator"
_LONGEST: Final = 2000

router = APIRouter(
    dependencies=[Depends(same_origin)],
    include_in_schema=False,
    default_response_class=HTMLResponse,
)


@router.get(SIGN_IN)
async def form(
    request: Request, desk: OfDesk, wanted: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """The form; whoever is signed in already goes on to the page they wanted."""
    if desk.operators(request.scope) is not None:
        return RedirectResponse(own_page(wanted), HTTPStatus.SEE_OTHER)
    status = HTTPStatus.OK if _can_sign_in(desk) else HTTPStatus.SERVICE_UNAVAILABLE
    return _form(request, desk, wanted, status)


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    desk: OfDesk,
    limits: Limits,
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Check the password and begin a session under a new id."""
    if desk.password is None:
        return _form(request, desk, wanted, HTTPStatus.SERVICE_UNAVAILABLE)
    try:
        await limits.check("sign-ins", request.client.host if request.client else "")
    except Problem as problem:
        request.app.state.metrics.sign_in("limited")
        answer = _form(
            request, desk, wanted, problem.status, f"{problem.detail} {problem.next_step}"
        )
        answer.headers.update(problem.headers or {})
        return answer
    if not await desk.password.is_right(password):
        request.app.state.metrics.sign_in("wrong-password")
        _log.warning("Sign-in with a wrong password", extra={"outcome": "wrong-password"})
        error = "That is not the password. Check it and try again."
        return _form(request, desk, wanted, HTTPStatus.FORBIDDEN, error)
    if before := desk.cookie.read(request.scope):
        desk.sessions.end(before)
    back = RedirectResponse(own_page(wanted), HTTPStatus.SEE_OTHER)
    desk.cookie.give(back, desk.sessions.begin(_OPERATOR))
    request.app.state.metrics.sign_in("signed-in")
    _log.info("Operator signed in", extra={"principal": _OPERATOR, "outcome": "signed-in"})
    return back


@router.post("/sign-out")
async def sign_out(request: Request, desk: OfDesk, session: SignedIn, _form: Submitted) -> Response:
    """End the session, here and in the browser."""
    if session_id := desk.cookie.read(request.scope):
        desk.sessions.end(session_id)
    answer = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
    desk.cookie.take_back(answer)
    told = {"principal": session.log_name, "outcome": "signed-out"}
    _log.info("%s signed out", session.log_name, extra=told)
    return answer


def own_page(wanted: str) -> str:
    """The page to go to: one of ours, whatever the query says.

    Browsers take a backslash for a slash and skip control characters, so neither passes.
    """
    parts = urlsplit(wanted) if wanted.isprintable() and "\\" not in wanted else None
    if parts is None or parts.scheme or parts.netloc or len(wanted) > _LONGEST:
        return "/"
    is_page = wanted.startswith("/") and not wanted.startswith("//") and parts.path != SIGN_IN
    return wanted if is_page else "/"


def _can_sign_in(desk: Desk) -> bool:
    return desk.password is not None or desk.operators.by_proxy


def _form(
    request: Request, desk: Desk, wanted: str, status: int, error: str | None = None
) -> HTMLResponse:
    return page(
        request.scope,
        "sign_in.html",
        status,
        has_password=desk.password is not None,
        by_proxy=desk.operators.by_proxy,
        wanted=own_page(wanted),
        error=error,
    )
