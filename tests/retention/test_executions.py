"""Workflow executions as records: read page by page, and deleted as often as one likes."""

import uuid
from datetime import timedelta

import pytest
from temporalio.service import RPCError

from hosted_numbers.contract import HostedNumberOrderRequest, Progress
from hosted_numbers.executions import Executions
from hosted_numbers.ids import order_workflow_id
from tests.bulk.files import number
from tests.orders import NUMBER, an_order
from tests.retention.stories import Keeping

NOBODY = str(uuid.UUID(int=7))


async def test_lists_and_histories_are_read_to_their_end(keeping: Keeping) -> None:
    """However small the pages are."""
    await keeping.completed()
    await keeping.world.start(phone_number=number(1))
    await keeping.counted("WorkflowType = 'HostedNumberOrder'", 2)
    executions = Executions(keeping.world.client)

    rows = [each async for each in executions.listed("WorkflowType = 'HostedNumberOrder'", 1)]
    [ended] = [each for each in rows if each.id == order_workflow_id(NUMBER)]
    [opened] = [each for each in rows if each.id != ended.id]
    events = [each async for each in executions.history(ended.id, ended.run_id, page_size=3)]

    assert [each.event_id for each in events] == list(range(1, ended.history_length + 1))
    end = await executions.ended_with(ended.id, ended.run_id, Progress)
    assert end is not None
    assert end.phase == "completed"
    assert await executions.ended_with(opened.id, opened.run_id, Progress) is None
    start = await executions.started_with(ended.id, ended.run_id, HostedNumberOrderRequest)
    assert start == an_order()


async def test_what_temporal_does_not_know_is_nothing(keeping: Keeping) -> None:
    """Nothing to read, nothing to delete, nothing to wait for; a senseless id is an error."""
    executions = Executions(keeping.world.client)
    there = ("no-workflow", NOBODY)

    assert await executions.described(*there) is None
    assert await executions.started_with(*there, Progress) is None
    assert await executions.ended_with(*there, Progress) is None
    await executions.delete(*there)
    assert await executions.still_there([there], timedelta(seconds=1)) == []

    senseless = ("no-workflow", "no run id")
    with pytest.raises(RPCError):
        await executions.described(*senseless)
    with pytest.raises(RPCError):
        await executions.started_with(*senseless, Progress)
    with pytest.raises(RPCError):
        await executions.delete(*senseless)
