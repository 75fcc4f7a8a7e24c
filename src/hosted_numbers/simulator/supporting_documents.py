"""The SupportingDocument: its data and every legal way to change it. Pure: no clock, no I/O.

Source: Twilio's page Supporting Documents resource, error codes 18001-18062, 21646, 22207-22211.
At Twilio a document is submitted and judged with the bundle that it is put into. There are no
bundles here, so nothing keeps a document from being deleted by its use (21645).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import TwilioError
from hosted_numbers.simulator.files import StoredFile
from hosted_numbers.simulator.orders import Step
from hosted_numbers.simulator.people import check_verdict, reviewer_decides

_DELETABLE: Final = frozenset({machine.DRAFT, machine.APPROVED, machine.REJECTED})
_REJECTED: Final = 18001
_UNREADABLE: Final = 18024
_REASON: Final = "The document does not comply with the regulation"


@dataclass(slots=True, kw_only=True)
class SupportingDocument:
    """One supporting document; ``deleted`` ones are remembered for the ledger alone."""

    sid: str
    account_sid: str
    friendly_name: str
    type: str
    date_created: datetime
    date_updated: datetime
    position: int
    attributes: dict[str, Any] = field(default_factory=dict)
    status: str = machine.DRAFT
    failure_reason: str | None = None
    errors: list[dict[str, int]] | None = None
    file: StoredFile | None = None
    step: Step | None = None
    deleted: bool = False

    @property
    def due(self) -> datetime | None:
        """When it is submitted or judged without a request."""
        return self.step.due if self.step is not None and not self.deleted else None


@dataclass(frozen=True, slots=True)
class NewSupportingDocument:
    """A checked create."""

    friendly_name: str
    type: str
    attributes: dict[str, Any]
    file: StoredFile | None = None


@dataclass(frozen=True, slots=True)
class SupportingDocumentChanges:
    """A checked update: plain fields by their name, and the status."""

    fields: dict[str, object] = field(default_factory=dict)
    status: str | None = None


def update(document: SupportingDocument, changes: SupportingDocumentChanges, now: datetime) -> None:
    """Apply a customer's update. Twilio names no code for one that comes too late: 22209.

    Raises:
        TwilioError: 22209, it is a draft no more.
    """
    if changes.status is None and not changes.fields:
        return
    if document.status != machine.DRAFT:
        raise TwilioError(22209)
    for name, value in changes.fields.items():
        setattr(document, name, value)
    document.date_updated = now
    if changes.status is not None:
        document.status = changes.status


def delete(document: SupportingDocument, now: datetime) -> None:
    """Delete a document.

    Raises:
        TwilioError: 21646, its status does not allow it.
    """
    if document.status not in _DELETABLE:
        raise TwilioError(21646)
    document.deleted = True
    document.date_updated = now


def decide(document: SupportingDocument, status: str, reason: str | None, now: datetime) -> None:
    """The reviewer gives a document another status.

    Raises:
        ControlError: 409, it was judged before.
    """
    check_verdict(document.sid, document.status, status)
    document.status = status
    document.date_updated = now
    document.failure_reason = document.errors = document.step = None
    if status == machine.REJECTED:
        unreadable = document.file is not None and document.file.locked
        document.failure_reason = reason or _REASON
        document.errors = [{"code": _UNREADABLE if unreadable else _REJECTED}]


def review(document: SupportingDocument, now: datetime) -> None:
    """What happens to a document by itself: a draft is submitted, then the reviewer judges it."""
    if document.status == machine.DRAFT:
        decide(document, machine.PENDING_REVIEW, None, now)
    else:
        legible = document.file is None or not document.file.locked
        decide(document, reviewer_decides([], legible=legible), None, now)
