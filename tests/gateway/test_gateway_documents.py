"""Files over HTTP: what is taken, what is refused, and what stays of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import Phase, ProvidedDocument
from hosted_numbers.documents.kinds import BILL_BYTES, SUPPORTING_DOCUMENT_BYTES
from hosted_numbers.errors import (
    BlobStoreError,
    BlobStoreFullError,
    HostedNumbersError,
    NoWorkerError,
    OrderEndedError,
    OrderNotFoundError,
    RefusedError,
    TemporalUnavailableError,
)
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.limits import BodyLimit
from hosted_numbers.validation import NewHostedNumberOrder
from tests.documents.files import (
    HTML,
    SVG,
    a_bomb_of_page_trees,
    a_locked_pdf,
    a_pdf,
    an_image,
    in_pieces,
)
from tests.gateway.orders_in_memory import (
    KEY,
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    backend,
    settings_of_gateway,
)
from tests.gateway.test_gateway_orders import assert_problem

DOCUMENTS = f"{ORDERS}/{NUMBER}/documents"
PDF = {"Content-Type": "application/pdf"}
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def _an_open_order(orders: OrdersInMemory) -> None:
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)


def files_in(directory: Path) -> list[Path]:
    """Every file below a directory."""
    return [each for each in directory.rglob("*") if each.is_file()]


@pytest.mark.parametrize(
    ("content", "declared", "media_type"),
    [
        (a_pdf(), "application/pdf", "application/pdf"),
        (a_pdf(), "Application/PDF; version=1.7", "application/pdf"),
        (a_pdf(), "application/octet-stream", "application/pdf"),
        (an_image("JPEG"), "image/jpeg", "image/jpeg"),
        (an_image("PNG"), None, "image/png"),
    ],
)
async def test_a_bill_is_kept_and_given_to_its_order(
    *,
    http: httpx.AsyncClient,
    orders: OrdersInMemory,
    blobs: BlobStore,
    content: bytes,
    declared: str | None,
    media_type: str,
) -> None:
    """The order gets a reference, never the file."""
    headers = {"Content-Type": declared} if declared else {}

    answer = await http.post(DOCUMENTS, content=content, headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json()["taken"] is True
    [(name, number, provided)] = orders.acts
    assert (name, number) == ("bill", NUMBER)
    assert isinstance(provided, ProvidedDocument)
    assert (provided.type, provided.bill_date) == ("utility_bill", None)
    assert provided.document.media_type == media_type
    assert provided.document.size == len(content)
    assert await blobs.read(provided.document.blob) == content


async def test_what_the_file_is_stands_in_the_query(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Its type and the date on it."""
    query = {"type": "business_registration", "bill_date": TODAY.isoformat()}

    answer = await http.post(DOCUMENTS, params=query, content=a_pdf(), headers=PDF)

    assert answer.status_code == 200, answer.text
    [(_, _, provided)] = orders.acts
    assert isinstance(provided, ProvidedDocument)
    assert (provided.type, provided.bill_date) == ("business_registration", TODAY)


@pytest.mark.parametrize(
    "query",
    [
        {"type": "../../etc/passwd"},
        {"type": "Bill"},
        {"bill_date": "yesterday"},
        {"bill_date": (TODAY - timedelta(days=40)).isoformat()},
        {"bill_date": (TODAY + timedelta(days=4)).isoformat()},
        {"filename": "../../etc/passwd"},
    ],
)
async def test_a_malformed_query_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, directory: Path, query: dict[str, str]
) -> None:
    """422, and nothing kept."""
    answer = await http.post(DOCUMENTS, params=query, content=a_pdf(), headers=PDF)

    assert_problem(answer, 422, "invalid-request")
    assert orders.acts == []
    assert files_in(directory) == []


BAD = {
    "empty": (b"", "document-empty"),
    "html": (HTML, "document-type-unknown"),
    "svg": (SVG, "document-type-unknown"),
    "user password": (a_locked_pdf(user="canary"), "document-locked"),
    "owner password": (a_locked_pdf(), "document-locked"),
    "cut off": (a_pdf(3)[:-200], "document-damaged"),
    "bomb": (a_bomb_of_page_trees(), "document-damaged"),
    "picture as pdf": (an_image("PNG"), "document-type-mismatch"),
}


@pytest.mark.fault("F42")
@pytest.mark.fault("F43")
@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_refused_with_its_reason(
    http: httpx.AsyncClient, orders: OrdersInMemory, directory: Path, name: str
) -> None:
    """422; nothing is kept, and the order hears nothing of it."""
    content, code = BAD[name]

    answer = await http.post(DOCUMENTS, content=content, headers=PDF)

    assert_problem(answer, 422, code)
    assert orders.acts == []
    assert files_in(directory) == []


