"""IncomingPhoneNumbers: made with the order, gone with it, and how a number is off-boarded."""

from email.utils import parsedate_to_datetime

import pytest

from tests.simulator.workshop import (
    ACCOUNT_SID,
    JSON,
    NUMBER,
    ORDERS,
    Workshop,
    a_config,
    a_workshop,
)

NUMBERS = "/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{}.json"


def path_of(order: JSON, account_sid: str | None = None) -> str:
    return NUMBERS.format(account_sid or order["account_sid"], order["incoming_phone_number_sid"])


async def completed(sim: Workshop, phone_number: str = NUMBER) -> JSON:
    order, document = await sim.pending_loa(phone_number)
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    return await sim.fetch(order["sid"])


async def test_a_number(sim: Workshop) -> None:
    """It exists with its order and has what the order said about messages."""
    order = await sim.create(
        FriendlyName="desk",
        SmsUrl="https://example.com/sms",
        SmsMethod="GET",
        SmsFallbackUrl="https://example.com/fallback",
        SmsApplicationSid="AP" + "3" * 32,
    )
    number = await sim.get(path_of(order))
    assert number["sid"] == order["incoming_phone_number_sid"]
    assert number["account_sid"] == ACCOUNT_SID
    assert (number["phone_number"], number["friendly_name"]) == (NUMBER, "desk")
    assert (number["sms_url"], number["sms_method"]) == ("https://example.com/sms", "GET")
    assert number["sms_fallback_url"] == "https://example.com/fallback"
    assert number["sms_application_sid"] == "AP" + "3" * 32
    assert number["capabilities"]["sms"] is True
    assert (number["status"], number["uri"]) == ("in-use", path_of(order))
    created = parsedate_to_datetime(number["date_created"])
    assert created.isoformat() == "2023-11-14T22:13:20+00:00"


async def test_off_boarding(sim: Workshop) -> None:
    """204, then the number is nowhere, its order stays completed, and it can be hosted again."""
    order = await completed(sim)
    again = {"PhoneNumber": NUMBER, "SmsCapability": "true"}
    assert await sim.refused(ORDERS, **again) == 22110
    await sim.advance(60)
    answer = await sim.http.delete(path_of(order))
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE"):
        gone = await sim.http.request(method, path_of(order))
        assert (gone.status_code, gone.json()["code"]) == (404, 20404)
    assert await sim.status(order["sid"]) == "completed"
    assert (await sim.ledger())["released_numbers"] == [
        {
            "sid": order["incoming_phone_number_sid"],
            "order_sid": order["sid"],
            "at": "2023-11-14T22:14:20Z",
        }
    ]
    second = await sim.create()
    assert second["status"] == "received"
    assert [each["sid"] for each in (await sim.get(ORDERS, PhoneNumber=NUMBER))["items"]] == [
        order["sid"],
        second["sid"],
    ]


@pytest.mark.parametrize("status", ["received", "pending-verification", "testing", "failed"])
async def test_a_number_that_is_not_in_use_yet(status: str) -> None:
    """400 for an order under way, or one that came to nothing; the number stays."""
    async with a_workshop(a_config(pace=60)) as sim:
        order = await sim.create()
        await sim.control(f"orders/{order['sid']}", {"status": status})
        answer = await sim.http.delete(path_of(order))
        assert (answer.status_code, answer.json()["code"]) == (400, 22121)
        assert (await sim.get(path_of(order)))["friendly_name"] == NUMBER
        assert (await sim.ledger())["released_numbers"] == []


async def test_it_goes_with_its_order(sim: Workshop) -> None:
    """Deleting the order deletes the number."""
    order = await sim.create()
    await sim.http.delete(f"{ORDERS}/{order['sid']}")
    for method in ("GET", "DELETE"):
        assert (await sim.http.request(method, path_of(order))).status_code == 404


async def test_whose_it_is(sim: Workshop) -> None:
    """A subaccount's number is found under the subaccount alone; there is nothing to update."""
    other = "AC" + "9" * 32
    order = await sim.create(AccountSid=other)
    assert (await sim.get(path_of(order)))["account_sid"] == other
    answer = await sim.http.get(path_of(order, ACCOUNT_SID))
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert (await sim.http.get(path_of(order).replace("PN", "PX"))).status_code == 404
    answer = await sim.http.post(path_of(order))
    assert (answer.status_code, answer.json()["code"]) == (405, 20004)


async def test_counts(sim: Workshop) -> None:
    """Both SIDs in the path are written {sid}."""
    order = await sim.create()
    rule = {"path": NUMBERS.format("{sid}", "{sid}"), "action": "status", "status": 429}
    await sim.control("faults", rule)
    assert (await sim.http.get(path_of(order))).status_code == 429
    counted = (await sim.ledger())["requests"]
    assert counted["GET " + NUMBERS.format("{sid}", "{sid}")] == 1
