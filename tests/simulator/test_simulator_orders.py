"""HostedNumberOrders over HTTP: shapes, checks, lists, updates, deletion."""

from typing import Any

import pytest

from tests.simulator.workshop import (
    ACCOUNT_SID,
    ADDRESS_SID,
    BASE_URL,
    NUMBER,
    ORDERS,
    Workshop,
    a_config,
    a_workshop,
)

FIELDS = [
    "sid",
    "account_sid",
    "incoming_phone_number_sid",
    "address_sid",
    "signing_document_sid",
    "phone_number",
    "capabilities",
    "friendly_name",
    "unique_name",
    "email",
    "cc_emails",
    "status",
    "failure_reason",
    "date_created",
    "date_updated",
    "verification_attempts",
    "verification_type",
    "verification_document_sid",
    "extension",
    "call_delay",
    "verification_code",
    "verification_call_sids",
    "url",
]


async def test_a_bare_create(sim: Workshop) -> None:
    """201 with the 23 fields, in the order and with the empty values of Twilio's page."""
    answer = await sim.http.post(ORDERS, data={"PhoneNumber": NUMBER, "SmsCapability": "true"})
    order = answer.json()
    assert answer.status_code == 201
    assert list(order) == FIELDS
    assert order["sid"].startswith("HR")
    assert len(order["sid"]) == 34
    assert order["incoming_phone_number_sid"].startswith("PN")
    assert order == {
        "sid": order["sid"],
        "account_sid": ACCOUNT_SID,
        "incoming_phone_number_sid": order["incoming_phone_number_sid"],
        "address_sid": None,
        "signing_document_sid": None,
        "phone_number": NUMBER,
        "capabilities": {"sms": True, "voice": False},
        "friendly_name": None,
        "unique_name": None,
        "email": None,
        "cc_emails": [],
        "status": "received",
        "failure_reason": "",
        "date_created": "2023-11-14T22:13:20Z",
        "date_updated": "2023-11-14T22:13:20Z",
        "verification_attempts": 0,
        "verification_type": "phone-call",
        "verification_document_sid": None,
        "extension": None,
        "call_delay": 0,
        "verification_code": None,
        "verification_call_sids": None,
        "url": f"{BASE_URL}{ORDERS}/{order['sid']}",
    }


async def test_a_create_with_everything(sim: Workshop) -> None:
    """Every documented parameter is taken; those of the IncomingPhoneNumber do not come back."""
    subaccount = "AC" + "9" * 32
    order = await sim.create(
        AccountSid=subaccount,
        FriendlyName="Front desk",
        UniqueName="desk-1",
        CcEmails=["a@example.com", "b@example.com"],
        SmsUrl="https://example.com/sms",
        SmsMethod="get",
        SmsFallbackUrl="https://example.com/fallback",
        SmsFallbackMethod="POST",
        StatusCallbackUrl="https://example.com/status",
        StatusCallbackMethod="GET",
        SmsApplicationSid="AP" + "3" * 32,
        AddressSid=ADDRESS_SID,
        Email="owner@example.com",
        VerificationType="phone-bill",
        VerificationDocumentSid="RI" + "4" * 32,
    )
    assert order["account_sid"] == subaccount
    assert order["friendly_name"] == "Front desk"
    assert order["unique_name"] == "desk-1"
    assert order["cc_emails"] == ["a@example.com", "b@example.com"]
    assert order["address_sid"] == ADDRESS_SID
    assert order["email"] == "owner@example.com"
    assert order["verification_type"] == "phone-bill"
    assert order["verification_document_sid"] == "RI" + "4" * 32
    assert list(order) == FIELDS
    assert await sim.fetch(order["sid"]) == order


