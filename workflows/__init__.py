"""Workflows: deterministic code that decides and waits, never does I/O."""

from typing import Final

from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner

from workflows.authorization_document import AuthorizationDocumentWorkflow
from workflows.bulk_import import BulkImportWorkflow
from workflows.document_disposal import DocumentDisposalWorkflow
from workflows.hosted_number_order import HostedNumberOrderWorkflow
from workflows.notification import NotificationWorkflow
from workflows.offboarding import HostedNumberOffboardingWorkflow
from workflows.status_sweep import StatusSweepWorkflow

WORKFLOWS: Final[list[type]] = [
    HostedNumberOrderWorkflow,
    HostedNumberOffboardingWorkflow,
    DocumentDisposalWorkflow,
    AuthorizationDocumentWorkflow,
    BulkImportWorkflow,
    StatusSweepWorkflow,
]
"""Every workflow that the worker of the orders registers."""

NOTIFICATION_WORKFLOWS: Final[list[type]] = [NotificationWorkflow]
"""Those of the worker that delivers notifications."""


def runner() -> WorkflowRunner:
    """What runs the workflows: no sandbox.

    All of our code would have to pass through it: imported anew for each workflow, as the sandbox
    does otherwise, it costs most of the worker's time and memory, and a file that a deploy replaces
    under a running worker would be mixed with modules that were loaded before. What passes through
    is not watched, so the sandbox would guard nothing for a quarter of the worker's CPU. That
    workflows are deterministic is held by import-linter, by the replay of recorded histories, and
    by tests that run them in the strict sandbox (docs/decisions/0010).
    """
    return UnsandboxedWorkflowRunner()
