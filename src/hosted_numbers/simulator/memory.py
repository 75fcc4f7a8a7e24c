"""Everything that the simulator knows, and which of it must be written down. No rules are here."""

import random
from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.callbacks import CallbackSent, Delivery
from hosted_numbers.simulator.catalog import Catalog
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.documents import Document
from hosted_numbers.simulator.events import CallPlaced, Journal, LoaMailed
from hosted_numbers.simulator.ledger import Ledger
from hosted_numbers.simulator.order_book import OrderBook
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.outbox import Outbox
from hosted_numbers.simulator.records import Kept, Settings
from hosted_numbers.simulator.schedule import Schedule
from hosted_numbers.simulator.supporting_documents import SupportingDocument

Item: TypeAlias = Order | AuthorizationDocument | Document | SupportingDocument
"""What has a SID, a place in a list, and perhaps a step that is due."""

_KINDS: dict[type[Item], str] = {
    Order: "order",
    AuthorizationDocument: "authorization-document",
    Document: "document",
    SupportingDocument: "supporting-document",
}


class Memory:
    """Resources, the ledger, callbacks on their way, what is due, and what is not saved yet.

    Args:
        config: pace, people and switches.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.journal: Journal = []
        self.settings = Settings()
        self.ledger = Ledger()
        self.outbox = Outbox(config, random.Random(config.seed))  # noqa: S311 - luck, no secret
        self.orders = OrderBook()
        self.authorization_documents: Catalog[AuthorizationDocument] = Catalog()
        self.documents: Catalog[Document] = Catalog()
        self.supporting_documents: Catalog[SupportingDocument] = Catalog()
        self.schedule: Schedule[str] = Schedule()
        self._unsaved: dict[tuple[str, str], Kept | None] = {}
        self._last_position = 0

    def next_position(self) -> int:
        """A place in the lists behind everything that is there."""
        self._last_position += 1
        return self._last_position

    def add(self, item: Item) -> None:
        """Take in something new, without keeping it yet."""
        match item:
            case Order():
                self.orders.add(item)
            case AuthorizationDocument():
                self.authorization_documents.add(item)
            case Document():
                self.documents.add(item)
            case SupportingDocument():
                self.supporting_documents.add(item)

    def find(self, sid: str) -> Item | None:
        """Whatever has this SID."""
        return (
            self.orders.all.get(sid)
            or self.authorization_documents.get(sid)
            or self.documents.get(sid)
            or self.supporting_documents.get(sid)
        )

    def orders_on(self, document: AuthorizationDocument) -> list[Order]:
        """The orders that are on an AuthorizationDocument now."""
        return [
            order
            for order in self._listed(document.order_sids)
            if order.signing_document_sid == document.sid
        ]

    def orders_waiting_on(self, document: Document) -> list[Order]:
        """The orders whose number a bill is to prove now."""
        return [
            order
            for order in self._listed(document.order_sids)
            if order.bill_under_review == document.sid
        ]

    def bill_of(self, order: Order) -> Document | None:
        """The bill that is to prove an order's number now."""
        sid = order.bill_under_review
        return self.documents.get(sid) if sid is not None else None

    def keep(self, item: Item) -> None:
        """Have something written down as it is now, and looked at when it is due."""
        self._unsaved[_KINDS[type(item)], item.sid] = item
        if item.due is not None:
            self.schedule.add(item.due, item.sid)

    def log(self, kind: str, entry: CallPlaced | LoaMailed | CallbackSent) -> None:
        """Write an entry into the ledger."""
        self._unsaved[kind, _key(self.ledger.append(entry))] = entry

    def count_request(self, label: str) -> None:
        """Note one request to Twilio's API, such as ``POST /HostedNumbers/...``."""
        self.ledger.requests[label] += 1
        self._unsaved["requests", label] = self.ledger.requests[label]

    def post(self, order: Order, status: str, at: datetime) -> None:
        """Put the callbacks of one status change on their way."""
        for key in self.outbox.post(order, status, at, self.settings.callback_mode):
            self._unsaved["delivery", _key(key)] = self.outbox.waiting[key]

    def callback_sent(self, key: int, outcome: str, now: datetime) -> None:
        """Note how a try of a callback ended, and plan another one where one is allowed."""
        delivery = self.outbox.waiting.get(key)
        if delivery is not None:
            self.log("callback", CallbackSent(delivery.order_sid, delivery.status, now, outcome))
            self._unsaved["delivery", _key(key)] = self.outbox.settle(key, outcome, now)

    def keep_settings(self) -> None:
        """Keep ``settings`` after a change of them."""
        self._unsaved["settings", ""] = self.settings

    def take_unsaved(self) -> dict[tuple[str, str], Kept | None]:
        """The records that changed since the last call, by kind and key; None: removed."""
        taken, self._unsaved = self._unsaved, {}
        return taken

    def put_back(self, records: dict[tuple[str, str], Kept | None]) -> None:
        """Give back records that could not be written, to be taken again."""
        self._unsaved = records | self._unsaved

    def restore(self, records: Iterable[tuple[str, str, Kept]]) -> None:
        """Take in what an earlier simulator kept, ordered by kind and key."""
        items: list[Item] = []
        for _, key, value in records:
            match value:
                case Order() | AuthorizationDocument() | Document() | SupportingDocument():
                    items.append(value)
                case Delivery():
                    self.outbox.restore(int(key), value)
                case Settings():
                    self.settings = value
                case int():
                    self.ledger.requests[key] = value
                case _:
                    self.ledger.append(value)
        for item in sorted(items, key=lambda each: each.position):
            self.add(item)
            self._last_position = item.position
            if item.due is not None:
                self.schedule.add(item.due, item.sid)

    def _listed(self, sids: Iterable[str]) -> Iterable[Order]:
        found = (self.orders.listed.get(sid) for sid in sids)
        return (order for order in found if order is not None)


def _key(number: int) -> str:
    """A key whose order as text is the order of its numbers."""
    return f"{number:012d}"
