"""An order's news reach the backend, each once; a receiver that is down holds up no order."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from hosted_numbers import contract, notifications, steps
from hosted_numbers.contract import (
    NotificationData,
    NotificationEvent,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.converter import DATA_CONVERTER
from hosted_numbers.delivery import DeliveryError, GoneError, NoAnswerError, NotTakenError
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.notification_records import Notifications
from hosted_numbers.order_state import OrderInput
from tests.orders import NUMBER, an_order
from tests.receiver import Inbox
from tests.replay.record import SHORT_HISTORY
from tests.replay.scenarios import continued_as_new
from tests.world import World, a_dev_server, a_server, a_world, a_world_on, eventually
from workflows import patches
from workflows.notification import UNDELIVERED
from workflows.policies import NOTIFICATION_PAUSES, TELL

REFUSED = "+12125550111"
EVENT = NotificationEvent(
    id="a-run/1-0000",
    type="order.completed",
    timestamp=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    data=NotificationData(
        phone_number=NUMBER, status="completed", phase="completed", waiting_for="nothing"
    ),
)
TELLING = [steps.START_NOTIFICATION, patches.NOTIFICATIONS]
AWAY = NoAnswerError("No answer came (ConnectError).")


@pytest.fixture
def inbox() -> Inbox:
    """A backend's endpoint."""
    return Inbox()


@pytest.fixture
async def world(inbox: Inbox) -> AsyncIterator[World]:
    """A world that tells this endpoint of its orders."""
    async with a_world(inbox) as found:
        yield found


@pytest.fixture
async def readable(inbox: Inbox) -> AsyncIterator[World]:
    """The same without encryption."""
    async with a_world(inbox, converter=DATA_CONVERTER) as found:
        yield found


async def notified(world: World, event: NotificationEvent = EVENT) -> WorkflowHandle[object, int]:
    """The workflow of one event."""
    await Notifications(world.client).send(event)
    return world.client.get_workflow_handle(notifications.workflow_id(event.id), result_type=int)


async def undelivered(handle: WorkflowHandle[object, int]) -> str:
    """Why the event was given up."""
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == UNDELIVERED
    return cause.message


async def time_goes_by(world: World, span: timedelta) -> None:
    """Time for the server, in steps: a try that is due on the way is made on the way."""
    for _ in range(24):
        await world.env.sleep(span / 24)


async def received(inbox: Inbox, *types: str) -> None:
    """Wait until these events came, and see that no others did."""

    async def all_there() -> bool:
        return len(inbox.events) >= len(types)

    await eventually(all_there)
    assert list(inbox.types) == list(types)
    assert len({event.id for event in inbox.events}) == len(types)


def told_of(history: object) -> list[str]:
    """The marks and activities by which a history shows that events were told."""
    text = str(history)
    return [name for name in TELLING if name in text]


async def test_backend_is_told_of_each_step_once(inbox: Inbox) -> None:
    """From the first look to the end: each need, each status, and no word more."""
    async with a_world(inbox, pace=10_000_000) as world:
        await world.orders.start(an_order(customer="c-17", call_when="asked"))
        await world.until(status="twilio-processing")
        await world.twilio_works()
        await world.until(waiting_for="verification-call")
        await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
        waiting = await world.until(waiting_for="verification-code")
        entry = VerificationCodeEntry(code=await world.code(waiting))
        await world.orders.submit_verification_code(NUMBER, entry)
        await world.sign(await world.until(waiting_for="signature", status="pending-loa"))
        await world.until(waiting_for="carrier")
        await world.twilio_works()
        await world.until(status="testing")
        await world.twilio_works()
        progress = await world.handle().result()
        await received(
            inbox,
            "order.status_changed",
            "order.waiting_for_call",
            "order.waiting_for_code",
            "order.waiting_for_signature",
            "order.with_carrier",
            "order.status_changed",
            "order.completed",
        )
    last = inbox.events[-1].data
    assert (last.sid, last.customer, last.status) == (progress.sid, "c-17", "completed")
    assert last.previous_status == "testing"


@pytest.mark.security("S13")
@pytest.mark.security("S20")
async def test_events_hold_nothing_about_a_person(inbox: Inbox, readable: World) -> None:
    """No e-mail, title, phone of a person or code, were it not encrypted; nor in ids and memos."""
    world = readable
    await world.start(friendly_name="Canary desk")
    waiting = await world.until(waiting_for="verification-code")
    code = await world.code(waiting)
    await world.orders.submit_verification_code(NUMBER, VerificationCodeEntry(code=code))
    signing = await world.until(waiting_for="signature", status="pending-loa")
    await world.tell(f"orders/{signing.sid}", status="failed", failure_reason="Canary of Twilio's")
    await world.handle().result()
    await received(inbox, "order.waiting_for_code", "order.waiting_for_signature", "order.failed")
    order = an_order()
    canaries = [order.email, order.contact_title, order.contact_phone_number, "Canary"]
    for event in inbox.events:
        handle = world.client.get_workflow_handle(notifications.workflow_id(event.id))
        shown = str(await handle.fetch_history())  # input, memo, summary, result
        assert event.type in shown
        assert not [each for each in canaries if each in shown]
        said = event.data.model_dump(exclude={"phone_number", "sid", "deadline"})
        assert code not in str(said)


