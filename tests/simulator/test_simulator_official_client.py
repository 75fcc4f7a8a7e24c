"""Twilio's own Python client, unchanged, drives the simulator through every operation.

Only its transport is told another address: the request that it would have sent to Twilio goes to
the simulator as it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from tests.simulator.loopback import KEY, SECRET, Redirected
from tests.simulator.workshop import ACCOUNT_SID, ADDRESS_SID, NUMBER


@pytest.fixture
def orders(client: Client) -> Any:
    return client.preview.hosted_numbers.hosted_number_orders


@pytest.fixture
def documents(client: Client) -> Any:
    return client.preview.hosted_numbers.authorization_documents


def verified(orders: Any, phone_number: str = NUMBER) -> Any:
    order = orders.create(phone_number=phone_number, sms_capability=True)
    called = order.update(status="pending-verification")
    return order.update(verification_code=called.verification_code)


def signing(documents: Any, *sids: str) -> Any:
    return documents.create(
        hosted_number_order_sids=list(sids),
        address_sid=ADDRESS_SID,
        email="signer@example.com",
        contact_title="Chief Executive",
        contact_phone_number="+15017122662",
        cc_emails=["cc@example.com"],
    )


def test_create_with_every_parameter(orders: Any) -> None:
    """What the client sends is understood, and what comes back is what it parses."""
    order = orders.create(
        phone_number=NUMBER,
        sms_capability=True,
        account_sid="AC" + "9" * 32,
        friendly_name="Front desk",
        unique_name="desk-1",
        cc_emails=["a@example.com", "b@example.com"],
        sms_url="https://example.com/sms",
        sms_method="POST",
        sms_fallback_url="https://example.com/fallback",
        sms_fallback_method="GET",
        status_callback_url="https://example.com/status",
        status_callback_method="POST",
        sms_application_sid="AP" + "3" * 32,
        address_sid=ADDRESS_SID,
        email="owner@example.com",
        verification_type="phone-call",
        verification_document_sid="RI" + "4" * 32,
    )
    assert order.sid.startswith("HR")
    assert order.account_sid == "AC" + "9" * 32
    assert order.incoming_phone_number_sid.startswith("PN")
    assert order.phone_number == NUMBER
    assert order.capabilities == {"sms": True, "voice": False}
    assert order.friendly_name == "Front desk"
    assert order.unique_name == "desk-1"
    assert order.cc_emails == ["a@example.com", "b@example.com"]
    assert order.address_sid == ADDRESS_SID
    assert order.email == "owner@example.com"
    assert order.status == "received"
    assert order.verification_type == "phone-call"
    assert order.verification_document_sid == "RI" + "4" * 32
    assert (order.verification_attempts, order.call_delay) == (0, 0)
    assert abs(datetime.now(UTC) - order.date_created) < timedelta(minutes=5)
    assert isinstance(order.date_updated, datetime)
    fetched = orders(order.sid).fetch()
    assert vars(fetched)["url"] == vars(order)["url"]
    assert fetched.date_created == order.date_created


def test_update_every_parameter(orders: Any) -> None:
    """Labels, a call with its options, and the code."""
    order = orders.create(phone_number=NUMBER, sms_capability=True)
    called = orders(order.sid).update(
        friendly_name="desk",
        unique_name="desk-2",
        email="new@example.com",
        cc_emails=["c@example.com"],
        status="pending-verification",
        verification_type="phone-call",
        verification_document_sid="RI" + "4" * 32,
        extension="12#",
        call_delay=0,
    )
    assert called.status == "pending-verification"
    assert (called.friendly_name, called.unique_name) == ("desk", "desk-2")
    assert (called.email, called.cc_emails) == ("new@example.com", ["c@example.com"])
    assert (called.extension, called.call_delay) == ("12#", 0)
    assert called.verification_attempts == 1
    assert len(called.verification_call_sids) == 1
    done = orders(order.sid).update(verification_code=called.verification_code)
    assert done.status == "verified"


def test_delete(orders: Any) -> None:
    """True once, 404 afterwards."""
    order = orders.create(phone_number=NUMBER, sms_capability=True)
    assert orders(order.sid).delete() is True
    with pytest.raises(TwilioRestException) as refusal:
        orders(order.sid).delete()
    assert (refusal.value.status, refusal.value.code) == (404, 20404)


def test_lists_streams_and_pages(orders: Any) -> None:
    """Lists with any limit, streams, page by page, filters, and a page by its URL."""
    sids = [
        orders.create(
            phone_number=f"+1501712{index:04d}",
            sms_capability=True,
            friendly_name="a & b" if index % 2 else "c",
        ).sid
        for index in range(12)
    ]
    assert [order.sid for order in orders.list(limit=5000)] == sids
    assert [order.sid for order in orders.list(page_size=5)] == sids
    assert [order.sid for order in orders.list(limit=7, page_size=3)] == sids[:7]
    assert [order.sid for order in orders.stream(page_size=5)] == sids
    odd = orders.list(friendly_name="a & b", status="received", page_size=2)
    assert [order.sid for order in odd] == sids[1::2]
    assert [order.sid for order in orders.list(phone_number="+15017120003")] == [sids[3]]
    page = orders.page(page_size=5)
    walked = [order.sid for order in page]
    second = page.next_page()
    walked += [order.sid for order in second]
    third = orders.get_page(second.next_page_url)
    walked += [order.sid for order in third]
    assert walked == sids
    assert third.next_page() is None
    assert [order.sid for order in third.previous_page()] == sids[5:10]
    assert page.previous_page() is None


def test_a_list_that_fails(orders: Any) -> None:
    """The client raises its plain exception there; the simulator's answer is in it."""
    with pytest.raises(TwilioException, match="Unable to fetch page"):
        orders.list(status="no status")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"phone_number": "15017122661"}, 22102),
        ({"phone_number": "+442071838750"}, 22103),
        ({"sms_capability": False}, 22119),
        ({"email": "nobody"}, 22104),
        ({"sms_url": "nowhere"}, 22105),
        ({"sms_method": "PUT"}, 22106),
        ({"sms_application_sid": "AP"}, 22108),
        ({"address_sid": "AD"}, 22109),
        ({"phone_number": "+12125550111"}, 22110),
        ({"unique_name": "u" * 129}, 22115),
        ({"friendly_name": "f" * 129}, 22116),
        ({"verification_document_sid": "RI"}, 22118),
        ({"verification_type": "smell"}, 22120),
    ],
)
def test_refusals(orders: Any, parameters: dict[str, Any], code: int) -> None:
    """The client's exception carries Twilio's code."""
    with pytest.raises(TwilioRestException) as refusal:
        orders.create(**({"phone_number": NUMBER, "sms_capability": True} | parameters))
    assert (refusal.value.status, refusal.value.code) == (400, code)
    assert refusal.value.msg


