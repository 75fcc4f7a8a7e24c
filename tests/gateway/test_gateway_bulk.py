"""Bulk imports over HTTP: checked files, what is answered to bad ones, and who may see what."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.checking import MOST_BYTES
from hosted_numbers.errors import IdempotencyKeyReusedError, TemporalUnavailableError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.bulk_routes import router
from hosted_numbers.gateway.scopes import scopes_of
from tests.bulk.files import a_row, as_csv, as_jsonl
from tests.bulk.imports import AN_ID, ImportsInMemory, a_progress
from tests.gateway.orders_in_memory import KEY, OrdersInMemory, settings_of_gateway
from tests.gateway.test_gateway_orders import assert_problem

IMPORTS = "/v1/bulk-imports"
ONE = f"{IMPORTS}/{AN_ID}"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
JSONL = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def imports() -> ImportsInMemory:
    return ImportsInMemory()


@pytest.fixture
def app(orders: OrdersInMemory, blobs: BlobStore, imports: ImportsInMemory) -> FastAPI:
    """A gateway with a key for everything, one that reads, one that writes, one of a customer."""
    keys: dict[str, dict[str, object]] = {
        KEY: {},
        "reader": {"scopes": ["orders:read"]},
        "writer": {"scopes": ["orders:write"]},
        "elm": {"customer": "Elm Books"},
    }
    entries = [
        {"sha256": hashlib.sha256(name.encode()).hexdigest(), "name": name, **fields}
        for name, fields in keys.items()
    ]
    settings = settings_of_gateway(
        hosted_numbers_api_keys=json.dumps(entries), hosted_numbers_rate_limit_imports="4/hour"
    )
    return create_app(settings, orders, blobs, imports)


def by(key: str) -> dict[str, str]:
    """The header of a key."""
    return {"Authorization": f"Bearer {key}"}


def a_file(*rows: dict[str, Any]) -> bytes:
    """A CSV file; of two good rows where none are given."""
    return as_csv(*(rows or (a_row(0), a_row(1)))).read()


async def test_good_file_begins_an_import(
    http: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """202 with its path; the same file again is answered alike, and says that it is the same."""
    query = {"name": "march.csv", "customer": "Elm Books"}
    first = await http.post(IMPORTS, content=a_file(), headers=CSV, params=query)
    again = await http.post(IMPORTS, content=a_file(), headers=CSV, params=query)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["location"] == ONE
    body = first.json()
    assert (body["rows"], body["status"], body["created"]) == (2, "running", True)
    assert body["links"] == {
        "self": ONE,
        "results": f"{ONE}/results",
        "page": f"https://numbers.example.com/imports/{AN_ID}",
    }
    assert again.json() == body | {"created": False}
    assert imports.begun[0] == {
        "form": "csv",
        "name": "march.csv",
        "customer": "Elm Books",
        "idempotency": None,
        "skip_bad_rows": False,
    }


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl"])
async def test_json_lines_are_taken(
    http: httpx.AsyncClient, imports: ImportsInMemory, media_type: str
) -> None:
    """Under either of the names that they go by; a doubtful group is pointed out."""
    content = as_jsonl(
        a_row(0, loa_group="elm"), a_row(1, loa_group="elm", email="b@example.com")
    ).read()
    answer = await http.post(IMPORTS, content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 202
    assert imports.begun[0]["form"] == "jsonl"
    assert [each["field"] for each in answer.json()["warnings"]] == ["loa_group"]


async def test_dry_run_starts_nothing(http: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """Every bad row is reported by its line, in an answer that is no error."""
    content = a_file(a_row(0, email="x"), a_row(1), a_row(2, contact_title=""))
    answer = await http.post(IMPORTS, content=content, headers=CSV, params={"dry_run": True})
    assert answer.status_code == 200
    report = answer.json()
    assert (report["rows"], report["bad_rows"], report["readable"]) == (3, 2, True)
    assert [each["line"] for each in report["errors"]] == [2, 4]
    assert imports.begun == []


async def test_bad_file_is_refused_whole(http: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """422 with every bad row; on request the good rows are started without them."""
    content = a_file(a_row(0, email="somebody@@example.com"), a_row(1))
    answer = await http.post(IMPORTS, content=content, headers=CSV)
    assert_problem(answer, 422, "bulk-file-refused")
    assert [(each["line"], each["field"]) for each in answer.json()["rows"]] == [(2, "email")]
    assert "somebody" not in answer.text
    assert imports.begun == []
    skipping = await http.post(IMPORTS, content=content, headers=CSV, params={"skip_bad_rows": 1})
    assert (skipping.status_code, skipping.json()["left_out"]) == (202, 1)


@pytest.mark.parametrize("declared", ["application/json", "multipart/form-data", ""])
async def test_other_types_are_refused(http: httpx.AsyncClient, declared: str) -> None:
    """415 with those that are taken."""
    answer = await http.post(IMPORTS, content=a_file(), headers={"Content-Type": declared})
    assert_problem(answer, 415, "unsupported-media-type")
    assert "application/x-ndjson" in answer.json()["next_step"]


@pytest.mark.security("S8")
@pytest.mark.parametrize("announced", [True, False])
async def test_file_that_is_too_large_is_cut(
    http: httpx.AsyncClient, imports: ImportsInMemory, *, announced: bool
) -> None:
    """413 at the limit, whether its length was announced or not."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield bytes(1_000_000)

    headers = CSV | ({"Content-Length": str(MOST_BYTES + 1)} if announced else {})
    answer = await http.post(IMPORTS, content=endless(), headers=headers)
    assert_problem(answer, 413, "body-too-large")
    assert read <= (0 if announced else 22)
    assert imports.begun == []