async def test_an_answer_names_the_host_that_was_called(sim: Workshop) -> None:
    """Links lead back to where the caller is, not to Twilio."""
    order = await sim.create()
    answer = await sim.http.get(
        f"http://127.0.0.1:1234{ORDERS}/{order['sid']}", headers={"Host": "127.0.0.1:1234"}
    )
    assert answer.json()["url"] == f"http://127.0.0.1:1234{ORDERS}/{order['sid']}"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"PhoneNumber": None}, 20001),
        ({"PhoneNumber": ""}, 20001),
        ({"SmsCapability": None}, 20001),
        ({"PhoneNumber": "5017122661"}, 22102),
        ({"PhoneNumber": "+1501712266"}, 22102),
        ({"PhoneNumber": "+11017122661"}, 22102),
        ({"PhoneNumber": "+442071838750"}, 22103),
        ({"PhoneNumber": "+18095551234"}, 22103),
        ({"SmsCapability": "false"}, 22119),
        ({"SmsCapability": "perhaps"}, 22119),
        ({"Email": "owner"}, 22104),
        ({"CcEmails": ["a@example.com", "b"]}, 22104),
        ({"SmsUrl": "example.com/sms"}, 22105),
        ({"SmsFallbackUrl": "ftp://example.com"}, 22105),
        ({"StatusCallbackUrl": "http://"}, 22105),
        ({"StatusCallbackUrl": "http://example.com:port/"}, 22105),
        ({"StatusCallbackUrl": "http://example.com/a b"}, 22105),
        ({"SmsMethod": "PUT"}, 22106),
        ({"SmsFallbackMethod": "PUT"}, 22106),
        ({"StatusCallbackMethod": "PUT"}, 22106),
        ({"SmsApplicationSid": "AP1"}, 22108),
        ({"AddressSid": "AP" + "3" * 32}, 22109),
        ({"UniqueName": "u" * 129}, 22115),
        ({"FriendlyName": "f" * 129}, 22116),
        ({"VerificationType": "telepathy"}, 22120),
        ({"VerificationType": "phone-bill"}, 20001),
        ({"VerificationDocumentSid": "PX" + "3" * 32}, 22118),
        ({"AccountSid": "AC1"}, 20001),
        ({"PhoneNumber": "+12125550111"}, 22110),
    ],
)
async def test_a_create_is_checked(sim: Workshop, form: dict[str, Any], code: int) -> None:
    """Each wrong parameter has Twilio's code, and makes nothing."""
    complete = {"PhoneNumber": NUMBER, "SmsCapability": "true"} | form
    sent = {name: value for name, value in complete.items() if value is not None}
    assert await sim.refused(ORDERS, **sent) == code
    assert (await sim.ledger())["orders"] == []


async def test_limits_of_names(sim: Workshop) -> None:
    """128 characters are a name, and an RD SID is a document, as no API makes an RI."""
    document = (await sim.upload())["sid"]
    order = await sim.create(
        UniqueName="u" * 128, FriendlyName="f" * 128, VerificationDocumentSid=document
    )
    assert len(order["friendly_name"]) == 128
    assert order["verification_document_sid"] == document


async def test_strict_switches() -> None:
    """Each switch makes one reading of the documentation strict."""
    config = a_config(
        strict_document_sids=True, strict_friendly_names=True, strict_unique_names=True
    )
    async with a_workshop(config) as sim:
        number = {"PhoneNumber": NUMBER, "SmsCapability": "true"}
        document = {"VerificationDocumentSid": "RD" + "3" * 32}
        assert await sim.refused(ORDERS, **number, **document) == 22118
        assert await sim.refused(ORDERS, **number, FriendlyName="f" * 65) == 22116
        await sim.create(FriendlyName="f" * 64, UniqueName="desk")
        other = await sim.create("+15017122669", UniqueName="other")
        assert await sim.refused(f"{ORDERS}/{other['sid']}", UniqueName="desk") == 22115
        assert (await sim.update(other["sid"], UniqueName="other"))["unique_name"] == "other"
        again = {"PhoneNumber": "+15017122668", "SmsCapability": "true", "UniqueName": "desk"}
        assert await sim.refused(ORDERS, **again) == 22115


