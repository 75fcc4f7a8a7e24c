"""Files as forms bring them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hosted_numbers.documents.kinds import BILL_BYTES
from hosted_numbers.errors import RefusedError
from tests.documents.files import HTML, SVG, a_locked_pdf, a_pdf, an_image
from tests.gateway.orders_in_memory import NUMBER
from tests.gateway.pages.desk import ORDER_PAGE, Orders, token, words

DOCUMENTS = f"{ORDER_PAGE}/documents"


async def upload(
    client: httpx.AsyncClient, content: bytes, name: str = "bill.pdf", **fields: str
) -> httpx.Response:
    """Send the form with a file."""
    return await client.post(
        DOCUMENTS,
        data={"token": await token(client), "type": "utility_bill", **fields},
        files={"file": (name, content, "application/pdf")},
    )


def kept(directory: Path) -> list[Path]:
    """The files in the blob store."""
    return [each for each in directory.rglob("*") if each.is_file()]


@pytest.mark.parametrize("content", [a_pdf(), an_image("PNG"), a_pdf(padding=2_000_000)])
async def test_good_file_reaches_the_order(
    orders: Orders, operator: httpx.AsyncClient, directory: Path, content: bytes
) -> None:
    """Kept as it is, with what was said about it."""
    today = datetime.now(UTC).date()
    answer = await upload(operator, content, bill_date=today.isoformat())
    assert (answer.status_code, answer.headers["location"]) == (303, ORDER_PAGE)
    [(name, _, provided)] = orders.acts
    told = provided.model_dump()
    assert (name, told["type"], told["bill_date"]) == ("bill", "utility_bill", today)
    [file] = kept(directory)
    assert file.read_bytes() == content


@pytest.mark.security("S8")
@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("bill.svg", SVG, 422, "PDF"),
        ("bill.pdf", SVG, 422, "PDF"),
        ("bill.html", HTML, 422, "PDF"),
        ("bill.pdf", a_locked_pdf(user="secret"), 422, "password"),
        ("bill.pdf", b"", 422, "empty"),
        ("bill.pdf", b"%PDF" + bytes(BILL_BYTES), 413, "10,000,000 bytes"),
    ],
    ids=["svg", "svg as pdf", "html", "locked", "empty", "too large"],
)
async def test_bad_file_is_refused_at_the_form(  # noqa: PLR0917 - fixtures go by name
    orders: Orders,
    operator: httpx.AsyncClient,
    directory: Path,
    name: str,
    content: bytes,
    code: int,
    said: str,
) -> None:
    """With the reason and what to do; nothing of it is kept, what was typed is."""
    today = datetime.now(UTC).date().isoformat()
    answer = await upload(operator, content, name, bill_date=today)
    assert answer.status_code == code
    assert said in words(answer)
    assert f'value="{today}"' in answer.text
    assert kept(directory) == []
    assert orders.acts == []


@pytest.mark.security("S8")
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\x00b.pdf", "x" * 500])
async def test_name_of_a_file_means_nothing(
    orders: Orders, operator: httpx.AsyncClient, directory: Path, name: str
) -> None:
    """It is kept under a name of our own, beneath the order's number, and nowhere else."""
    answer = await upload(operator, a_pdf(), name)
    assert answer.status_code == 303
    [file] = kept(directory)
    assert file.parent == directory / NUMBER
    assert len(file.name) == 36
    assert "passwd" not in str(orders.acts)


@pytest.mark.security("S8")
@pytest.mark.parametrize("announced", [True, False])
async def test_body_that_grows_too_large_is_cut(
    operator: httpx.AsyncClient, directory: Path, *, announced: bool
) -> None:
    """413 at the limit, whether its length was announced or not; the rest is not read."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        for _ in range(1000):
            read += 1
            yield bytes(100_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    headers |= {"Content-Length": "100000000"} if announced else {}
    answer = await operator.post(DOCUMENTS, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert read <= (0 if announced else 102)
    assert kept(directory) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"bill_date": "2020-01-01"}, "Twilio takes bills of the last 30 days."),
        ({"bill_date": "yesterday"}, "date"),
        ({"type": "Not A Type"}, "A document's type is lower-case words"),
    ],
)
async def test_what_is_said_about_a_file_is_checked(
    operator: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    """At its field."""
    answer = await upload(operator, a_pdf(), **fields)
    assert answer.status_code == 422
    assert said in words(answer)


async def test_file_that_the_order_refuses_is_deleted(
    orders: Orders, operator: httpx.AsyncClient, directory: Path
) -> None:
    """409 at the form; nothing of it is left."""
    orders.refusal = RefusedError("No bill is asked for now.", "Wait.")
    answer = await upload(operator, a_pdf())
    assert answer.status_code == 409
    assert "No bill is asked for now. Wait." in words(answer)
    assert kept(directory) == []


async def test_ended_order_takes_no_file(
    orders: Orders, operator: httpx.AsyncClient, directory: Path
) -> None:
    """It is not even checked."""
    orders.phase = "completed"
    answer = await upload(operator, HTML)
    assert answer.status_code == 409
    assert "takes no documents" in words(answer)
    assert kept(directory) == []


@pytest.mark.fault("F40")
async def test_full_disk_is_a_page(
    operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """507 while the file arrives."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", full)
    answer = await upload(operator, a_pdf())
    assert answer.status_code == 507
    assert "no room" in words(answer)


@pytest.mark.security("S28")
async def test_files_cannot_be_sent_without_end(
    operator: httpx.AsyncClient, orders: Orders
) -> None:
    """Twenty an hour for one order; those that are refused count, too."""
    for _ in range(20):
        assert (await upload(operator, b"nonsense")).status_code == 422
    answer = await upload(operator, a_pdf())
    assert answer.status_code == 429
    assert "Too many files were sent for this order." in words(answer)
    assert orders.acts == []
