"""What runs the workflows of a worker."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)

_NO_RESULT: Final = Payloads()

M = TypeVar("M", Payload, Payloads, Failure)


def runner() -> WorkflowRunner:
    """What runs the workflows: no sandbox.

    All of our code would have to pass through it: imported anew for each workflow, as the sandbox
    does otherwise, it costs most of the worker's time and memory, and a file that a deploy replaces
    under a running worker would be mixed with modules that were loaded before. What passes through
    is not watched, so the sandbox would guard nothing for a quarter of the worker's CPU. That
    workflows are deterministic is held by import-linter, by the replay of recorded histories, and
    by tests that run them in the strict sandbox (docs/decisions/0011).
    """
    return _LettingGo()


class _LettingGo(UnsandboxedWorkflowRunner):
    """Keeps copies of what the SDK keeps of the message that a workflow began with.

    A part of a protobuf message keeps the whole of it in memory, with the workflow's arguments as
    they came and as they were decrypted, for as long as the workflow is in a worker's cache. The
    headers that the SDK keeps beside these are let go in ``telemetry.interceptor``.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A workflow that holds on to none of the message that it begins with."""
        info = replace(
            det.info, headers=_copies(det.info.headers), raw_memo=_copies(det.info.raw_memo)
        )
        return super().create_instance(
            replace(
                det,
                info=info,
                last_completion_result=_copy(det.last_completion_result)
                if det.last_completion_result.payloads
                else _NO_RESULT,
                last_failure=None if det.last_failure is None else _copy(det.last_failure),
            )
        )


def _copies(messages: Mapping[str, M]) -> dict[str, M]:
    return {name: _copy(each) for name, each in messages.items()}


def _copy(message: M) -> M:
    return type(message).FromString(message.SerializeToString())