async def test_one_live_order_for_a_number(sim: Workshop) -> None:
    """A second order answers 22110 until the first is deleted or has failed."""
    first = await sim.create()
    second = {"PhoneNumber": NUMBER, "SmsCapability": "true"}
    assert await sim.refused(ORDERS, **second) == 22110
    await sim.control(f"orders/{first['sid']}", {"status": "failed"})
    third = await sim.create()
    assert (await sim.http.delete(f"{ORDERS}/{third['sid']}")).status_code == 204
    fourth = await sim.create()
    await sim.control(f"orders/{fourth['sid']}", {"status": "completed"})
    assert await sim.refused(ORDERS, **second) == 22110


@pytest.mark.parametrize("auth", [("AC" + "0" * 32, "wrong"), (ACCOUNT_SID, ""), None])
async def test_wrong_credentials(sim: Workshop, auth: tuple[str, str] | None) -> None:
    """401 with 20003, and nothing happens."""
    sim.http.auth = auth  # type: ignore[assignment] # httpx takes None to send no credentials
    answer = await sim.http.post(ORDERS, data={"PhoneNumber": NUMBER, "SmsCapability": "true"})
    assert answer.status_code == 401
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    assert (await sim.ledger())["orders"] == []


@pytest.mark.parametrize("value", ["Basic !!!", "Basic", "Bearer abc"])
async def test_unreadable_credentials(sim: Workshop, value: str) -> None:
    """A header that is no Basic authentication is no authentication."""
    sim.http.auth = None  # type: ignore[assignment] # httpx takes None to send no credentials
    answer = await sim.http.get(ORDERS, headers={"Authorization": value})
    assert answer.status_code == 401


async def test_an_api_key_is_as_good_as_the_account() -> None:
    """The SID and the secret of a configured API key authenticate."""
    key, secret = "SK" + "7" * 32, "key-secret"
    async with a_workshop(a_config(api_keys={key: secret})) as sim:
        sim.http.auth = (key, secret)
        assert (await sim.get(ORDERS))["items"] == []


@pytest.mark.parametrize(
    "path", [f"{ORDERS}/HR" + "0" * 32, f"{ORDERS}/HR1", f"{ORDERS}/", "/HostedNumbers", "/"]
)
async def test_nothing_there(sim: Workshop, path: str) -> None:
    """404 with 20404 and the path, never a redirect."""
    answer = await sim.http.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == 20404
    assert answer.json()["message"] == f"The requested resource {path} was not found"


async def test_a_wrong_method(sim: Workshop) -> None:
    """405 with 20004 and what is allowed."""
    answer = await sim.http.delete(ORDERS)
    assert answer.status_code == 405
    assert answer.json()["code"] == 20004
    assert "POST" in answer.headers["allow"]


async def test_every_answer_has_an_id_and_says_who_gave_it(sim: Workshop) -> None:
    """Twilio-Request-Id differs each time; the simulator never passes for Twilio."""
    answers = [await sim.http.get(path) for path in (ORDERS, "/nowhere", "/_simulator/ledger")]
    ids = {answer.headers["Twilio-Request-Id"] for answer in answers}
    assert len(ids) == 3
    assert all(len(each) == 34 and each.startswith("RQ") for each in ids)
    assert all(answer.headers["x-hosted-numbers-simulator"] for answer in answers)


async def test_only_forms_are_read(sim: Workshop) -> None:
    """JSON and broken UTF-8 are refused instead of being taken for an empty form."""
    answer = await sim.http.post(ORDERS, json={"PhoneNumber": NUMBER})
    assert answer.json()["code"] == 20001
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await sim.http.post(ORDERS, content=b"PhoneNumber=%FF", headers=form)
    assert answer.json()["code"] == 20001


async def test_the_last_of_a_repeated_single_value_counts(sim: Workshop) -> None:
    """Twilio does not say; the simulator takes the last."""
    order = await sim.create(FriendlyName=["first", "last"])
    assert order["friendly_name"] == "last"


