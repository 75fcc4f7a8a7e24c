"""The documents of an order as its state holds them: the bill, and the supporting documents."""

from datetime import date
from typing import Final, Self

from pydantic import Field

from hosted_numbers.contract import (
    Message,
    StoredDocument,
    SupportingDocumentProgress,
    SupportingDocumentRequest,
)

APPROVED: Final = frozenset({"approved", "provisionally-approved"})
REFUSED: Final = frozenset({"rejected", "expired"})
MISSING: Final = "missing"
"""Not Twilio's: it does not find the document any more."""


class Bill(Message):
    """A bill on its way: kept in the blob store, then at Twilio, then attached to the order."""

    ticket: int = Field(description="Under which whoever provided it learns what became of it")
    file: StoredDocument | None = Field(
        default=None, description="None for one that Twilio had already"
    )
    bill_date: date | None = None
    sid: str | None = Field(default=None, description="Twilio's Document, RD… or RI…")
    attached: bool = False


class SupportingDocument(Message):
    """One document that the number's regulation needs."""

    request: SupportingDocumentRequest
    edition: int = Field(default=1, description="Grows with each replacement")
    sid: str | None = None
    status: str | None = Field(default=None, description="Twilio's, or missing")
    reason: str | None = Field(default=None, description="Why another one is asked for")

    @property
    def approved(self) -> bool:
        """Whether Twilio found it right."""
        return self.status in APPROVED

    @property
    def wanted(self) -> bool:
        """Whether a person has to provide it, for the first time or anew."""
        return self.reason is not None or (self.request.with_file and self.request.file is None)

    @property
    def ready(self) -> bool:
        """Whether it can be created at Twilio."""
        return self.sid is None and not self.wanted

    @property
    def under_review(self) -> bool:
        """Whether Twilio has it and has not decided."""
        return self.sid is not None and not self.approved and not self.wanted

    def replaced(self, request: SupportingDocumentRequest) -> Self:
        """The same document in a new edition, which Twilio has not seen."""
        return self.model_copy(
            update={
                "request": request,
                "edition": self.edition + 1,
                "sid": None,
                "status": None,
                "reason": None,
            }
        )

    def asked_again(self, reason: str, status: str | None = None) -> Self:
        """The same document, of which a person has to provide another one."""
        return self.model_copy(update={"reason": reason, "status": status or self.status})

    def progress(self) -> SupportingDocumentProgress:
        """The document as people see it."""
        return SupportingDocumentProgress(
            type=self.request.type, sid=self.sid, status=self.status, reason=self.reason
        )
