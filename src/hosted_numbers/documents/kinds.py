"""What a person says about a file, and how large a file of that kind may be.

Sources: Twilio's Documents API page (a utility bill has up to 10 MB) and its SupportingDocuments
page (an image has up to 5 MB).
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from hosted_numbers.contract import BILL
from hosted_numbers.formats import BillDate, DocumentType

BILL_BYTES: Final = 10_000_000
SUPPORTING_DOCUMENT_BYTES: Final = 5_000_000


class DocumentKind(BaseModel):
    """What stands beside the file. An unknown word is refused: it would be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: DocumentType = Field(
        default=BILL, description="utility_bill, or the type of a supporting document"
    )
    bill_date: BillDate | None = Field(
        default=None, description="The date on the bill, of the last 30 days"
    )

    @property
    def most_bytes(self) -> int:
        """The largest file of this kind that Twilio takes, in bytes."""
        return BILL_BYTES if self.type == BILL else SUPPORTING_DOCUMENT_BYTES