async def test_an_update_changes_only_what_was_sent(sim: Workshop) -> None:
    """Labels change, one empty value clears a list or a name, and the rest stays."""
    order = await sim.create(FriendlyName="a", UniqueName="b", CcEmails=["c@example.com"])
    await sim.advance(60)
    sid = order["sid"]
    changed = await sim.update(sid, FriendlyName="z", Email="new@example.com")
    assert changed == order | {
        "friendly_name": "z",
        "email": "new@example.com",
        "date_updated": "2023-11-14T22:14:20Z",
    }
    cleared = await sim.update(sid, CcEmails="", UniqueName="")
    assert (cleared["cc_emails"], cleared["unique_name"]) == ([], None)
    assert cleared["friendly_name"] == "z"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Status": "verifying"}, 22111),
        ({"Status": "verified"}, 22112),
        ({"Status": "completed"}, 22112),
        ({"VerificationCode": "1234"}, 22114),
        ({"Status": "pending-verification", "VerificationCode": "1234"}, 20001),
        ({"Extension": ""}, 22117),
        ({"Extension": "12a"}, 22117),
        ({"CallDelay": "61"}, 20001),
        ({"CallDelay": "-1"}, 20001),
        ({"CallDelay": "soon"}, 20001),
        ({"VerificationType": "phone-bill"}, 20001),
        ({"Email": "nobody"}, 22104),
    ],
)
async def test_an_update_is_checked(sim: Workshop, form: dict[str, str], code: int) -> None:
    """Each wrong parameter has Twilio's code, and nothing of the update happens."""
    order = await sim.create()
    assert await sim.refused(f"{ORDERS}/{order['sid']}", FriendlyName="new", **form) == code
    assert await sim.fetch(order["sid"]) == order


async def test_an_update_of_nothing(sim: Workshop) -> None:
    """An unknown SID is 20404; labels may change after the end, the status not."""
    answer = await sim.http.post(f"{ORDERS}/HR" + "0" * 32, data={"FriendlyName": "a"})
    assert answer.json()["code"] == 20404
    order = await sim.create()
    await sim.control(f"orders/{order['sid']}", {"status": "completed"})
    path = f"{ORDERS}/{order['sid']}"
    assert await sim.refused(path, Status="pending-verification") == 22112
    assert await sim.refused(path, VerificationCode="1234") == 22114
    assert (await sim.update(order["sid"], FriendlyName="kept"))["friendly_name"] == "kept"


@pytest.mark.parametrize(
    ("status", "deletable"),
    [
        ("twilio-processing", False),
        ("received", True),
        ("pending-verification", True),
        ("verified", True),
        ("pending-loa", True),
        ("testing", False),
        ("completed", False),
        ("failed", False),
        ("action-required", False),
    ],
)
async def test_deletion(status: str, *, deletable: bool) -> None:
    """DELETE works in four states: 204 without a body, then 404 and no longer listed."""
    async with a_workshop(a_config(pace=60)) as sim:
        order = await sim.create()
        path = f"{ORDERS}/{order['sid']}"
        await sim.control(f"orders/{order['sid']}", {"status": status})
        answer = await sim.http.delete(path)
        if deletable:
            assert (answer.status_code, answer.content) == (204, b"")
            assert (await sim.http.delete(path)).status_code == 404
            assert (await sim.get(ORDERS))["items"] == []
            assert (await sim.ledger())["orders"][0]["deleted"] is True
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, 22112)
            assert await sim.status(order["sid"]) == status


async def test_deletion_by_the_letter_of_the_openapi() -> None:
    """With its switch, DELETE works in received alone."""
    async with a_workshop(a_config(delete_received_only=True)) as sim:
        first, second = await sim.create(), await sim.verified("+15017122662")
        assert (await sim.http.delete(f"{ORDERS}/{first['sid']}")).status_code == 204
        assert (await sim.http.delete(f"{ORDERS}/{second['sid']}")).status_code == 400
