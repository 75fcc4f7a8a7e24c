"""The state machine by its rules: whatever is done in whatever order, nothing impossible comes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from hosted_numbers.simulator import machine, paperwork
from hosted_numbers.simulator.authorization_documents import (
    AuthorizationDocument,
    DocumentChanges,
    NewAuthorizationDocument,
)
from hosted_numbers.simulator.documents import Document, NewDocument
from hosted_numbers.simulator.errors import ControlError, TwilioError
from hosted_numbers.simulator.events import Journal, StatusChanged
from hosted_numbers.simulator.files import StoredFile
from hosted_numbers.simulator.orders import Dial, NewOrder, Order, OrderChanges
from hosted_numbers.simulator.records import from_json, to_json
from hosted_numbers.simulator.verification import update
from hosted_numbers.simulator.world import World
from tests.simulator.workshop import ACCOUNT_SID, ADDRESS_SID, NUMBER, a_config

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIAL = Dial("CA" + "0" * 32, "0042")


def an_order(status: str, **fields: Any) -> Order:
    values: dict[str, Any] = {
        "sid": "HR" + "0" * 32,
        "account_sid": ACCOUNT_SID,
        "incoming_phone_number_sid": "PN" + "0" * 32,
        "phone_number": NUMBER,
        "status": status,
        "date_created": NOW,
        "date_updated": NOW,
        "status_since": NOW,
        "position": 1,
    }
    return Order(**(values | fields))


RINGING = {"verification_code": "0042", "code_expires": NOW + timedelta(minutes=1)}


@pytest.mark.parametrize(
    ("before", "fields", "changes", "after", "code"),
    [
        ("received", {}, {"status": "pending-verification"}, "pending-verification", None),
        ("pending-verification", {}, {"status": "pending-verification"}, None, None),
        (
            "pending-verification",
            {"verification_attempts": 3},
            {"status": "pending-verification"},
            "action-required",
            22100,
        ),
        ("pending-verification", RINGING, {"verification_code": "0042"}, "verified", None),
        ("pending-verification", RINGING, {"verification_code": "42"}, None, 22113),
        (
            "pending-verification",
            RINGING | {"code_expires": NOW},
            {"verification_code": "0042"},
            None,
            22113,
        ),
        ("received", {}, {"verification_code": "0042"}, None, 22114),
        ("twilio-processing", {}, {"status": "pending-verification"}, None, 22112),
        ("verified", {}, {"status": "pending-verification"}, None, 22112),
        ("pending-loa", {}, {"status": "pending-verification"}, None, 22112),
        ("carrier-processing", {}, {"status": "pending-verification"}, None, 22112),
        ("testing", {}, {"status": "pending-verification"}, None, 22112),
        ("completed", {}, {"status": "pending-verification"}, None, 22112),
        ("failed", {}, {"status": "pending-verification"}, None, 22112),
        ("action-required", {}, {"status": "pending-verification"}, None, 22112),
    ],
)
def test_a_customers_moves(
    before: str, fields: Any, changes: Any, after: str | None, code: int | None
) -> None:
    """Where each update leads from each status, and what it answers where it leads nowhere."""
    order, journal = an_order(before, **fields), Journal()
    if code is None:
        update(order, OrderChanges(**changes), NOW, DIAL, journal)
    else:
        with pytest.raises(TwilioError) as refusal:
            update(order, OrderChanges(**changes), NOW, DIAL, journal)
        assert refusal.value.code == code
    assert order.status == (after or before)
    changed = [event.status for event in journal if isinstance(event, StatusChanged)]
    assert changed == ([after] if after else [])


def test_codes_keep_their_zeros() -> None:
    """A code is text."""
    order = an_order("received")
    update(order, OrderChanges(status="pending-verification"), NOW, DIAL, Journal())
    assert order.verification_code == "0042"


def refusal(act: Callable[[], object]) -> int | None:
    """The code of Twilio, or the status of a control path, that refuses; None: it is done."""
    try:
        act()
    except TwilioError as error:
        return error.code
    except ControlError as error:
        return error.status
    return None


class Life(RuleBasedStateMachine):
    """Customers, Twilio, people and time act on a world in any order."""

    orders = Bundle("orders")
    documents = Bundle("documents")
    bills = Bundle("bills")

    def __init__(self) -> None:
        super().__init__()
        self.config = a_config(pace=60, people={"owner", "signer", "reviewer"})
        self.world = World(self.config)
        self.kept: dict[tuple[str, str], str] = {}
        self.now = NOW
        self.ended: dict[str, str] = {}
        self.numbers = iter(range(10**6))

    def save(self) -> None:
        """Keep what changed, as a state file would."""
        for (kind, key), value in self.world.take_unsaved().items():
            if value is None:
                del self.kept[kind, key]
            else:
                self.kept[kind, key] = to_json(kind, value)

    @rule(target=orders, fate=st.sampled_from(["0112", "0113", "0114", "0116", "0117", "", ""]))
    def create(self, fate: str) -> Order:
        """Each number is a new one; some have a fate."""
        index = next(self.numbers)
        with_fate = f"+1{index % 800 + 200}555{fate}"
        number = with_fate if fate else f"+1501{2_000_000 + index}"
        fields: dict[str, object] = {"status_callback_url": "http://127.0.0.1/"}
        return self.world.create_order(NewOrder(number, fields=fields), self.now)

    @rule(order=orders)
    def call(self, order: Order) -> None:
        """Ask for a verification call."""
        changes = OrderChanges(status=machine.PENDING_VERIFICATION)
        if not order.deleted:
            by_bill = order.verification_type == machine.PHONE_BILL
            code = refusal(lambda: self.world.update_order(order, changes, self.now))
            # an order that a bill proves is not called, and a rejected bill proves nothing
            assert code in ({None, 22112, 22118} if by_bill else {None, 22100, 22112, 22123})

    @rule(order=orders, right=st.booleans())
    def enter_code(self, order: Order, *, right: bool) -> None:
        """Give the code that was heard, or another."""
        code = (order.verification_code if right else None) or "1234"
        changes = OrderChanges(verification_code=code)
        if not order.deleted:
            code_of_refusal = refusal(lambda: self.world.update_order(order, changes, self.now))
            assert code_of_refusal in {None, 22113, 22114}
            assert code_of_refusal is not None or order.status == machine.VERIFIED

    @rule(order=orders)
    def delete(self, order: Order) -> None:
        """Delete where that is possible, and be refused elsewhere."""
        if not order.deleted:
            possible = order.status in machine.DELETABLE
            code = refusal(lambda: self.world.delete_order(order, self.now))
            assert code == (None if possible else 22112)

    @rule(target=documents, on_it=st.lists(orders, min_size=1, max_size=3))
    def mail(self, on_it: list[Order]) -> AuthorizationDocument | None:
        """Mail an LOA for some orders; it goes out if each of them is free for it."""
        sids = [order.sid for order in on_it]
        new = NewAuthorizationDocument(
            sids, ADDRESS_SID, "s@example.com", "CEO", "+15017122662", []
        )
        free = all(order.status == machine.VERIFIED and not order.deleted for order in on_it)
        made: list[AuthorizationDocument] = []
        code = refusal(lambda: made.append(self.world.create_authorization_document(new, self.now)))
        assert code == (None if free else 22101)
        return made[0] if made else None

    @rule(
        document=documents,
        status=st.sampled_from([None, machine.OPENED, machine.SIGNING]),
        on_it=st.none() | st.lists(orders, min_size=1, max_size=3),
    )
    def edit(
        self, document: AuthorizationDocument | None, status: str | None, on_it: list[Order] | None
    ) -> None:
        """Withdraw, edit, mail again; what is refused changes nothing."""
        if document is None:
            return
        sids = None if on_it is None else [order.sid for order in on_it]
        changes = DocumentChanges(order_sids=sids, status=status)
        before = (document.status, list(document.order_sids))
        code = refusal(
            lambda: self.world.update_authorization_document(document, changes, self.now)
        )
        assert code in {None, 22101, 22107}
        assert code is None or (document.status, document.order_sids) == before

    @rule(document=documents, status=st.sampled_from(sorted(machine.DOCUMENT_ENDED)))
    def decide(self, document: AuthorizationDocument | None, status: str) -> None:
        """The signer acts, where the document is out."""
        if document is not None:
            code = refusal(
                lambda: self.world.end_authorization_document(document, status, self.now)
            )
            assert (document.status == status) if code is None else (code == 409)

    @rule(order=orders, status=st.sampled_from(["action-required", "received", "verified"]))
    def twilio_moves(self, order: Order, status: str) -> None:
        """Twilio moves an order, unless it has ended."""
        if not order.deleted:
            ended = order.status in machine.ENDED
            code = refusal(lambda: self.world.move_order(order, status, None, self.now))
            assert code == (409 if ended else None)

    @rule(target=bills, locked=st.booleans())
    def upload(self, *, locked: bool) -> Document:
        """Upload a bill, which the reviewer may be unable to read."""
        file = StoredFile("application/pdf", 1, "0" * 64, locked=locked)
        new = NewDocument("utility_bill", None, file)
        return paperwork.create_document(self.world, new, self.now)

    @rule(order=orders, bill=bills, start=st.booleans())
    def attach(self, order: Order, bill: Document, *, start: bool) -> None:
        """Attach a bill, and perhaps start the verification by it."""
        fields: dict[str, object] = {
            "verification_type": machine.PHONE_BILL,
            "verification_document_sid": bill.sid,
        }
        status = machine.PENDING_VERIFICATION if start else None
        changes = OrderChanges(fields=fields, status=status)
        waited, good = order.awaits_bill, bill.can_prove
        if not order.deleted:
            code = refusal(lambda: self.world.update_order(order, changes, self.now))
            assert code in ({None, 22112} if good else {22112, 22118})
            assert not (waited and good and not start) or order.bill_under_review == bill.sid

    @rule(
        bill=bills,
        status=st.sampled_from([machine.APPROVED, machine.REJECTED, machine.EXPIRED]),
    )
    def judge(self, bill: Document, status: str) -> None:
        """The reviewer decides, once."""
        possible = status in machine.REVIEW_MOVES[bill.status]
        waiting = self.world.orders_waiting_on(bill)
        code = refusal(lambda: paperwork.decide_document(self.world, bill, status, None, self.now))
        assert code == (None if possible else 409)
        if possible:
            after = machine.VERIFIED if status == machine.APPROVED else machine.ACTION_REQUIRED
            assert {order.status for order in waiting} <= {after}

    @rule(order=orders)
    def release(self, order: Order) -> None:
        """Off-board a number where it is in use."""
        if order.incoming_phone_number_sid in self.world.orders.by_incoming_phone_number:
            possible = order.status == machine.COMPLETED
            code = refusal(lambda: self.world.release_number(order, self.now))
            assert code == (None if possible else 22121)

    @rule(order=consumes(orders))
    def forget(self, order: Order) -> None:
        """Leave one order to itself, so that some come to their end untouched."""

    @rule(seconds=st.sampled_from([1, 60, 600, 86400, 31 * 86400]))
    def time_passes(self, seconds: int) -> None:
        """What is due happens."""
        self.now += timedelta(seconds=seconds)
        self.world.run_due(self.now)

    @rule()
    def crash_and_restart(self) -> None:
        """What was kept is all that is needed; the new world is the old one."""
        self.save()
        after = World(self.config)
        after.restore(
            (kind, key, from_json(kind, body)) for (kind, key), body in sorted(self.kept.items())
        )
        assert after.orders.all == self.world.orders.all
        assert list(after.orders.listed.after(0)) == list(self.world.orders.listed.after(0))
        for name in ("authorization_documents", "documents", "supporting_documents"):
            papers, kept = getattr(self.world, name), getattr(after, name)
            assert list(kept.after(0)) == list(papers.after(0))
        assert after.outbox.waiting == self.world.outbox.waiting
        assert vars(after.ledger) == vars(self.world.ledger)
        late = self.now + timedelta(days=100)
        after.run_due(late)
        assert not any(order.status in machine.IDLES for order in after.orders.listed.after(0))

    @invariant()
    def nothing_impossible(self) -> None:
        """Status, document, code, attempts and reason fit together."""
        for order in self.world.orders.all.values():
            sid = order.signing_document_sid
            if order.status in machine.BEFORE_LOA:
                assert sid is None
            if order.status == machine.PENDING_LOA:
                document = self.world.authorization_documents.get(sid or "")
                assert document is not None
                assert order.deleted or order.sid in document.order_sids
                assert document.status in {machine.SIGNING, machine.OPENED} or order.deleted
            if order.bill_under_review is not None:
                assert order.verification_code is None
            if order.awaits_bill:
                assert order.status == machine.ACTION_REQUIRED
            if order.verification_code is not None:
                assert order.status == machine.PENDING_VERIFICATION
            assert order.verification_attempts <= machine.MAX_ATTEMPTS
            assert (order.failure_reason != "") == (
                order.status in {machine.FAILED, machine.ACTION_REQUIRED}
            )

    @invariant()
    def the_end_is_the_end(self) -> None:
        """An order that ended stays as it ended."""
        for order in self.world.orders.all.values():
            if order.sid in self.ended:
                assert order.status == self.ended[order.sid]
            elif order.status in machine.ENDED:
                self.ended[order.sid] = order.status

    @invariant()
    def one_living_order_for_a_number(self) -> None:
        """No number is hosted twice."""
        living = [
            order.phone_number
            for order in self.world.orders.listed.after(0)
            if order.status != machine.FAILED and order.number_released_at is None
        ]
        assert len(living) == len(set(living))

    @invariant()
    def one_open_document_for_an_order(self) -> None:
        """No order is out for signature twice."""
        out = [
            sid
            for document in self.world.authorization_documents.after(0)
            if document.status in {machine.SIGNING, machine.OPENED}
            for sid in document.order_sids
        ]
        assert len(out) == len(set(out))


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestLife = Life.TestCase
