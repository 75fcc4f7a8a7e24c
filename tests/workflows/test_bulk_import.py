"""Many orders from one file: each once, through restarts, no more on their way than there is room.

On the time-skipping server, which counts no workflows: what is on its way is told by the test.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.worker import Worker

from activities import twilio_activities
from activities.bulk_import import BulkImportActivities
from hosted_numbers import contract as orders_contract
from hosted_numbers import steps
from hosted_numbers.bulk import contract, course
from hosted_numbers.bulk.checking import check_file
from hosted_numbers.bulk.contract import ImportProgress, RowResult
from hosted_numbers.bulk.files import ImportFiles
from hosted_numbers.bulk.imports import BulkImports
from hosted_numbers.errors import BlobMissingError, BlobStoreError
from hosted_numbers.ids import (
    bulk_import_workflow_id,
    document_disposal_id,
    order_workflow_id,
)
from tests.bulk.files import a_row, as_jsonl, number
from tests.bulk.imports import AN_ID
from tests.world import PUBLIC_BASE_URL, RETENTION, World, a_server, a_world_on, eventually
from workflows import WORKFLOWS
from workflows.policies import START_ROWS
from workflows.runner import runner


@dataclass
class Importing:
    """A world that imports.

    Attributes:
        world: everything else.
        on_their_way: how many orders there are said to be.
        looks: how often that was asked.
    """

    world: World
    on_their_way: int = 0
    looks: int = 0
    imports: BulkImports = field(init=False)

    def __post_init__(self) -> None:
        """The client of imports."""
        self.imports = BulkImports(
            self.world.client, self.world.blobs, deadline=timedelta(seconds=10)
        )

    async def count(self, _: str) -> int:
        """Stands in for Temporal's visibility."""
        self.looks += 1
        return self.on_their_way

    @contextlib.asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[None]:
        """A worker of orders and imports."""
        world = self.world
        async with Worker(
            world.client,
            task_queue=orders_contract.TASK_QUEUE,
            workflows=WORKFLOWS,
            activities=[
                *twilio_activities(
                    world.twilio,
                    world.blobs,
                    public_base_url=PUBLIC_BASE_URL,
                    document_retention=RETENTION,
                ),
                BulkImportActivities(world.orders, world.blobs, 200, self.count).start_rows,
            ],
            workflow_runner=runner(),
            **options,
        ):
            yield

    async def begun(self, rows: int, **changes: object) -> ImportProgress:
        """An import of so many orders, which wait for a person to call."""
        file = as_jsonl(*(a_row(each, call_when="asked", **changes) for each in range(rows)))
        return (await self.imports.begin(file, "jsonl")).progress

    async def until_ended(self, progress: ImportProgress) -> ImportProgress:
        """How it ended."""
        found = progress

        async def has_ended() -> bool:
            nonlocal found
            found = await self.imports.show(progress.id)
            return found.has_ended

        await eventually(has_ended, patience=60)
        return found

    async def results(self, progress: ImportProgress) -> list[RowResult]:
        """What came of each row."""
        return [each async for some in self.imports.results(progress.id) for each in some]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows each: what holds for them holds for a hundred."""
    monkeypatch.setattr(contract, "BATCH_ROWS", 10)
    monkeypatch.setattr("hosted_numbers.bulk.files.BATCH_ROWS", 10)


@pytest.fixture
async def importing() -> AsyncIterator[Importing]:
    """Everything up but the worker."""
    async with await a_server() as env, a_world_on(env) as world:
        yield Importing(world)


async def test_every_row_becomes_an_order(importing: Importing) -> None:
    """With the import's id to be found by; the results name each line."""
    async with importing.working():
        progress = await importing.until_ended(await importing.begun(23))
        assert (progress.status, progress.rows, progress.started) == ("done", 23, 23)
        assert progress.ended_at is not None
        results = await importing.results(progress)
        first = await importing.world.handle(number(0)).describe()
    assert [each.line for each in results] == list(range(1, 24))
    assert {each.outcome for each in results} == {"started"}
    assert results[22].phone_number == number(22)
    assert first.search_attributes["HostedNumberImport"] == [progress.id]
    assert importing.looks == 3


async def test_row_whose_number_has_an_order_is_told_apart(importing: Importing) -> None:
    """The same order is found; another one is refused, with the reason."""
    world = importing.world
    async with importing.working():
        await world.orders.start(world_order(0))
        await world.orders.start(world_order(1, contact_title="Somebody Else"))
        progress = await importing.until_ended(await importing.begun(3))
        results = await importing.results(progress)
    assert (progress.already_open, progress.refused, progress.started) == (1, 1, 1)
    assert [(each.outcome, each.code) for each in results] == [
        ("already-open", None),
        ("refused", "order-already-open"),
        ("started", None),
    ]
    assert results[1].reason
    assert number(1) in results[1].reason


def world_order(place: int, **changes: object) -> orders_contract.HostedNumberOrderRequest:
    """The order of a row, or one like it."""
    row = a_row(place, call_when="asked", **changes)
    return orders_contract.HostedNumberOrderRequest.model_validate(row)


async def test_nothing_is_started_while_there_is_no_room(importing: Importing) -> None:
    """It looks again, less and less often, and goes on once orders have reached Twilio."""
    importing.on_their_way = 200
    async with importing.working():
        progress = await importing.begun(3)
        await eventually(lambda: looked(importing, 1), patience=60)
        await importing.world.env.sleep(timedelta(seconds=20))
        assert 3 <= importing.looks <= 5
        assert (await importing.imports.show(progress.id)).handled == 0
        importing.on_their_way = 199
        progress = await importing.until_ended(progress)
    assert (progress.status, progress.started) == ("done", 3)


