"""Keys under open orders, on a Temporal dev server: one that is missing, one that is rotated."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.client import Client
from temporalio.service import RPCError

from hosted_numbers import contract, sweeps
from hosted_numbers.blobs import BlobStore
from hosted_numbers.contract import OrderChanged, VerificationCodeEntry
from hosted_numbers.converter import converter_of
from hosted_numbers.encryption import codec, ring_file, usage
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import UnknownEncryptionKeyError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders
from tests.world import World, a_dev_server, a_world_on, eventually

OLD, OTHER = Key("old", b"o" * 32), Key("other", b"x" * 32)
FIRST, SECOND, THIRD = (f"+1501712267{last}" for last in (1, 2, 3))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A simulator beside a dev server, without a worker; its client writes with the old key."""
    converter = converter_of(KeyRing(f"{OLD}\n{OTHER}"), "default")
    async with await a_dev_server(converter=converter) as env, a_world_on(env) as world:
        world.blobs = BlobStore.at(tmp_path.as_uri(), KeyRing(str(OLD)))
        yield world


def with_keys(world: World, ring: KeyRing | None) -> World:
    """The same world as a process with this ring has it."""
    config = world.client.config()
    config["data_converter"] = converter_of(ring, world.client.namespace)
    client = Client(**config)
    return replace(world, client=client, orders=HostedNumberOrders(client))


async def tasks_failed(world: World, number: str) -> int:
    """How many workflow tasks of an order came to nothing."""
    history = await world.handle(number).fetch_history()
    failed = [e.HasField("workflow_task_failed_event_attributes") for e in history.events]
    return sum(failed)


async def finish(world: World, number: str) -> None:
    """Code and signature; the order completes."""
    waiting = await world.until(number, waiting_for="verification-code")
    entry = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(number, entry)).taken
    await world.sign(await world.until(number, waiting_for="signature", status="pending-loa"))
    assert (await world.handle(number).result()).phase == "completed"


@pytest.mark.fault("F47")
@pytest.mark.parametrize("ring", [str(OTHER), None], ids=["another key", "no keys"])
async def test_order_waits_for_its_key_and_goes_on(
    world: World, tmp_path: Path, ring: str | None
) -> None:
    """Without it the worker fails the task, not the order; from a file it comes back by itself."""
    async with world.working():
        await world.start(phone_number=FIRST)
        await world.until(FIRST, waiting_for="verification-code")
    file = tmp_path / "ring"
    keys = None if ring is None else KeyRing(ring, partial(file.read_text, encoding="utf-8"))
    async with with_keys(world, keys).working():
        await world.orders.order_changed(FIRST, OrderChanged(status="pending-verification"))

        async def stuck() -> bool:
            return await tasks_failed(world, FIRST) > 0

        await eventually(stuck)
        described = await world.handle(FIRST).describe()
        assert described.close_time is None
        if keys is not None:
            file.write_text(f"{OTHER}\n{OLD}")
            await finish(world, FIRST)
    if keys is None:
        async with world.working():
            await finish(world, FIRST)


@pytest.mark.fault("F47")
async def test_key_is_rotated_under_open_orders(world: World, tmp_path: Path) -> None:
    """Orders from before, between and after complete; what needs the old key is counted."""
    file = tmp_path / "ring"
    file.write_text(str(OLD))
    reread = partial(file.read_text, encoding="utf-8")
    running = with_keys(world, KeyRing(reread(), reread))
    async with running.working():
        await running.start(phone_number=FIRST)
        await running.until(FIRST, waiting_for="verification-code")
        new = ring_file.add(file)
        await running.start(phone_number=SECOND)
        await running.until(SECOND, waiting_for="verification-code")
        ring_file.promote(file, new.id)
        restarted = with_keys(world, KeyRing(reread(), reread))
        # the gateway was restarted, the worker not yet: it learns of the key from the file
        await restarted.start(phone_number=THIRD)
        await restarted.until(THIRD, waiting_for="verification-code")
    async with restarted.working():
        await asyncio.gather(*(finish(restarted, each) for each in (FIRST, SECOND, THIRD)))

    looked = await usage.look(restarted.client, world.blobs)

    assert looked.workflows[new.id] >= len((FIRST, SECOND, THIRD))
    assert looked.workflows[OLD.id] >= len((FIRST, SECOND, THIRD))  # the worker wrote with it
    assert looked.schedules == Counter()


@pytest.mark.fault("F47")
async def test_what_needs_a_key_is_found_wherever_it_stands(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Histories, Schedules and files, page by page; runs that need none are not counted."""
    monkeypatch.setattr(usage, "_PAGE", 1)
    store = BlobStore.at((tmp_path / "blobs").as_uri(), KeyRing(str(OTHER)))
    bill = tmp_path / "bill"
    bill.write_bytes(b"a bill")
    await store.keep(FIRST, bill, "application/pdf")
    await sweeps.ensure(world.client, timedelta(days=36_500))
    plain = with_keys(world, None)
    for each, number in ((world, FIRST), (plain, SECOND)):
        await each.client.start_workflow(
            contract.WORKFLOW_TYPE,
            "an input",
            id=order_workflow_id(number),
            task_queue="nobody's",
        )

    async def listed() -> bool:
        return len([each async for each in world.client.list_workflows()]) > 1

    await eventually(listed)
    found = await usage.look(world.client, store)
    assert found.workflows == Counter(old=1)
    assert found.schedules == Counter(old=1)
    assert found.files == Counter(other=1)
    assert found.keys() == {"old", "other"}
    gone = WorkflowExecution(workflow_id="gone", run_id=str(uuid.UUID(int=1)))
    assert await usage._of_history(world.client, gone) == set()
    with pytest.raises(RPCError):
        await usage._of_history(world.client, WorkflowExecution(workflow_id="x", run_id="none"))


@pytest.mark.fault("F47")
async def test_reader_without_the_key_is_told_its_id(world: World) -> None:
    """A gateway or a terminal; whether it has other keys or none."""
    async with world.working():
        await world.start(phone_number=FIRST)
        await world.until(FIRST, waiting_for="verification-code")
        for ring in (KeyRing(str(OTHER)), None):
            reader = with_keys(world, ring)
            with pytest.raises(UnknownEncryptionKeyError, match="key old"):
                await reader.orders.progress(FIRST)


@pytest.mark.security("S11")
async def test_order_from_before_there_were_keys_goes_on(world: World) -> None:
    """It is read as it is; what is written from now on is encrypted."""
    before = with_keys(world, None)
    world.callbacks.orders = before.orders
    async with before.working():
        await before.start(phone_number=FIRST)
        await before.until(FIRST, waiting_for="verification-code")
    world.callbacks.orders = world.orders
    async with world.working():
        await finish(world, FIRST)
    history = await world.handle(FIRST).fetch_history()
    first, last = history.events[0], history.events[-1]
    (given,) = first.workflow_execution_started_event_attributes.input.payloads
    (result,) = last.workflow_execution_completed_event_attributes.result.payloads
    assert not codec.is_encrypted(given)
    assert codec.is_encrypted(result)
