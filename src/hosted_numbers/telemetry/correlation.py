# ruff: noqa: A002 - "next" and "input" are the SDK's own names of these parameters
"""From a request's name to the log of what it led to: the correlation id travels through Temporal.

The gateway names each request. Whatever it starts, updates or signals at Temporal carries that name
in a header; from there on a worker's ``interceptor`` hands it on. This much is what every process
does that talks to Temporal, and loads nothing of a worker.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)

from hosted_numbers.telemetry import context

HEADER: Final = "correlation-id"
_PLAIN: Final = b"json/plain"


class WithHeaders(Protocol):
    """A call of the SDK's, on its way through interceptors."""

    headers: Mapping[str, Payload]


class Correlation(Interceptor):
    """Has what a client sends carry the name of the request that it is sent for."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        """What a client sends."""
        return _Sending(next)


def _named(call: WithHeaders) -> None:
    """Write the name of the request that is being served into a call's headers."""
    if (name := context.correlation_id()) is not None:
        written = Payload(metadata={"encoding": _PLAIN}, data=f'"{name}"'.encode())
        call.headers = {**call.headers, HEADER: written}


def name_in(headers: Mapping[str, Payload]) -> str | None:
    """The name in the headers of a call; None where there is none that can be read."""
    found = headers.get(HEADER)
    if found is None or found.metadata.get("encoding") != _PLAIN:
        return None
    name = found.data.decode("ascii", "replace").strip('"')
    return name if context.is_name(name) else None


class _Sending(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        _named(input)
        return await super().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        _named(input)
        await super().signal_workflow(input)

    async def start_workflow_update(
        self,
        input: StartWorkflowUpdateInput,
    ) -> WorkflowUpdateHandle[Any]:
        _named(input)
        return await super().start_workflow_update(input)

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,
    ) -> WorkflowUpdateHandle[Any]:
        _named(input.start_workflow_input)
        _named(input.update_workflow_input)
        return await super().start_update_with_start_workflow(input)
