"""What a backend calls, against the real Temporal dev server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowUpdateInput,
    WorkflowExecutionStatus,
    WorkflowUpdateHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from hosted_numbers import search_attributes, temporal_calls
from hosted_numbers.contract import (
    Amendment,
    OrderChanged,
    SupportingDocumentRequest,
    VerificationCodeEntry,
)
from hosted_numbers.converter import DATA_CONVERTER
from hosted_numbers.errors import (
    IdempotencyKeyReusedError,
    InvalidRequestError,
    NoWorkerError,
    OrderAlreadyOpenError,
    OrderEndedError,
    OrderNotFoundError,
    RefusedError,
    SettingsError,
    TemporalUnavailableError,
)
from hosted_numbers.ids import document_disposal_id, offboarding_workflow_id
from hosted_numbers.order_lists import OrderPage
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.validation import NewHostedNumberOrder
from tests.chaos.proxy import Proxy
from tests.chaos.toxics import ResetPeer
from tests.orders import NUMBER, an_order
from tests.world import World, a_dev_server, a_world_on

SHORT_HISTORY = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60"]


@pytest.fixture
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal dev server that finds histories long from 60 events on."""
    async with await a_dev_server(*SHORT_HISTORY) as env:
        yield env


@pytest.fixture
async def idle_world(server: WorkflowEnvironment) -> AsyncIterator[World]:
    """Everything but a worker."""
    async with a_world_on(server) as world:
        yield world


@pytest.fixture
async def world(idle_world: World) -> AsyncIterator[World]:
    """Everything."""
    async with idle_world.working():
        yield idle_world


async def listed(world: World, count: int, **filters: object) -> OrderPage:
    """A page of orders, once Temporal's list, which lags, shows so many."""
    async with asyncio.timeout(15):
        while True:
            page = await world.orders.lists.page(**filters)  # type: ignore[arg-type]  # by name
            if len(page.orders) == count:
                return page
            await asyncio.sleep(0.05)


@pytest.mark.fault("F50")
async def test_same_order_is_found_and_another_one_is_refused(idle_world: World) -> None:
    """The same order again is the same answer, from any model; another one is told of the first."""
    first = await idle_world.orders.start(an_order())
    again = await idle_world.orders.start(
        NewHostedNumberOrder.model_validate(an_order().model_dump(exclude_defaults=True))
    )
    assert (first.created, again.created) == (True, False)
    assert first == again
    with pytest.raises(OrderAlreadyOpenError, match=r"hosted-number-order/\+15017122661"):
        await idle_world.orders.start(an_order(contact_title="Director"))


@pytest.mark.fault("F04")
async def test_a_start_under_its_key_finds_its_order(idle_world: World) -> None:
    """Open or ended, in whichever process; the key is good for that order alone."""
    first = await idle_world.orders.start(an_order(), idempotency="mine")
    again = await HostedNumberOrders(idle_world.client).start(an_order(), idempotency="mine")
    assert again == first
    assert (first.created, first.replayed) == (True, False)
    assert (again.created, again.replayed) == (False, True)
    with pytest.raises(IdempotencyKeyReusedError):
        await idle_world.orders.start(an_order(contact_title="Director"), idempotency="mine")
    with pytest.raises(OrderAlreadyOpenError):
        await idle_world.orders.start(an_order(contact_title="Director"), idempotency="theirs")
    same = await idle_world.orders.start(an_order(), idempotency="theirs")
    assert (same, same.created, same.replayed) == (first, False, False)

    await idle_world.handle().terminate()
    ended = await idle_world.orders.start(an_order(), idempotency="mine")
    assert (ended, ended.replayed) == (first, True)
    anew = await idle_world.orders.start(an_order(), idempotency="theirs")
    assert anew.created
    assert anew.run_id != first.run_id


@pytest.mark.fault("F04")
@pytest.mark.fault("F50")
async def test_starts_at_once_under_one_key_are_one(idle_world: World) -> None:
    """All get the same answer: one of them has started it, and the others find that."""
    started = await asyncio.gather(
        *(idle_world.orders.start(an_order(), idempotency="mine") for _ in range(5))
    )
    assert len({each.run_id for each in started}) == 1
    assert sorted(each.created for each in started) == [False] * 4 + [True]
    assert all(each.created or each.replayed for each in started)


