"""The Schedule of the status sweep at Temporal: made, changed and taken away; what it reported."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.exceptions import TemporalError
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, sweeping
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.sweeping import SweepPace, SweepReport
from hosted_numbers.temporal_calls import TemporalCalls

SCHEDULE_ID: Final = "status-sweep"

NONE: Final = timedelta(0)
"""The pace that means: no sweep."""

_CATCH_UP: Final = timedelta(seconds=10)
"""Ticks of a time when Temporal was away are not made up for: the next one sees all."""

_DEADLINE: Final = timedelta(seconds=4)
_DONE: Final = f"WorkflowType = '{contract.SWEEP_TYPE}' AND ExecutionStatus = 'Completed'"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepSchedule:
    """How the Schedule stands.

    Attributes:
        every: between two ticks.
        paused: whether somebody stopped it.
        note: why, in their words.
    """

    every: timedelta
    paused: bool
    note: str | None


async def ensure(client: Client, every: timedelta) -> Literal["created", "updated", "absent"]:
    """Have Temporal start a sweep at a pace; safe to repeat.

    A Schedule that a person paused stays paused.

    Args:
        client: connected, with the pydantic data converter.
        every: between two ticks; zero takes the Schedule away.

    Raises:
        RPCError: Temporal does not let this through.
    """
    handle = client.get_schedule_handle(SCHEDULE_ID)
    if every == NONE:
        try:
            await handle.delete(rpc_timeout=_DEADLINE)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
        return "absent"
    try:
        await client.create_schedule(
            SCHEDULE_ID, _schedule(every, ScheduleState()), rpc_timeout=_DEADLINE
        )
    except ScheduleAlreadyRunningError:

        def renewed(current: ScheduleUpdateInput) -> ScheduleUpdate:
            return ScheduleUpdate(_schedule(every, current.description.schedule.state))

        await handle.update(renewed, rpc_timeout=_DEADLINE)
        return "updated"
    return "created"


async def schedule(client: Client) -> SweepSchedule | None:
    """The Schedule, None where there is none.

    Raises:
        TemporalUnavailableError: Temporal does not answer in time.
        RPCError: it does not let this through.
    """
    handle = client.get_schedule_handle(SCHEDULE_ID)
    try:
        found = await TemporalCalls(client, _DEADLINE).within(
            handle.describe(rpc_timeout=_DEADLINE)
        )
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    intervals = found.schedule.spec.intervals
    state = found.schedule.state
    return SweepSchedule(intervals[0].every if intervals else NONE, state.paused, state.note)


async def last_report(client: Client) -> SweepReport | None:
    """The report of the last sweep that came to an end, None before there was one.

    Raises:
        TemporalUnavailableError: Temporal does not answer in time.
        RPCError: it does not let this through.
    """
    calls = TemporalCalls(client, _DEADLINE)
    rows = client.list_workflows(_DONE, page_size=1, rpc_timeout=_DEADLINE)
    await calls.within(rows.fetch_next_page())
    for row in rows.current_page or ():
        handle = client.get_workflow_handle(row.id, run_id=row.run_id, result_type=SweepReport)
        return await calls.within(handle.result(rpc_timeout=_DEADLINE))
    return None


class SweepWatch:
    """Whether the sweep looks after the orders, so that they need not look for themselves.

    Args:
        client: connected, with the pydantic data converter.
        ttl: how long an answer holds; Temporal is asked once in that time.
    """

    def __init__(self, client: Client, ttl: timedelta = timedelta(seconds=60)) -> None:
        self._client = client
        self._ttl = ttl.total_seconds()
        self._asked_at: float | None = None
        self._answer = False
        self._asking = asyncio.Lock()

    async def alive(self) -> bool:
        """Whether complete sweeps happen. False in doubt; it never raises."""
        async with self._asking:
            if self._asked_at is None or time.monotonic() - self._asked_at >= self._ttl:
                self._answer = await self._look()
                self._asked_at = time.monotonic()
            return self._answer

    async def _look(self) -> bool:
        try:
            found = await schedule(self._client)
            if found is None or found.paused:
                return False
            report = await last_report(self._client)
        except (HostedNumbersError, TemporalError, RPCError, ValueError) as error:
            kind = type(error).__name__
            _log.warning(
                "Whether the status sweep runs is not known: %s", kind, extra={"kind": kind}
            )
            return False
        return report is not None and sweeping.is_reliable(report, datetime.now(UTC))


def _schedule(every: timedelta, state: ScheduleState) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            contract.SWEEP_TYPE,
            SweepPace(every=every),
            id=SCHEDULE_ID,
            task_queue=contract.TASK_QUEUE,
            static_summary="One look at Twilio for all open orders",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
        state=state,
    )
