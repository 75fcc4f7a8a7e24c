"""The Documents API: one upload, and everything that can be wrong with it."""

import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import requests

from hosted_numbers.simulator.files import inspect
from tests.simulator.workshop import (
    ACCOUNT_SID,
    AUTH,
    JPEG,
    LOCKED_PDF,
    PDF,
    PNG,
    UPLOADS,
    Workshop,
    a_config,
    a_workshop,
)

LIMIT = 10_485_760
BILL = {"document_type": "utility_bill"}


async def test_a_document(sim: Workshop) -> None:
    """201 with thirteen fields, the status in capitals; the ledger knows size and digest."""
    document = await sim.upload(friendly_name="March")
    assert document["sid"].startswith("RD")
    assert document == {
        "sid": document["sid"],
        "account_sid": ACCOUNT_SID,
        "document_type": "utility_bill",
        "version": 1,
        "status": "DRAFT",
        "date_created": "2023-11-14T22:13:20Z",
        "date_updated": "2023-11-14T22:13:20Z",
        "friendly_name": "March",
        "mime_type": "application/pdf",
        "failure_reason": None,
        "created_by": ACCOUNT_SID,
        "reviewer": None,
        "attributes": [{"name": "address_sids", "value": None}],
    }
    ledger = await sim.ledger()
    assert ledger["documents"] == [
        {
            "sid": document["sid"],
            "document_type": "utility_bill",
            "status": "DRAFT",
            "mime_type": "application/pdf",
            "size": len(PDF),
            "sha256": hashlib.sha256(PDF).hexdigest(),
            "order_sids": [],
        }
    ]
    assert ledger["requests"] == {f"POST {UPLOADS}": 1}


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (PDF, "application/pdf"),
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a....", "image/gif"),
        (b"II*\0....", "image/tiff"),
        (b"BM\0\1\0\0\0\0\0\0....", "image/bmp"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"", ""),
    ],
)
async def test_the_type_comes_from_the_content(
    sim: Workshop, content: bytes, mime_type: str
) -> None:
    """Whatever the name and the part say; an empty file has an empty type."""
    assert (await sim.upload(content))["mime_type"] == mime_type


@pytest.mark.parametrize(
    ("fields", "files", "code"),
    [
        (BILL, {"File": ("bill.pdf", b"<html>%PDF-1.7")}, 18024),
        (BILL, {"File": ("bill.bmp", b"BMW, not a bitmap")}, 18024),
        (BILL, {"File": ("bill.pdf", LOCKED_PDF)}, 18024),
        (BILL, {"File": ("bill.pdf", PDF + b"x" * LIMIT)}, 18024),
        (BILL, {"File": ("bill.pdf", b"x" * (LIMIT + 70_000))}, 18024),
        (BILL, {"file": ("bill.pdf", PDF)}, 20001),
        (BILL | {"File": "@bill.pdf"}, {"other": ("bill.pdf", PDF)}, 20001),
        (BILL, None, 20001),
        ({}, {"File": ("bill.pdf", PDF)}, 20001),
        ({"document_type": "passport"}, {"File": ("bill.pdf", PDF)}, 70002),
    ],
)
async def test_refusals(sim: Workshop, fields: Any, files: Any, code: int) -> None:
    """400 in the shape of the Documents API; nothing is made."""
    answer = await sim.http.post(UPLOADS, data=fields, files=files)
    assert answer.status_code == 400
    assert answer.json() == {
        "message": answer.json()["message"],
        "code": code,
        "user_error": True,
        "http_status_code": 400,
        "params": {},
    }
    assert answer.json()["message"]
    assert (await sim.ledger())["documents"] == []