@pytest.mark.fault("F43")
async def test_an_image_of_400_megapixels_is_refused(http: httpx.AsyncClient) -> None:
    """422, before its pixels take any memory."""
    content = an_image("PNG", (20_000, 20_000), "1")

    answer = await http.post(DOCUMENTS, content=content, headers={"Content-Type": "image/png"})

    assert_problem(answer, 422, "document-too-many-pixels")


@pytest.mark.parametrize("declared", ["text/html", "image/svg+xml", "multipart/form-data", "x"])
async def test_a_file_of_another_type_is_refused_unread(
    http: httpx.AsyncClient, directory: Path, declared: str
) -> None:
    """415, and the connection with the unread body is closed."""
    answer = await http.post(DOCUMENTS, content=a_pdf(), headers={"Content-Type": declared})

    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["connection"] == "close"
    assert files_in(directory) == []


@pytest.mark.fault("F42")
@pytest.mark.parametrize(
    ("kind", "most"),
    [("utility_bill", BILL_BYTES), ("business_registration", SUPPORTING_DOCUMENT_BYTES)],
)
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_file_that_is_too_large_is_refused(
    http: httpx.AsyncClient, directory: Path, kind: str, most: int, *, chunked: bool
) -> None:
    """413; where its length is announced, unread, and else at the first piece too many."""
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        async for piece in in_pieces(b"%PDF-" + b"x" * 2 * most):
            read += len(piece)
            yield piece

    headers = PDF if chunked else PDF | {"Content-Length": str(2 * most + 5)}

    answer = await http.post(DOCUMENTS, params={"type": kind}, content=pieces(), headers=headers)

    assert_problem(answer, 413, "document-too-large")
    assert answer.headers["connection"] == "close"
    assert read <= (most + 65_536 if chunked else 65_536)
    assert files_in(directory) == []


@pytest.mark.fault("F42")
@pytest.mark.parametrize("chunked", [True, False])
async def test_the_largest_file_is_taken(
    http: httpx.AsyncClient, orders: OrdersInMemory, *, chunked: bool
) -> None:
    """With its length announced or not."""
    content = a_pdf(padding=BILL_BYTES - len(a_pdf(padding=1_000_000)) + 1_000_000 - 10)
    assert BILL_BYTES - 100 < len(content) <= BILL_BYTES

    answer = await http.post(
        DOCUMENTS, content=in_pieces(content) if chunked else content, headers=PDF
    )

    assert answer.status_code == 200, answer.text
    assert len(orders.acts) == 1


async def test_an_unknown_order_is_told_before_the_file_is_read(
    app: FastAPI, orders: OrdersInMemory
) -> None:
    """404."""
    orders.open.clear()

    assert await status_unread(app) == 404


@pytest.mark.parametrize("phase", ["completed", "failed", "cancelled"])
async def test_an_ended_order_is_told_before_the_file_is_read(
    app: FastAPI, orders: OrdersInMemory, phase: Phase
) -> None:
    """409."""
    orders.phase = phase

    assert await status_unread(app) == 409


@pytest.mark.parametrize("failure", [NoWorkerError, TemporalUnavailableError])
async def test_without_temporal_the_file_is_not_read(
    app: FastAPI, orders: OrdersInMemory, failure: type[HostedNumbersError]
) -> None:
    """503."""
    orders.failure = failure("It is away.", "Try again.")

    assert await status_unread(app) == 503


async def status_unread(app: FastAPI) -> int:
    """What an upload is answered whose body cannot be read."""

    async def receive() -> dict[str, Any]:
        raise AssertionError

    return (await spoken(app, receive))["status"]  # type: ignore[no-any-return] # ASGI is untyped


async def spoken(app: Any, receive: Any) -> dict[str, Any]:
    """The first message of an ASGI application's answer to an upload."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": DOCUMENTS,
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {KEY}".encode()),
            (b"content-type", b"application/pdf"),
        ],
    }
    await app(scope, receive, send)
    return sent[0]


@pytest.mark.parametrize("refusal", [RefusedError, OrderEndedError, OrderNotFoundError])
async def test_a_file_that_the_order_refuses_is_deleted_again(
    http: httpx.AsyncClient,
    orders: OrdersInMemory,
    directory: Path,
    refusal: type[HostedNumbersError],
) -> None:
    """The refusal is the order's own."""
    orders.refusal = refusal("No bill is asked for.", "Wait.")

    answer = await http.post(DOCUMENTS, content=a_pdf(), headers=PDF)

    assert_problem(answer, 404 if refusal is OrderNotFoundError else 409, refusal.code)
    assert answer.json()["detail"] == "No bill is asked for."
    assert files_in(directory) == []


