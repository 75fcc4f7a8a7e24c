"""HostedNumberOrders: what each method sends and what it refuses to send."""

from typing import Any

import httpx
import pytest

from hosted_numbers.twilio import (
    HostedNumberOrderStatus,
    InvalidArgumentError,
    NotFoundError,
    VerificationType,
)
from tests.twilio.stand_in import (
    ACCOUNT_SID,
    ADDRESS_SID,
    ORDER_SID,
    ORDERS,
    StandIn,
    json_answer,
    order,
)

BILL_SID = "RI" + "7" * 32


def twilio_answers(body: dict[str, Any], status: int = 200) -> StandIn:
    return StandIn(json_answer(body, status))


async def test_create_sends_the_least() -> None:
    """A number and the SMS capability are enough; what is not given is not sent."""
    stand_in = twilio_answers(order(), 201)
    async with stand_in.client() as twilio:
        created = await twilio.hosted_number_orders.create(phone_number="+15017122661")
    assert created.sid == ORDER_SID
    assert (stand_in.request.method, stand_in.request.url.path) == ("POST", ORDERS)
    assert stand_in.form == [("PhoneNumber", "+15017122661"), ("SmsCapability", "true")]


async def test_create_sends_everything_in_twilios_names() -> None:
    """PascalCase, lists by repeated keys, enumerations by their value."""
    stand_in = twilio_answers(order(), 201)
    async with stand_in.client() as twilio:
        await twilio.hosted_number_orders.create(
            phone_number="+15017122661",
            sms_capability=False,
            account_sid=ACCOUNT_SID,
            friendly_name="Ann & Söhne = 100 %",
            unique_name="order-1",
            cc_emails=("a+b@example.com", "c@example.com"),
            sms_url="https://example.com/sms?a=1&b=2",
            sms_method="POST",
            sms_fallback_url="https://example.com/fallback",
            sms_fallback_method="GET",
            status_callback_url="https://example.com/status",
            status_callback_method="POST",
            sms_application_sid="AP" + "3" * 32,
            address_sid=ADDRESS_SID,
            email="owner@example.com",
            verification_type=VerificationType.PHONE_BILL,
            verification_document_sid=BILL_SID,
        )
    assert stand_in.form == [
        ("PhoneNumber", "+15017122661"),
        ("SmsCapability", "false"),
        ("AccountSid", ACCOUNT_SID),
        ("FriendlyName", "Ann & Söhne = 100 %"),
        ("UniqueName", "order-1"),
        ("CcEmails", "a+b@example.com"),
        ("CcEmails", "c@example.com"),
        ("SmsUrl", "https://example.com/sms?a=1&b=2"),
        ("SmsMethod", "POST"),
        ("SmsFallbackUrl", "https://example.com/fallback"),
        ("SmsFallbackMethod", "GET"),
        ("StatusCallbackUrl", "https://example.com/status"),
        ("StatusCallbackMethod", "POST"),
        ("SmsApplicationSid", "AP" + "3" * 32),
        ("AddressSid", ADDRESS_SID),
        ("Email", "owner@example.com"),
        ("VerificationType", "phone-bill"),
        ("VerificationDocumentSid", BILL_SID),
    ]


@pytest.mark.parametrize(
    "argument",
    [
        {"phone_number": "2125550123"},
        {"phone_number": "+0501712266"},
        {"phone_number": "+1501712266112345"},
        {"phone_number": "+1501712\n"},
        {"phone_number": "+١٢٣٤٥"},
        {"account_sid": ADDRESS_SID},
        {"friendly_name": "x" * 65},
        {"friendly_name": "\ud800"},
        {"unique_name": "x" * 129},
        {"cc_emails": "a@example.com"},
        {"sms_method": "PUT"},
        {"sms_fallback_method": "get"},
        {"status_callback_method": ""},
        {"sms_application_sid": "AP1"},
        {"address_sid": "../../Accounts"},
        {"verification_document_sid": ADDRESS_SID},
    ],
)
async def test_create_refuses_what_twilio_would(argument: dict[str, Any]) -> None:
    """A malformed argument is found here, named, not shown, and nothing is sent."""
    stand_in = twilio_answers(order(), 201)
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError) as caught:
            await twilio.hosted_number_orders.create(**{"phone_number": "+15017122661"} | argument)
    ((name, value),) = argument.items()
    assert name in str(caught.value) or value == "\ud800"
    assert not value or str(value) not in str(caught.value)
    assert caught.value.__context__ is None
    assert stand_in.requests == []


