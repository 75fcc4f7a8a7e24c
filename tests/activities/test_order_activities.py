"""The order itself at Twilio: changed, looked at with its papers, ordered again, given back."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.hosted_number_orders import HostedNumberOrderActivities
from activities.verification import VerificationActivities
from hosted_numbers.business_hours import business_hours_from
from hosted_numbers.steps import CallPlacement, NumberRelease, OrderLookup, OrderUpdate
from hosted_numbers.twilio import HostedNumberOrder
from tests.activities.running import run
from tests.orders import NUMBER, ORDER_SID, an_order
from tests.world import Twilio


@pytest.fixture
def orders(twilio: Twilio) -> HostedNumberOrderActivities:
    """The activities, without a gateway."""
    return HostedNumberOrderActivities(twilio.twilio, None)


async def test_order_is_changed_in_what_is_named(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """What is absent stays, and twice is once."""
    created = await run(orders.find_or_create, an_order(friendly_name="Front desk"))
    update = OrderUpdate(sid=created.sid, email="new@example.com", cc_emails=("cc@example.com",))
    for attempt in (1, 2):
        await run(orders.update, update, attempt=attempt)
    order = await twilio.twilio.hosted_number_orders.fetch(created.sid)
    assert (order.email, order.friendly_name) == ("new@example.com", "Front desk")
    assert order.cc_emails == ("cc@example.com",)
    await run(orders.update, OrderUpdate(sid=created.sid, unique_name="desk"))
    assert (await twilio.twilio.hosted_number_orders.fetch(created.sid)).unique_name == "desk"
    with pytest.raises(ApplicationError, match="20404"):
        await run(orders.update, OrderUpdate(sid=ORDER_SID, email="new@example.com"))


async def test_look_takes_in_documents_under_review(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """One that Twilio does not find is missing; the look itself goes on."""
    created = await run(orders.find_or_create, an_order())
    documents = twilio.twilio.supporting_documents
    some = await documents.create(friendly_name="one", type="proof_of_address")
    await twilio.review_supporting(some.sid, "rejected", failure_reason="It is cut off")
    lost = "RD" + "0" * 32
    lookup = OrderLookup(sid=created.sid, supporting_document_sids=(some.sid, lost))
    seen = (await run(orders.fetch, lookup)).supporting_documents
    assert [(each.sid, each.status, each.reason) for each in seen] == [
        (some.sid, "rejected", "It is cut off"),
        (lost, "missing", None),
    ]


async def test_business_hours_are_told_where_they_are_asked_for(
    orders: HostedNumberOrderActivities,
) -> None:
    """With the create, and with a look from a moment on; else not."""
    created = await run(orders.find_or_create, an_order(call_when="business-hours"))
    assert created.call_from is not None
    assert created.call_from >= datetime.now(UTC) - timedelta(minutes=1)
    assert (await run(orders.fetch, OrderLookup(sid=created.sid))).call_from is None
    later = datetime.now(UTC) + timedelta(days=40)
    lookup = OrderLookup(sid=created.sid, phone_number=NUMBER, call_after=later)
    assert (await run(orders.fetch, lookup)).call_from == business_hours_from(NUMBER, later)
    past = OrderLookup(
        sid=created.sid, phone_number=NUMBER, call_after=datetime.now(UTC) - timedelta(days=40)
    )
    planned = (await run(orders.fetch, past)).call_from
    assert planned is not None
    assert planned >= datetime.now(UTC) - timedelta(minutes=1)


async def test_number_is_given_back_once(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """A number that is gone counts as given back."""
    created = await run(orders.find_or_create, an_order())
    with pytest.raises(ApplicationError, match="22121"):
        await run(orders.release, NumberRelease(sid=created.sid))
    await twilio.tell(f"orders/{created.sid}", status="completed")
    for attempt in (1, 2):
        await run(orders.release, NumberRelease(sid=created.sid), attempt=attempt)
    assert len((await twilio.ledger())["released_numbers"]) == 1


async def test_number_of_an_order_that_is_gone_is_not_said_to_be_given_back(
    twilio: Twilio, orders: HostedNumberOrderActivities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of it then, nor where the order names none."""
    with pytest.raises(ApplicationError) as gone:
        await run(orders.release, NumberRelease(sid=ORDER_SID))
    assert gone.value.type == "not-found"
    created = await run(orders.find_or_create, an_order())
    resource = twilio.twilio.hosted_number_orders
    nameless = (await resource.fetch(created.sid)).model_copy(
        update={"incoming_phone_number_sid": None}
    )

    async def fetch(_: str) -> HostedNumberOrder:
        return nameless

    monkeypatch.setattr(resource, "fetch", fetch)
    with pytest.raises(ApplicationError, match="names no IncomingPhoneNumber"):
        await run(orders.release, NumberRelease(sid=created.sid))


async def test_number_that_was_given_back_is_ordered_anew(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """A completed order is the number's, until its IncomingPhoneNumber is deleted."""
    first = await run(orders.find_or_create, an_order())
    await twilio.tell(f"orders/{first.sid}", status="completed")
    assert (await run(orders.find_or_create, an_order())).sid == first.sid
    await run(orders.release, NumberRelease(sid=first.sid))
    again = await run(orders.find_or_create, an_order())
    assert again.sid != first.sid
    assert again.previous_sid is None


async def test_completed_order_that_names_no_number_is_the_numbers(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """Nothing says that it was given back: it is adopted, and nothing is made."""
    first = await run(orders.find_or_create, an_order())
    order = await twilio.twilio.hosted_number_orders.fetch(first.sid)
    nameless = {"incoming_phone_number_sid": None, "status": "completed"}
    page = {
        "meta": {"key": "items", "next_page_url": None},
        "items": [order.model_dump(mode="json") | nameless],
    }
    path = "/HostedNumbers/HostedNumberOrders"
    await twilio.fault("GET", path, "status", status=200, body=json.dumps(page), times=1)
    assert (await run(orders.find_or_create, an_order())).sid == first.sid


async def test_failed_order_before_is_named(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """So that whoever reads the new order finds the old one."""
    first = await run(orders.find_or_create, an_order())
    await twilio.tell(f"orders/{first.sid}", status="failed", failure_reason="SMS is enabled")
    again = await run(orders.find_or_create, an_order())
    assert again.previous_sid == first.sid


async def test_call_takes_an_order_back_from_its_bill(
    twilio: Twilio, orders: HostedNumberOrderActivities
) -> None:
    """The kind of verification is named only where it changes."""
    created = await run(orders.find_or_create, an_order())
    await twilio.twilio.hosted_number_orders.update(
        created.sid,
        verification_type="phone-bill",
        verification_document_sid="RI" + "1" * 32,
        status="pending-verification",
    )
    verification = VerificationActivities(twilio.twilio)
    placement = CallPlacement(sid=created.sid, verification_type="phone-call")
    called = await run(verification.place_call, placement)
    assert (called.verification_type, called.calls_placed) == ("phone-call", 1)
