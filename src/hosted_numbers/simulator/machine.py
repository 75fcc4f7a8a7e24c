"""Statuses and limits of Twilio's state machines, as data.

Sources: Twilio's pages HostedNumberOrder resource, AuthorizationDocument resource, Documents API
and Supporting Documents resource.
"""

from datetime import timedelta
from typing import Final

TWILIO_PROCESSING: Final = "twilio-processing"
RECEIVED: Final = "received"
PENDING_VERIFICATION: Final = "pending-verification"
VERIFIED: Final = "verified"
PENDING_LOA: Final = "pending-loa"
CARRIER_PROCESSING: Final = "carrier-processing"
TESTING: Final = "testing"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
ACTION_REQUIRED: Final = "action-required"

ORDER_STATUSES: Final = frozenset(
    {
        TWILIO_PROCESSING,
        RECEIVED,
        PENDING_VERIFICATION,
        VERIFIED,
        PENDING_LOA,
        CARRIER_PROCESSING,
        TESTING,
        COMPLETED,
        FAILED,
        ACTION_REQUIRED,
    }
)

ENDED: Final = frozenset({COMPLETED, FAILED})
"""An order that never moves again."""

DELETABLE: Final = frozenset({RECEIVED, PENDING_VERIFICATION, VERIFIED, PENDING_LOA})
"""Where DELETE works, by Twilio's page."""

IDLES: Final = DELETABLE
"""Where an order waits for the customer and dies when nothing happens."""

BEFORE_LOA: Final = frozenset({TWILIO_PROCESSING, RECEIVED, PENDING_VERIFICATION, VERIFIED})
"""Where an order is on no AuthorizationDocument."""

SIGNING: Final = "signing"
OPENED: Final = "opened"
SIGNED: Final = "signed"
CANCELED: Final = "canceled"

DOCUMENT_STATUSES: Final = frozenset({OPENED, SIGNING, SIGNED, CANCELED, FAILED})
DOCUMENT_ENDED: Final = frozenset({SIGNED, CANCELED, FAILED})

DRAFT: Final = "draft"
PENDING_REVIEW: Final = "pending-review"
APPROVED: Final = "approved"
PROVISIONALLY_APPROVED: Final = "provisionally-approved"
REJECTED: Final = "rejected"
EXPIRED: Final = "expired"

REVIEW_MOVES: Final = {
    DRAFT: frozenset({PENDING_REVIEW, APPROVED, PROVISIONALLY_APPROVED, REJECTED}),
    PENDING_REVIEW: frozenset({APPROVED, PROVISIONALLY_APPROVED, REJECTED}),
    PROVISIONALLY_APPROVED: frozenset({APPROVED, REJECTED, EXPIRED}),
    APPROVED: frozenset({EXPIRED}),
    REJECTED: frozenset[str](),
    EXPIRED: frozenset[str](),
}
"""What may become of a paper that a reviewer looks at; what was refused is never judged again."""

UNDECIDED: Final = frozenset({DRAFT, PENDING_REVIEW})
"""Where a paper waits for its reviewer."""

USELESS: Final = frozenset({REJECTED, EXPIRED})
"""A paper that proves nothing any more."""

PHONE_CALL: Final = "phone-call"
PHONE_BILL: Final = "phone-bill"

IDLE_LIMIT: Final = timedelta(days=30)
"""An order whose status has not changed for so long fails."""

CODE_LIFE: Final = timedelta(minutes=10)
"""From the issue of a code; calls within it say the same code."""

MAX_ATTEMPTS: Final = 3
"""Verification calls that one order may ask for; the next answers 22100."""