@pytest.mark.fault("F49")
@pytest.mark.parametrize(
    "error",
    [AWAY, NoAnswerError("No answer came (TimeoutError)."), NotTakenError("It answered 302.")],
    ids=["down", "slow", "redirects"],
)
async def test_receiver_that_is_down_holds_up_no_order(
    inbox: Inbox, world: World, error: DeliveryError
) -> None:
    """The order completes; its events come when the receiver is back, each once."""
    inbox.always = error
    await world.sign(await world.verified())
    assert (await world.handle().result()).phase == "completed"
    assert inbox.events == []
    inbox.always = None
    await world.env.sleep(timedelta(minutes=40))
    await received(
        inbox, "order.waiting_for_code", "order.waiting_for_signature", "order.completed"
    )


@pytest.mark.fault("F49")
async def test_worker_of_the_notifications_that_is_away_holds_up_no_order(inbox: Inbox) -> None:
    """Nobody delivers: the orders' worker does not notice, and the events wait."""
    async with a_world() as idle:
        idle.receiver = inbox  # too late for the worker that runs
        handle = await notified(idle)
        await idle.sign(await idle.verified())
        assert (await idle.handle().result()).phase == "completed"
        assert inbox.tries == []
        async with idle.delivering():
            assert await handle.result() == 204


@pytest.mark.fault("F49")
async def test_delivery_is_tried_by_the_schedule_and_then_given_up(
    inbox: Inbox, world: World
) -> None:
    """At once, 5 s, 5 min, and so on to a day, each drawn out by a tenth at most: ten tries."""
    inbox.always = AWAY
    handle = await notified(world)
    for pause in NOTIFICATION_PAUSES:
        await time_goes_by(world, pause * 1.2)
    assert "ConnectError" in await undelivered(handle)
    moments = [at for _, at in inbox.tries]
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert len(pauses) == len(NOTIFICATION_PAUSES) == 9
    for pause, planned in zip(pauses, NOTIFICATION_PAUSES, strict=True):
        assert planned <= pause <= planned * 1.2 + timedelta(seconds=2)
    assert {event.id for event, _ in inbox.tries} == {EVENT.id}


@pytest.mark.fault("F49")
async def test_receiver_that_is_gone_is_not_tried_again(inbox: Inbox, world: World) -> None:
    """410 ends the event at once, as one that failed."""
    inbox.always = GoneError("The receiver answered 410.")
    assert "410" in await undelivered(await notified(world))
    assert len(inbox.tries) == 1


@pytest.mark.fault("F49")
@pytest.mark.parametrize(
    ("asked", "waited"),
    [(timedelta(hours=1), timedelta(hours=1)), (timedelta(days=9), timedelta(days=1))],
    ids=["an-hour", "too-long"],
)
async def test_retry_after_is_waited_out(
    inbox: Inbox, world: World, asked: timedelta, waited: timedelta
) -> None:
    """What the receiver asks for goes before the schedule, a day at most."""
    inbox.answers = [NotTakenError("The receiver answered 429.", asked)]
    handle = await notified(world)
    await time_goes_by(world, waited * 0.9)
    assert len(inbox.tries) == 1
    await time_goes_by(world, waited * 0.2)
    assert await handle.result() == 204
    first, second = (at for _, at in inbox.tries)
    assert waited <= second - first <= waited * 1.1


async def test_history_of_a_notification_stays_short(inbox: Inbox, world: World) -> None:
    """However many tries it takes: they are one activity."""
    inbox.answers = [AWAY, AWAY, AWAY]
    handle = await notified(world)
    await time_goes_by(world, timedelta(hours=1))
    await handle.result()
    assert len((await handle.fetch_history()).events) == 11


async def test_event_is_handed_over_once(inbox: Inbox, world: World) -> None:
    """A workflow task that is tried again finds the workflow that it started, open or ended."""
    handle = await notified(world)
    await notified(world)
    await handle.result()
    await notified(world)
    assert len(inbox.tries) == 1


async def test_order_that_nobody_is_told_of_pays_nothing() -> None:
    """Without an endpoint its history holds no mark and no activity more."""
    async with a_world() as world:
        await world.sign(await world.verified())
        await world.handle().result()
        assert told_of(await world.handle().fetch_history()) == []


