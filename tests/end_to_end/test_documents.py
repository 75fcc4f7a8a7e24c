"""Files and what follows from them, as backends and people at a terminal hand them in."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pikepdf
import pytest

from tests.end_to_end.product import ORDERS, Product, eventually, replay, run

pytestmark = pytest.mark.processes

REGISTRATION = {
    "type": "business_registration",
    "attributes": {"business_name": "Example Inc."},
    "with_file": True,
}


def a_bill(password: str | None = None) -> bytes:
    """A PDF of one page."""
    page = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        lock = pikepdf.Encryption(owner=password, user=password) if password else False
        document.save(page, encryption=lock)
    return page.getvalue()


async def upload(product: Product, number: str, content: Any, **query: str) -> httpx.Response:
    """A backend uploads a file."""
    return await product.gateway.post(
        f"{ORDERS}/{number}/documents",
        params=query,
        content=content,
        headers={"Content-Type": "application/pdf"},
    )


def kept(product: Product) -> list[Path]:
    """The files in the blob store."""
    folder = Path(unquote(urlsplit(product.deployment.blobs).path))
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_order_lives_by_its_papers(product: Product, number: str) -> None:
    """Bill and supporting document by HTTP, completed, off-boarded, and ordered again."""
    await product.started(
        number, verification_type="phone-bill", supporting_documents=[REGISTRATION]
    )
    waiting = await product.until(number, waiting_for="document")
    assert "business_registration" in waiting["next_step"]
    locked = await upload(product, number, a_bill("secret"))
    assert (locked.status_code, locked.json()["code"]) == (422, "document-locked")
    assert (await upload(product, number, a_bill(), type="passport")).status_code == 409
    assert not [each for each in kept(product) if number in str(each)]

    async def approved() -> bool:
        found = await product.progress(number)
        sids = [each["sid"] for each in found["supporting_documents"]] if found else []
        papers = (await product.ledger())["supporting_documents"]
        return [each["status"] for each in papers if each["sid"] in sids] == ["approved"]

    answer = await upload(product, number, a_bill(), type="business_registration")
    assert (answer.status_code, answer.json()["taken"]) == (200, True), answer.text
    await eventually(approved)  # no callback tells of it: the order sees it when the bill moves it
    answer = await upload(product, number, a_bill())
    assert (answer.status_code, answer.json()["taken"]) == (200, True), answer.text
    completed = await product.until(number, phase="completed")
    assert [each["status"] for each in completed["supporting_documents"]] == ["approved"]
    ledger = await product.ledger()
    bills = [each for each in ledger["documents"] if completed["sid"] in each["order_sids"]]
    assert [(each["sid"], each["status"]) for each in bills] == [
        (completed["document_sid"], "APPROVED")
    ]
    assert not [each for each in ledger["calls"] if each["order_sid"] == completed["sid"]]

    unsure = await product.act(number, "offboard", confirm="+12125550199")
    assert unsure.status_code == 422
    given_back = await product.act(number, "offboard", confirm=number)
    assert given_back.json()["taken"], given_back.text
    again = await product.order(number)
    assert again.status_code == 201
    waiting = await product.until(number, waiting_for="verification-code")
    assert waiting["previous_run_id"]
    assert waiting["sid"] != completed["sid"]
    assert (await product.act(number, "cancel")).json()["taken"]
    await replay(product, [number])


async def test_bill_is_handed_in_from_the_terminal(product: Product, tmp_path: Path) -> None:
    """A line that cannot be called is proven by a bill; what is no bill is refused with why."""
    number = "+17085550115"
    await product.started(number)
    await product.until(number, waiting_for="verification-call")
    bill, page = tmp_path / "bill.pdf", tmp_path / "page.pdf"
    bill.write_bytes(a_bill())
    page.write_bytes(b"<html>not a bill</html>")
    environment = product.deployment.environment("temporal", "documents")

    async def hand_in(file: Path, *words: str) -> tuple[int, str, str]:
        return await run(
            "hosted-numbers", "order", "bill", number, str(file), *words, environment=environment
        )

    code, _, said = await hand_in(page)
    assert code != 0
    assert "PDF" in said
    code, out, said = await hand_in(bill, "--output", "json")
    assert code == 0, said
    assert json.loads(out)["taken"]
    completed = await product.until(number, phase="completed")
    assert completed["attempts_used"] == 0
    await replay(product, [number])


@pytest.mark.fault("F05")
async def test_gateway_killed_in_the_middle_of_an_upload(product: Product, number: str) -> None:
    """Nothing of the file is left anywhere, and it can be sent again."""
    await product.started(number, verification_type="phone-bill")
    await product.until(number, waiting_for="document")
    halfway, killed = asyncio.Event(), asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7\n" + bytes(2_000_000)
        halfway.set()
        await killed.wait()
        yield bytes(1)

    sending = asyncio.create_task(upload(product, number, dripping()))
    await halfway.wait()
    product.parts.kill("gateway")
    killed.set()
    (broken,) = await asyncio.gather(sending, return_exceptions=True)
    assert isinstance(broken, httpx.TransportError)
    await product.parts.again("gateway")
    assert not [each for each in kept(product) if number in str(each)]

    async def taken() -> bool:
        answer = await upload(product, number, a_bill())
        return bool(answer.status_code == httpx.codes.OK and answer.json()["taken"])

    await eventually(taken)
    await product.until(number, phase="completed")