@pytest.mark.fault("F04")
async def test_an_act_under_its_key_is_taken_once(world: World) -> None:
    """Sent again, also by another process and also after the order ended: the first answer."""
    await world.start()
    await world.until(waiting_for="verification-code")
    other = HostedNumberOrders(world.client)
    amendment = Amendment(contact_title="Director")
    first = await world.orders.amend(NUMBER, amendment, idempotency="mine")
    again = await other.amend(NUMBER, amendment, idempotency="mine")
    assert again == first
    timeline = (await world.orders.progress(NUMBER)).timeline
    await world.orders.amend(NUMBER, Amendment(contact_title="CFO"), idempotency="another")
    longer = (await world.orders.progress(NUMBER)).timeline
    assert len(longer) > len(timeline)

    cancelled = await world.orders.cancel(NUMBER, idempotency="mine")
    await world.until(phase="cancelled")
    assert await other.cancel(NUMBER, idempotency="mine") == cancelled
    assert await other.amend(NUMBER, amendment, idempotency="mine") == first
    with pytest.raises(OrderEndedError):
        await other.cancel(NUMBER)
    with pytest.raises(OrderEndedError):
        await other.cancel(NUMBER, idempotency="unknown")
    with pytest.raises(OrderNotFoundError):
        await other.cancel("+12125550199", idempotency="mine")


@pytest.mark.fault("F04")
@pytest.mark.fault("F30")
async def test_acts_at_once_under_one_key_are_one(world: World) -> None:
    """A code that is sent twice at once is judged once, and both hear the verdict."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    code = VerificationCodeEntry(code=await world.code(waiting))
    answers = await asyncio.gather(
        *(world.orders.submit_verification_code(NUMBER, code, idempotency="k") for _ in range(3))
    )
    assert len({answer.model_dump_json() for answer in answers}) == 1
    assert answers[0].taken


@pytest.mark.fault("F04")
async def test_a_number_is_given_back_once_under_its_key(world: World) -> None:
    """The release that was asked for before is found again; another key asks anew."""
    await world.sign(await world.verified())
    await world.until(phase="completed")
    first = await world.orders.offboard(NUMBER, idempotency="mine")
    release = world.client.get_workflow_handle(offboarding_workflow_id(NUMBER))
    run_id = (await release.describe()).run_id
    assert await HostedNumberOrders(world.client).offboard(NUMBER, idempotency="mine") == first
    assert (await release.describe()).run_id == run_id
    await world.orders.offboard(NUMBER, idempotency="another")
    assert (await release.describe()).run_id != run_id


async def test_an_order_names_its_customer(idle_world: World) -> None:
    """Without a worker; an unknown number has none."""
    await idle_world.orders.start(an_order(customer="customer-4711"))
    assert await idle_world.orders.customer_of(NUMBER) == "customer-4711"
    await idle_world.orders.start(an_order(phone_number="+12125550110"))
    assert await idle_world.orders.customer_of("+12125550110") is None
    with pytest.raises(OrderNotFoundError, match="No order is known"):
        await idle_world.orders.customer_of("+12125550111")


async def test_orders_are_listed_by_what_they_wait_for(world: World) -> None:
    """Lists come from search attributes, page by page, and show where each order stands."""
    waiting = await world.verified(customer="O-Hara & Sons, Ltd")
    await world.start(phone_number="+12125550110")
    page = await listed(world, 1, waiting_for="signature")
    row = page.orders[0]
    assert (row.phone_number, row.status, row.sid) == (NUMBER, "pending-loa", waiting.sid)
    assert row.customer == "O-Hara & Sons, Ltd"
    assert row.deadline is not None
    assert row.open
    assert page.next_cursor is None
    assert (await listed(world, 1, customer="O-Hara & Sons, Ltd")).orders == page.orders
    with pytest.raises(InvalidRequestError, match="quotes"):
        await world.orders.lists.page(customer="x' OR WorkflowType != 'y")
    failed = (await listed(world, 1, status="failed")).orders[0]
    assert failed.closed_at is not None
    assert (await listed(world, 1, open_only=True)).orders[0].phone_number == NUMBER
    await listed(world, 2)
    half = await world.orders.lists.page(page_size=1)
    assert half.next_cursor is not None
    rest = await world.orders.lists.page(page_size=1, cursor=half.next_cursor)
    assert {half.orders[0].phone_number, rest.orders[0].phone_number} == {NUMBER, "+12125550110"}


async def test_watch_shows_each_change_until_the_end(world: World) -> None:
    """The present progress comes first, then every change, and the last is the end."""
    signing = await world.verified()
    seen = []
    async for progress in world.orders.watch(NUMBER, interval=timedelta(milliseconds=20)):
        seen.append(progress.phase)
        if len(seen) == 1:
            await world.sign(signing)
    assert seen[0] == "authorization"
    assert seen[-1] == "completed"


async def test_unknown_order_is_told_from_an_ended_one(world: World) -> None:
    """No order, an open one and an ended one get different answers; hints never fail."""
    code = VerificationCodeEntry(code="1234")
    with pytest.raises(OrderNotFoundError, match="No order is known"):
        await world.orders.progress(NUMBER)
    with pytest.raises(OrderNotFoundError):
        await world.orders.submit_verification_code(NUMBER, code)
    assert not await world.orders.order_changed(NUMBER, OrderChanged(status="received"))
    await world.sign(await world.verified())
    await world.handle().result()
    with pytest.raises(OrderEndedError, match="ended at"):
        await world.orders.submit_verification_code(NUMBER, code)
    assert not await world.orders.order_changed(NUMBER, OrderChanged(status="received"))


async def test_resume_is_refused_where_nothing_holds(world: World) -> None:
    """A refusal carries the workflow's own words."""
    await world.start()
    await world.until(waiting_for="verification-code")
    with pytest.raises(RefusedError, match="not on hold") as refusal:
        await world.orders.resume(NUMBER)
    assert refusal.value.next_step


