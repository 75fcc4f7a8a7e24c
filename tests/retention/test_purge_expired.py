"""``hosted-numbers purge expired``: files that nobody is going to delete, once their time is up."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hosted_numbers.cli import purge_actions
from hosted_numbers.contract import StoredDocument
from hosted_numbers.erasure.leftovers import Leftovers
from hosted_numbers.ids import bulk_import_workflow_id, document_disposal_id
from tests.bulk.files import number
from tests.orders import NUMBER
from tests.retention.conftest import RunCommand
from tests.retention.stories import Keeping

pytestmark = pytest.mark.security("S30")

MONTH = timedelta(days=30)
AN_IMPORT = "0" * 32
ITS_FILE = f"bulk-imports/{AN_IMPORT}/results-0.jsonl"


async def due(keeping: Keeping, after: timedelta) -> set[str]:
    """The files whose time is up so long from now, where files are kept for a month."""
    leftovers = Leftovers(keeping.world.client, keeping.world.blobs, MONTH)
    return {each.blob async for each in leftovers.found(datetime.now(UTC) + after)}


async def an_order_with_a_bill(keeping: Keeping) -> StoredDocument:
    """An order that was cancelled, and left its bill to its disposal."""
    world = keeping.world
    await world.start(verification_type="phone-bill")
    await world.until(waiting_for="document")
    assert (await world.provide()).taken
    [kept] = [each.blob async for each in world.blobs.listed(NUMBER)]
    await world.orders.cancel(NUMBER)
    await keeping.ended()
    await keeping.counted("WorkflowType = 'DocumentDisposal'")
    return StoredDocument(blob=kept, media_type="application/pdf", size=1)


async def stop_disposal(keeping: Keeping, run_id: str) -> None:
    """A person terminates a disposal in the Temporal UI."""
    handle = keeping.world.client.get_workflow_handle(document_disposal_id(run_id))
    await handle.terminate()
    await keeping.counted("WorkflowType = 'DocumentDisposal' AND CloseTime IS NOT NULL")


async def test_a_file_that_no_order_took_goes_when_its_time_is_up(keeping: Keeping) -> None:
    """Not a day before."""
    kept = await keeping.world.kept(NUMBER)

    assert await due(keeping, MONTH - timedelta(days=1)) == set()
    assert await due(keeping, MONTH + timedelta(days=1)) == {kept.blob}


async def test_a_file_of_an_open_order_stays(keeping: Keeping) -> None:
    """However old it is."""
    world = keeping.world
    await world.start(call_when="asked")
    await world.kept(NUMBER)
    other = await world.kept(number(1))

    assert await due(keeping, 10 * MONTH) == {other.blob}


@pytest.mark.parametrize("forgotten", [False, True], ids=["known", "forgotten"])
async def test_a_file_waits_for_its_disposal(keeping: Keeping, *, forgotten: bool) -> None:
    """As long as there is one, and also where Temporal has forgotten the order before it."""
    kept = await an_order_with_a_bill(keeping)
    run_id = (await keeping.world.handle().describe()).run_id
    if forgotten:
        await keeping.forget()

    assert await due(keeping, 10 * MONTH) == set()
    await stop_disposal(keeping, run_id)

    assert await due(keeping, MONTH - timedelta(days=1)) == set()
    assert await due(keeping, 10 * MONTH) == {kept.blob}


async def test_a_file_of_an_import_goes_unless_it_is_under_way(keeping: Keeping) -> None:
    """Bulk files have the same time."""
    world = keeping.world
    await world.blobs.write(ITS_FILE, b"")
    assert await due(keeping, 10 * MONTH) == {ITS_FILE}
    running = await world.client.start_workflow(
        "BulkImport", id=bulk_import_workflow_id(AN_IMPORT), task_queue="nobody"
    )
    assert await due(keeping, 10 * MONTH) == set()
    await running.terminate()
    assert await due(keeping, 10 * MONTH) == {ITS_FILE}


async def test_the_command_names_the_files_and_deletes_them(
    keeping: Keeping, command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run names them alone; there is a limit to what one command does."""
    monkeypatch.setenv("HOSTED_NUMBERS_DOCUMENT_RETENTION_DAYS", "0")
    first, second = [(await keeping.world.kept(number(each))).blob for each in (1, 2)]

    dry = await command("purge", "expired", "--dry-run")
    assert sorted(dry.stdout.split()) == sorted([first, second])
    assert "0 days" in dry.stderr
    assert "2 files would be deleted" in dry.stderr
    monkeypatch.setattr(purge_actions, "MOST", 1)
    some = json.loads((await command("purge", "expired", "-o", "json")).stdout)
    rest = await command("purge", "expired")
    nothing = await command("purge", "expired")

    assert (some["dry_run"], len(some["files"]), some["more"]) == (False, 1, True)
    assert {*some["files"], *rest.stdout.split()} == {first, second}
    assert "1 files were deleted" in rest.stderr
    assert "No file has outlived its time" in nothing.stderr
    assert [each async for each in keeping.world.blobs.listed()] == []
