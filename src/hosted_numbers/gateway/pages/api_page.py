"""The API's page, rendered from its OpenAPI description: no script of another site is needed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse

from hosted_numbers.gateway.pages.desk import OfDesk
from hosted_numbers.gateway.pages.rendering import page

_EXAMPLE_NUMBER: Final = "%2B15017122661"
_JSON: Final = "application/json"

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class Described:
    """One parameter, or one field of a body."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """One operation of the API, ready to be shown."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: tuple[str, ...]
    parameters: tuple[Described, ...]
    fields: tuple[Described, ...]
    media_types: tuple[str, ...]
    curl: str
    answers: tuple[tuple[str, str], ...]


@router.get("/docs")
async def api(request: Request, desk: OfDesk) -> HTMLResponse:
    """Every operation with its fields, a curl line and its answers."""
    groups: dict[str, list[Operation]] = {}
    for each in _of(request.app):
        groups.setdefault(each.tag, []).append(each)
    return page(request.scope, "api.html", groups=groups, gateway=desk.public_url)


@cache
def _of(app: FastAPI) -> tuple[Operation, ...]:
    return tuple(operations(app.openapi()))


def operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    """The operations of an OpenAPI 3.1 document."""
    schemas: Mapping[str, Any] = described.get("components", {}).get("schemas", {})
    for path, methods in described["paths"].items():
        for method, it in methods.items():
            content = it.get("requestBody", {}).get("content", {})
            body = _resolved(content.get(_JSON, {}).get("schema", {}), schemas)
            first, *more = it.get("description", it.get("summary", "")).split("\n\n")
            yield Operation(
                id=it["operationId"],
                tag=it.get("tags", ["more"])[0],
                method=method.upper(),
                path=path,
                summary=first,
                description=tuple(more),
                parameters=tuple(_parameter(each, schemas) for each in it.get("parameters", ())),
                fields=tuple(_fields(body, schemas)),
                media_types=() if _JSON in content else tuple(content),
                curl=_curl(method.upper(), path, it, content),
                answers=tuple(
                    (status, answer["description"]) for status, answer in it["responses"].items()
                ),
            )


def _parameter(it: Mapping[str, Any], schemas: Mapping[str, Any]) -> Described:
    words = it.get("description") or it["schema"].get("description", "")
    name = it["name"] if it["in"] != "header" else f"{it['name']} (header)"
    return Described(name, _type(it["schema"], schemas), it.get("required", False), words)


def _fields(body: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Described]:
    required = body.get("required", ())
    for name, it in body.get("properties", {}).items():
        yield Described(name, _type(it, schemas), name in required, it.get("description", ""))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema that stands in the components, or the one that is not null."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        return _resolved(choices[0], schemas)
    if "$ref" in schema:
        found: Mapping[str, Any] = schemas[schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """A schema's type in a word or two."""
    it = _resolved(schema, schemas)
    if "enum" in it:
        return " | ".join(str(each) for each in it["enum"])
    if it.get("type") == "array":
        return f"list of {_type(it.get('items', {}), schemas)}"
    return str(it.get("format") or it.get("type", "any"))


def _curl(
    method: str, path: str, it: Mapping[str, Any], content: Mapping[str, Mapping[str, Any]]
) -> str:
    """A line to be copied into a shell."""
    address = path.replace("{phone_number}", _EXAMPLE_NUMBER)
    parts = [f'curl{"" if method == "GET" else f" -X {method}"} "$GATEWAY{address}"']
    if it.get("security"):
        parts.append('-H "Authorization: Bearer $KEY"')
    if _JSON in content:
        example = json.dumps(_example(content[_JSON]), ensure_ascii=False)
        parts += [f"-H 'Content-Type: {_JSON}'", f"-d '{example}'"]
    elif content:
        parts += [f"-H 'Content-Type: {next(iter(content))}'", "--data-binary @bill.pdf"]
    return " \\\n  ".join(parts)


def _example(media: Mapping[str, Any]) -> object:
    examples = [each["value"] for each in media.get("examples", {}).values()]
    return examples[0] if examples else media.get("example", {})