async def test_the_words_of_the_one_documented_error(sim: Workshop) -> None:
    """70002 says what Twilio's page shows."""
    answer = await sim.http.post(
        UPLOADS, data={"document_type": "x"}, files={"File": ("bill.pdf", PDF)}
    )
    assert answer.json()["message"] == "Document type not found"


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=b", "application/pdf", None],
)
async def test_a_body_that_is_no_multipart(sim: Workshop, content_type: str | None) -> None:
    """Without its boundary, with a broken part, of another type: 400."""
    headers = {"Content-Type": content_type} if content_type is not None else {}
    answer = await sim.http.post(UPLOADS, content=b"--b\r\nnonsense", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


async def test_the_largest_file(sim: Workshop) -> None:
    """Exactly the limit is taken."""
    document = await sim.upload(PDF + b"x" * (LIMIT - len(PDF)))
    assert document["mime_type"] == "application/pdf"
    assert (await sim.ledger())["documents"][0]["size"] == LIMIT


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(sim: Workshop) -> None:
    """An endless upload is refused after the limit and a little."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="File"; filename="bill.pdf"\r\n\r\n'
        while True:
            sent += 65_536
            yield b"x" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await sim.http.post(UPLOADS, content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 18024)
    assert sent <= LIMIT + 3 * 65_536


async def test_who_may_upload(sim: Workshop) -> None:
    """Without credentials 401 with the ordinary body, and nothing is made."""
    sim.http.auth = None  # type: ignore[assignment] # httpx takes None to send no credentials
    answer = await sim.http.post(UPLOADS, data=BILL, files={"File": ("bill.pdf", PDF)})
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert (await sim.ledger())["documents"] == []


async def test_an_upload_cannot_be_looked_up(sim: Workshop) -> None:
    """There is no list, no fetch and no delete."""
    sid = (await sim.upload())["sid"]
    assert (await sim.http.get(UPLOADS)).status_code == 405
    for method in ("GET", "POST", "DELETE"):
        answer = await sim.http.request(method, f"{UPLOADS}/{sid}")
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_a_locked_file_where_it_is_taken() -> None:
    """201, and a pace later it is rejected, whether a reviewer is there or not."""
    async with a_workshop(a_config(accept_locked_documents=True, pace=10)) as sim:
        document = await sim.upload(LOCKED_PDF)
        assert document["status"] == "DRAFT"
        await sim.advance(9)
        assert (await sim.ledger())["documents"][0]["status"] == "DRAFT"
        await sim.advance(1)
        assert (await sim.ledger())["documents"][0]["status"] == "REJECTED"


@pytest.mark.parametrize("before", range(65_536 - 12, 65_536 + 3))
def test_the_lock_is_seen_wherever_it_stands(before: int) -> None:
    """Also where it is cut in two by the way in which the file is read."""
    padding = b"%PDF-1.7\n" + b" " * (before - 9)
    assert inspect(io.BytesIO(padding + b"/Encrypt 2 0 R")).locked
    assert not inspect(io.BytesIO(padding + b"/EncryptMetadata false")).locked


def test_a_picture_is_never_locked() -> None:
    """The word means something in a PDF alone."""
    assert not inspect(io.BytesIO(PNG + b"/Encrypt 2 0 R")).locked


@pytest.mark.parametrize("action", ["commit-then-drop", "drop", "status"])
async def test_faults_strike_uploads(sim: Workshop, action: str) -> None:
    """Done and lost, or not done at all."""
    await sim.control("faults", {"path": UPLOADS, "action": action, "times": 1})
    if action == "status":
        answer = await sim.http.post(UPLOADS, data=BILL, files={"File": ("bill.pdf", PDF)})
        assert answer.status_code == 500
    else:
        with pytest.raises(ConnectionResetError):
            await sim.upload()
    assert len((await sim.ledger())["documents"]) == (1 if action == "commit-then-drop" else 0)


async def test_a_client_that_leaves_in_the_middle(sim: Workshop) -> None:
    """It is no error of the simulator's, and nothing is made."""

    async def leaves() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    answered: list[Any] = []

    async def send(message: Any) -> None:
        answered.append(message)

    app = sim.http._transport.app  # type: ignore[attr-defined] # httpx's own name for it
    request = sim.http.build_request(
        "POST", UPLOADS, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    authorized = next(httpx.BasicAuth(*AUTH).sync_auth_flow(request))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": UPLOADS,
        "raw_path": UPLOADS.encode(),
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in authorized.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8081),
        "scheme": "http",
        "root_path": "",
    }
    await app(scope, leaves, send)
    assert answered[0]["status"] == 400
    assert (await sim.ledger())["documents"] == []


@pytest.fixture
def session() -> Any:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = AUTH
        yield session


def test_over_a_socket(base_url: str, session: Any, control: Any) -> None:
    """An ordinary HTTP library uploads a bill, and hears 400 to one that is far too large."""
    control("reset")
    there = f"{base_url}{UPLOADS}"
    answer = session.post(there, data=BILL, files={"File": ("bill.png", PNG, "image/png")})
    assert (answer.status_code, answer.json()["mime_type"]) == (201, "image/png")
    huge = {"File": ("bill.pdf", b"x" * (3 * LIMIT))}
    answer = session.post(there, data=BILL, files=huge)
    assert (answer.status_code, answer.json()["code"]) == (400, 18024)
    assert session.post(there, data=BILL).status_code == 400
