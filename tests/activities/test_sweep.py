"""The sweep as an activity: with the simulator, and a Temporal that only answers."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

import pytest
from starlette.applications import Starlette
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities import hinting
from activities.expired_codes import ExpiredCodeActivities
from activities.sweep import Place
from hosted_numbers import open_orders
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.order_lists import STATUSES
from hosted_numbers.simulator.faults import FaultRule
from hosted_numbers.sweep_comparison import Hint, OpenOrder
from hosted_numbers.sweeping import SweepTask
from tests.activities.sweeper import (
    AGO,
    BEGAN,
    LETTERS,
    ORDERS,
    Handle,
    Sweeper,
    Temporal,
    at_twilio,
    known,
    number,
)
from tests.orders import NUMBER
from tests.world import InProcess, Twilio


async def test_nothing_is_listed_where_nothing_is_open(sweeper: Sweeper) -> None:
    """No request, no hint."""
    report = await sweeper.sweep()
    assert (report.requests, report.open_orders, report.listed) == (0, 0, {})
    assert report.complete


async def test_only_statuses_in_use_are_listed(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """And of orders that are as we know them nothing is said."""
    await at_twilio(twilio, number(0))
    await at_twilio(twilio, number(1), status="verified")
    known(temporal, number(0))
    known(temporal, number(1), status="verified")
    report = await sweeper.sweep()
    assert report.listed == {"received": 1, "verified": 1}
    assert (report.requests, report.signalled, report.differing) == (2, 0, 0)
    assert temporal.told == []


async def test_orders_that_moved_are_told(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """Within the listed statuses by their status, out of them just to look."""
    await at_twilio(twilio, number(0), status="verified")
    await at_twilio(twilio, number(1), status="completed")
    await at_twilio(twilio, number(2), status="verified")
    known(temporal, number(0), number(1))
    known(temporal, number(2), status="verified")
    report = await sweeper.sweep()
    assert set(temporal.told) == {Hint(number(0), "verified"), Hint(number(1), None)}
    assert (report.signalled, report.differing) == (2, 2)
    assert (report.absent, report.absent_total, report.strays) == ((number(1),), 1, ())


async def test_orders_whose_papers_are_reviewed_look_with_some_sweeps(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """No callback tells of a supporting document; that is no lost one, and no reason to hurry."""
    await at_twilio(twilio, number(0), status="verified")
    temporal.shown[number(0)] = OpenOrder("verified", "document-review", AGO)
    report = await sweeper.sweep()
    assert temporal.told == [Hint(number(0), None)]
    assert (report.signalled, report.differing) == (1, 0)
    await sweeper.sweep()
    assert len(temporal.told) == 1


async def test_an_order_that_heard_meanwhile_is_not_told(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its callback was on its way, so none was lost; one that ended meanwhile has no need."""
    await at_twilio(twilio, number(0), number(1), status="verified")
    known(temporal, number(0), number(1))

    async def later(client: object, numbers: Iterable[str]) -> dict[str, OpenOrder]:
        del client
        now = BEGAN + timedelta(seconds=1)
        return {number(0): OpenOrder("verified", "nothing", now)} if numbers else {}

    monkeypatch.setattr(open_orders, "shown", later)
    report = await sweeper.sweep()
    assert temporal.told == []
    assert (report.signalled, report.differing) == (0, 0)


async def test_orders_that_all_stood_still_are_counted_and_not_listed(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where callbacks are lost, each order did, and to list them takes ten times as long."""
    await at_twilio(twilio, number(0), number(1), status="verified")
    known(temporal, number(0), number(1))

    async def all_did(client: object, numbers: Sequence[str], before: datetime) -> bool:
        del client
        return set(numbers) <= {number(0), number(1)} and before == BEGAN

    async def listed(client: object, numbers: Iterable[str]) -> dict[str, OpenOrder]:
        raise AssertionError((client, numbers))

    monkeypatch.setattr(open_orders, "all_still", all_did)
    monkeypatch.setattr(open_orders, "shown", listed)
    assert (await sweeper.sweep()).signalled == 2


async def test_a_hint_waits_for_a_callback_that_may_be_on_its_way(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the grace, and no longer than it must."""
    await at_twilio(twilio, number(0), status="verified")
    known(temporal, number(0))
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        sweeper.activities._grace = timedelta(0)
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: float("inf"))

    monkeypatch.setattr(hinting, "_pause", pause)
    sweeper.activities._grace = timedelta(seconds=1000)
    report = await sweeper.sweep()
    assert report.signalled == 1
    assert len(pauses) == 1
    assert 990 < pauses[0] <= 1000


