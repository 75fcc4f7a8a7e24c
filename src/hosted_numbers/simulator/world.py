"""Every operation on orders and their AuthorizationDocuments. No clock, no I/O, no HTTP.

Those on other papers stand in ``paperwork``.
The caller says what time it is, makes the due things happen (``run_due``) and keeps the records
that changed (``take_unsaved``).
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from hosted_numbers.simulator import (
    authorization_documents,
    course,
    machine,
    orders,
    paperwork,
    verification,
)
from hosted_numbers.simulator.authorization_documents import (
    AuthorizationDocument,
    DocumentChanges,
    NewAuthorizationDocument,
)
from hosted_numbers.simulator.errors import TwilioError
from hosted_numbers.simulator.fates import Fate, fate_of
from hosted_numbers.simulator.memory import Memory
from hosted_numbers.simulator.orders import Dial, NewOrder, Order, OrderChanges
from hosted_numbers.simulator.sids import new_sid


class World(Memory):
    """What the simulator knows, and what customers, Twilio and people do to it."""

    # What customers do.

    def create_order(self, new: NewOrder, now: datetime) -> Order:
        """Take an order.

        Raises:
            TwilioError: 22110 the number is hosted or being hosted, 22115 its name is taken, 22118
                its bill is no good.
        """
        number = new.phone_number
        if fate_of(number) is Fate.ALREADY_HOSTED or self.orders.is_hosting(number):
            raise TwilioError(22110)
        self._check_unique_name(new.fields.get("unique_name"))
        if not paperwork.can_prove(self, new.bill_sid):
            raise TwilioError(22118)
        order = Order(
            sid=new_sid("HR"),
            account_sid=new.account_sid or self.config.account_sid,
            incoming_phone_number_sid=new_sid("PN"),
            phone_number=number,
            status=machine.TWILIO_PROCESSING,
            date_created=now,
            date_updated=now,
            status_since=now,
            position=self.next_position(),
        )
        for name, value in new.fields.items():
            setattr(order, name, value)
        self.add(order)
        paperwork.attach(self, order, new.bill_sid, now)
        course.plan(self, order, now)
        return order

    def update_order(self, order: Order, changes: OrderChanges, now: datetime) -> None:
        """Apply a customer's update; raises what ``verification.update`` raises, and 22115."""
        before = order.unique_name
        name = changes.fields.get("unique_name")
        if name != before:
            self._check_unique_name(name)
        good = paperwork.can_prove(self, verification.bill_named_by(order, changes))
        try:
            verification.update(order, changes, now, _dial(order), self.journal, bill_is_good=good)
            paperwork.attach(self, order, changes.bill_sid, now)
        finally:
            self.orders.renamed(order, before)
            self.keep(order)
            course.settle(self)

    def delete_order(self, order: Order, now: datetime) -> None:
        """Delete an order and its IncomingPhoneNumber.

        Raises:
            TwilioError: 22112, its status does not allow it.
        """
        orders.check_deletable(order, received_only=self.config.delete_received_only)
        self._take_off(order, order.signing_document_sid)
        order.date_updated = now
        self.orders.delete(order)
        self.keep(order)

    def release_number(self, order: Order, now: datetime) -> None:
        """Delete an order's IncomingPhoneNumber; raises what ``orders.release_number`` raises."""
        orders.release_number(order, now)
        self.orders.forget_number(order)
        self.keep(order)

    def create_authorization_document(
        self, new: NewAuthorizationDocument, now: datetime
    ) -> AuthorizationDocument:
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
            position=self.next_position(),
        )
        on_it = self._resolve(new.order_sids)
        authorization_documents.create(document, on_it, now, self.journal)
        self.add(document)
        course.settle(self)
        return document

    def update_authorization_document(
        self, document: AuthorizationDocument, changes: DocumentChanges, now: datetime
    ) -> None:
        """Apply a customer's update; raises what ``authorization_documents.update`` raises."""
        current = self.orders_on(document)
        wanted = current if changes.order_sids is None else self._resolve(changes.order_sids)
        authorization_documents.update(
            document, changes, current=current, wanted=wanted, now=now, journal=self.journal
        )
        self.keep(document)
        course.settle(self)

    # What Twilio and people do.

    def move_order(self, order: Order, status: str, reason: str | None, now: datetime) -> None:
        """Twilio moves an order; raises what ``orders.move_by_twilio`` raises."""
        document_sid = order.signing_document_sid
        orders.move_by_twilio(order, status, reason, now, self.journal)
        if order.signing_document_sid is None:
            self._take_off(order, document_sid)
        self.keep(order)
        course.settle(self)

    def key_digits(self, order: Order, digits: str, now: datetime) -> bool:
        """Digits come from the ringing phone; raises what ``verification.key_digits`` raises."""
        right = verification.key_digits(order, digits, now, self.journal)
        course.settle(self)
        return right

    def end_authorization_document(
        self, document: AuthorizationDocument, status: str, now: datetime
    ) -> None:
        """The signer acts or it fails; raises what ``authorization_documents.end`` raises."""
        on_it = self.orders_on(document)
        authorization_documents.end(document, on_it, status, now, self.journal)
        self.keep(document)
        course.settle(self)

    def run_due(self, now: datetime, *, people: bool = True) -> None:
        """Make everything happen that is due by ``now``, each thing at its own moment.

        Args:
            now: the moment.
            people: False leaves for later what people do: they never act within a request.
        """
        course.run_due(self, now, people=people)

    def _resolve(self, sids: Iterable[str]) -> list[Order]:
        found = [self.orders.listed.get(sid) for sid in dict.fromkeys(sids)]
        known = [order for order in found if order is not None]
        if len(known) < len(found):
            raise TwilioError(22101)
        return known

    def _take_off(self, order: Order, document_sid: str | None) -> None:
        document = (
            self.authorization_documents.get(document_sid) if document_sid is not None else None
        )
        if document is not None:
            document.order_sids.remove(order.sid)
            self.keep(document)

    def _check_unique_name(self, name: object) -> None:
        taken = isinstance(name, str) and self.orders.with_unique_name(name)
        if taken and self.config.strict_unique_names:
            raise TwilioError(22115, "UniqueName is already in use")


def _dial(order: Order) -> Dial:
    fresh = order.verification_code
    while fresh == order.verification_code:
        fresh = f"{secrets.randbelow(10_000):04d}"
    return Dial(new_sid("CA"), fresh or "")
