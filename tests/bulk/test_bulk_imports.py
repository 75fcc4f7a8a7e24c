"""``BulkImports`` on the real Temporal dev server, without a worker: it needs none."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, search_attributes
from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.checking import BulkFileRefusedError
from hosted_numbers.bulk.imports import BulkImports, ImportNotFoundError, ResultsGoneError
from hosted_numbers.errors import IdempotencyKeyReusedError, InvalidRequestError
from hosted_numbers.ids import bulk_import_workflow_id, order_workflow_id
from hosted_numbers.order_lists import OrderLists
from hosted_numbers.settings import Settings
from hosted_numbers.temporal import connect
from tests.bulk.files import a_row, as_csv, as_jsonl, number
from tests.bulk.imports import AN_ID
from tests.world import a_dev_server, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    """A Temporal dev server with the search attributes."""
    with pytest.MonkeyPatch.context() as patch:
        async with await a_dev_server() as env:
            patch.setenv("TEMPORAL_ADDRESS", env.client.service_client.config.target_host)
            found = await connect(Settings())
            await search_attributes.register(found)
            yield found


@pytest.fixture
def imports(client: Client) -> BulkImports:
    """With a store of its own."""
    return BulkImports(client, BlobStore.at("memory:///"), deadline=timedelta(seconds=10))


async def test_same_file_is_the_same_import(imports: BulkImports) -> None:
    """However often it is sent, also where it would be refused by now; another file is another."""
    first = await imports.begin(as_csv(a_row(0)), "csv", name=" march.csv ")
    again = await imports.begin(as_csv(a_row(0)), "csv", name="other.csv")
    other = await imports.begin(as_csv(a_row(1)), "csv")
    assert (first.created, again.created, other.created) == (True, False, True)
    assert first == again
    assert first.progress.name == "march.csv"
    assert other.progress.id != first.progress.id
    assert await imports.show(first.progress.id) == first.progress


async def test_key_names_the_import(imports: BulkImports) -> None:
    """The same file under another key is another import; another file under a key is refused."""
    one = await imports.begin(as_csv(a_row(2)), "csv", idempotency="one")
    two = await imports.begin(as_csv(a_row(2)), "csv", idempotency="two")
    again = await imports.begin(as_csv(a_row(2)), "csv", idempotency="one")
    assert (two.created, again.created) == (True, False)
    assert again == one
    assert two.progress.id != one.progress.id
    with pytest.raises(IdempotencyKeyReusedError):
        await imports.begin(as_csv(a_row(3)), "csv", idempotency="one")


async def test_two_senders_of_one_file_at_the_same_moment(imports: BulkImports) -> None:
    """Both get the one import that there is; one of them began it."""
    both = await asyncio.gather(
        *(imports.begin(as_csv(a_row(4)), "csv") for _ in range(2)),
    )
    assert both[0].progress.id == both[1].progress.id
    assert sorted(each.created for each in both) == [False, True]


async def test_bad_file_starts_nothing(imports: BulkImports) -> None:
    """Unless bad rows are to be skipped; they are in the results. Not so an unreadable file."""
    file = as_jsonl(a_row(5), a_row(6, email="x"))
    assert (await imports.dry_run(file, "jsonl")).bad_rows == 1
    with pytest.raises(BulkFileRefusedError) as refused:
        await imports.begin(file, "jsonl")
    assert "1 of the file's 2 rows are not right" in str(refused.value)
    begun = await imports.begin(file, "jsonl", skip_bad_rows=True)
    assert (begun.progress.rows, begun.progress.left_out) == (1, 1)
    results = [each async for some in imports.results(begun.progress.id) for each in some]
    assert [(each.line, each.outcome) for each in results] == [(2, "left-out"), (1, "not-started")]
    broken = as_csv(a_row(6)).read() + b'"never closed'
    for unusable in (io.BytesIO(broken), as_csv(a_row(6, email="x"))):
        with pytest.raises(BulkFileRefusedError):
            await imports.begin(unusable, "csv", skip_bad_rows=True)


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "\x1b[31m"])
async def test_name_that_no_list_can_show_is_refused(imports: BulkImports, name: str) -> None:
    """Before anything is started."""
    with pytest.raises(InvalidRequestError):
        await imports.begin(as_csv(a_row(7)), "csv", name=name)


async def test_imports_are_listed_newest_first(imports: BulkImports) -> None:
    """All of them, or a customer's, with the figures of each."""
    begun = [
        (await imports.begin(as_csv(a_row(8)), "csv", customer=customer)).progress
        for customer in ("Ash Cafe", "Yew Bar")
    ]

    async def listed(customer: str | None = None) -> list[Any]:
        return [each async for each in imports.listed(customer=customer)]

    async def are_there() -> bool:
        return (await listed())[:2] == begun[::-1]

    await eventually(are_there)
    assert await listed("Ash Cafe") == begun[:1]
    with pytest.raises(InvalidRequestError):
        await listed("it's")


