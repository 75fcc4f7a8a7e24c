"""Everything that the simulator knows, and every operation on it. No clock, no I/O, no HTTP.

The caller says what time it is, makes the due things happen (``run_due``) and keeps the records
that changed (``take_unsaved``).
"""

import random
import secrets
from collections.abc import Iterable
from datetime import datetime

from hosted_numbers.simulator import authorization_documents, machine, orders, steps
from hosted_numbers.simulator.authorization_documents import (
    AuthorizationDocument,
    DocumentChanges,
    NewDocument,
)
from hosted_numbers.simulator.callbacks import LOST, CallbackSent, Delivery
from hosted_numbers.simulator.catalog import Catalog
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.errors import TwilioError
from hosted_numbers.simulator.events import CallPlaced, Event, Journal, LoaMailed, StatusChanged
from hosted_numbers.simulator.fates import Fate, fate_of
from hosted_numbers.simulator.ledger import Ledger
from hosted_numbers.simulator.order_book import OrderBook
from hosted_numbers.simulator.orders import Dial, NewOrder, Order, OrderChanges
from hosted_numbers.simulator.outbox import Outbox
from hosted_numbers.simulator.records import Kept, Settings
from hosted_numbers.simulator.schedule import Schedule
from hosted_numbers.simulator.sids import new_sid