def test_a_refused_verification(orders: Any) -> None:
    """Wrong code, too many calls, wrong state."""
    order = orders.create(phone_number=NUMBER, sms_capability=True)

    def refused(**parameters: Any) -> int:
        with pytest.raises(TwilioRestException) as refusal:
            orders(order.sid).update(**parameters)
        code: int = refusal.value.code
        return code

    assert refused(verification_code="1234") == 22114
    assert refused(status="nonsense") == 22111
    for _ in range(3):
        orders(order.sid).update(status="pending-verification")
    assert refused(verification_code="123456") == 22113
    assert refused(status="pending-verification") == 22100
    assert refused(status="pending-verification") == 22112
    assert orders(order.sid).fetch().status == "action-required"


def test_authorization_documents(orders: Any, documents: Any, control: Callable[..., None]) -> None:
    """Create, fetch, list, dependents, withdraw, edit, mail again, sign."""
    one, two = verified(orders), verified(orders, "+15017122663")
    document = signing(documents, one.sid)
    assert document.sid.startswith("PX")
    assert document.status == "signing"
    assert document.cc_emails == ["cc@example.com"]
    assert document.links["dependent_hosted_number_orders"].endswith("HostedNumberOrders")
    assert isinstance(document.date_created, datetime)
    assert documents(document.sid).fetch().email == "signer@example.com"
    assert [each.sid for each in documents.list(email="signer@example.com")] == [document.sid]
    assert [each.sid for each in documents.stream(status="signing")] == [document.sid]
    assert documents.list(status="signed", limit=5000) == []
    [dependent] = documents(document.sid).dependent_hosted_number_orders.list(
        status="pending-loa", phone_number=NUMBER
    )
    assert dependent.sid == one.sid
    assert dependent.signing_document_sid == document.sid
    with pytest.raises(TwilioRestException) as refusal:
        documents(document.sid).update(email="new@example.com")
    assert refusal.value.code == 22107
    assert documents(document.sid).update(status="opened").status == "opened"
    edited = documents(document.sid).update(
        hosted_number_order_sids=[one.sid, two.sid],
        address_sid=ADDRESS_SID,
        email="new@example.com",
        cc_emails=["d@example.com"],
        status="signing",
        contact_title="Owner",
        contact_phone_number="+15017122665",
    )
    assert (edited.status, edited.email) == ("signing", "new@example.com")
    control(f"authorization-documents/{document.sid}", status="signed")
    on_it = documents(document.sid).dependent_hosted_number_orders.list()
    assert {each.sid: each.status for each in on_it} == {
        one.sid: "completed",
        two.sid: "completed",
    }


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"hosted_number_order_sids": ["HR" + "0" * 32]}, 22101),
        ({"hosted_number_order_sids": []}, 22101),
        ({"email": "nobody"}, 22104),
        ({"address_sid": "AD"}, 22109),
        ({"contact_title": ""}, 20001),
    ],
)
def test_refused_documents(
    orders: Any, documents: Any, parameters: dict[str, Any], code: int
) -> None:
    """The client's exception carries Twilio's code."""
    complete = {
        "hosted_number_order_sids": [verified(orders).sid],
        "address_sid": ADDRESS_SID,
        "email": "signer@example.com",
        "contact_title": "Chief Executive",
        "contact_phone_number": "+15017122662",
    }
    with pytest.raises(TwilioRestException) as refusal:
        documents.create(**(complete | parameters))
    assert refusal.value.code == code