@pytest.mark.parametrize("import_id", [AN_ID, "", "../x", "'"])
async def test_unknown_import_is_told(imports: BulkImports, import_id: str) -> None:
    """Whatever is asked of it, and whatever stands for an id."""
    with pytest.raises(ImportNotFoundError):
        await imports.show(import_id)
    with pytest.raises(ImportNotFoundError):
        await imports.cancel(import_id)
    with pytest.raises(ImportNotFoundError):
        await anext(imports.results(import_id))


async def test_refusal_of_temporal_is_not_hidden(
    imports: BulkImports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key without rights is no import that is missing."""

    async def refused(*_: object, **__: object) -> None:
        raise RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")

    monkeypatch.setattr("temporalio.client.WorkflowHandle.describe", refused)
    monkeypatch.setattr("temporalio.client.WorkflowHandle.signal", refused)
    with pytest.raises(RPCError):
        await imports.show(AN_ID)
    with pytest.raises(RPCError):
        await imports.cancel(AN_ID)


async def test_start_that_lost_the_race_finds_the_other(
    imports: BulkImports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looked before the other had started."""
    first = await imports.begin(as_csv(a_row(9)), "csv")
    described, looks = imports._described, []

    async def late(import_id: str) -> Any:
        looks.append(import_id)
        return None if len(looks) == 1 else await described(import_id)

    monkeypatch.setattr(imports, "_described", late)
    again = await imports.begin(as_csv(a_row(9)), "csv")
    assert (again, again.created) == (first, False)


async def test_orders_of_an_import_are_counted(client: Client) -> None:
    """By where they stand; those that Twilio is still to take are its window."""
    statuses = [None, None, "received", "quantum-review", "completed", "failed", "received"]
    ended = {4, 5, 6}
    for place, status in enumerate(statuses):
        await an_order(client, place, status, "operator" if place == 1 else "nothing")
        if place in ended:
            handle = client.get_workflow_handle(order_workflow_id(number(place)))
            await handle.terminate()
    lists = OrderLists(client, timedelta(seconds=10))
    expected = {
        "not-at-twilio": 2,
        "received": 1,
        "other": 1,
        "completed": 1,
        "failed": 1,
        "ended": 1,
    }

    async def have_come() -> bool:
        return await lists.of_import(AN_ID) == expected

    await eventually(have_come)
    assert await lists.on_their_way(AN_ID) == 1
    assert await lists.of_import(AN_ID[::-1]) == {}


async def an_order(client: Client, place: int, status: str | None, waits: str) -> None:
    """A workflow that is found as an order of the import, which nobody runs."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(search_attributes.BULK_IMPORT, AN_ID),
        SearchAttributePair(search_attributes.WAITING_FOR, waits),
    ]
    if status is not None:
        pairs.append(SearchAttributePair(search_attributes.STATUS, status))
    await client.start_workflow(
        contract.WORKFLOW_TYPE,
        id=order_workflow_id(number(place)),
        task_queue="nobody",
        search_attributes=TypedSearchAttributes(pairs),
    )


async def test_import_that_was_terminated_has_failed(client: Client, imports: BulkImports) -> None:
    """Its memo cannot say so; Temporal does."""
    begun = await imports.begin(as_csv(a_row(10)), "csv")
    await client.get_workflow_handle(bulk_import_workflow_id(begun.progress.id)).terminate()
    assert (await imports.show(begun.progress.id)).status == "failed"
    assert (await imports.cancel(begun.progress.id)).status == "failed"


async def test_results_that_were_deleted_are_told(client: Client) -> None:
    """Their retention was over."""
    blobs = BlobStore.at("memory:///")
    imports = BulkImports(client, blobs, deadline=timedelta(seconds=10))
    begun = await imports.begin(as_csv(a_row(11)), "csv")
    assert await blobs.delete_import_until(begun.progress.id, datetime.now(UTC)) == 1
    with pytest.raises(ResultsGoneError):
        await anext(imports.results(begun.progress.id))
