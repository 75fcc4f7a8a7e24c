"""The description of the API as OpenAPI 3.1: what FastAPI cannot say by itself.

Examples, the media type of problems, the headers that every answer has, what an event stream holds.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from hosted_numbers.gateway import problems

JSON: Final = "application/json"
_STREAM: Final = "text/event-stream"
_CORRELATION: Final[dict[str, Any]] = {
    "description": "Names this request in the gateway's log; taken over from the request's header "
    "of that name, where it is 1 to 64 letters, digits, dots, dashes and underscores",
    "required": True,
    "schema": {"type": "string"},
}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "description": "Seconds after which it may be sent again",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
_SCHEMAS: Final = "#/components/schemas/"
_PROBLEM: Final = _SCHEMAS + problems.ProblemDetails.__name__
_WAITS: Final = frozenset({"429", "503"})
_ERRORS: Final = "400"


def example(value: Any, **more: Any) -> dict[int | str, dict[str, Any]]:
    """The answer 200 of a route with an example of its body."""
    return {200: {"content": {JSON: {"example": value}}, **more}}


def event_stream(
    event: str, model: type[BaseModel], *others: str
) -> dict[int | str, dict[str, Any]]:
    """The answer 200 of a stream.

    Args:
        event: the name of its events.
        model: what is in their data, as JSON.
        others: names of further events.
    """
    names = ", ".join((event, *others))
    return {
        200: {
            "description": f"Events: {names}; the data of {event} is a {model.__name__} as JSON",
            "content": {
                _STREAM: {"example": f"event: {event}\ndata: {{…}}\nretry: 3000\n\n: ping\n\n"}
            },
        }
    }


def operation_id(route: APIRoute) -> str:
    """The name of a route's function: it stays when a path moves."""
    return route.name


def describe(app: FastAPI) -> None:
    """Have the application's description completed when it is first asked for."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _each_answer(described(), _complete)
            described()["components"]["schemas"] |= _problems()
        return described()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it


def _each_answer(
    description: Mapping[str, Any], complete: Callable[[str, dict[str, Any]], None]
) -> None:
    for path in description["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                complete(status, answer)


def _complete(status: str, answer: dict[str, Any]) -> None:
    headers = answer.setdefault("headers", {})
    headers["X-Correlation-Id"] = _CORRELATION
    if status in _WAITS:
        headers["Retry-After"] = _RETRY_AFTER
    if status >= _ERRORS:
        answer["content"] = {problems.MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}}


def _problems() -> dict[str, Any]:
    """What a problem holds, for all routes.

    Where a route named it as its model, FastAPI would prepare it for each status of each route,
    which takes a twentieth of the gateway's start.
    """
    schema = problems.ProblemDetails.model_json_schema(
        mode="serialization", ref_template=_SCHEMAS + "{model}"
    )
    return {**schema.pop("$defs"), problems.ProblemDetails.__name__: schema}
