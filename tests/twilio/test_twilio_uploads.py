"""Files on their way to Twilio: what goes out, what is kept back, and an upload that failed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosted_numbers.twilio import (
    Document,
    DocumentStatus,
    InvalidArgumentError,
    Outcome,
    RefusedError,
    Upload,
    UploadFailedError,
)
from tests.twilio.stand_in import BILL, UPLOADED_SID, StandIn, json_answer, uploaded

NEW: dict[str, Any] = {"document_type": "utility_bill", "file": BILL}
_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: bool(text.strip())
)


async def test_a_bill_goes_out_as_a_file_of_a_form() -> None:
    """Twilio's names as this one API writes them, on the host for uploads."""
    stand_in = StandIn(json_answer(uploaded(), 201))
    async with stand_in.client() as twilio:
        got = await twilio.documents.upload(
            document_type="utility_bill", file=BILL, friendly_name="March"
        )
    assert got.sid == UPLOADED_SID
    assert got.status is DocumentStatus.DRAFT
    assert stand_in.request.method == "POST"
    assert str(stand_in.request.url) == "https://numbers-upload.twilio.com/v1/Documents"
    assert int(stand_in.request.headers["Content-Length"]) == len(stand_in.request.content)
    assert "Authorization" in stand_in.request.headers
    assert await stand_in.multipart() == [
        ("document_type", "utility_bill"),
        ("friendly_name", "March"),
        ("File", BILL),
    ]


async def test_an_upload_needs_no_name() -> None:
    """What is not given is not sent."""
    stand_in = StandIn(json_answer(uploaded(friendly_name=None), 201))
    async with stand_in.client() as twilio:
        got = await twilio.documents.upload(document_type="utility_bill", file=BILL)
    assert got.friendly_name is None
    assert [name for name, _ in await stand_in.multipart()] == ["document_type", "File"]


@given(friendly_name=_texts, content=st.binary(min_size=1, max_size=200))
async def test_no_text_and_no_content_can_break_out_of_its_part(
    friendly_name: str, content: bytes
) -> None:
    """Line ends, quotes and boundaries in a name or a file arrive as what they are."""
    stand_in = StandIn(json_answer(uploaded(), 201))
    file = Upload(content, "bill.png", "image/png")
    async with stand_in.client() as twilio:
        await twilio.documents.upload(
            document_type="utility_bill", file=file, friendly_name=friendly_name
        )
    assert await stand_in.multipart() == [
        ("document_type", "utility_bill"),
        ("friendly_name", friendly_name),
        ("File", file),
    ]


@pytest.mark.parametrize(
    "injection",
    [
        'x\r\nContent-Disposition: form-data; name="document_type"\r\n\r\npassport',
        '"; filename="x.html',
        "\r\n\r\n--boundary--\r\n",
    ],
)
async def test_a_name_with_lines_in_it_adds_no_header(injection: str) -> None:
    """The attempt stands in the field's text and nowhere else."""
    stand_in = StandIn(json_answer(uploaded(), 201))
    async with stand_in.client() as twilio:
        await twilio.documents.upload(
            document_type="utility_bill", file=BILL, friendly_name=injection
        )
    assert dict(await stand_in.multipart()) == {
        "document_type": "utility_bill",
        "friendly_name": injection,
        "File": BILL,
    }


@pytest.mark.parametrize(
    ("filename", "media_type"),
    [
        ("", "image/png"),
        ("Ann's bill.pdf", "application/pdf"),
        ("../bill.pdf", "application/pdf"),
        (".htaccess", "application/pdf"),
        ("bill.pdf\r\nX: y", "application/pdf"),
        ("bill.pdf\n", "application/pdf"),
        ('bill"; name="x', "application/pdf"),
        ("é.pdf", "application/pdf"),
        ("x" * 129, "application/pdf"),
        ("bill.pdf", ""),
        ("bill.pdf", "pdf"),
        ("bill.pdf", "application/"),
        ("bill.pdf", "Application/PDF"),
        ("bill.pdf", "application/pdf; x=y"),
        ("bill.pdf", "application/pdf\r\nX: y"),
        ("bill.pdf", "application/pdf\n"),
    ],
)
def test_a_file_has_a_plain_name_and_type(filename: str, media_type: str) -> None:
    """Both stand in the head of the part, where a line end would begin another header."""
    with pytest.raises(InvalidArgumentError) as caught:
        Upload(b"%PDF", filename, media_type)
    assert "Ann" not in str(caught.value)


