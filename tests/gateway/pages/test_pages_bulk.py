"""The pages of imports: a file is sent or checked, an import is followed, all without a script."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.checking import MOST_BYTES
from hosted_numbers.errors import InvalidRequestError, TemporalUnavailableError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.pages import bulk_pages
from tests.bulk.files import a_row, as_csv, as_jsonl, number
from tests.bulk.imports import AN_ID, ImportsInMemory, a_progress
from tests.gateway.orders_in_memory import ListsInMemory
from tests.gateway.pages.desk import Orders, browser, send, settings, token, words

IMPORTS = "/imports"
ONE = f"{IMPORTS}/{AN_ID}"


class Changing(ListsInMemory):
    """Figures that change from look to look."""

    def __init__(self, orders: Orders) -> None:
        super().__init__(orders)
        self.story: list[dict[str, int]] = []

    async def of_import(self, import_id: str) -> dict[str, int]:
        """The next of the story; the last one stays."""
        if not self.story:
            return await super().of_import(import_id)
        return self.story.pop(0) if len(self.story) > 1 else self.story[0]


@pytest.fixture
def imports() -> ImportsInMemory:
    return ImportsInMemory()


@pytest.fixture
def lists(orders: Orders) -> Changing:
    """The figures of imports."""
    orders.lists = Changing(orders)
    return orders.lists


@pytest.fixture
def app(orders: Orders, lists: Changing, blobs: BlobStore, imports: ImportsInMemory) -> FastAPI:
    """A gateway that imports."""
    del lists
    return create_app(settings(hosted_numbers_rate_limit_imports="3/hour"), orders, blobs, imports)


async def upload(
    client: httpx.AsyncClient, *rows: dict[str, Any], filename: str = "march.csv", **fields: str
) -> httpx.Response:
    """Send the form with a file."""
    write = as_jsonl if filename.endswith("l") else as_csv
    return await client.post(
        IMPORTS,
        data={"token": await token(client), "act": "import", **fields},
        files={"file": (filename, write(*rows).read(), "application/octet-stream")},
    )


async def test_file_begins_an_import(operator: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """It leads to the import's page, which says so; the same file again leads there too."""
    answer = await upload(operator, a_row(0), a_row(1), filename="march.jsonl", name="March")
    assert (answer.status_code, answer.headers["location"]) == (303, ONE)
    assert imports.begun[0] | {"idempotency": None} == {
        "form": "jsonl",
        "name": "March",
        "customer": None,
        "idempotency": None,
        "skip_bad_rows": False,
    }
    shown = words(await operator.get(ONE))
    assert "The import has begun." in shown
    assert "0 of 2 rows" in shown
    await upload(operator, a_row(0), a_row(1))
    assert "This very file was taken before." in words(await operator.get(ONE))


