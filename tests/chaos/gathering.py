"""Reads what a run has left behind, once everything is healed, and makes evidence of it."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from temporalio.client import (
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHistory,
)
from temporalio.service import RPCError
from temporalio.worker import Replayer

from deploy.readiness import NO_TLS
from hosted_numbers import contract
from hosted_numbers.contract import Progress
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.ids import phone_number_of
from hosted_numbers.orders import HostedNumberOrders
from tests.chaos.canaries import canaries_of, found_in
from tests.chaos.evidence import Canary, Evidence, OrderRun, Probe
from tests.chaos.stage import SWEEP, Stage
from tests.chaos.twilio_side import TwilioSide
from workflows import WORKFLOWS
from workflows.runner import runner

MOST_REPLAYED: Final = 400
"""Histories that are replayed of a kind; of more, a sample by the seed."""

_LAG: Final = 2.0
_CLOCK: Final = 3 * SWEEP
"""An order whose time is up learns it from the next sweep, which lists it a second late or so."""
_KEYS: Final = "HOSTED_NUMBERS_ENCRYPTION_KEYS"


@dataclass
class Prober:
    """Asks the gateway, around its proxy, whether it is ready.

    Attributes:
        url: where.
        probes: what it said.
    """

    url: str
    probes: list[Probe]

    @contextlib.asynccontextmanager
    async def probing(self) -> AsyncIterator[None]:
        """Ask five times a second while the block runs."""
        task = asyncio.create_task(self._probe(), name="prober")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _probe(self) -> None:
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=10) as client:
            while True:
                asked = time.monotonic()
                try:
                    status: int | None = (await client.get(self.url)).status_code
                except httpx.TransportError:
                    status = None
                self.probes.append(Probe(asked, time.monotonic(), status))
                await asyncio.sleep(0.2)


async def standing(
    orders: HostedNumberOrders, number: str, patience: timedelta = _CLOCK
) -> Progress:
    """Where an open order stands. One whose time has just come may take what it takes to learn it.

    Args:
        orders: who is asked.
        number: the order's.
        patience: how long it may take; then it is told as it is, beyond its deadline.
    """
    until = time.monotonic() + patience.total_seconds()
    while True:
        progress = await orders.progress(number)
        late = progress.deadline is not None and progress.deadline < datetime.now(UTC)
        if not late or time.monotonic() >= until:
            return progress
        await asyncio.sleep(0.5)


@dataclass
class Gathering:
    """The reading of one stage.

    Attributes:
        stage: what is read.
        twilio: its ledger.
        seed: of the sample.
    """

    stage: Stage
    twilio: TwilioSide
    seed: int

    async def read(self, codes: Sequence[str], **more: Any) -> Evidence:
        """All that Temporal, the simulator and the processes know.

        Args:
            codes: the right codes that were handed in.
            more: what the cast knows, as fields of ``Evidence``.
        """
        await asyncio.sleep(_LAG)  # of the lists
        canaries = canaries_of(self.stage.deployment, codes)
        listed = [each async for each in self.stage.temporal.list_workflows()]
        orders = [each for each in listed if each.workflow_type == contract.WORKFLOW_TYPE]
        failures, replayed, finds = await self._histories(listed, canaries)
        return Evidence(
            now=datetime.now(UTC).isoformat(),
            ledger=await self.twilio.ledger(),
            runs=[await self._run(each) for each in orders if not _continued(each)],
            canaries=canaries,
            logs={log.stem: log for log in self.stage.parts.logs.glob("*.log")},
            exposed=await self._exposed() | {"traces": self.stage.traces.text},
            spans=self.stage.traces.spans,
            history_finds=finds,
            reported=await self._reported(),
            replayed=replayed,
            replay_failures=failures,
            outages=self.stage.outages,
            callbacks=self.stage.callbacks.answers,
            crashes=self.stage.crashes,
            **more,
        )

    async def _run(self, listed: WorkflowExecution) -> OrderRun:
        client, number = self.stage.temporal, phone_number_of(listed.id)
        handle = client.get_workflow_handle(listed.id, run_id=listed.run_id, result_type=Progress)
        found = await handle.describe()
        is_open = found.status == WorkflowExecutionStatus.RUNNING
        progress: Progress | None = None
        with contextlib.suppress(HostedNumbersError, WorkflowFailureError, RPCError, TimeoutError):
            orders = HostedNumberOrders(client)
            progress = await (standing(orders, number) if is_open else handle.result())
        pending = found.raw_description
        troubles = [
            f"{each.activity_type.name} was tried {each.attempt} times: {each.last_failure.message}"
            for each in pending.pending_activities
            if each.attempt > 1
        ]
        if (tries := pending.pending_workflow_task.attempt) > 1:
            troubles.append(f"its workflow task was tried {tries} times")
        shown = {pair.key.name: pair.value for pair in found.typed_search_attributes}
        return OrderRun(
            number=number,
            run_id=found.raw_info.first_run_id or found.run_id,
            open=is_open,
            outcome=found.status.name.lower() if found.status is not None else "",
            progress=progress.model_dump(mode="json") if progress is not None else None,
            public=f"{found.id} {shown}",
            trouble="; ".join(troubles),
        )

    async def _histories(
        self, listed: Sequence[WorkflowExecution], canaries: Sequence[Canary]
    ) -> tuple[list[tuple[str, str]], int, list[tuple[str, str]] | None]:
        """Those that do not replay, how many were replayed, and the canaries in raw ones."""
        encrypted = bool({_KEYS, f"{_KEYS}_FILE"} & self.stage.parts.environments["worker"].keys())
        replayer = Replayer(
            workflows=WORKFLOWS,
            workflow_runner=runner(),
            data_converter=self.stage.temporal.data_converter,
        )
        finds: list[tuple[str, str]] = []
        sample = self._sample(listed)

        async def histories() -> AsyncIterator[WorkflowHistory]:
            for each in listed if encrypted else sample:
                handle = self.stage.temporal.get_workflow_handle(each.id, run_id=each.run_id)
                history = await handle.fetch_history()
                if encrypted:
                    finds.extend((each.id, name) for name in found_in(_raw(history), canaries))
                if each in sample:
                    yield history

        async with replayer.workflow_replay_iterator(histories()) as results:
            failures = [
                (result.history.workflow_id, str(result.replay_failure))
                async for result in results
                if result.replay_failure is not None
            ]
        return failures, len(sample), finds if encrypted else None

    def _sample(self, listed: Sequence[WorkflowExecution]) -> list[WorkflowExecution]:
        """Some of each type; all, where they are few."""
        luck = random.Random(f"{self.seed}/replay")  # noqa: S311  # repeatable, not secret
        by_type: dict[str, list[WorkflowExecution]] = {}
        for each in sorted(listed, key=lambda row: (row.id, row.start_time)):
            by_type.setdefault(each.workflow_type, []).append(each)
        chosen: list[WorkflowExecution] = []
        for _, rows in sorted(by_type.items()):
            chosen += luck.sample(rows, min(len(rows), MOST_REPLAYED))
        return chosen

    async def _reported(self) -> list[str]:
        query = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
        return [each.id async for each in self.stage.temporal.list_workflows(query)]

    async def _exposed(self) -> dict[str, str]:
        """What the parts tell of themselves, where they do."""
        found: dict[str, str] = {}
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS, timeout=10) as client:
            for name, address in self.stage.metrics.items():
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get(f"http://{address}/metrics")
                    found[f"metrics of the {name}"] = answer.text
        return found


def _raw(history: WorkflowHistory) -> str:
    """All bytes of a history as text that keeps each of them."""
    return b"".join(event.SerializeToString() for event in history.events).decode("latin-1")


def _continued(row: WorkflowExecution) -> bool:
    """Whether another run of the same order took over."""
    return row.status == WorkflowExecutionStatus.CONTINUED_AS_NEW