def test_a_file_does_not_show_what_is_in_it() -> None:
    """An Upload in a log line is harmless."""
    assert "PDF-1.7" not in repr(BILL)
    assert "5c8f.pdf" in repr(BILL)


@pytest.mark.parametrize(
    "media_type", ["application/pdf", "image/png", "image/jpeg", "image/heic", "image/svg+xml"]
)
async def test_images_and_pdfs_up_to_the_limit_are_taken(media_type: str) -> None:
    """Ten million bytes go out."""
    stand_in = StandIn(json_answer(uploaded(mime_type=media_type), 201))
    file = Upload(b"x" * 10_000_000, "bill", media_type)
    async with stand_in.client() as twilio:
        got = await twilio.documents.upload(document_type="utility_bill", file=file)
    assert got.mime_type == media_type
    assert len(stand_in.requests) == 1


@pytest.mark.fault("F42")
@pytest.mark.parametrize(
    "arguments",
    [
        {"document_type": ""},
        {"document_type": "utility_bill\ud800"},
        {"friendly_name": " "},
        {"friendly_name": "\ud800"},
        {"file": Upload(b"", "bill.pdf", "application/pdf")},
        {"file": Upload(b"x" * 10_000_001, "bill.pdf", "application/pdf")},
        {"file": Upload(b"<html>", "bill.html", "text/html")},
        {"file": Upload(b"x", "bill.pdf", "application/pdfx")},
        {"file": Upload(b"x", "bill.pdf", "application/image")},
    ],
    ids=str,
)
async def test_an_upload_refuses_what_twilio_would(arguments: dict[str, Any]) -> None:
    """Nothing of a file that cannot be used leaves the process."""
    stand_in = StandIn(json_answer(uploaded(), 201))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError) as caught:
            await twilio.documents.upload(**NEW | arguments)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert caught.value.__context__ is None
    assert stand_in.requests == []


@pytest.mark.parametrize("answer", [{"mime_type": ""}, {"mime_type": None}])
async def test_a_document_without_content_is_a_failed_upload(answer: dict[str, Any]) -> None:
    """Twilio answers 201 to an upload of which nothing arrived: that is no success."""
    stand_in = StandIn(json_answer(uploaded(**answer), 201))
    async with stand_in.client() as twilio:
        with pytest.raises(UploadFailedError, match="no content") as caught:
            await twilio.documents.upload(document_type="utility_bill", file=BILL)
    error = caught.value
    assert isinstance(error, RefusedError)
    assert (error.status, error.code, error.outcome) == (201, None, Outcome.ANSWERED)
    assert error.operation == "upload Document"


async def test_the_documents_apis_own_errors_are_read() -> None:
    """Its shape has the code, and the HTTP status counts, not the one in the body."""
    body = {
        "message": "canary",
        "code": 70002,
        "user_error": True,
        "http_status_code": 500,
        "params": {},
    }
    async with StandIn(json_answer(body, 400)).client() as twilio:
        with pytest.raises(RefusedError) as caught:
            await twilio.documents.upload(document_type="passport", file=BILL)
    assert (caught.value.status, caught.value.code) == (400, 70002)
    assert str(caught.value) == (
        "upload Document: HTTP 400, Twilio error 70002 (document type is unknown)"
    )


@pytest.mark.parametrize("status", DocumentStatus)
def test_capitals_of_a_status_are_read(status: DocumentStatus) -> None:
    """This API writes PENDING_REVIEW where the others write pending-review."""
    got = Document.model_validate(uploaded(status=status.value.upper().replace("-", "_")))
    assert got.status is status


@pytest.mark.fault("F18")
def test_a_document_may_have_little_and_an_unknown_status() -> None:
    """Only sid and status are indispensable; repr shows no name."""
    got = Document.model_validate({"sid": UPLOADED_SID, "status": "SHREDDED"})
    assert got.status == "shredded"
    assert (got.mime_type, got.version, got.date_created) == (None, 0, None)
    assert "March" not in repr(Document.model_validate(uploaded()))