async def test_unknown_parameters_are_refused(http: httpx.AsyncClient) -> None:
    """A misspelt dry_run must not start anything."""
    answer = await http.post(IMPORTS, content=a_file(), headers=CSV, params={"dryrun": 1})
    assert_problem(answer, 422, "invalid-request")


async def test_key_of_the_request_names_the_import(
    http: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """Hashed with its caller; another file under it is refused."""
    headers = CSV | {"Idempotency-Key": "a-key"}
    await http.post(IMPORTS, content=a_file(), headers=headers)
    again = await http.post(IMPORTS, content=a_file(), headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert len({each["idempotency"] for each in imports.begun}) == 1
    assert "a-key" not in str(imports.begun)
    imports.failure = IdempotencyKeyReusedError()
    answer = await http.post(IMPORTS, content=a_file(), headers=headers)
    assert_problem(answer, 422, "idempotency-key-reused")


@pytest.mark.security("S7")
async def test_files_are_limited(http: httpx.AsyncClient) -> None:
    """429 for what is one too many in an hour, dry runs included; another caller is not held up."""
    for _ in range(4):
        await http.post(IMPORTS, content=a_file(), headers=CSV, params={"dry_run": True})
    answer = await http.post(IMPORTS, content=a_file(), headers=CSV)
    assert_problem(answer, 429, "rate-limited")
    other = await http.post(IMPORTS, content=a_file(), headers=CSV | by("writer"))
    assert other.status_code == 202


async def test_import_is_shown_with_its_orders(
    http: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """The same figures as everywhere, and a list of all imports."""
    imports.known[AN_ID] = a_progress(started=100, refused=3)
    shown = (await http.get(ONE)).json()
    assert (shown["started"], shown["refused"]) == (100, 3)
    assert shown["orders"] == {"received": 3, "completed": 2}
    imports.known["f" * 32] = a_progress(id="f" * 32)
    listed = (await http.get(IMPORTS)).json()["imports"]
    assert [each["id"] for each in listed] == [AN_ID, "f" * 32]
    assert len((await http.get(IMPORTS, params={"limit": 1})).json()["imports"]) == 1


async def test_results_are_csv(http: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """A line for each row, to be saved; once they are deleted, 410 says so."""
    imports.known[AN_ID] = a_progress()
    answer = await http.get(f"{ONE}/results")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="import-{AN_ID}.csv"' in answer.headers["content-disposition"]
    assert answer.text.splitlines() == [
        "line,phone_number,outcome,code,reason",
        "2,+15017122661,started,,",
        "3,+15017122663,refused,order-already-open,Another order for +15017122663 is open.",
    ]
    imports.gone = True
    assert_problem(await http.get(f"{ONE}/results"), 410, "import-results-gone")


async def test_import_is_cancelled(http: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """Taken, and answered with where it stands."""
    imports.known[AN_ID] = a_progress()
    answer = await http.post(f"{ONE}/cancel")
    assert (answer.status_code, answer.json()["id"]) == (200, AN_ID)
    assert imports.cancelled == [AN_ID]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ONE), ("GET", f"{ONE}/results"), ("POST", f"{ONE}/cancel")]
)
async def test_unknown_import_is_not_found(
    http: httpx.AsyncClient, imports: ImportsInMemory, method: str, path: str
) -> None:
    """Nor is another customer's, in the same words; that Temporal is away is another thing."""
    unknown = await http.request(method, path)
    assert_problem(unknown, 404, "import-not-found")
    imports.known[AN_ID] = a_progress(customer="Oak Tools")
    foreign = await http.request(method, path, headers=by("elm"))
    assert_problem(foreign, 404, "import-not-found")
    assert foreign.json()["detail"] == unknown.json()["detail"]
    assert imports.cancelled == []
    imports.failure = TemporalUnavailableError("Temporal does not answer.", "Try again.")
    assert_problem(await http.request(method, path), 503, "temporal-unavailable")


@pytest.mark.security("S2")
async def test_customers_key_imports_for_its_customer_alone(
    http: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """It fills the rows in; a row or parameter with another is refused; it lists its own."""
    elm = CSV | by("elm")
    foreign = await http.post(IMPORTS, content=a_file(), headers=elm, params={"customer": "Oak"})
    assert_problem(foreign, 403, "foreign-customer")
    row = await http.post(IMPORTS, content=a_file(a_row(0, customer="Oak")), headers=elm)
    assert [each["field"] for each in row.json()["rows"]] == ["customer"]
    assert (await http.post(IMPORTS, content=a_file(), headers=elm)).status_code == 202
    assert imports.begun[0]["customer"] == "Elm Books"
    imports.known["f" * 32] = a_progress(id="f" * 32)
    listed = (await http.get(IMPORTS, headers=by("elm"))).json()["imports"]
    assert [each["id"] for each in listed] == [AN_ID]
    assert (await http.get(ONE, headers=by("elm"))).status_code == 200


@pytest.mark.security("S2")
async def test_each_route_needs_its_scope(
    http: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """Reading needs orders:read, the rest orders:write; a key without is told which."""
    imports.known[AN_ID] = a_progress()
    paths = {
        "begin_import": ("POST", IMPORTS, "orders:write"),
        "list_imports": ("GET", IMPORTS, "orders:read"),
        "import_progress": ("GET", ONE, "orders:read"),
        "import_results": ("GET", f"{ONE}/results", "orders:read"),
        "cancel_import": ("POST", f"{ONE}/cancel", "orders:write"),
    }
    needs = {route.name: scopes_of(route.endpoint) for route in router.routes}  # type: ignore[attr-defined] # they are the API's
    assert needs == {name: [scope] for name, (_, _, scope) in paths.items()}
    for method, path, scope in paths.values():
        headers = by("reader" if scope == "orders:write" else "writer")
        content, headers = (a_file(), headers | CSV) if path == IMPORTS else (b"", headers)
        refused = await http.request(method, path, headers=headers, content=content)
        assert_problem(refused, 403, "insufficient-scope")
        assert scope in refused.json()["detail"]
    assert (imports.begun, imports.cancelled) == ([], [])
