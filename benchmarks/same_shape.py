"""A workflow of the shape of a whole order: all that the engine does for one, and nothing else.

As many activities, looks inside a workflow task, messages, timers and changes of search attributes
as an order of the product had in the same run, in the same order. Its activities do nothing, there
is no HTTP and there are no rules.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from benchmarks.line import Caller

QUEUE = "same-shape"
LINE = "BENCHMARK_LINE"
"""The variable that names the line on which activities say which messages they cause."""

STATUS: Final = SearchAttributeKey.for_keyword("HostedNumberStatus")

_COUNTED: Final = {
    "activity_task_scheduled_event_attributes": "activities",
    "marker_recorded_event_attributes": "local activities",
    "workflow_execution_signaled_event_attributes": "messages",
    "workflow_execution_update_accepted_event_attributes": "messages",
    "timer_started_event_attributes": "timers",
    "upsert_workflow_search_attributes_event_attributes": "upserts",
    "workflow_task_completed_event_attributes": "workflow tasks",
}


class Op(BaseModel):
    """One thing that the workflow does.

    Attributes:
        kind: an activity, one inside the workflow task, a change of search attributes, or a wait.
        signals: of an activity: how many hints it causes; of a wait: how many were heard by then.
        code: of an activity: it makes a phone ring; of a wait: it is for the code.
    """

    kind: Literal["activity", "local", "upsert", "wait"]
    signals: int = 0
    code: bool = False


class Shape(BaseModel):
    """What a whole order did."""

    ops: list[Op]


def shape_of(events: Iterable[HistoryEvent]) -> Shape:
    """The shape of an order, read from its history.

    A message belongs to the activity before it, as it is Twilio's or a person's answer to it.
    """
    ops: list[Op] = []
    heard = 0
    for event in events:
        what = event.WhichOneof("attributes") or ""
        acted = next((op for op in reversed(ops) if op.kind == "activity"), None)
        match _COUNTED.get(what):
            case "activities":
                ops.append(Op(kind="activity"))
            case "local activities":
                ops.append(Op(kind="local"))
            case "upserts":
                ops.append(Op(kind="upsert"))
            case "messages" if "update" in what:
                if acted is not None:
                    acted.code = True
                ops.append(Op(kind="wait", code=True))
            case "messages" if acted is not None:
                acted.signals += 1
                heard += 1
                waits = ops[-1].kind == "wait" and not ops[-1].code
                ops[-1].signals = heard if waits else ops[-1].signals
            case "timers":
                ops.append(Op(kind="wait", signals=heard))
    return Shape(ops=[op for op in ops if op.kind != "wait" or op.code or op.signals])


def counts_of(events: Iterable[HistoryEvent]) -> Counter[str]:
    """How many of each kind a history holds, and ``events`` in all."""
    counts: Counter[str] = Counter()
    for event in events:
        counts["events"] += 1
        if kind := _COUNTED.get(event.WhichOneof("attributes") or ""):
            counts[kind] += 1
    return counts


@activity.defn
async def act(op: Op) -> None:
    """Take no time; say which messages Twilio and the person would send now."""
    if op.signals or op.code:
        _line().say(
            workflow=activity.info().workflow_id,
            signals=op.signals,
            code=op.code,
        )


@activity.defn
async def look() -> None:
    """Take no time, inside the workflow task."""


_LINES: list[Caller] = []


def _line() -> Caller:
    if not _LINES:
        _LINES.append(Caller(Path(os.environ[LINE])))
    return _LINES[0]


@workflow.defn
class SameShape:
    """Does what its input says."""

    def __init__(self) -> None:
        self._heard = 0
        self._code = False
        self._judged = False

    @workflow.run
    async def run(self, shape: Shape) -> None:
        """Do one thing after the other."""
        for op in shape.ops:
            match op.kind:
                case "activity":
                    await workflow.execute_activity(
                        act, op, start_to_close_timeout=timedelta(seconds=30)
                    )
                    self._judged = self._code
                case "local":
                    await workflow.execute_local_activity(
                        look, start_to_close_timeout=timedelta(seconds=5)
                    )
                case "upsert":
                    workflow.upsert_search_attributes([STATUS.value_set("received")])
                case "wait":
                    await self._wait(op)
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _wait(self, op: Op) -> None:
        await workflow.wait_condition(
            lambda: self._code if op.code else self._heard >= op.signals,
            timeout=timedelta(minutes=10),
        )

    @workflow.signal
    def hear(self, hint: str) -> None:
        """A hint."""
        del hint
        self._heard += 1

    @workflow.update
    async def enter_code(self, code: str) -> bool:
        """The code; the answer comes after the next activity."""
        del code
        self._code = True
        await workflow.wait_condition(lambda: self._judged)
        return True


async def send_messages(client: Client, workflow_id: str, signals: int, *, code: bool) -> None:
    """What the activities of a workflow caused: hints one after another, and the code beside."""
    handle = client.get_workflow_handle_for(SameShape.run, workflow_id)
    async with asyncio.TaskGroup() as tasks:
        if code:
            tasks.create_task(handle.execute_update(SameShape.enter_code, "123456"))
        for _ in range(signals):
            await handle.signal(SameShape.hear, "received")


WORKFLOWS: list[type] = [SameShape]
ACTIVITIES = [act, look]
