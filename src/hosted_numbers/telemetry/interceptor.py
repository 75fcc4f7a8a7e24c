# ruff: noqa: A002 - "next" and "input" are the SDK's own names of these parameters
"""What a worker does with the correlation id: it hands it on, and writes it to the log.

A workflow hands on the name of the last request that reached it, to its activities and to other
workflows; and an activity's lines in the log have it. Headers are no part of a workflow's commands
as far as a replay is concerned, so nothing changes for orders of earlier releases.

One line says how each activity ended. What it says is built from types and codes.
"""

import logging
import time
from collections.abc import Coroutine
from typing import Any

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.worker import (
    Interceptor as WorkerInterceptor,
)
from temporalio.workflow import ActivityHandle, ChildWorkflowHandle

from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.correlation import HEADER, WithHeaders, name_in

_log = logging.getLogger(__name__)


class WorkerCorrelation(ClientInterceptor, WorkerInterceptor):
    """Carries correlation ids through a worker, which takes it over from its client."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """What an activity writes to the log has that name."""
        return _Acting(next)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,
    ) -> type[WorkflowInboundInterceptor] | None:
        """A workflow hands it on."""
        del input
        return _Hearing


class _Hearing(WorkflowInboundInterceptor):
    """Keeps the header of the last request that reached the workflow, as it came."""

    cause: Payload | None = None

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_HandingOn(outbound, self))

    def execute_workflow(self, input: ExecuteWorkflowInput) -> Coroutine[Any, Any, Any]:
        """Not async: it would take memory of each open workflow for as long as that lives."""
        input.headers = workflow.info().headers  # the same, without the message that they came in
        if self.cause is None:  # an update that came with the start may have been heard before
            self._heard(input)
        return self.next.execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        self._heard(input)
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        self._heard(input)
        return await super().handle_update_handler(input)

    def _heard(self, call: WithHeaders) -> None:
        if (found := call.headers.get(HEADER)) is not None:
            self.cause = Payload.FromString(found.SerializeToString())  # without its message


class _HandingOn(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, heard: _Hearing) -> None:
        super().__init__(next)
        self._heard = heard

    def continue_as_new(self, input: ContinueAsNewInput) -> Any:
        self._hand_on(input)
        super().continue_as_new(input)

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        self._hand_on(input)
        await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        self._hand_on(input)
        await super().signal_external_workflow(input)

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        self._hand_on(input)
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        self._hand_on(input)
        return super().start_local_activity(input)

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,
    ) -> ChildWorkflowHandle[Any, Any]:
        self._hand_on(input)
        return await super().start_child_workflow(input)

    def _hand_on(self, call: WithHeaders) -> None:
        if self._heard.cause is not None:
            call.headers = {**call.headers, HEADER: self._heard.cause}


class _Acting(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        begun = time.perf_counter()
        failure: BaseException | None = None
        with context.bound(
            correlation_id=name_in(input.headers),
            activity=info.activity_type,
            attempt=info.attempt,
            workflow_type=info.workflow_type,
            workflow_id=info.workflow_id,
            run_id=info.workflow_run_id,
        ):
            try:
                return await super().execute_activity(input)
            except BaseException as error:
                failure = error
                raise
            finally:
                _tell_end(failure, (time.perf_counter() - begun) * 1000)


def _tell_end(failure: BaseException | None, milliseconds: float) -> None:
    keys: dict[str, str | float] = {"duration_ms": round(milliseconds, 1)}
    if failure is None:
        _log.info("Activity done", extra=keys | {"outcome": "done"})
        return
    if not isinstance(failure, Exception):
        _log.info("Activity stopped", extra=keys | {"outcome": "stopped"})
        return
    kind = failure.type if isinstance(failure, ApplicationError) else None
    details = failure.details if isinstance(failure, ApplicationError) else ()
    code = getattr(details[0], "code", None) if details else None
    keys |= {"outcome": "failed", "kind": kind or type(failure).__qualname__}
    if isinstance(code, int):
        keys["twilio_code"] = code
    benign = (
        isinstance(failure, ApplicationError)
        and failure.category == ApplicationErrorCategory.BENIGN
    )
    _log.log(logging.INFO if benign else logging.WARNING, "Activity failed", extra=keys)
