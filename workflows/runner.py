"""What runs the workflows of a worker."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from temporalio import workflow
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)

if TYPE_CHECKING:
    from temporalio.worker._command_aware_visitor import CommandInfo

_NO_RESULT: Final = Payloads()
HELD: Final[Mapping[str, object]] = MappingProxyType(
    {
        "_current_completion": None,
        "_current_internal_flags": (),
        "_deployment_version_for_current_task": None,
    }
)
"""What of the SDK's instance are parts of its last activation, or the answer to it; each activation
sets them anew."""

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
        """A workflow that holds on to none of the messages that it is told and answers."""
        info = replace(
            det.info, headers=_copies(det.info.headers), raw_memo=_copies(det.info.raw_memo)
        )
        instance = super().create_instance(
            replace(
                det,
                info=info,
                last_completion_result=_copy(det.last_completion_result)
                if det.last_completion_result.payloads
                else _NO_RESULT,
                last_failure=None if det.last_failure is None else _copy(det.last_failure),
            )
        )
        return _Forgetful(instance)


class _Forgetful(WorkflowInstance):
    """Lets go of each activation and of its answer: 10 kB of each workflow that waits.

    The SDK's instance holds on to the last ones until the next, with all that they were decrypted
    from and encrypted to, though nobody looks at them meanwhile. It has no word for this, so its
    own attributes are named here; a test tells where a release has others.

    Args:
        instance: the SDK's.
    """

    __slots__ = ("_instance",)

    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """What the SDK's instance answers."""
        completion = self._instance.activate(act)
        for name, value in HELD.items():  # vars() would cost each instance a dict
            setattr(self._instance, name, value)
        return completion

    def get_serialization_context(
        self, command_info: "CommandInfo | None"
    ) -> SerializationContext | None:
        """What the SDK's instance says."""
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(
        self, command_info: "CommandInfo | None"
    ) -> StorageDriverStoreContext:
        """What the SDK's instance says."""
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        """What the SDK's instance says."""
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        """What the SDK's instance says."""
        return self._instance.get_thread_id()


def _copies(messages: Mapping[str, M]) -> dict[str, M]:
    return {name: _copy(each) for name, each in messages.items()}


def _copy(message: M) -> M:
    return type(message).FromString(message.SerializeToString())