def test_forged_statuses(orders: Any, documents: Any) -> None:
    """22122 for every status that is the signer's to give."""
    document = signing(documents, verified(orders).sid)
    for status in ("signed", "canceled", "failed"):
        with pytest.raises(TwilioRestException) as refusal:
            documents(document.sid).update(status=status)
        assert refusal.value.code == 22122


def test_credentials(base_url: str, control: Callable[..., None]) -> None:
    """20003 for wrong ones; an API key with its secret works."""
    control("reset")
    transport = Redirected(base_url)
    wrong = Client(ACCOUNT_SID, "wrong", http_client=transport)
    with pytest.raises(TwilioRestException) as refusal:
        wrong.preview.hosted_numbers.hosted_number_orders.create(NUMBER, sms_capability=True)
    assert (refusal.value.status, refusal.value.code) == (401, 20003)
    by_key = Client(KEY, SECRET, ACCOUNT_SID, http_client=transport)
    order = by_key.preview.hosted_numbers.hosted_number_orders.create(NUMBER, sms_capability=True)
    assert order.account_sid == ACCOUNT_SID
    transport.session.close()


def test_injected_faults_reach_the_client(orders: Any, control: Callable[..., None]) -> None:
    """429 with its code; the next try works."""
    control("faults", action="status", status=429, times=1)
    with pytest.raises(TwilioRestException) as refusal:
        orders.create(phone_number=NUMBER, sms_capability=True)
    assert (refusal.value.status, refusal.value.code) == (429, 20429)
    assert orders.create(phone_number=NUMBER, sms_capability=True).status == "received"