async def looked(importing: Importing, times: int) -> bool:
    """Whether it was asked so often how many are on their way."""
    return importing.looks >= times


async def test_cancelled_import_starts_no_further_rows(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was started goes on; the others are listed as not started."""
    monkeypatch.setattr(course, "_FIRST_PAUSE", timedelta(hours=1))  # the cancel ends it
    importing.on_their_way = 200
    async with importing.working():
        progress = await importing.begun(15)
        await eventually(lambda: looked(importing, 1), patience=60)
        await importing.imports.cancel(progress.id)
        progress = await importing.until_ended(progress)
        assert (progress.status, progress.handled) == ("cancelled", 0)
        results = await importing.results(progress)
        again = await importing.imports.cancel(progress.id)
    assert {each.outcome for each in results} == {"not-started"}
    assert len(results) == 15
    assert again == progress
    assert importing.looks == 1


async def test_import_goes_on_with_another_worker(importing: Importing) -> None:
    """A worker is gone in the middle; no row is left out and none is started twice."""
    importing.on_their_way = 200
    async with importing.working(max_cached_workflows=0):
        progress = await importing.begun(25)
        await eventually(lambda: looked(importing, 1), patience=60)
    importing.on_their_way = 0
    async with importing.working(max_cached_workflows=0):
        progress = await importing.until_ended(progress)
        handle = importing.world.client.get_workflow_handle(order_workflow_id(number(7)))
        assert (await handle.describe()).history_length
    assert (progress.status, progress.started, progress.already_open) == ("done", 25, 0)


@pytest.mark.fault("F40")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BlobStoreError("The store is away.", "Look at it."), "The store is away. Look at it."),
        (RuntimeError("owner@example.com"), "look at its workflow in the Temporal UI"),
    ],
    ids=["known", "unknown"],
)
async def test_store_that_is_away_is_shown_and_waited_for(
    importing: Importing, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    """The progress says why no row is started; it goes on when the store is back."""
    read, away = importing.world.blobs.read, True

    async def reading(blob: str) -> bytes:
        if away:
            raise error
        return await read(blob)

    monkeypatch.setattr(importing.world.blobs, "read", reading)
    soon = replace(START_ROWS, total=timedelta(seconds=1))
    monkeypatch.setattr("workflows.bulk_import.START_ROWS", soon)
    async with importing.working():
        progress = await importing.begun(3)

        async def is_told() -> bool:
            return bool((await importing.imports.show(progress.id)).trouble)

        await eventually(is_told, patience=60)
        seen = await importing.imports.show(progress.id)
        assert said in str(seen.trouble)
        assert (seen.status, "owner" in str(seen.trouble)) == ("running", False)
        away = False
        progress = await importing.until_ended(progress)
    assert (progress.started, progress.trouble) == (3, None)


async def test_import_that_is_stopped_in_the_temporal_ui_has_failed(importing: Importing) -> None:
    """It says so, though its workflow could not write it down."""
    importing.on_their_way = 200
    async with importing.working():
        progress = await importing.begun(3)
        handle = importing.world.client.get_workflow_handle(bulk_import_workflow_id(progress.id))
        await handle.terminate()
        found = await importing.imports.show(progress.id)
    assert found.status == "failed"
    assert found.ended_at is not None


async def test_import_goes_on_in_a_further_run(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memo goes along, and no batch is started twice."""
    monkeypatch.setattr(
        "temporalio.workflow.Info.is_continue_as_new_suggested",
        lambda info: info.get_current_history_length() > 20,
    )
    async with importing.working():
        begun = await importing.begun(45)
        progress = await importing.until_ended(begun)
        execution = await importing.world.client.get_workflow_handle(
            bulk_import_workflow_id(begun.id)
        ).describe()
    assert execution.run_id != execution.raw_info.first_run_id
    assert (progress.status, progress.started, progress.already_open) == ("done", 45, 0)


async def test_import_that_ended_leaves_its_files_to_their_disposal(importing: Importing) -> None:
    """In a workflow of its own, named after the import's last run."""
    async with importing.working():
        progress = await importing.until_ended(await importing.begun(2))
        handle = importing.world.client.get_workflow_handle(bulk_import_workflow_id(progress.id))
        run_id = (await handle.describe()).run_id
        disposal = importing.world.client.get_workflow_handle(document_disposal_id(run_id))
        assert (await disposal.describe()).close_time is None
        assert await importing.results(progress)


async def test_files_are_deleted_after_their_retention(importing: Importing) -> None:
    """By the workflow that deletes the files of orders, too; nothing of the import is left."""
    world, files = importing.world, ImportFiles(importing.world.blobs)
    await files.keep(AN_ID, check_file(as_jsonl(a_row(0)), "jsonl"))
    async with importing.working():
        handle = await world.client.start_workflow(
            orders_contract.DISPOSAL_TYPE,
            steps.DocumentDisposal(bulk_import=AN_ID, ended_at=datetime.now(UTC)),
            id=document_disposal_id("a-run"),
            task_queue=orders_contract.TASK_QUEUE,
            result_type=int,
        )
        assert await handle.result() == 1
    with pytest.raises(BlobMissingError):
        await files.rows(AN_ID, 0)
