"""What the API says of itself, in OpenAPI and in the docs, is what it does."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.api_keys import SCOPES
from hosted_numbers.gateway import document_routes, error_answers, order_models
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.error_answers import _ANSWERS
from tests.gateway.orders_in_memory import OrdersInMemory, settings_of_gateway

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "api.md"
SOURCES = ROOT / "src" / "hosted_numbers"
EVERYWHERE = {"401", "403", "408", "413", "422", "429", "500", "503"}
DESCRIBED = create_app(settings_of_gateway(), OrdersInMemory()).openapi()
OPERATIONS = {
    operation["operationId"]: operation
    for path, operations in DESCRIBED["paths"].items()
    if path.startswith("/v1/")
    for operation in operations.values()
}


def codes_in_calls() -> Iterator[str]:
    """The codes of problems as they stand in the gateway's code, and of refused documents."""
    files = [*(SOURCES / "gateway").glob("*.py"), *(SOURCES / "documents").glob("*.py")]
    for file in files:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                position = {"Problem": 1, "DocumentRefusedError": 0}.get(call.func.id)
                if position is not None and len(call.args) > position:
                    code = call.args[position]
                    if isinstance(code, ast.Constant):
                        yield str(code.value)


@pytest.mark.security("S24")
def test_every_code_stands_in_the_docs_with_its_next_step() -> None:
    """Whoever meets one can look it up; and the docs name none that is never sent."""
    rows = re.findall(r"^\| (`[a-z`, -]+`) \| [0-9, ]+ \| .+ \|$", PAGE.read_text(), re.MULTILINE)
    told = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    sent = {
        *codes_in_calls(),
        *(error.code for error in _ANSWERS),
        "document-too-large",
        "not-found",
        "method-not-allowed",
    } - {"document-refused"}

    assert len(sent) > 30
    assert told == sent


def test_every_route_stands_in_the_docs_with_its_scope() -> None:
    """Method, path and scope."""
    page = PAGE.read_text(encoding="utf-8")
    for path, operations in DESCRIBED["paths"].items():
        if path.startswith("/v1/"):
            short = path.replace(f"{order_models.PATH}/", "…/")
            for method, operation in operations.items():
                [scope] = operation["security"][0]["ApiKey"]
                assert f"| `{method.upper()} {short}` | `{scope}` |" in page


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_operation_tells_of_every_answer(name: str) -> None:
    """Statuses, their type, the headers that come with them."""
    answers = OPERATIONS[name]["responses"]

    assert set(answers) >= EVERYWHERE
    assert "200" in answers
    for status, answer in answers.items():
        assert answer["description"]
        assert answer["headers"]["X-Correlation-Id"]["required"]
        assert ("Retry-After" in answer["headers"]) is (status in {"429", "503"})
        if status >= "400":
            assert list(answer["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_operation_has_examples(name: str) -> None:
    """Of its body, where it takes one, and of its answer."""
    operation = OPERATIONS[name]
    for status, answer in operation["responses"].items():
        if status < "400":
            assert all(content.get("example") for content in answer["content"].values())
    body = operation.get("requestBody", {"content": {}})["content"].get("application/json")
    if body is not None:
        assert body["examples"]
    if "requestBody" in operation:
        [key] = [each for each in operation["parameters"] if each["name"] == "Idempotency-Key"]
        assert "carried out once" in key["description"]
        assert not key["required"]


def test_the_key_and_its_scopes_are_described() -> None:
    """One scheme, which names every scope."""
    [scheme] = DESCRIBED["components"]["securitySchemes"].values()

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert all(scope in scheme["description"] for scope in SCOPES)


def test_streams_say_how_to_go_on() -> None:
    """Last-Event-ID and since; the type of what comes."""
    every = OPERATIONS["all_events"]

    assert {each["name"].lower() for each in every["parameters"]} == {"since", "last-event-id"}
    for name in ("all_events", "order_events"):
        assert list(OPERATIONS[name]["responses"]["200"]["content"]) == ["text/event-stream"]


async def test_the_examples_of_answers_are_of_their_form(app: FastAPI) -> None:
    """Each is what the model of the answer takes."""
    models: dict[str, Any] = {
        "start_order": order_models.OrderStarted,
        "order_progress": order_models.OrderProgress,
        "list_orders": order_models.OrderList,
    }
    for name, model in models.items():
        for status in ("200", "201"):
            answer = OPERATIONS[name]["responses"].get(status)
            if answer is not None:
                shown = answer["content"]["application/json"]["example"]
                model.model_validate_json(json.dumps(shown))
    assert app.openapi() == DESCRIBED


async def test_the_description_is_open(app: FastAPI) -> None:
    """As the contract has it: without a key."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway.test"
    ) as http:
        answer = await http.get("/openapi.json")

    assert answer.json() == DESCRIBED
    assert document_routes.router.prefix == order_models.PATH
    assert error_answers.EVERYWHERE.keys() == {int(status) for status in EVERYWHERE}