@pytest.mark.parametrize("failure", [NoWorkerError, TemporalUnavailableError])
async def test_a_file_that_the_order_may_have_taken_stays(
    http: httpx.AsyncClient,
    orders: OrdersInMemory,
    directory: Path,
    failure: type[HostedNumbersError],
) -> None:
    """503; it goes with the order's end."""
    orders.refusal = failure("It is away.", "Try again.")

    answer = await http.post(DOCUMENTS, content=a_pdf(), headers=PDF)

    assert_problem(answer, 503, failure.code)
    assert len(files_in(directory)) == 1


class BrokenStore(BlobStore):
    """A store that has no room, or does no work."""

    failure: BlobStoreError

    async def keep(self, *_: object, **__: object) -> Any:
        """Never."""
        raise self.failure

    async def reachable(self) -> bool:
        """No."""
        return False


@pytest.mark.fault("F40")
@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (BlobStoreFullError("There is no room.", "Make room."), 507),
        (BlobStoreError("It is read-only.", "Mend it."), 503),
    ],
)
async def test_a_store_in_trouble_is_told(
    orders: OrdersInMemory, failure: BlobStoreError, status: int
) -> None:
    """507 or 503 to the uploader, and health is red."""
    store = BrokenStore.at("memory:///")
    store.failure = failure
    app = create_app(settings_of_gateway(), orders, store)

    async with backend(app) as http:
        answer = await http.post(DOCUMENTS, content=a_pdf(), headers=PDF)
        health = await http.get("/health/ready")

    assert_problem(answer, status, failure.code)
    assert orders.acts == []
    assert_problem(health, 503, "blob-store-unavailable")


async def test_a_file_that_breaks_off_is_not_kept(app: FastAPI, directory: Path) -> None:
    """Half a bill is none."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": a_pdf()[:100], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    assert (await spoken(app, receive))["status"] == 400
    assert files_in(directory) == []


async def test_a_file_that_stalls_is_given_up(app: FastAPI, directory: Path) -> None:
    """408 after its patience, and the connection is closed."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": a_pdf()[:100], "more_body": True}
    ]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        raise AssertionError

    [limit] = [each for each in app.user_middleware if str(each.cls) == str(BodyLimit)]
    limit.kwargs["stream_patience"] = timedelta(milliseconds=200)

    answer = await spoken(app, receive)

    assert answer["status"] == 408
    assert (b"connection", b"close") in answer["headers"]
    assert files_in(directory) == []


async def test_without_a_key_no_file_is_read(http: httpx.AsyncClient, directory: Path) -> None:
    """401."""
    answer = await http.post(
        DOCUMENTS, content=a_pdf(), headers=PDF | {"Authorization": "Bearer x"}
    )

    assert_problem(answer, 401, "unauthorized")
    assert files_in(directory) == []


@pytest.mark.fault("F41")
async def test_three_megabytes_of_name_reach_nothing(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Only references travel; a body of words is refused by its size."""
    orders.open.clear()

    answer = await http.post(ORDERS, json=ORDER | {"friendly_name": "x" * 3_000_000})

    assert_problem(answer, 413, "body-too-large")
    assert orders.untouched


def test_the_description_tells_of_the_file(app: FastAPI) -> None:
    """Its types, what stands beside it, and every problem."""
    operation = app.openapi()["paths"][f"{ORDERS}/{{phone_number}}/documents"]["post"]

    assert set(operation["requestBody"]["content"]) == {
        "application/pdf",
        "image/jpeg",
        "image/png",
        "application/octet-stream",
    }
    names = {each["name"] for each in operation["parameters"]}
    assert names == {"phone_number", "type", "bill_date", "Idempotency-Key"}
    assert set(operation["responses"]) >= {"200", "401", "404", "409", "413", "415", "422", "507"}


async def test_a_number_is_given_back_once_it_is_named_again(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """The answer is the order's."""
    answer = await http.post(f"{ORDERS}/{NUMBER}/offboard", json={"confirm": NUMBER})

    assert answer.status_code == 200
    assert [name for name, _, _ in orders.acts] == ["offboard"]


@pytest.mark.parametrize(
    "body", [{}, {"confirm": "+15017122662"}, {"confirm": True}, {"confirm": "yes"}]
)
async def test_a_number_that_is_not_named_again_stays(
    http: httpx.AsyncClient, orders: OrdersInMemory, body: object
) -> None:
    """422."""
    answer = await http.post(f"{ORDERS}/{NUMBER}/offboard", json=body)

    assert_problem(answer, 422, "invalid-request")
    assert orders.acts == []