async def test_endpoint_that_is_set_later_reaches_open_orders(inbox: Inbox) -> None:
    """The worker restarts with an endpoint: the next look has the order told as it stands."""
    async with await a_server() as env, a_world_on(env) as world:
        async with world.working(max_cached_workflows=0):  # nothing of it waits for this worker
            await world.verified()
            await world.env.sleep(timedelta(seconds=1))  # nothing is under way any more
        handle = world.handle()
        assert told_of(await handle.fetch_history()) == []
        world.receiver = inbox
        async with world.working():
            await world.env.sleep(timedelta(minutes=2))
            await received(inbox, "order.waiting_for_signature")
        # an order of today asks for no patch
        assert told_of(await handle.fetch_history()) == ["start_notification"]


async def test_order_that_twilio_never_had_is_told_of(inbox: Inbox, world: World) -> None:
    """Held at its creation, no look says whether there is an endpoint: it is tried."""
    await world.start(phone_number=REFUSED)
    await world.until(REFUSED, waiting_for="operator")
    await world.orders.cancel(REFUSED)
    await world.handle(REFUSED).result()
    await received(inbox, "order.on_hold", "order.cancelled")
    assert inbox.events[0].data.about == ("refused-22110",)


async def test_reminder_and_deadline_are_told(inbox: Inbox, world: World) -> None:
    """A day before the deadline, then the end."""
    await world.start(call_when="asked", deadline_days=2)
    await world.until(waiting_for="verification-call")
    await world.days_go_by(2)
    await world.env.sleep(timedelta(minutes=1))
    await world.handle().result()
    await received(inbox, "order.waiting_for_call", "order.reminder", "order.failed")
    reminder = inbox.events[1]
    assert reminder.data.deadline is not None
    left = reminder.data.deadline - reminder.timestamp
    assert timedelta(hours=23) < left <= timedelta(days=1)


async def test_order_that_continues_as_new_remembers_what_was_told(
    inbox: Inbox, world: World
) -> None:
    """The same standing is not told again, and the end is."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    await received(inbox, "order.waiting_for_call")
    order = an_order(call_when="asked")
    carried = OrderInput(**order.model_dump()).state(datetime.now(UTC))
    event = inbox.events[0]
    state = carried.but(sid=event.data.sid, status=event.data.status, notifies=True)
    await world.handle().terminate()
    await world.client.start_workflow(
        contract.WORKFLOW_TYPE,
        OrderInput(**order.model_dump(), carried=notifications.told(state)),
        id=order_workflow_id(NUMBER),
        task_queue=contract.TASK_QUEUE,
    )
    await world.until(waiting_for="verification-call")
    await world.orders.cancel(NUMBER)
    await world.handle().result()
    await received(inbox, "order.waiting_for_call", "order.cancelled")
    assert inbox.events[1].id.split("/")[1].startswith("2-")


@pytest.mark.fault("F48")
async def test_long_order_tells_its_news_once(inbox: Inbox) -> None:
    """On the dev server, which finds histories long early: nothing is lost or said twice."""
    async with (
        await a_dev_server(*SHORT_HISTORY) as env,
        a_world_on(env, inbox) as world,
        world.working(),
    ):
        await continued_as_new(world)
        await world.handle().result()
        await received(
            inbox, "order.waiting_for_code", "order.waiting_for_signature", "order.completed"
        )
        runs = {event.id.split("/")[0] for event in inbox.events}
        assert len(runs) == 2


async def test_event_that_temporal_does_not_take_at_once_is_handed_over_later(
    inbox: Inbox, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside the workflow task then, by an activity whose tries the Temporal UI shows."""
    send, tries = Notifications.send, []

    async def away_at_first(self: Notifications, event: NotificationEvent) -> None:
        tries.append(event.id)
        if len(tries) <= 2:
            raise TemporalUnavailableError("Temporal does not answer.", "Try again.")
        await send(self, event)

    monkeypatch.setattr(Notifications, "send", away_at_first)
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    await world.env.sleep(timedelta(seconds=5))
    await received(inbox, "order.waiting_for_call")
    assert len(set(tries)) == 1


async def test_temporal_that_takes_no_event_holds_up_no_order(
    inbox: Inbox, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order goes its way; as soon as events are taken again it is told how it stands."""
    send = Notifications.send
    open_: list[bool] = []

    async def refused(self: Notifications, event: NotificationEvent) -> None:
        if not open_:
            raise TemporalUnavailableError("Temporal does not answer.", "Try again.")
        await send(self, event)

    monkeypatch.setattr(Notifications, "send", refused)
    await world.verified()
    await world.until(waiting_for="signature")
    await world.env.sleep(TELL.total * 2 + timedelta(minutes=2))
    open_.append(True)
    await world.env.sleep(timedelta(hours=2))
    await received(inbox, "order.waiting_for_signature")


async def test_event_of_an_unknown_type_is_delivered(inbox: Inbox, world: World) -> None:
    """A later release's order may tell what this release's worker does not know."""
    event = EVENT.model_copy(update={"type": "order.teleported"})
    assert await (await notified(world, event)).result() == 204
    assert inbox.events == [event]
    with pytest.raises(RPCError):
        await world.client.get_workflow_handle(notifications.workflow_id("none")).describe()
