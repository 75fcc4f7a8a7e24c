"""What a caller of the API must be allowed, and whose orders they reach.

Each route says both in its parameters. A route of the API that does not say them cannot be built,
so that none is open by accident (ASVS V8.2.1, V8.2.2).
"""

import inspect
import logging
from collections.abc import Callable
from typing import Annotated, Any, Final, get_args, get_type_hints

from fastapi import Depends, Request, Security
from fastapi.params import Depends as DependsOn
from fastapi.params import Security as Needs
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, SecurityScopes

from hosted_numbers.api_keys import Scope
from hosted_numbers.gateway.dependencies import DESCRIBED_KEY, Orders, PhoneNumber
from hosted_numbers.gateway.principals import Principal, principal
from hosted_numbers.gateway.problems import Problem
from hosted_numbers.phone_numbers import masked
from hosted_numbers.temporal_calls import not_found

_log = logging.getLogger(__name__)

_NUMBER: Final = "{phone_number}"


def known(request: Request) -> Principal:
    """Who sent a request of the API; ``authentication`` lets nobody else come so far."""
    found = principal(request.scope)
    if found is None:
        raise TypeError("this path is open, and so it has nobody to ask about")
    return found


def _allowed(
    request: Request,
    needed: SecurityScopes,
    _described: Annotated[HTTPAuthorizationCredentials | None, Security(DESCRIBED_KEY)],
) -> Principal:
    """Who sent the request, if they have the scope that it needs.

    Raises:
        Problem: 403, it is missing.
    """
    caller = known(request)
    for each in needed.scopes:
        scope: Scope = each  # type: ignore[assignment] # FastAPI has them as text
        if not caller.allows(scope):
            told = {"principal": caller.name, "scope": scope, "outcome": "no-scope"}
            _log.warning("API key %s lacks the scope %s", caller.name, scope, extra=told)
            raise _insufficient(scope)
    return caller


async def _reached(request: Request, phone_number: PhoneNumber, orders: Orders) -> str:
    """The number in the path, if the caller may know of its order.

    Raises:
        OrderNotFoundError: it is another customer's, which nothing tells from an unknown one.
    """
    caller = known(request)
    if caller.customer is None:
        return phone_number
    if await orders.customer_of(phone_number) != caller.customer:
        order = masked(phone_number)
        _log.warning(
            "API key %s asked for another customer's order, %s",
            caller.name,
            order,
            extra={"principal": caller.name, "order": order, "outcome": "foreign-order"},
        )
        raise not_found(phone_number)
    return phone_number


MayRead = Annotated[Principal, Security(_allowed, scopes=["orders:read"])]
MayWrite = Annotated[Principal, Security(_allowed, scopes=["orders:write"])]
MayEnterCodes = Annotated[Principal, Security(_allowed, scopes=["codes:write"])]
MaySendBills = Annotated[Principal, Security(_allowed, scopes=["bills:write"])]
MayDecode = Annotated[Principal, Security(_allowed, scopes=["payloads:decode"])]
MayAdminister = Annotated[Principal, Security(_allowed, scopes=["admin"])]
OwnNumber = Annotated[str, Depends(_reached)]
"""The number of an order that the caller may reach. It stands behind the scope's parameter."""


class Scoped(APIRoute):
    """A route of the API.

    Raises:
        TypeError: its parameters name no scope, or it takes a number without ``OwnNumber``.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if len(scopes_of(endpoint)) != 1:
            raise TypeError(f"{path} has no scope: name one of {__name__}'s as its first parameter")
        if _NUMBER in path and not any(on.dependency is _reached for on in _needs(endpoint)):
            raise TypeError(f"{path} must take its number as OwnNumber")
        super().__init__(path, endpoint, **options)


def scopes_of(endpoint: Callable[..., Any]) -> list[str]:
    """The scopes that a route's function asks for."""
    return [
        scope
        for on in _needs(endpoint)
        if isinstance(on, Needs) and on.dependency is _allowed
        for scope in on.scopes or ()
    ]


def in_the_name_of(caller: Principal, customer: str | None) -> str | None:
    """The customer of an order that the caller starts: their own, where they have one.

    Raises:
        Problem: 403, the order names another one.
    """
    if caller.customer is None:
        return customer
    if customer not in {None, caller.customer}:
        raise Problem(
            403,
            "foreign-customer",
            "The API key is another customer's",
            detail="The API key is bound to one customer, and the order names another.",
            next_step="Leave the customer out, or use that customer's API key.",
        )
    return caller.customer


def _needs(endpoint: Callable[..., Any]) -> list[DependsOn]:
    """What a route's function depends on, as its parameters are annotated."""
    hints = get_type_hints(inspect.unwrap(endpoint), include_extras=True)
    return [
        each
        for hint in hints.values()
        for each in get_args(hint)[1:]
        if isinstance(each, DependsOn)
    ]


def _insufficient(scope: Scope) -> Problem:
    return Problem(
        403,
        "insufficient-scope",
        "The API key may not do this",
        detail=f"The API key lacks the scope {scope}.",
        next_step=f"Use a key that has {scope}, or have it added in HOSTED_NUMBERS_API_KEYS.",
    )
