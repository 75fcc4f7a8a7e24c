"""What really happened, as ``GET /_simulator/ledger`` tells it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.callbacks import CallbackSent
from hosted_numbers.simulator.events import CallPlaced, LoaMailed
from hosted_numbers.simulator.orders import Order


class Ledger:
    """Everything with an effect outside Twilio, in the order in which it happened."""

    def __init__(self) -> None:
        self.calls: list[CallPlaced] = []
        self.loa_mails: list[LoaMailed] = []
        self.callbacks: list[CallbackSent] = []
        self.requests: Counter[str] = Counter()

    def append(self, entry: CallPlaced | LoaMailed | CallbackSent) -> int:
        """Write an entry into the list of its kind; its number there, from 1."""
        match entry:
            case CallPlaced():
                self.calls.append(entry)
                return len(self.calls)
            case LoaMailed():
                self.loa_mails.append(entry)
                return len(self.loa_mails)
            case CallbackSent():
                self.callbacks.append(entry)
                return len(self.callbacks)

    def as_json(
        self, orders: Iterable[Order], documents: Iterable[AuthorizationDocument]
    ) -> dict[str, object]:
        """The ledger beside the present state of all orders, deleted ones too, and documents."""
        return {
            "orders": [
                {
                    "sid": order.sid,
                    "phone_number": order.phone_number,
                    "unique_name": order.unique_name,
                    "status": order.status,
                    "deleted": order.deleted,
                }
                for order in orders
            ],
            "authorization_documents": [
                {"sid": each.sid, "status": each.status, "order_sids": each.order_sids}
                for each in documents
            ],
            "documents": [],
            "supporting_documents": [],
            "calls": [
                {"order_sid": call.order_sid, "call_sid": call.call_sid, "at": wire_time(call.at)}
                for call in self.calls
            ],
            "loa_mails": [
                {"document_sid": mail.document_sid, "email": mail.email, "at": wire_time(mail.at)}
                for mail in self.loa_mails
            ],
            "callbacks": [
                {
                    "order_sid": sent.order_sid,
                    "status": sent.status,
                    "at": wire_time(sent.at),
                    "outcome": sent.outcome,
                }
                for sent in self.callbacks
            ],
            "requests": dict(self.requests),
        }


def wire_time(moment: datetime) -> str:
    """A moment as Twilio writes it: ISO 8601, UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
