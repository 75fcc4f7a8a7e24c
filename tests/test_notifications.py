"""What a backend is told and when, as a table; and that it is told once, whatever happens."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant

from hosted_numbers import notifications
from hosted_numbers.contract import (
    NotificationEvent,
    NotificationType,
    SupportingDocumentRequest,
)
from hosted_numbers.lifecycle import Do, next_step
from hosted_numbers.notifications import event_due, heard, need, told
from hosted_numbers.order_documents import Bill
from hosted_numbers.order_state import Hold, OrderState
from hosted_numbers.steps import OrderGone, Trouble
from tests.orders import NOW, NUMBER, ORDER_SID, PACE, PROOF, an_order, says, standing_at, waited
from tests.test_order_state_machine import OrderLife

RUN = "0f3c2a52-4b0e-4c57-8b0f-3c52a0f1d7aa"
TAX = SupportingDocumentRequest(type="tax_document", with_file=True)


def due(state: OrderState) -> NotificationEvent | None:
    """What the settled state makes due."""
    return event_due(state, RUN, NOW)


def the_type(state: OrderState) -> str | None:
    """Of the event that is due."""
    event = due(state)
    return event.type if event is not None else None


def held(state: OrderState, kind: str = "credentials") -> OrderState:
    """On hold until a person mends something."""
    return state.but(hold=Hold(kind=kind, reason="No.", next_step="Mend it."))


def at(status: str | None, **fields: object) -> OrderState:
    """An order that Twilio has in a status."""
    return standing_at(status).but(**fields)


def named(value: object) -> str:
    """A short id of a parameter."""
    return value if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize(
    ("state", "type_", "about"),
    [
        (at("twilio-processing"), "order.status_changed", ()),
        (at("received"), "order.waiting_for_call", ()),
        (at("pending-verification"), "order.waiting_for_code", ()),
        (at("received", bill_trouble="Too old."), "order.waiting_for_document", ("utility_bill",)),
        (
            standing_at("verified", supporting_documents=[PROOF, TAX]),
            "order.waiting_for_document",
            ("business_registration", "tax_document"),
        ),
        (at("received", bill=Bill(ticket=1, attached=True)), "order.waiting_for_review", ()),
        (at("pending-loa"), "order.waiting_for_signature", ()),
        (at("carrier-processing"), "order.with_carrier", ()),
        (at("quantum-review"), "order.with_carrier", ()),
        (at("action-required", failure_reason="22118 no"), "order.on_hold", ("bill",)),
        (at("action-required"), "order.on_hold", ("unknown",)),
        (at("received", calls_placed=3), "order.on_hold", ("calls-used-up",)),
        (held(at("pending-loa")), "order.on_hold", ("credentials",)),
        (at("completed"), "order.completed", ()),
        (at("failed", failure_reason="No."), "order.failed", ()),
        (at("received", ended="cancelled"), "order.cancelled", ()),
    ],
    ids=named,
)
def test_each_standing_is_told_by_its_type(
    state: OrderState, type_: NotificationType, about: tuple[str, ...]
) -> None:
    """And once: told, the same standing is no news."""
    event = due(state)
    assert event is not None
    assert (event.type, event.data.about) == (type_, about)
    assert due(told(state)) is None


def test_event_says_which_order_and_how_it_stands() -> None:
    """Thin: the receiver reads the order for the rest."""
    state = told(at("pending-verification"))
    state = state.but(status="verified", order=an_order(customer="c-17"), ended="completed")
    event = due(state)
    assert event is not None
    assert event.timestamp == NOW
    assert event.data.model_dump() == {
        "phone_number": NUMBER,
        "sid": ORDER_SID,
        "status": "verified",
        "previous_status": "pending-verification",
        "phase": "completed",
        "waiting_for": "nothing",
        "about": (),
        "deadline": None,
        "customer": "c-17",
    }


@pytest.mark.parametrize(
    ("before", "after", "type_"),
    [
        (at("carrier-processing"), at("testing"), "order.status_changed"),
        (held(at("received")), held(at("received"), "refused"), "order.on_hold"),
        (held(at("twilio-processing")), at("twilio-processing"), "order.status_changed"),
        (held(at("pending-loa")), at("pending-loa"), "order.waiting_for_signature"),
        (held(at("pending-loa")), at("pending-loa", missing=True), None),
        (held(at("pending-loa")), at("pending-loa", leaving="cancelled"), None),
        (at("pending-loa"), at("pending-loa", missing=True), None),
        (at("pending-loa"), at("pending-loa", letter_change="resend"), None),
        (at("completed"), at("completed", failure_reason="Late words"), None),
    ],
    ids=named,
)
def test_news_is_what_somebody_can_act_on(
    before: OrderState, after: OrderState, type_: str | None
) -> None:
    """A change of status or need is told; what passes by itself is not."""
    assert the_type(after.but(told=told(before).told)) == type_


def test_twilio_that_is_away_is_no_news() -> None:
    """The order tries again by itself, before it was ever told of and after."""
    away = Hold(kind="unreachable", reason="-", next_step="-", waiting_for="nothing")
    assert due(at("pending-loa", hold=away)) is None
    assert due(told(at("received")).but(status="pending-loa", hold=away)) is None


def test_each_reminder_is_told_once() -> None:
    """With the deadline that it reminds of; those of a later deadline are others."""
    state = told(at("pending-loa", reminders=0))
    for given in (1, 2):
        state = state.but(reminders=given)
        assert the_type(state) == "order.reminder"
        state = told(state)
        assert due(state) is None
    later = state.but(deadline=NOW + timedelta(days=90), reminders=0)
    assert due(later) is None
    assert the_type(later.but(reminders=2)) == "order.reminder"


def test_events_are_told_apart_by_their_ids() -> None:
    """The same news has the same id, tried again; other news at the same count another one."""
    state = at("pending-loa")
    first, again, other = due(state), event_due(state, RUN, NOW + PACE.first_look), due(held(state))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id != other.id
    assert first.id.startswith(f"{RUN}/1-")
    assert notifications.event_id_of(notifications.workflow_id(first.id)) == first.id
    following = due(told(state).but(ended="failed"))
    assert following is not None
    assert following.id.startswith(f"{RUN}/2-")


def test_worker_says_whether_a_backend_wants_to_be_told() -> None:
    """A look of an older worker, and whatever is no look, says nothing of it."""
    state = at("received")
    for outcome in (says("received"), Trouble(kind="unreachable"), OrderGone(letter="none"), None):
        assert heard(state, outcome) is state
    assert heard(state, says("received", notifies=True)).notifies is True
    assert heard(state.but(notifies=True), says("received", notifies=False)).notifies is False


def test_wait_that_brings_nothing_is_no_news() -> None:
    """Looks that find the order as it was."""
    state = told(at("carrier-processing"))
    assert due(waited(state)) is None


class ToldLife(OrderLife):
    """The life of an order whose backend is told whenever it settles."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[NotificationEvent] = []

    @invariant()
    def backend_is_told(self) -> None:
        """No event twice in a row, and nothing more to say of the same standing."""
        if isinstance(next_step(self.state, PACE), Do):
            return
        event = event_due(self.state, RUN, self.now)
        if event is None:
            return
        assert not any(each.data.phase == "cancelled" for each in self.events)
        before = self.events[-1] if self.events else None
        if before is not None and event.type != "order.reminder":
            assert (before.type, before.data) != (event.type, event.data)
        assert event.data.about == need(self.state).about
        self.events.append(event)
        self.state = told(self.state)
        assert event_due(self.state, RUN, self.now) is None

    def teardown(self) -> None:
        """The end is told, once, and last."""
        super().teardown()
        if not hasattr(self, "state"):
            return
        self.backend_is_told()
        endings = [event for event in self.events if event.type in ENDINGS]
        assert endings == self.events[-1:]
        assert len({event.id for event in self.events}) == len(self.events)


ENDINGS = {"order.completed", "order.failed", "order.cancelled"}

TestToldLife = ToldLife.TestCase
TestToldLife.settings = settings(max_examples=60, stateful_step_count=40)
