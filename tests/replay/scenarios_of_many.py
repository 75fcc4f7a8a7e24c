"""The lives that are recorded on the dev server: they need its lists, or clocks that go on."""

from typing import Final

from hosted_numbers import contract
from hosted_numbers.bulk.imports import BulkImports
from hosted_numbers.ids import bulk_import_workflow_id
from hosted_numbers.letter_groups.client import LetterGroups
from hosted_numbers.letter_groups.contract import group_key, group_workflow_id
from hosted_numbers.sweeping import SweepPace
from tests.bulk.files import a_row, as_jsonl
from tests.orders import NUMBER, an_order
from tests.replay.scenarios import Handle, Scenario, code_entered
from tests.world import World, eventually

OTHER: Final = "+15017122663"
GROUP: Final = "spring"


async def shared_letter(world: World) -> Handle:
    """Two orders of a group: one letter, which is signed; the group's own history."""
    await _grouped(world)
    await _both_complete(world)
    return world.client.get_workflow_handle(group_workflow_id(_group()))


async def order_of_a_group(world: World) -> None:
    """The same, from one order's side."""
    await shared_letter(world)


async def shared_letter_declined(world: World) -> Handle:
    """The signer declines, a person has it sent again."""
    await _grouped(world)
    await world.sign(await world.until(status="pending-loa"), "canceled")
    await world.until(waiting_for="operator")
    groups = LetterGroups(world.client)

    async def held() -> bool:
        return (await groups.progress(_group())).waiting_for == "operator"

    await eventually(held, patience=60)
    assert (await groups.resume(_group())).taken
    await _both_complete(world)
    return world.client.get_workflow_handle(group_workflow_id(_group()))


async def order_that_leaves_a_group(world: World) -> None:
    """It is cancelled before the others are ready."""
    await world.start(loa_group=GROUP, loa_group_size=2)
    await code_entered(world, await world.until(waiting_for="verification-code"))
    await world.until(status="verified", waiting_for="signature")
    assert (await world.orders.cancel(NUMBER)).taken


async def imported(world: World) -> Handle:
    """A file of three rows."""
    rows = as_jsonl(*(a_row(each, call_when="asked") for each in range(3)))
    imports = BulkImports(world.client, world.blobs)
    progress = (await imports.begin(rows, "jsonl")).progress

    async def ended() -> bool:
        return (await imports.show(progress.id)).has_ended

    await eventually(ended, patience=60)
    return world.client.get_workflow_handle(bulk_import_workflow_id(progress.id))


async def swept(world: World) -> Handle:
    """A sweep that finds an order whose callback was lost."""
    world.callbacks.lost = True
    await world.start(call_when="asked")
    await world.until(status="received")
    return await world.client.start_workflow(
        contract.SWEEP_TYPE, SweepPace(), id="sweep", task_queue=contract.TASK_QUEUE
    )


async def _grouped(world: World) -> None:
    """Two orders whose letter is out."""
    for number in (NUMBER, OTHER):
        await world.start(phone_number=number, loa_group=GROUP, loa_group_size=2)
        await code_entered(world, await world.until(number, waiting_for="verification-code"))
    for number in (NUMBER, OTHER):
        await world.until(number, status="pending-loa")


async def _both_complete(world: World) -> None:
    await world.sign(await world.until(waiting_for="signature", status="pending-loa"))
    for number in (NUMBER, OTHER):
        assert (await world.handle(number).result()).phase == "completed"


def _group() -> str:
    return group_key(an_order(loa_group=GROUP)) or ""


MANY: Final[tuple[Scenario, ...]] = (
    shared_letter,
    order_of_a_group,
    shared_letter_declined,
    order_that_leaves_a_group,
    imported,
    swept,
)
