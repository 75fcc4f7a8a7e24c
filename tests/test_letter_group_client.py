"""How groups are reached: by name or key, in time, and what is said where nobody answers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from deploy.processes import free_port
from hosted_numbers import contract, search_attributes, temporal_calls
from hosted_numbers.contract import OrderChanged
from hosted_numbers.converter import DATA_CONVERTER
from hosted_numbers.errors import (
    InvalidRequestError,
    NoWorkerError,
    RefusedError,
    TemporalUnavailableError,
)
from hosted_numbers.letter_groups.client import LetterGroupNotFoundError, LetterGroups
from hosted_numbers.letter_groups.contract import group_key, group_workflow_id
from tests.letter_groups import GROUP, KEY, LETTER, joining, leaving, number
from tests.orders import an_order
from tests.world import a_dev_server, eventually
from workflows import WORKFLOWS
from workflows.runner import runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = timedelta(milliseconds=700)
OTHER = str(group_key(an_order(loa_group=GROUP, contact_title="Owner")))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    """A Temporal dev server with the search attributes."""
    async with await a_dev_server() as env:
        await search_attributes.register(env.client)
        yield env.client


@pytest_asyncio.fixture(loop_scope="module")
async def groups(client: Client) -> AsyncIterator[LetterGroups]:
    """The groups of a server on which, afterwards, none is left."""
    yield LetterGroups(client, answer_deadline=SHORT)
    for key in (KEY, OTHER):
        handle = client.get_workflow_handle(group_workflow_id(key))
        if (await handle.describe()).close_time is None:
            await handle.terminate()


def a_worker(client: Client) -> Worker:
    """A worker of workflows alone: what a group sends to Twilio waits."""
    return Worker(
        client, task_queue=contract.TASK_QUEUE, workflows=WORKFLOWS, workflow_runner=runner()
    )


async def begun(groups: LetterGroups) -> None:
    """Two groups of one name, each with an order that waits."""
    for key, index in ((KEY, 0), (OTHER, 1)):
        await groups.join(key, LETTER, joining(index), customer="customer-1")


async def test_a_group_is_found_by_its_name(client: Client, groups: LetterGroups) -> None:
    """Where it names one; the open ones go before those that have ended."""
    await begun(groups)
    async with a_worker(client):
        assert (await groups.progress(KEY)).gathered == 1

        async def several() -> bool:
            try:
                await groups.progress(GROUP)
            except LetterGroupNotFoundError as error:
                return KEY in error.reason and OTHER in error.reason
            return False

        await eventually(several)
        await client.get_workflow_handle(group_workflow_id(OTHER)).terminate()

        async def one() -> bool:
            try:
                return (await groups.progress(GROUP)).group == KEY
            except LetterGroupNotFoundError:
                return False

        await eventually(one)
    for nobody in ("nobody", f"{GROUP} of another year"):
        with pytest.raises(LetterGroupNotFoundError, match="is known"):
            await groups.progress(nobody)
    with pytest.raises(InvalidRequestError, match="no quotes"):
        await groups.progress("it's")


async def test_an_order_that_leaves_begins_no_group_that_it_had_joined(
    client: Client, groups: LetterGroups
) -> None:
    """It begins one that it had not: its end counts."""
    await begun(groups)
    ended = "gone/12345678"
    for joined in (True, False):
        await groups.leave(ended, LETTER, leaving(0), customer=None, joined=joined)
        if joined:
            with pytest.raises(LetterGroupNotFoundError):
                await groups.send_now(ended)
    handle = client.get_workflow_handle(group_workflow_id(ended))
    assert (await handle.describe()).close_time is None
    await handle.terminate()
    await groups.leave(KEY, LETTER, leaving(0), customer=None, joined=True)
    await groups.tell_order(number(0), OrderChanged())
    async with a_worker(client):
        assert (await groups.progress(KEY)).left == 1


async def test_without_a_worker_it_is_said_so(
    client: Client, groups: LetterGroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the deadline."""
    await begun(groups)
    monkeypatch.setattr(temporal_calls, "SECOND_LOOK", timedelta(seconds=10))
    hasty = LetterGroups(client, deadline=SHORT)
    for call in (hasty.progress(KEY), hasty.send_now(KEY)):
        with pytest.raises(NoWorkerError, match="no worker"):
            await call


async def test_what_takes_long_is_taken(client: Client, groups: LetterGroups) -> None:
    """The letter is being sent, by nobody here: the act was taken all the same."""
    await begun(groups)
    async with a_worker(client):
        answer = await groups.send_now(KEY)
        assert (answer.taken, "is not known yet" in answer.reason) == (True, True)
        with pytest.raises(RefusedError, match="not on hold"):
            await groups.resume(KEY)


async def test_without_temporal_it_is_said_so() -> None:
    """A client that never connected."""
    address = f"127.0.0.1:{free_port()}"
    nowhere = await Client.connect(address, data_converter=DATA_CONVERTER, lazy=True)
    groups = LetterGroups(nowhere, deadline=SHORT)
    for call in (
        groups.join(KEY, LETTER, joining(0), customer=None),
        groups.leave(KEY, LETTER, leaving(0), customer=None, joined=True),
        groups.resume(KEY),
    ):
        with pytest.raises(TemporalUnavailableError):
            await call


class Odd:
    """A Temporal that answers with an error of its own."""

    def __init__(self, status: RPCStatusCode) -> None:
        self.status = status
        self.asked = 0

    def get_workflow_handle(self, workflow_id: str) -> "Odd":
        """A workflow, whichever."""
        del workflow_id
        return self

    async def signal(self, *_: object, **__: object) -> None:
        """Refused."""
        raise RPCError("no", self.status, b"")

    async def execute_update(self, *_: object, **__: object) -> None:
        """Refused; a workflow that is not ready says so once."""
        self.asked += 1
        raise RPCError("no", self.status if self.asked > 1 else NOT_READY, b"")

    start_update = execute_update


NOT_READY = RPCStatusCode.FAILED_PRECONDITION


async def test_errors_of_temporal_that_say_something_else_are_passed_on() -> None:
    """Nobody takes them for an absent group; what is not ready is asked again."""
    odd = Odd(RPCStatusCode.PERMISSION_DENIED)
    groups = LetterGroups(cast("Client", odd), deadline=SHORT)
    with pytest.raises(RPCError):
        await groups.leave(KEY, LETTER, leaving(0), customer=None, joined=True)
    with pytest.raises(RPCError):
        await groups.progress(KEY)
    assert odd.asked == 2


async def test_a_workflow_that_tells_no_progress_is_said_to_be_old() -> None:
    """A worker of another release took the update, or refused it without a word."""

    class Taken(Odd):
        """It takes everything."""

        async def execute_update(self, *_: object, **__: object) -> None:
            """Taken."""

    class Refused(Odd):
        """It refuses everything."""

        async def execute_update(self, *_: object, **__: object) -> None:
            """Refused without details."""
            raise WorkflowUpdateFailedError(ApplicationError("no"))

        start_update = execute_update

    taken = LetterGroups(cast("Client", Taken(NOT_READY)))
    refused = LetterGroups(cast("Client", Refused(NOT_READY)))
    with pytest.raises(NoWorkerError, match="no progress"):
        await taken.progress(KEY)
    for call in (refused.progress(KEY), refused.resume(KEY)):
        with pytest.raises(RefusedError):
            await call