class World:
    """Orders, documents, the ledger, callbacks on their way, and what is due.

    Args:
        config: pace, people and switches.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self._journal: Journal = []
        self._unsaved: dict[tuple[str, str], Kept | None] = {}
        self._last_position = 0
        self.settings = Settings()
        self.ledger = Ledger()
        self.outbox = Outbox(config, random.Random(config.seed))  # noqa: S311 - luck, no secret
        self.orders = OrderBook()
        self.documents: Catalog[AuthorizationDocument] = Catalog()
        self.schedule: Schedule[str] = Schedule()

    def orders_on(self, document: AuthorizationDocument) -> list[Order]:
        """The orders that are on a document now."""
        found = (self.orders.listed.get(sid) for sid in document.order_sids)
        return [
            order
            for order in found
            if order is not None and order.signing_document_sid == document.sid
        ]

    def dependents(self, document: AuthorizationDocument) -> Catalog[Order]:
        """The orders that are on a document now, to be listed."""
        return Catalog(self.orders_on(document))

    # What customers do.

    def create_order(self, new: NewOrder, now: datetime) -> Order:
        """Take an order.

        Raises:
            TwilioError: 22110 the number is hosted or being hosted, 22115 its name is taken.
        """
        number = new.phone_number
        if fate_of(number) is Fate.ALREADY_HOSTED or self.orders.is_hosting(number):
            raise TwilioError(22110)
        self._check_unique_name(new.fields.get("unique_name"))
        self._last_position += 1
        order = Order(
            sid=new_sid("HR"),
            account_sid=new.account_sid or self._config.account_sid,
            incoming_phone_number_sid=new_sid("PN"),
            phone_number=number,
            status=machine.TWILIO_PROCESSING,
            date_created=now,
            date_updated=now,
            status_since=now,
            position=self._last_position,
        )
        for name, value in new.fields.items():
            setattr(order, name, value)
        self.orders.add(order)
        self._plan(order, now)
        return order

    def update_order(self, order: Order, changes: OrderChanges, now: datetime) -> None:
        """Apply a customer's update; raises what ``orders.update`` raises, and 22115."""
        before = order.unique_name
        name = changes.fields.get("unique_name")
        if name != before:
            self._check_unique_name(name)
        try:
            orders.update(order, changes, now, _dial(order), self._journal)
        finally:
            self.orders.renamed(order, before)
            self._keep(order)
            self._settle()

    def delete_order(self, order: Order, now: datetime) -> None:
        """Delete an order and its IncomingPhoneNumber.

        Raises:
            TwilioError: 22112, its status does not allow it.
        """
        orders.check_deletable(order, received_only=self._config.delete_received_only)
        self._take_off(order, order.signing_document_sid)
        order.date_updated = now
        self.orders.delete(order)
        self._keep(order)

    def create_document(self, new: NewDocument, now: datetime) -> AuthorizationDocument:
        """Make and mail an LOA.

        Raises:
            TwilioError: 22101, an order is unknown, not verified or on a document already.
        """
        document = AuthorizationDocument(
            sid=new_sid("PX"),
            address_sid=new.address_sid,
            email=new.email,
            contact_title=new.contact_title,
            contact_phone_number=new.contact_phone_number,
            cc_emails=new.cc_emails,
            date_created=now,
            date_updated=now,
            position=self._last_position + 1,
        )
        on_it = self._resolve(new.order_sids)
        authorization_documents.create(document, on_it, now, self._journal)
        self._last_position = document.position
        self.documents.add(document)
        self._settle()
        return document

    def update_document(
        self, document: AuthorizationDocument, changes: DocumentChanges, now: datetime
    ) -> None:
        """Apply a customer's update; raises what ``authorization_documents.update`` raises."""
        current = self.orders_on(document)
        wanted = current if changes.order_sids is None else self._resolve(changes.order_sids)
        authorization_documents.update(
            document, changes, current=current, wanted=wanted, now=now, journal=self._journal
        )
        self._keep(document)
        self._settle()

    # What Twilio and people do.

    def move_order(self, order: Order, status: str, reason: str | None, now: datetime) -> None:
        """Twilio moves an order; raises what ``orders.move_by_twilio`` raises."""
        document_sid = order.signing_document_sid
        orders.move_by_twilio(order, status, reason, now, self._journal)
        if order.signing_document_sid is None:
            self._take_off(order, document_sid)
        self._keep(order)
        self._settle()

    def key_digits(self, order: Order, digits: str, now: datetime) -> bool:
        """Digits come from the ringing phone; raises what ``orders.key_digits`` raises."""
        right = orders.key_digits(order, digits, now, self._journal)
        self._settle()
        return right

    def end_document(self, document: AuthorizationDocument, status: str, now: datetime) -> None:
        """The signer acts or it fails; raises what ``authorization_documents.end`` raises."""
        on_it = self.orders_on(document)
        authorization_documents.end(document, on_it, status, now, self._journal)
        self._keep(document)
        self._settle()

    def run_due(self, now: datetime, *, people: bool = True) -> None:
        """Make everything happen that is due by ``now``, each thing at its own moment.

        Args:
            now: the moment.
            people: False leaves for later what people do: they never act within a request.
        """
        left: list[tuple[datetime, str]] = []
        while (entry := self.schedule.take(now)) is not None:
            due, sid = entry
            item = self.orders.all.get(sid) or self.documents.get(sid)
            if item is None or item.due != due:
                continue
            if not people and item.step is not None and item.step.kind in steps.OF_PEOPLE:
                left.append(entry)
                continue
            if isinstance(item, Order):
                steps.take_order_step(item, due, self._journal)
            else:
                steps.take_document_step(item, self.orders_on(item), due, self._journal)
            self._keep(item)
            self._settle()
        for due, sid in left:
            self.schedule.add(due, sid)

    # What is remembered.

    def count_request(self, label: str) -> None:
        """Note one request to Twilio's API, such as ``POST /HostedNumbers/...``."""
        self.ledger.requests[label] += 1
        self._unsaved["requests", label] = self.ledger.requests[label]

    def callback_sent(self, key: int, outcome: str, now: datetime) -> None:
        """Note how a try of a callback ended, and plan another one where one is allowed."""
        delivery = self.outbox.waiting.get(key)
        if delivery is not None:
            sent = CallbackSent(delivery.order_sid, delivery.status, now, outcome)
            self._log("callback", sent)
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
        kept: list[Order | AuthorizationDocument] = []
        for _, key, value in records:
            match value:
                case Order() | AuthorizationDocument():
                    kept.append(value)
                case Delivery():
                    self.outbox.restore(int(key), value)
                case Settings():
                    self.settings = value
                case int():
                    self.ledger.requests[key] = value
                case _:
                    self.ledger.append(value)
        for item in sorted(kept, key=lambda each: each.position):
            if isinstance(item, Order):
                self.orders.add(item)
            else:
                self.documents.add(item)
            self._last_position = item.position
            if item.due is not None:
                self.schedule.add(item.due, item.sid)

    def _keep(self, item: Order | AuthorizationDocument) -> None:
        kind = "order" if isinstance(item, Order) else "authorization-document"
        self._unsaved[kind, item.sid] = item
        if item.due is not None:
            self.schedule.add(item.due, item.sid)

    def _plan(self, order: Order, now: datetime) -> None:
        order.step = steps.plan_order(
            order, now, pace=self._config.step, people=self._config.people
        )
        self._keep(order)

    def _settle(self) -> None:
        """Follow up on what was written into the journal."""
        events, self._journal = self._journal, []
        for event in events:
            self._follow_up(event)

    def _follow_up(self, event: Event) -> None:
        match event:
            case StatusChanged():
                order = self.orders.all[event.order_sid]
                self._plan(order, event.at)
                self._call_back(order, event)
            case CallPlaced():
                self._log("call", event)
                self._plan(self.orders.all[event.order_sid], event.at)
            case LoaMailed():
                self._log("loa-mail", event)
                document = self.documents.get(event.document_sid)
                if document is not None:
                    document.step = steps.plan_document(
                        self.orders_on(document),
                        event.at,
                        pace=self._config.step,
                        people=self._config.people,
                    )
                    self._keep(document)

    def _call_back(self, order: Order, event: StatusChanged) -> None:
        mode = self.settings.callback_mode
        if mode == "lost" and order.status_callback_url is not None:
            self._log("callback", CallbackSent(order.sid, event.status, event.at, LOST))
        for key in self.outbox.post(order, event.status, event.at, mode):
            self._unsaved["delivery", _key(key)] = self.outbox.waiting[key]

    def _log(self, kind: str, entry: CallPlaced | LoaMailed | CallbackSent) -> None:
        self._unsaved[kind, _key(self.ledger.append(entry))] = entry

    def _resolve(self, sids: Iterable[str]) -> list[Order]:
        found = [self.orders.listed.get(sid) for sid in dict.fromkeys(sids)]
        known = [order for order in found if order is not None]
        if len(known) < len(found):
            raise TwilioError(22101)
        return known

    def _take_off(self, order: Order, document_sid: str | None) -> None:
        document = self.documents.get(document_sid) if document_sid is not None else None
        if document is not None:
            document.order_sids.remove(order.sid)
            self._keep(document)

    def _check_unique_name(self, name: object) -> None:
        taken = isinstance(name, str) and self.orders.with_unique_name(name)
        if taken and self._config.strict_unique_names:
            raise TwilioError(22115, "UniqueName is already in use")


def _dial(order: Order) -> Dial:
    fresh = order.verification_code
    while fresh == order.verification_code:
        fresh = f"{secrets.randbelow(10_000):04d}"
    return Dial(new_sid("CA"), fresh or "")


def _key(number: int) -> str:
    """A key whose order as text is the order of its numbers."""
    return f"{number:012d}"
