"""Pages of a list for a look at many: little is read, and a walk is gone on with elsewhere."""

import pytest

from hosted_numbers.twilio import InvalidArgumentError, UnreadableAnswerError
from tests.twilio.stand_in import (
    DOCUMENTS,
    ORDER_SID,
    ORDERS,
    OTHER_ORDER_SID,
    StandIn,
    document,
    json_answer,
    order,
    page,
)

QUERY = "PageSize=1000&Status=pending-loa"
NEXT = f"{QUERY}&Page=1&PageToken=PA1"
HOST = "https://preview.twilio.com"


async def test_pages_say_where_the_list_goes_on() -> None:
    """A thousand orders to a request; behind the last page there is nothing."""
    stand_in = StandIn(
        json_answer(page([order()], f"{HOST}{ORDERS}?{NEXT}")),
        json_answer(page([order(sid=OTHER_ORDER_SID)])),
    )
    async with stand_in.client() as twilio:
        found = [each async for each in twilio.hosted_number_orders.pages(status="pending-loa")]

    assert [[row["sid"] for row in each.items] for each in found] == [
        [ORDER_SID],
        [OTHER_ORDER_SID],
    ]
    assert [each.after for each in found] == [NEXT, None]
    assert [each.url.query.decode() for each in stand_in.requests] == [QUERY, NEXT]


async def test_a_walk_goes_on_behind_a_page() -> None:
    """Also by another client: what a page said is all that is needed."""
    stand_in = StandIn(json_answer(page([order()])))
    async with stand_in.client() as twilio:
        walk = twilio.hosted_number_orders.pages(status="pending-loa", after=NEXT)
        assert [len(each.items) async for each in walk] == [1]

    assert stand_in.request.url.query.decode() == NEXT


@pytest.mark.parametrize("after", ["a\nb", "ä", "a#b", "a" * 9_000])
async def test_what_no_page_said_is_refused(after: str) -> None:
    """At once, before anything is sent."""
    stand_in = StandIn(json_answer(page([])))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError, match="after"):
            twilio.hosted_number_orders.pages(status="received", after=after)

    assert stand_in.requests == []


async def test_a_walk_that_leads_round_ends() -> None:
    """From wherever it began."""
    stand_in = StandIn(json_answer(page([order()], f"{HOST}{ORDERS}?{NEXT}")))
    async with stand_in.client() as twilio:
        walk = twilio.hosted_number_orders.pages(status="pending-loa", after=NEXT)
        with pytest.raises(UnreadableAnswerError, match="round"):
            _ = [each async for each in walk]


async def test_little_is_read_of_each_order() -> None:
    """Its status is written as everywhere; an order without one is no order."""
    some = order(
        phone_number="+15017122661", status="Action_Required", unique_name="one", friendly_name=7
    )
    stand_in = StandIn(json_answer(page([some])), json_answer(page([order(status="")])))
    async with stand_in.client() as twilio:
        (found,) = [
            each async for each in twilio.hosted_number_orders.pages(status="action-required")
        ]
        with pytest.raises(UnreadableAnswerError, match="status"):
            _ = [each async for each in twilio.hosted_number_orders.pages(status="received")]

    (row,) = found.items
    assert row == {
        "sid": ORDER_SID,
        "phone_number": "+15017122661",
        "status": "action-required",
        "unique_name": "one",
        "signing_document_sid": some["signing_document_sid"],
    }
    assert "+1501" not in repr(found)


async def test_letters_are_listed_alike() -> None:
    """Their SIDs, by their status."""
    some = document()
    stand_in = StandIn(json_answer(page([some])))
    async with stand_in.client() as twilio:
        (found,) = [each async for each in twilio.authorization_documents.pages(status="signing")]

    assert [each.sid for each in found.items] == [some["sid"]]
    assert stand_in.request.url.path == DOCUMENTS
    assert stand_in.request.url.query == b"PageSize=1000&Status=signing"
