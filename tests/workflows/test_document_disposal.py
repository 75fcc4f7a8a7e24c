"""The files of an order are deleted when their time is up, and not before.

On the time-skipping server time stands still once an order has left its disposal behind: so the
two are shown each by itself, and together in real time with no time to keep the files.
"""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowHandle

from hosted_numbers import contract, steps
from hosted_numbers.contract import StoredDocument, SupportingDocumentRequest
from hosted_numbers.errors import BlobMissingError, BlobStoreError
from hosted_numbers.ids import document_disposal_id
from tests.orders import NUMBER
from tests.world import RETENTION, World, a_world, eventually


async def disposal(world: World) -> WorkflowHandle[object, int]:
    """The disposal of what is kept now."""
    return await world.client.start_workflow(
        contract.DISPOSAL_TYPE,
        steps.DocumentDisposal(phone_number=NUMBER, ended_at=datetime.now(UTC)),
        id=document_disposal_id("a-run"),
        task_queue=contract.TASK_QUEUE,
        result_type=int,
    )


async def ended_with_a_file(world: World) -> StoredDocument:
    """An order that was cancelled after a file came with it."""
    kept = await world.kept()
    document = SupportingDocumentRequest(type="proof_of_address", with_file=True, file=kept)
    await world.start(supporting_documents=[document], call_when="asked")
    await world.until(waiting_for="verification-call")
    await world.orders.cancel(NUMBER)
    await world.until(phase="cancelled")
    return kept


async def test_files_are_deleted_after_their_retention(world: World) -> None:
    """Until the last day they are there, for whoever has a question about the order."""
    kept = await world.kept()
    handle = await disposal(world)
    await world.days_go_by(RETENTION.days - 1)
    assert await world.blobs.read(kept.blob)
    assert await handle.result() == 1
    with pytest.raises(BlobMissingError):
        await world.blobs.read(kept.blob)


async def test_files_of_a_later_order_stay(world: World) -> None:
    """The number was ordered again meanwhile: only what was there at the first end goes."""
    kept = await world.kept()
    handle = await disposal(world)
    later = await world.kept()
    assert await handle.result() == 1
    assert await world.blobs.read(later.blob)
    with pytest.raises(BlobMissingError):
        await world.blobs.read(kept.blob)


@pytest.mark.fault("F40")
async def test_store_that_is_away_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is up while the store is down: the files go when it is back."""
    kept = await world.kept()
    delete_until, tries = world.blobs.delete_until, []

    async def away(phone_number: str, moment: datetime) -> int:
        tries.append(phone_number)
        if len(tries) < 3:
            raise BlobStoreError("The store does not do its work.", "Look at it.")
        return await delete_until(phone_number, moment)

    monkeypatch.setattr(world.blobs, "delete_until", away)
    handle = await disposal(world)
    await world.env.sleep(RETENTION + timedelta(hours=1))
    assert await handle.result() == 1
    assert len(tries) == 3
    with pytest.raises(BlobMissingError):
        await world.blobs.read(kept.blob)


async def test_order_that_ends_leaves_its_files_to_their_disposal(world: World) -> None:
    """The order's own workflow is over; another one waits, named after the order's run."""
    kept = await ended_with_a_file(world)
    run_id = (await world.handle().describe()).run_id
    handle = world.client.get_workflow_handle(document_disposal_id(run_id))
    assert (await handle.describe()).close_time is None
    assert await world.blobs.read(kept.blob)


async def test_files_go_with_the_order_where_none_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No retention at all: the disposal follows the order's end at once."""
    monkeypatch.setattr("tests.world.RETENTION", timedelta(0))
    async with a_world() as world:
        kept = await ended_with_a_file(world)

        async def gone() -> bool:
            try:
                return not await world.blobs.read(kept.blob)
            except BlobMissingError:
                return True

        await eventually(gone)


async def test_order_without_files_leaves_nothing_to_dispose_of(world: World) -> None:
    """No workflow is started for nothing."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    await world.orders.cancel(NUMBER)
    await world.until(phase="cancelled")
    history = await world.handle().fetch_history()
    assert not any(
        event.HasField("start_child_workflow_execution_initiated_event_attributes")
        for event in history.events
    )
