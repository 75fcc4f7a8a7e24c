"""What happened in one operation, for the ledger, the callbacks and the plan of next steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """An order has another status."""

    order_sid: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallPlaced:
    """A real phone rings at ``at``."""

    order_sid: str
    call_sid: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LoaMailed:
    """A Letter of Authorization went to its signer."""

    document_sid: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BillSubmitted:
    """A bill lies before its reviewer as the proof of an order's number."""

    order_sid: str
    at: datetime


Event: TypeAlias = StatusChanged | CallPlaced | LoaMailed | BillSubmitted

Journal: TypeAlias = list[Event]
"""Operations append here, also those that end in an error but changed something before."""
