"""What really happened, as ``GET /_simulator/ledger`` tells it."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.callbacks import CallbackSent
from hosted_numbers.simulator.documents import Document
from hosted_numbers.simulator.events import CallPlaced, LoaMailed
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.supporting_documents import SupportingDocument


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
        self,
        orders: Collection[Order],
        authorization_documents: Iterable[AuthorizationDocument],
        documents: Iterable[Document],
        supporting_documents: Iterable[SupportingDocument],
    ) -> dict[str, object]:
        """The ledger beside the present state of all orders and papers, deleted ones too."""
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
                for each in authorization_documents
            ],
            "documents": [_document(each) for each in documents],
            "supporting_documents": [
                {
                    "sid": each.sid,
                    "type": each.type,
                    "status": each.status,
                    "deleted": each.deleted,
                }
                for each in supporting_documents
            ],
            "released_numbers": [
                {
                    "sid": order.incoming_phone_number_sid,
                    "order_sid": order.sid,
                    "at": wire_time(order.number_released_at),
                }
                for order in orders
                if order.number_released_at is not None
            ],
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


def _document(document: Document) -> dict[str, object]:
    file = document.file
    return {
        "sid": document.sid,
        "document_type": document.document_type,
        "status": document.wire_status,
        "mime_type": file.mime_type if file is not None else "",
        "size": file.size if file is not None else 0,
        "sha256": file.sha256 if file is not None else None,
        "order_sids": document.order_sids,
    }


def wire_time(moment: datetime) -> str:
    """A moment as Twilio writes it: ISO 8601, UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