@pytest.mark.fault("F21")
async def test_the_same_hint_is_not_given_with_each_sweep(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """An order that cannot move on is asked again after ten minutes, and is news once a day."""
    await at_twilio(twilio, number(0), number(1), status="verified")
    known(temporal, number(0))
    known(temporal, number(1), status="verified")
    first = await sweeper.sweep()
    sweeper.at += timedelta(minutes=9)
    second = await sweeper.sweep()
    sweeper.at += timedelta(minutes=1)
    third = await sweeper.sweep()
    assert [(each.signalled, each.differing) for each in (first, second, third)] == [
        (1, 1),
        (0, 0),
        (1, 0),
    ]


@pytest.mark.fault("F35")
async def test_an_order_that_is_gone_becomes_a_stray(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """Absent in two sweeps running; asked to look once a day."""
    (sid,) = await at_twilio(twilio, number(0))
    known(temporal, number(0))
    assert (await sweeper.sweep()).absent == ()
    await twilio.twilio.hosted_number_orders.delete(sid)
    first = await sweeper.sweep()
    second = await sweeper.sweep(last=first)
    third = await sweeper.sweep(last=second)
    assert temporal.told == [Hint(number(0), None)]
    assert [each.strays for each in (first, second, third)] == [(), (number(0),), (number(0),)]
    assert [each.differing for each in (first, second, third)] == [1, 0, 0]
    await at_twilio(twilio, number(0))
    back = await sweeper.sweep(last=third)
    assert (back.absent, back.strays, back.strays_total) == ((), (), 0)


async def test_lists_that_come_back_empty_do_not_set_off_a_look_by_each(
    temporal: Temporal, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are asked with each sweep, a hundred are named."""
    monkeypatch.setattr(hinting, "LOOKS_AT_ONCE", 150)
    known(temporal, *(number(each) for each in range(250)))
    first = await sweeper.sweep()
    assert (first.signalled, first.absent_total, len(first.absent)) == (150, 250, 100)
    second = await sweeper.sweep(last=first)
    assert (second.signalled, second.strays_total) == (100, 100)
    assert len(set(temporal.told)) == 250


async def test_a_full_sweep_finds_orphans(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """Each is looked for before it is called one; the next sweep hands them on."""
    temporal.ended[number(1)] = AGO
    temporal.ended[number(2)] = BEGAN + timedelta(seconds=1)
    temporal.hidden.add(number(3))
    sids = await at_twilio(twilio, *(number(each) for each in range(4)), status="verified")
    await twilio.twilio.hosted_number_orders.create(phone_number=number(4))
    report = await sweeper.sweep(full=True)
    assert tuple(report.listed) == STATUSES
    assert report.full_at == BEGAN
    assert [(each.phone_number, each.sid, each.status) for each in report.orphans] == [
        (number(0), sids[0], "verified"),
        (number(1), sids[1], "verified"),
    ]
    assert report.orphans_total == 2
    later = await sweeper.sweep(last=report)
    assert (later.orphans, later.full_at, later.requests) == (report.orphans, BEGAN, 0)


async def test_of_many_strangers_a_hundred_are_looked_for(
    twilio: Twilio, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are counted."""
    monkeypatch.setattr("activities.sweep.NAMED", 2)
    await at_twilio(twilio, *(number(each) for each in range(5)))
    report = await sweeper.sweep(full=True)
    assert (len(report.orphans), report.orphans_total) == (2, 5)


@pytest.mark.fault("F33")
async def test_an_order_whose_letter_was_declined_is_told(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """The letters that are out are listed as long as an order is in pending-loa."""
    sids = await at_twilio(twilio, number(0), number(1), status="verified")
    letters = [
        await twilio.twilio.authorization_documents.create(
            hosted_number_order_sids=[sid],
            address_sid="AD" + "0" * 32,
            email="owner@example.com",
            contact_title="Owner",
            contact_phone_number=NUMBER,
        )
        for sid in sids
    ]
    known(temporal, number(0), number(1), status="pending-loa")
    assert (await sweeper.sweep()).requests == 2
    assert temporal.told == []
    # Twilio's pages do not say that a decline moves the order: here it does not
    one = {"meta": {"key": "items", "next_page_url": None}, "items": [{"sid": letters[0].sid}]}
    await twilio.fault("GET", LETTERS, "status", status=200, body=json.dumps(one), times=1)
    report = await sweeper.sweep()
    assert temporal.told == [Hint(number(1), None)]
    assert (report.signalled, report.differing) == (1, 0)


@pytest.mark.fault("F18")
async def test_an_order_in_a_status_that_twilio_invented_looks_once_a_day(
    temporal: Temporal, sweeper: Sweeper
) -> None:
    """It cannot be listed, so nothing is known of it, nor that it is gone."""
    known(temporal, number(0), status="quantum-review")
    report = await sweeper.sweep()
    await sweeper.sweep()
    assert temporal.told == [Hint(number(0), None)]
    assert (report.requests, report.differing, report.absent) == (0, 0, ())


@pytest.mark.fault("F11")
@pytest.mark.usefixtures("pages_of_two")
async def test_a_sweep_that_is_held_up_is_tried_again_when_twilio_says(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """Its place is told; the page that was refused is the one to go on with."""
    await at_twilio(twilio, *(number(each) for each in range(5)), status="verified")
    known(temporal, *(number(each) for each in range(5)), status="verified")
    limit = FaultRule(path=ORDERS, action="status", status=429, headers={"Retry-After": "7"})
    transport = cast("InProcess", twilio.simulator._transport)
    faults = cast("Starlette", transport.app).state.simulator.faults
    env = sweeper.environment()

    def tell(place: Place) -> None:
        sweeper.heartbeats.append(place)
        if place.requests == 1:
            faults.add(limit)

    env.on_heartbeat = tell
    with pytest.raises(ApplicationError, match="429") as limited:
        await env.run(sweeper.activities.sweep, SweepTask(at=BEGAN, full=False))
    assert limited.value.next_retry_delay is not None
    assert limited.value.next_retry_delay >= timedelta(seconds=7)
    assert not limited.value.non_retryable
    place = sweeper.heartbeats[-1]
    assert (place.index, place.requests, place.listed) == (0, 1, {"verified": 2})
    assert place.after is not None


@pytest.mark.usefixtures("pages_of_two")
async def test_what_a_try_did_not_see_it_does_not_speak_of(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """The rest is listed and compared; what is missing, lost or found stays as it was."""
    await at_twilio(twilio, *(number(each) for each in range(5)), status="verified")
    known(temporal, *(number(each) for each in range(7)), status="verified")
    known(temporal, number(3), number(4), status="received")
    last = await sweeper.sweep(full=True)
    assert last.requests == len(STATUSES) + 2
    temporal.told.clear()
    place = next(each for each in sweeper.heartbeats if each.listed.get("verified") == 2)
    sweeper.at += timedelta(days=1)
    report = await sweeper.sweep(
        last=last, full=True, heartbeat_details=[place.model_dump(mode="json")]
    )
    assert set(temporal.told) == {Hint(number(3), "verified"), Hint(number(4), "verified")}
    assert not report.complete
    assert report.listed == last.listed
    assert report.requests == last.requests
    assert (report.complete_at, report.full_at, report.absent) == (
        last.complete_at,
        last.full_at,
        last.absent,
    )


@pytest.mark.parametrize("place", [Place(), Place(statuses=("received",))], ids=["none", "first"])
async def test_a_try_that_had_listed_nothing_is_begun_anew(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper, place: Place
) -> None:
    """Nothing was seen and forgotten."""
    await at_twilio(twilio, number(0))
    known(temporal, number(0), status="verified")
    report = await sweeper.sweep(heartbeat_details=[place.model_dump(mode="json")])
    assert report.complete
    assert temporal.told == [Hint(number(0), None)]


@pytest.mark.fault("F51")
async def test_a_worker_that_is_told_to_stop_leaves_the_sweep_to_another(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """At the next page, with its place told; not after the whole fleet."""
    await at_twilio(twilio, number(0))
    known(temporal, number(0))
    env = sweeper.environment()
    env.worker_shutdown()
    with pytest.raises(ApplicationError, match="another one goes on") as stopped:
        await env.run(sweeper.activities.sweep, SweepTask(at=BEGAN, full=False))
    assert not stopped.value.non_retryable
    assert (await twilio.ledger())["requests"].get(f"GET {ORDERS}") is None
    assert len(sweeper.heartbeats) == 1


@pytest.mark.fault("F51")
async def test_a_worker_that_is_told_to_stop_does_not_wait_for_callbacks(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """The pause before a hint ends with it."""
    await at_twilio(twilio, number(0), status="verified")
    known(temporal, number(0))
    sweeper.activities._grace = timedelta(hours=1)
    env = sweeper.environment()
    paused = asyncio.Event()

    def tell(place: Place) -> None:
        if place.index:
            paused.set()

    env.on_heartbeat = tell
    task = SweepTask(at=BEGAN, full=False)
    sweep = asyncio.ensure_future(env.run(sweeper.activities.sweep, task))
    await paused.wait()
    env.worker_shutdown()
    with pytest.raises(ApplicationError, match="another one goes on"):
        await sweep


async def test_a_cancelled_sweep_ends_at_once(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """As when the workflow is cancelled in the Temporal UI."""
    await at_twilio(twilio, number(0), status="verified")
    known(temporal, number(0))
    sweeper.activities._grace = timedelta(hours=1)
    env = sweeper.environment()
    env.on_heartbeat = lambda place: env.cancel() if place.index else None
    with pytest.raises(asyncio.CancelledError):
        await env.run(sweeper.activities.sweep, SweepTask(at=BEGAN, full=False))


async def test_without_temporal_a_sweep_is_tried_again(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """One word says it, not one for each order; and nothing counts as told."""
    await at_twilio(twilio, number(0), number(1), status="verified")
    known(temporal, number(0), number(1))
    temporal.away = True
    with pytest.raises(TemporalUnavailableError):
        await sweeper.sweep()
    temporal.away = False
    assert (await sweeper.sweep()).signalled == 2


async def test_without_temporal_nobody_is_called_an_orphan(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper
) -> None:
    """It is not known."""
    await at_twilio(twilio, number(0))
    temporal.away = True
    with pytest.raises(RPCError):
        await sweeper.sweep(full=True)


async def test_an_order_that_ended_takes_no_hint(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal's lists lag: it is not counted."""
    await at_twilio(twilio, number(0), status="verified")
    known(temporal, number(0))

    async def ended(*_: object, **__: object) -> None:
        raise RPCError("ended", RPCStatusCode.NOT_FOUND, b"")

    monkeypatch.setattr(Handle, "signal", ended)
    report = await sweeper.sweep()
    assert (report.signalled, report.differing) == (0, 0)


async def test_many_hints_are_given_many_at_a_time(
    twilio: Twilio, temporal: Temporal, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, each of which is told of, and fifty at once."""
    del twilio
    known(temporal, *(number(each) for each in range(500)))
    under_way = most = 0

    async def signal(*_: object, **__: object) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    monkeypatch.setattr(Handle, "signal", signal)
    report = await sweeper.sweep()
    assert report.signalled == 500
    assert most == hinting.AT_ONCE
    assert len(sweeper.heartbeats) >= 5


@pytest.mark.fault("F28")
async def test_orders_whose_code_has_expired_are_shown_the_time(
    temporal: Temporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint says what they know, so that it costs no look; one that ended takes none."""
    known(temporal, number(0), status="pending-verification")
    found = [(number(0), temporal.shown[number(0)]), (number(1), temporal.shown[number(0)])]

    async def overdue(_: object, waiting_for: str, now: datetime) -> list[tuple[str, OpenOrder]]:
        assert waiting_for == "verification-code"
        assert now.tzinfo is not None
        return found

    monkeypatch.setattr(open_orders, "overdue", overdue)
    activities = ExpiredCodeActivities(cast("Client", temporal))
    assert await ActivityEnvironment().run(activities.hint) == 1
    assert temporal.told == [Hint(number(0), "pending-verification")]
