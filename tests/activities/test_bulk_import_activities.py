"""A batch of rows is started: each once, whatever became of an earlier try."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bulk_import import BulkImportActivities
from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.checking import check_file
from hosted_numbers.bulk.contract import BatchOutcome, BatchStart
from hosted_numbers.bulk.files import ImportFiles
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.order_starts import StartedOrder
from hosted_numbers.validation import NewHostedNumberOrder
from tests.bulk.files import a_row, as_jsonl, number
from tests.bulk.imports import AN_ID
from tests.gateway.orders_in_memory import OrdersInMemory

BATCH = BatchStart(import_id=AN_ID, batch=0)


class Orders(OrdersInMemory):
    """Orders in memory that note how each was started."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: list[tuple[str, str | None, str | None]] = []
        self.away_at: int | None = None

    async def start(
        self,
        order: HostedNumberOrderRequest,
        *,
        idempotency: str | None = None,
        bulk_import: str | None = None,
    ) -> StartedOrder:
        """Noted, and kept."""
        if self.away_at is not None and order.phone_number == number(self.away_at):
            raise TemporalUnavailableError("Temporal does not answer.", "Try again.")
        self.starts.append((order.phone_number, idempotency, bulk_import))
        return await super().start(order, idempotency=idempotency)


@pytest.fixture
async def files() -> ImportFiles:
    """25 rows are kept."""
    files = ImportFiles(BlobStore.at("memory:///"))
    rows = (a_row(each, loa_group="elm") for each in range(25))
    await files.keep(AN_ID, check_file(as_jsonl(*rows), "jsonl"))
    return files


@pytest.fixture
def orders() -> Orders:
    return Orders()


async def tried(
    orders: Orders, files: ImportFiles, *, told: Sequence[Any] = (), on_their_way: int = 0
) -> tuple[BatchOutcome | ApplicationError, list[Any]]:
    """What a try comes to, and what Temporal was told last meanwhile."""

    async def count(import_id: str) -> int:
        assert import_id == AN_ID
        return on_their_way

    env = ActivityEnvironment()
    env.info = replace(env.info, heartbeat_details=told)
    heard: list[Any] = []

    def hear(*details: Any) -> None:
        heard[:] = details

    env.on_heartbeat = hear
    activity = BulkImportActivities(orders, files.blobs, 200, count).start_rows
    try:
        return await env.run(activity, BATCH), heard
    except ApplicationError as error:
        return error, heard


async def test_each_row_is_started_under_its_own_name(orders: Orders, files: ImportFiles) -> None:
    """By the import and its line, and found by the import's id."""
    outcome, _ = await tried(orders, files)
    assert outcome == BatchOutcome(started=25)
    assert orders.starts[24] == (number(24), f"bulk-import/{AN_ID}/25", AN_ID)
    assert orders.open[number(0)].loa_group_size == 25
    assert [each.outcome for each in await files.results(AN_ID, 0)] == ["started"] * 25


async def test_batch_waits_where_there_is_no_room(orders: Orders, files: ImportFiles) -> None:
    """At the window; one below it there is room for a batch."""
    outcome, _ = await tried(orders, files, on_their_way=200)
    assert (outcome, orders.starts) == (BatchOutcome(full=True), [])
    outcome, _ = await tried(orders, files, on_their_way=199)
    assert outcome == BatchOutcome(started=25)


async def test_second_try_comes_to_the_same(orders: Orders, files: ImportFiles) -> None:
    """With what Temporal was told, and without: no row is counted as open already."""
    first, told = await tried(orders, files)
    assert (await tried(orders, files))[0] == first
    starts = len(orders.starts)
    # there is no room any more, and the batch is finished all the same
    again, _ = await tried(orders, files, told=told, on_their_way=999)
    assert again == first
    assert len(orders.starts) == starts


async def test_temporal_that_is_away_leaves_the_rest_to_the_next_try(
    orders: Orders, files: ImportFiles
) -> None:
    """What was started before is told with the heartbeat, and not started again."""
    orders.away_at = 15
    failed, told = await tried(orders, files)
    assert isinstance(failed, ApplicationError)
    assert (failed.type, failed.non_retryable) == ("temporal-unavailable", False)
    assert len(told[0]) == 10
    orders.away_at = None
    before = len(orders.starts)
    outcome, _ = await tried(orders, files, told=told)
    assert outcome == BatchOutcome(started=25)
    assert {phone for phone, _, _ in orders.starts[before:]} == {number(n) for n in range(10, 25)}


async def test_missing_file_is_said(orders: Orders) -> None:
    """A worker with another blob store than the gateway's must not look as if it were done."""
    failed, _ = await tried(orders, ImportFiles(BlobStore.at("memory:///")))
    assert isinstance(failed, ApplicationError)
    assert failed.type == "blob-missing"


async def test_what_comes_of_a_row_is_told(orders: Orders, files: ImportFiles) -> None:
    """The same order, another one, and one that is not right any more."""
    rows = [a_row(each) for each in range(2)]
    late = a_row(2, verification_type="phone-bill")
    checked = check_file(as_jsonl(*rows, late), "jsonl")
    await files.keep(AN_ID, checked)
    content = await files.blobs.read(f"bulk-imports/{AN_ID}/rows-0.jsonl")
    stale = content.replace(b'"phone-bill"', b'"phone-bill","bill_date":"2020-01-01"')
    await files.blobs.write(f"bulk-imports/{AN_ID}/rows-0.jsonl", stale)
    orders.open[number(0)] = NewHostedNumberOrder.model_validate(rows[0])
    orders.open[number(1)] = NewHostedNumberOrder.model_validate(a_row(1, contact_title="Other"))
    outcome, _ = await tried(orders, files)
    assert outcome == BatchOutcome(already_open=1, refused=2)
    results = await files.results(AN_ID, 0)
    assert [each.code for each in results] == [None, "order-already-open", "invalid-request"]
    assert "bill_date" in str(results[2].reason)


async def test_visibility_is_asked_where_nothing_else_is_given(files: ImportFiles) -> None:
    """As the worker has it."""
    orders = Orders()
    asked = []

    class Lists:
        async def on_their_way(self, import_id: str) -> int:
            asked.append(import_id)
            return 200

    orders.lists = Lists()  # type: ignore[assignment] # the one method that is called
    activity = BulkImportActivities(orders, files.blobs, 200).start_rows
    assert await ActivityEnvironment().run(activity, BATCH) == BatchOutcome(full=True)
    assert asked == [AN_ID]
