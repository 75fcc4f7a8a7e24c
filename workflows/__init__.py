"""Workflows: deterministic code that decides and waits, never does I/O."""

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.document_disposal import DocumentDisposalWorkflow
from workflows.hosted_number_order import HostedNumberOrderWorkflow
from workflows.notification import NotificationWorkflow
from workflows.offboarding import HostedNumberOffboardingWorkflow

WORKFLOWS: Final[list[type]] = [
    HostedNumberOrderWorkflow,
    HostedNumberOffboardingWorkflow,
    DocumentDisposalWorkflow,
]
"""Every workflow that the worker of the orders registers."""

NOTIFICATION_WORKFLOWS: Final[list[type]] = [NotificationWorkflow]
"""Those of the worker that delivers notifications."""


def sandbox() -> SandboxedWorkflowRunner:
    """The sandbox in which workflows run.

    Our own code passes through it. Imported anew for each workflow, as the sandbox does otherwise,
    it costs most of the worker's time and memory, and a file that a deploy replaces under a running
    worker would be mixed with modules that were loaded before. What the sandbox would watch for in
    our code (clocks, random numbers, I/O) is held by import-linter and by the replay tests instead.
    """
    restrictions = SandboxRestrictions.default.with_passthrough_modules(
        "annotated_types", "hosted_numbers", "pydantic", "pydantic_core", "workflows"
    )
    return SandboxedWorkflowRunner(restrictions=restrictions)