async def test_check_shows_every_bad_row_and_starts_nothing(
    operator: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """With line and field; what stands in the file is not shown."""
    rows = [a_row(0, email="somebody@@example.com"), a_row(1), a_row(2, contact_title="")]
    answer = await upload(operator, *rows, act="check")
    shown = words(answer)
    assert answer.status_code == 200
    assert "2 of 3 rows are not right." in shown
    assert re.search(r"2 email .* 4 contact_title", shown)
    assert "somebody" not in answer.text
    good = words(await upload(operator, a_row(1), act="check"))
    assert "All 1 rows are right." in good
    assert imports.begun == []


async def test_bad_file_is_refused_with_its_report(
    operator: httpx.AsyncClient, imports: ImportsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless its bad rows are to be left out; a long report is cut, and says so."""
    monkeypatch.setattr(bulk_pages, "_MOST_COMPLAINTS", 2)
    rows = [*(a_row(each, email="x") for each in range(3)), a_row(3)]
    answer = await upload(operator, *rows)
    assert answer.status_code == 422
    assert "3 of the file's 4 rows are not right." in words(answer)
    assert "The first 2 of 3." in words(answer)
    assert imports.begun == []
    skipping = await upload(operator, *rows, skip_bad_rows="true")
    assert skipping.status_code == 303
    assert "3 bad rows left out" in words(await operator.get(ONE))


async def test_form_without_a_file_is_shown_again(
    operator: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """Or with one of another kind."""
    for answer in (
        await send(operator, IMPORTS, act="import"),
        await upload(operator, a_row(0), filename="march.xlsx"),
    ):
        assert answer.status_code == 422
        assert "Choose a file that ends in .csv" in words(answer)
    assert imports.begun == []


async def test_trouble_with_the_name_is_told_at_the_form(
    operator: httpx.AsyncClient, imports: ImportsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was started."""

    async def refused(*_: object, **__: object) -> None:
        raise InvalidRequestError("The name is too long.", "Shorten it.")

    monkeypatch.setattr(imports, "begin", refused)
    answer = await upload(operator, a_row(0))
    assert answer.status_code == 422
    assert "The name is too long. Shorten it." in words(answer)


@pytest.mark.security("S7")
async def test_files_of_an_operator_are_limited(operator: httpx.AsyncClient) -> None:
    """429 with the time to wait, at the form."""
    for _ in range(3):
        await upload(operator, a_row(0), act="check")
    answer = await upload(operator, a_row(0))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many bulk files were sent." in words(answer)


@pytest.mark.security("S8")
@pytest.mark.parametrize("announced", [True, False])
async def test_file_that_grows_too_large_is_cut(
    operator: httpx.AsyncClient, imports: ImportsInMemory, *, announced: bool
) -> None:
    """413 at the limit; a bill's limit is another one."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(100):
            read += 1
            yield bytes(1_000_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    headers |= {"Content-Length": str(MOST_BYTES * 2)} if announced else {}
    answer = await operator.post(IMPORTS, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert "20,000,000 bytes" in words(answer)
    assert read <= (0 if announced else 22)
    assert imports.begun == []


async def test_template_is_a_file(operator: httpx.AsyncClient) -> None:
    """To be saved and filled in."""
    answer = await operator.get(f"{IMPORTS}/template.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("phone_number,email,")


async def test_imports_are_listed(operator: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """The newest so many, each with its figures; a name is text and nothing else."""
    assert "There was none yet." in words(await operator.get(IMPORTS))
    imports.known[AN_ID] = a_progress(name="<b>March</b>", started=100, customer="Elm Books")
    for each in range(60):
        imports.known[str(each)] = a_progress(id=f"{each:032x}", name=None)
    answer = await operator.get(IMPORTS)
    shown = words(answer)
    assert "<b>March</b> Rows are being started 100 of 120 Elm Books" in shown
    assert answer.text.count('href="/imports/0000') == 49


async def test_import_is_shown_whole(operator: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """Rows, orders, trouble and the way to stop it; what has ended cannot be stopped."""
    imports.known[AN_ID] = a_progress(
        started=100, already_open=2, refused=3, trouble="The store is away.", customer="Elm Books"
    )
    answer = await operator.get(ONE)
    shown = words(answer)
    for said in (
        "105 of 120 rows",
        "100 started, 2 open already, 3 refused.",
        "All are orders of Elm Books.",
        "No row can be started at present. The store is away.",
        "3 Ready to verify",
        "2 Hosted",
        "Start no further rows",
    ):
        assert said in shown
    assert f'data-events="{ONE}/events"' in answer.text
    imports.known[AN_ID] = a_progress(status="done", ended_at="2026-03-02T10:00:00Z")
    assert "Start no further rows" not in words(await operator.get(ONE))


async def test_import_is_cancelled(operator: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """And its page says what that means."""
    imports.known[AN_ID] = a_progress()
    answer = await send(operator, f"{ONE}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, ONE)
    assert imports.cancelled == [AN_ID]
    assert "The orders so far go on." in words(await operator.get(ONE))


async def test_results_are_a_file(operator: httpx.AsyncClient, imports: ImportsInMemory) -> None:
    """The same as the API's; once they are gone, a page says so."""
    imports.known[AN_ID] = a_progress()
    answer = await operator.get(f"{ONE}/results.csv")
    assert answer.text.splitlines()[1] == "2,+15017122661,started,,"
    imports.gone = True
    answer = await operator.get(f"{ONE}/results.csv")
    assert answer.status_code == 410
    assert "The results are not kept any more" in words(answer)


@pytest.mark.parametrize("path", [ONE, f"{ONE}/results.csv"])
async def test_unknown_import_is_a_page(operator: httpx.AsyncClient, path: str) -> None:
    """That says what to do."""
    answer = await operator.get(path)
    assert answer.status_code == 404
    assert "No import of that id is known." in words(answer)


async def test_page_is_told_of_each_change(
    operator: httpx.AsyncClient,
    imports: ImportsInMemory,
    lists: Changing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once for each, and of the end when every order has ended, too."""
    monkeypatch.setattr(bulk_pages, "_LOOK", bulk_pages._LOOK * 0)
    imports.known[AN_ID] = a_progress(status="done", ended_at="2026-03-02T10:00:00Z")
    imports.story = [a_progress(), a_progress(), a_progress(started=5)]
    lists.story = [{}, {}, {}, {"received": 2}, {"received": 2}, {"completed": 2, "failed": 1}]
    answer = await operator.get(f"{ONE}/events")
    events = re.findall(r"^event: (\w+)$", answer.text, re.MULTILINE)
    assert events == ["changed"] * 4 + ["end"]


async def test_stream_ends_where_nothing_can_be_read(
    operator: httpx.AsyncClient, imports: ImportsInMemory
) -> None:
    """The page that is fetched says why."""
    imports.failure = TemporalUnavailableError("Temporal does not answer.", "Try again.")
    answer = await operator.get(f"{ONE}/events")
    assert "event: changed" not in answer.text


@pytest.mark.security("S4")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", IMPORTS),
        ("GET", ONE),
        ("GET", f"{ONE}/results.csv"),
        ("GET", f"{ONE}/events"),
        ("POST", IMPORTS),
        ("POST", f"{ONE}/cancel"),
    ],
)
async def test_nobody_else_sees_imports(
    app: FastAPI, imports: ImportsInMemory, method: str, path: str
) -> None:
    """Not without a session, and nobody acts from another site or without the form's token."""
    imports.known[AN_ID] = a_progress()
    async with browser(app) as stranger:
        assert (await stranger.request(method, path)).status_code in {303, 401}
    assert imports.cancelled == []


@pytest.mark.security("S5")
@pytest.mark.parametrize("path", [IMPORTS, f"{ONE}/cancel"])
async def test_no_other_site_imports_or_cancels(
    operator: httpx.AsyncClient, imports: ImportsInMemory, path: str
) -> None:
    """Neither from elsewhere nor without the token of this session."""
    imports.known[AN_ID] = a_progress()
    good = {"token": await token(operator)}
    elsewhere = await operator.post(path, data=good, headers={"Sec-Fetch-Site": "cross-site"})
    forged = await operator.post(path, data={"token": number(0)})
    assert (elsewhere.status_code, forged.status_code) == (403, 403)
    assert (imports.begun, imports.cancelled) == ([], [])
