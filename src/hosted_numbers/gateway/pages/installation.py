"""The pages as a part of the gateway: their routes, their files, and who is let in."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from hosted_numbers.gateway.pages import (
    api_page,
    bulk_pages,
    live,
    new_order,
    order_forms,
    order_page,
    overview,
    sign_in,
)
from hosted_numbers.gateway.pages.desk import Desk
from hosted_numbers.gateway.pages.operators import Operators, SessionCookie
from hosted_numbers.gateway.pages.passwords import Password
from hosted_numbers.gateway.pages.pipeline import Pipeline
from hosted_numbers.gateway.pages.sessions import Sessions
from hosted_numbers.settings import Settings

_STATIC: Final = Path(__file__).parent / "static"


def install(app: FastAPI, settings: Settings) -> Operators:
    """Put the pages into the application.

    Returns:
        What recognises a signed-in operator, for ``Authentication``.
    """
    sessions = Sessions(
        timedelta(minutes=settings.hosted_numbers_session_idle_minutes),
        timedelta(hours=settings.hosted_numbers_session_hours),
    )
    cookie = SessionCookie(secure=settings.public_url().lower().startswith("https:"))
    operators = Operators(
        sessions,
        cookie,
        settings.hosted_numbers_operator_header,
        settings.hosted_numbers_trusted_proxies,
    )
    its_hash = settings.hosted_numbers_operator_password_hash
    app.state.desk = Desk(
        public_url=settings.public_url(),
        sessions=sessions,
        cookie=cookie,
        operators=operators,
        password=Password(its_hash.get_secret_value()) if its_hash else None,
        pipeline=Pipeline(),
    )
    for module in (
        sign_in,
        overview,
        new_order,
        order_page,
        order_forms,
        bulk_pages,
        live,
        api_page,
    ):
        app.include_router(module.router)
    app.mount("/static", _Files(directory=_STATIC), name="static")
    return operators


class _Files(StaticFiles):
    """Styles and scripts, which hold nothing of anybody's: a browser may keep them and ask."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, or 304 where the browser has it."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response
