"""What the pages' routes share: who is signed in, the password, the pipeline as last counted."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from hosted_numbers.gateway.pages.operators import Operators, SessionCookie, session_of
from hosted_numbers.gateway.pages.passwords import Password
from hosted_numbers.gateway.pages.pipeline import Pipeline
from hosted_numbers.gateway.pages.sessions import Session, Sessions


@dataclass(frozen=True)
class Desk:
    """The pages' own things, one for each gateway.

    Attributes:
        public_url: the gateway as a browser reaches it.
        sessions: who is signed in.
        cookie: what names a session.
        operators: recognises a signed-in operator.
        password: the operator's; None where nobody signs in by one.
        pipeline: how many orders stand where.
    """

    public_url: str
    sessions: Sessions
    cookie: SessionCookie
    operators: Operators
    password: Password | None
    pipeline: Pipeline


def desk(request: Request) -> Desk:
    """The desk of the gateway that serves a request."""
    found: Desk = request.app.state.desk
    return found


def _session(request: Request) -> Session:
    return session_of(request.scope)


OfDesk = Annotated[Desk, Depends(desk)]
SignedIn = Annotated[Session, Depends(_session)]