async def test_missing_worker_is_said_within_the_deadline(
    idle_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starting works without a worker; what needs one says so."""
    monkeypatch.setattr(temporal_calls, "SECOND_LOOK", timedelta(seconds=10))
    await idle_world.orders.start(an_order())
    orders = HostedNumberOrders(idle_world.client, deadline=timedelta(seconds=2))
    with pytest.raises(NoWorkerError, match="no worker"):
        await orders.progress(NUMBER)
    with pytest.raises(NoWorkerError):
        await orders.cancel(NUMBER)


async def test_verdict_that_takes_long_is_promised(world: World) -> None:
    """A code that Twilio takes its time over is acknowledged; the progress tells the rest."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    await world.hold("POST", "*")
    orders = HostedNumberOrders(world.client, answer_deadline=timedelta(seconds=0.3))
    code = VerificationCodeEntry(code=await world.code(waiting))
    answer = await orders.submit_verification_code(NUMBER, code)
    assert answer.taken
    assert "not known yet" in answer.reason
    await world.well_again()
    await world.until(status="pending-loa")


@pytest.mark.fault("F26")
async def test_act_whose_answer_breaks_off_is_taken(world: World) -> None:
    """Once the order took it, a connection that breaks again and again changes nothing of that."""
    await world.start()
    waiting = await world.until(waiting_for="verification-code")
    await world.fault("POST", "*", "delay", delay_seconds=30, times=1)
    entry = VerificationCodeEntry(code=await world.code(waiting))

    accepted = asyncio.Event()

    class Sight(OutboundInterceptor):
        async def start_workflow_update(
            self,
            input: StartWorkflowUpdateInput,  # noqa: A002  # its name in the SDK
        ) -> WorkflowUpdateHandle[Any]:
            handle = await super().start_workflow_update(input)
            accepted.set()
            return handle

    class Witness(Interceptor):
        def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
            return Sight(super().intercept_client(next))

    address = world.client.service_client.config.target_host
    async with Proxy("temporal", int(address.rpartition(":")[2])).running() as proxy:
        client = await Client.connect(
            f"127.0.0.1:{proxy.port}",
            data_converter=world.client.data_converter,
            interceptors=[Witness()],
        )
        orders = HostedNumberOrders(client)
        act = asyncio.create_task(orders.submit_verification_code(NUMBER, entry))
        await accepted.wait()
        async with proxy.suffering(ResetPeer()):
            answer = await act
            with pytest.raises(TemporalUnavailableError):
                await orders.progress(NUMBER)
    assert answer.taken
    assert "not known yet" in answer.reason


@pytest.mark.fault("F26")
@pytest.mark.parametrize("status", ["UNKNOWN", "INTERNAL", "DATA_LOSS", "ABORTED", "UNAVAILABLE"])
async def test_what_the_sdk_gave_up_is_temporals_absence(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """A connection that breaks within an answer has a status of its own."""
    client = await Client.connect("127.0.0.1:1", lazy=True, data_converter=DATA_CONVERTER)
    broken = RPCError("transport error", RPCStatusCode[status], b"")
    calls = AsyncMock(side_effect=broken)
    for name in ("describe_workflow_execution", "poll_workflow_execution_update"):
        monkeypatch.setattr(client.workflow_service, name, calls)
    monkeypatch.setattr(client.workflow_service, "update_workflow_execution", calls)
    orders = HostedNumberOrders(client, deadline=timedelta(seconds=0.5))
    with pytest.raises(TemporalUnavailableError):
        await orders.customer_of(NUMBER)
    with pytest.raises(TemporalUnavailableError):
        await orders.resume(NUMBER)


@pytest.mark.fault("F26")
async def test_temporal_away_is_said_within_the_deadline() -> None:
    """Nothing listens: every call gives up in time and says so."""
    client = await Client.connect("127.0.0.1:1", lazy=True, data_converter=DATA_CONVERTER)
    orders = HostedNumberOrders(client, deadline=timedelta(seconds=0.5))
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: orders.start(an_order()),
        lambda: orders.progress(NUMBER),
        lambda: orders.cancel(NUMBER),
        lambda: orders.order_changed(NUMBER, OrderChanged()),
        orders.lists.page,
        orders.lists.census,
        orders.lists.pressing,
    ]
    for call in calls:
        async with asyncio.timeout(3):
            with pytest.raises(TemporalUnavailableError):
                await call()
    assert not await orders.reachable()


@pytest.mark.fault("F48")
async def test_long_history_continues_as_new(world: World) -> None:
    """The state goes along: the order ends as if nothing had happened, in another run."""
    signing = await world.verified()
    for _ in range(6):
        await world.orders.order_changed(NUMBER, OrderChanged())
        before = await world.orders.progress(NUMBER)
    await world.sign(signing)
    result = await world.handle().result()
    assert result.phase == "completed"
    assert result.timeline[: len(before.timeline)] == before.timeline
    history = await world.handle().fetch_history()
    assert history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    assert len((await world.ledger())["loa_mails"]) == 1


@pytest.mark.fault("F48")
async def test_documents_go_along_when_a_history_continues_as_new(world: World) -> None:
    """A bill under review and a supporting document are known to the next run as to the first."""
    proof = SupportingDocumentRequest(type="proof_of_address")
    await world.start(verification_type="phone-bill", supporting_documents=[proof])
    await world.until(waiting_for="document")
    await world.provide()
    waiting = await world.until(waiting_for="document-review")
    first = (await world.handle().describe()).run_id
    async with asyncio.timeout(20):
        while (await world.handle().describe()).run_id == first:
            await world.orders.order_changed(NUMBER, OrderChanged())
            await world.orders.progress(NUMBER)
    carried = await world.until(waiting_for="document-review")
    assert carried.document_sid == waiting.document_sid
    assert carried.supporting_documents == waiting.supporting_documents
    await world.review(carried.document_sid, "approved")
    await world.until(status="verified")
    await world.review_supporting(carried.supporting_documents[0].sid, "approved")
    await world.orders.order_changed(NUMBER, OrderChanged())
    signing = await world.until(waiting_for="signature", status="pending-loa")
    assert (await world.orders.cancel(NUMBER)).taken
    ended = await world.until(phase="cancelled")
    assert ended.timeline[: len(signing.timeline)] == signing.timeline
    run_id = (await world.handle().describe()).run_id
    disposal = world.client.get_workflow_handle(document_disposal_id(run_id))
    assert (await disposal.describe()).status == WorkflowExecutionStatus.RUNNING


@pytest.mark.fault("F41")
@pytest.mark.parametrize("length", [300_000, 3_000_000, 5_000_000])
async def test_order_that_is_too_large_is_refused_before_it_is_sent(
    idle_world: World, length: int
) -> None:
    """Nobody checked it: Temporal refuses 2 MB, and answers more as if it were away."""
    order = an_order(friendly_name="x" * length)
    with pytest.raises(InvalidRequestError, match="larger than anything"):
        await idle_world.orders.start(order)
    with pytest.raises(OrderNotFoundError):
        await idle_world.orders.amend(NUMBER, Amendment(friendly_name="x"))
    with pytest.raises(InvalidRequestError):
        await idle_world.orders.amend(NUMBER, Amendment(friendly_name="x" * length))


@pytest.mark.fault("F41")
async def test_order_that_nobody_checked_is_held_and_not_stuck(world: World) -> None:
    """A friendly name that Twilio would refuse: a person sees why, and mends it."""
    await world.start(friendly_name="x" * 200_000)
    held = await world.until(waiting_for="operator")
    assert held.next_step
    assert (await world.orders.amend(NUMBER, Amendment(friendly_name="Front desk"))).taken
    await world.until(waiting_for="verification-code")


async def test_order_again_names_the_run_before(world: World) -> None:
    """From an ended run; an order that is open is no run before itself."""
    await world.start()
    await world.until(waiting_for="verification-code")
    await world.orders.cancel(NUMBER)
    await world.until(phase="cancelled")
    run_id = (await world.handle().describe()).run_id
    assert (await world.orders.start(an_order())).created
    again = await world.until(waiting_for="verification-code")
    assert again.previous_run_id == run_id
    assert not (await world.orders.start(an_order())).created


@pytest.mark.fault("F46")
async def test_missing_search_attributes_stop_the_worker(server: WorkflowEnvironment) -> None:
    """An unregistered attribute would stall orders for ever: the worker says what to run."""
    with pytest.raises(SettingsError, match="hosted-numbers setup"):
        await search_attributes.require(server.client)
    assert len(await search_attributes.register(server.client)) == 7
    assert await search_attributes.register(server.client) == []
    await search_attributes.require(server.client)