async def test_fetch_reads_one_order() -> None:
    """The SID stands in the path."""
    stand_in = twilio_answers(order(status="verified"))
    async with stand_in.client() as twilio:
        got = await twilio.hosted_number_orders.fetch(ORDER_SID)
    assert got.status is HostedNumberOrderStatus.VERIFIED
    assert stand_in.request.method == "GET"
    assert stand_in.request.url.path == f"{ORDERS}/{ORDER_SID}"


async def test_update_sends_only_what_is_given() -> None:
    """Everything else stays as it is at Twilio."""
    stand_in = twilio_answers(order(status="pending-verification"))
    async with stand_in.client() as twilio:
        got = await twilio.hosted_number_orders.update(
            ORDER_SID,
            status=HostedNumberOrderStatus.PENDING_VERIFICATION,
            extension="0w1*#",
            call_delay=0,
        )
    assert got.status is HostedNumberOrderStatus.PENDING_VERIFICATION
    assert stand_in.request.method == "POST"
    assert stand_in.request.url.path == f"{ORDERS}/{ORDER_SID}"
    assert stand_in.form == [
        ("Status", "pending-verification"),
        ("Extension", "0w1*#"),
        ("CallDelay", "0"),
    ]


async def test_update_sends_everything_in_twilios_names() -> None:
    """All ten parameters of the resource, the code with its leading zero."""
    stand_in = twilio_answers(order())
    async with stand_in.client() as twilio:
        await twilio.hosted_number_orders.update(
            ORDER_SID,
            friendly_name="Ann",
            unique_name="order-1",
            email="owner@example.com",
            cc_emails=["c@example.com"],
            status="pending-verification",
            verification_code="0042",
            verification_type="phone-bill",
            verification_document_sid="RD" + "7" * 32,
            extension="12",
            call_delay=60,
        )
    assert dict(stand_in.form) == {
        "FriendlyName": "Ann",
        "UniqueName": "order-1",
        "Email": "owner@example.com",
        "CcEmails": "c@example.com",
        "Status": "pending-verification",
        "VerificationCode": "0042",
        "VerificationType": "phone-bill",
        "VerificationDocumentSid": "RD" + "7" * 32,
        "Extension": "12",
        "CallDelay": "60",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"call_delay": -1},
        {"call_delay": 61},
        {"extension": ""},
        {"extension": "12a"},
        {"verification_code": "123"},
        {"verification_code": "12345678901"},
        {"verification_code": "12 34"},
        {"verification_document_sid": "RX" + "7" * 32},
        {"cc_emails": []},
        {"friendly_name": "x" * 65},
        {"unique_name": "x" * 129},
    ],
)
async def test_update_refuses_what_twilio_would(arguments: dict[str, Any]) -> None:
    """Malformed arguments, an update of nothing, and clearing what cannot be cleared."""
    stand_in = twilio_answers(order())
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError):
            await twilio.hosted_number_orders.update(ORDER_SID, **arguments)
    assert stand_in.requests == []


async def test_delete_expects_no_body() -> None:
    """204 with nothing in it is success."""
    stand_in = StandIn(httpx.Response(204))
    async with stand_in.client() as twilio:
        await twilio.hosted_number_orders.delete(ORDER_SID)
    assert stand_in.request.method == "DELETE"
    assert stand_in.request.url.path == f"{ORDERS}/{ORDER_SID}"


async def test_delete_of_what_is_gone_says_so() -> None:
    """The caller decides that a 404 after an unknown outcome is success."""
    async with twilio_answers({"code": 20404}, 404).client() as twilio:
        with pytest.raises(NotFoundError):
            await twilio.hosted_number_orders.delete(ORDER_SID)


@pytest.mark.parametrize("sid", ["", "HR1", "PX" + "a" * 32, f"{ORDER_SID}/..", f"{ORDER_SID}\n"])
async def test_a_malformed_sid_never_enters_a_path(sid: str) -> None:
    """Fetch, update and delete refuse it before anything is sent."""
    stand_in = twilio_answers(order())
    async with stand_in.client() as twilio:
        orders = twilio.hosted_number_orders
        with pytest.raises(InvalidArgumentError):
            await orders.fetch(sid)
        with pytest.raises(InvalidArgumentError):
            await orders.update(sid, friendly_name="Ann")
        with pytest.raises(InvalidArgumentError):
            await orders.delete(sid)
    assert stand_in.requests == []
