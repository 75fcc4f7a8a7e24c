"""All orders, found by SID, number and name without looking at each."""

from collections import defaultdict

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.catalog import Catalog
from hosted_numbers.simulator.orders import Order


class OrderBook:
    """Every order ever made; ``listed`` holds those that Twilio still shows.

    ``by_incoming_phone_number`` finds an order by the PN SID that was made with it.
    """

    def __init__(self) -> None:
        self.all: dict[str, Order] = {}
        self.listed: Catalog[Order] = Catalog()
        self.by_incoming_phone_number: dict[str, Order] = {}
        self._by_number: defaultdict[str, list[Order]] = defaultdict(list)
        self._by_unique_name: defaultdict[str | None, list[Order]] = defaultdict(list)

    def add(self, order: Order) -> None:
        """Take in an order; a deleted one is only remembered."""
        self.all[order.sid] = order
        if not order.deleted:
            self.listed.add(order)
            if order.number_released_at is None:
                self.by_incoming_phone_number[order.incoming_phone_number_sid] = order
            self._by_number[order.phone_number].append(order)
            self._by_unique_name[order.unique_name].append(order)

    def delete(self, order: Order) -> None:
        """Show an order and its IncomingPhoneNumber no more."""
        order.deleted = True
        self.forget_number(order)
        self.listed.discard(order.sid)
        self._by_number[order.phone_number].remove(order)
        self._by_unique_name[order.unique_name].remove(order)

    def forget_number(self, order: Order) -> None:
        """Show an order's IncomingPhoneNumber no more."""
        self.by_incoming_phone_number.pop(order.incoming_phone_number_sid, None)

    def renamed(self, order: Order, before: str | None) -> None:
        """Follow a change of an order's UniqueName."""
        if order.unique_name != before:
            self._by_unique_name[before].remove(order)
            self._by_unique_name[order.unique_name].append(order)

    def is_hosting(self, phone_number: str) -> bool:
        """Whether a number has an order that neither failed nor was off-boarded."""
        return any(
            order.status != machine.FAILED and order.number_released_at is None
            for order in self._by_number.get(phone_number, ())
        )

    def with_unique_name(self, name: str) -> list[Order]:
        """The orders of this name."""
        return self._by_unique_name.get(name, [])

    def candidates(self, phone_number: str | None, unique_name: str | None) -> Catalog[Order]:
        """The smallest known set of orders among which those with these properties are.

        A client looks for its order before it sends a create again, so this must not be a scan.
        """
        if phone_number is not None:
            return Catalog(self._by_number.get(phone_number, ()))
        if unique_name is not None:
            return Catalog(self.with_unique_name(unique_name))
        return self.listed
