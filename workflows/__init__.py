"""Workflows: deterministic code that decides and waits, never does I/O."""

from typing import Final

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
