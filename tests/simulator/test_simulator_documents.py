"""AuthorizationDocuments over HTTP."""

from typing import Any

import pytest

from tests.simulator.workshop import (
    ADDRESS_SID,
    BASE_URL,
    DOCUMENTS,
    ORDERS,
    Workshop,
    a_config,
    a_document,
    a_workshop,
)

SECOND = "+15017122662"
THIRD = "+15017122663"


async def test_a_create(sim: Workshop) -> None:
    """201 with nine fields; the LOA is mailed at once and its orders wait for the signature."""
    one, two = await sim.verified(), await sim.verified(SECOND)
    answer = await sim.http.post(
        DOCUMENTS,
        data=a_document(one["sid"], two["sid"], one["sid"], CcEmails=["cc@example.com"]),
    )
    document = answer.json()
    url = f"{BASE_URL}{DOCUMENTS}/{document['sid']}"
    assert answer.status_code == 201
    assert document["sid"].startswith("PX")
    assert document == {
        "sid": document["sid"],
        "address_sid": ADDRESS_SID,
        "status": "signing",
        "email": "signer@example.com",
        "cc_emails": ["cc@example.com"],
        "date_created": "2023-11-14T22:13:20Z",
        "date_updated": "2023-11-14T22:13:20Z",
        "url": url,
        "links": {"dependent_hosted_number_orders": f"{url}/DependentHostedNumberOrders"},
    }
    for order in (one, two):
        waiting = await sim.fetch(order["sid"])
        assert waiting["status"] == "pending-loa"
        assert waiting["signing_document_sid"] == document["sid"]
    ledger = await sim.ledger()
    assert ledger["loa_mails"] == [
        {
            "document_sid": document["sid"],
            "email": "signer@example.com",
            "at": "2023-11-14T22:13:20Z",
        }
    ]
    assert ledger["authorization_documents"] == [
        {"sid": document["sid"], "status": "signing", "order_sids": [one["sid"], two["sid"]]}
    ]
    assert await sim.get(f"{DOCUMENTS}/{document['sid']}") == document


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"HostedNumberOrderSids": []}, 22101),
        ({"HostedNumberOrderSids": ["HR1"]}, 22101),
        ({"HostedNumberOrderSids": ["HR" + "0" * 32]}, 22101),
        ({"AddressSid": ""}, 20001),
        ({"Email": ""}, 20001),
        ({"ContactTitle": ""}, 20001),
        ({"ContactPhoneNumber": ""}, 20001),
        ({"ContactPhoneNumber": "call me"}, 20001),
        ({"AddressSid": "AD1"}, 22109),
        ({"Email": "signer"}, 22104),
        ({"CcEmails": ["signer"]}, 22104),
    ],
)
async def test_a_create_is_checked(sim: Workshop, form: dict[str, Any], code: int) -> None:
    """Each wrong parameter has Twilio's code; no document is made and none is mailed."""
    order = await sim.verified()
    assert await sim.refused(DOCUMENTS, **(a_document(order["sid"]) | form)) == code
    ledger = await sim.ledger()
    assert (ledger["authorization_documents"], ledger["loa_mails"]) == ([], [])
    assert await sim.status(order["sid"]) == "verified"


async def test_only_free_verified_orders(sim: Workshop) -> None:
    """22101 for an order that is not verified, or that is on another document."""
    raw, (taken, _) = await sim.create(), await sim.pending_loa(SECOND)
    free = await sim.verified(THIRD)
    for bad in (raw, taken):
        assert await sim.refused(DOCUMENTS, **a_document(free["sid"], bad["sid"])) == 22101
    assert await sim.status(free["sid"]) == "verified"


async def test_a_signed_document(sim: Workshop) -> None:
    """Its orders go on to the end, and it never changes again."""
    order, document = await sim.pending_loa()
    path = f"authorization-documents/{document['sid']}"
    signed = await sim.control(path, {"status": "signed"})
    assert signed["status"] == "signed"
    done = await sim.fetch(order["sid"])
    assert done["status"] == "completed"
    assert done["signing_document_sid"] == document["sid"]
    for status in ("opened", "signing"):
        assert await sim.refused(f"{DOCUMENTS}/{document['sid']}", Status=status) == 22107
    for status in ("signed", "canceled", "failed"):
        answer = await sim.http.post(f"/_simulator/{path}", json={"status": status})
        assert answer.status_code == 409


@pytest.mark.parametrize("status", ["canceled", "failed"])
async def test_an_unsigned_end(sim: Workshop, status: str) -> None:
    """The orders are verified again, on no document, and can be put on the next one."""
    order, document = await sim.pending_loa()
    await sim.control(f"authorization-documents/{document['sid']}", {"status": status})
    back = await sim.fetch(order["sid"])
    assert (back["status"], back["signing_document_sid"]) == ("verified", None)
    dependents = f"{DOCUMENTS}/{document['sid']}/DependentHostedNumberOrders"
    assert (await sim.get(dependents))["items"] == []
    second = await sim.document(order["sid"])
    assert (await sim.fetch(order["sid"]))["signing_document_sid"] == second["sid"]


async def test_editing_takes_three_requests(sim: Workshop) -> None:
    """Out for signature nothing changes; opened it does; signing mails it again."""
    order, document = await sim.pending_loa()
    path = f"{DOCUMENTS}/{document['sid']}"
    assert await sim.refused(path, Email="new@example.com") == 22107
    assert await sim.refused(path, Status="opened", Email="new@example.com") == 22107
    assert await sim.refused(path, Status="signing") == 22107
    assert (await sim.post(path, Status="opened"))["status"] == "opened"
    assert (await sim.post(path, Status="opened"))["status"] == "opened"
    assert await sim.status(order["sid"]) == "pending-loa"
    changed = await sim.post(
        path,
        Email="new@example.com",
        CcEmails=["cc@example.com"],
        ContactTitle="Owner",
        ContactPhoneNumber="(501) 712-2664",
    )
    assert (changed["email"], changed["cc_emails"]) == ("new@example.com", ["cc@example.com"])
    assert changed["status"] == "opened"
    signed = await sim.http.post(
        f"/_simulator/authorization-documents/{document['sid']}", json={"status": "signed"}
    )
    assert signed.status_code == 409
    assert (await sim.post(path, Status="signing", CcEmails=""))["cc_emails"] == []
    mails = (await sim.ledger())["loa_mails"]
    assert [mail["email"] for mail in mails] == ["signer@example.com", "new@example.com"]


async def test_replacing_the_orders(sim: Workshop) -> None:
    """The list is the whole list: who is not on it is verified again."""
    one, document = await sim.pending_loa()
    two = await sim.verified(SECOND)
    path = f"{DOCUMENTS}/{document['sid']}"
    await sim.post(path, Status="opened")
    assert await sim.refused(path, HostedNumberOrderSids="HR" + "0" * 32) == 22101
    assert await sim.refused(path, HostedNumberOrderSids="") == 22101
    await sim.post(path, HostedNumberOrderSids=[one["sid"], two["sid"]])
    assert await sim.status(two["sid"]) == "pending-loa"
    await sim.post(path, HostedNumberOrderSids=two["sid"], Status="signing")
    dropped = await sim.fetch(one["sid"])
    assert (dropped["status"], dropped["signing_document_sid"]) == ("verified", None)
    dependents = await sim.get(f"{path}/DependentHostedNumberOrders")
    assert [order["sid"] for order in dependents["items"]] == [two["sid"]]


async def test_a_failed_order_stays_dead_when_it_is_dropped(sim: Workshop) -> None:
    """Taking a failed order off its document does not bring it back to life."""
    one, document = await sim.pending_loa()
    two = await sim.verified(SECOND)
    path = f"{DOCUMENTS}/{document['sid']}"
    await sim.post(path, Status="opened")
    await sim.post(path, HostedNumberOrderSids=[one["sid"], two["sid"]])
    await sim.control(f"orders/{one['sid']}", {"status": "failed"})
    await sim.post(path, HostedNumberOrderSids=two["sid"], Status="signing")
    assert await sim.status(one["sid"]) == "failed"
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    assert await sim.status(two["sid"]) == "completed"


@pytest.mark.parametrize("status", ["signed", "canceled", "failed", "sent"])
async def test_statuses_that_nobody_may_post(sim: Workshop, status: str) -> None:
    """22122: a customer cannot forge a signature."""
    _, document = await sim.pending_loa()
    assert await sim.refused(f"{DOCUMENTS}/{document['sid']}", Status=status) == 22122


async def test_an_empty_update_changes_nothing(sim: Workshop) -> None:
    """Nothing asked, nothing done, also where nothing may change."""
    _, document = await sim.pending_loa()
    assert await sim.post(f"{DOCUMENTS}/{document['sid']}") == document


async def test_dependents(sim: Workshop) -> None:
    """The orders without url, filtered by order status; unknown documents are 20404."""
    order, document = await sim.pending_loa()
    path = f"{DOCUMENTS}/{document['sid']}/DependentHostedNumberOrders"
    page = await sim.get(path, Status="pending-loa", PhoneNumber=order["phone_number"])
    expected = {name: value for name, value in order.items() if name != "url"}
    assert page["items"] == [expected]
    assert page["meta"]["key"] == "items"
    assert page["meta"]["url"].startswith(f"{BASE_URL}{path}?Status=pending-loa&PhoneNumber=%2B1")
    assert (await sim.get(path, Status="testing"))["items"] == []
    answer = await sim.http.get(path, params={"Status": "signing"})
    assert answer.json()["code"] == 22111
    await sim.http.delete(f"{ORDERS}/{order['sid']}")
    assert (await sim.get(path))["items"] == []
    assert (await sim.ledger())["authorization_documents"][0]["order_sids"] == []
    gone = f"{DOCUMENTS}/PX{'0' * 32}"
    for missing in (gone, f"{gone}/DependentHostedNumberOrders"):
        assert (await sim.http.get(missing)).json()["code"] == 20404
    assert (await sim.http.post(gone, data={})).json()["code"] == 20404


async def test_listing(sim: Workshop) -> None:
    """Filters by e-mail and status; there is no DELETE in the preview API."""
    (_, one), (_, two) = await sim.pending_loa(), await sim.pending_loa(SECOND)
    await sim.post(f"{DOCUMENTS}/{two['sid']}", Status="opened")
    await sim.post(f"{DOCUMENTS}/{two['sid']}", Email="two@example.com")

    async def found(**filters: str) -> list[str]:
        return [each["sid"] for each in (await sim.get(DOCUMENTS, **filters))["items"]]

    assert await found() == [one["sid"], two["sid"]]
    assert await found(Email="two@example.com") == [two["sid"]]
    assert await found(Status="signing") == [one["sid"]]
    answer = await sim.http.delete(f"{DOCUMENTS}/{one['sid']}")
    assert (answer.status_code, answer.json()["code"]) == (405, 20004)


async def test_an_order_taken_back_by_twilio_leaves_its_document() -> None:
    """An order is on a document only from pending-loa on."""
    async with a_workshop() as sim:
        order, document = await sim.pending_loa()
        back = await sim.control(f"orders/{order['sid']}", {"status": "verified"})
        assert back["signing_document_sid"] is None
        await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
        assert await sim.status(order["sid"]) == "verified"


async def test_a_deleted_order_leaves_a_letter_that_is_open(sim: Workshop) -> None:
    """Withdrawn for a correction, a letter loses the order, and goes out again without it."""
    one, document = await sim.pending_loa()
    two = await sim.verified(SECOND)
    path = f"{DOCUMENTS}/{document['sid']}"
    await sim.post(path, Status="opened")
    await sim.post(path, HostedNumberOrderSids=[one["sid"], two["sid"]])
    assert (await sim.http.delete(f"{ORDERS}/{one['sid']}")).status_code == 204
    dependents = await sim.get(f"{path}/DependentHostedNumberOrders")
    assert [order["sid"] for order in dependents["items"]] == [two["sid"]]
    assert (await sim.get(path))["status"] == "opened"
    assert (await sim.post(path, Status="signing"))["status"] == "signing"
    ledger = await sim.ledger()
    assert [mail["document_sid"] for mail in ledger["loa_mails"]] == [document["sid"]] * 2
    assert ledger["authorization_documents"][0]["order_sids"] == [two["sid"]]
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    assert await sim.status(two["sid"]) == "completed"


async def test_a_reopened_letter_is_signed_after_it_is_sent_again() -> None:
    """The signer leaves it alone while it is open, and signs what was corrected."""
    async with a_workshop(a_config(pace=60, people={"signer"})) as sim:
        order = await sim.create()
        await sim.control(f"orders/{order['sid']}", {"status": "verified"})
        document = await sim.document(order["sid"])
        path = f"{DOCUMENTS}/{document['sid']}"
        await sim.advance(59)
        await sim.post(path, Status="opened")
        await sim.advance(600)
        assert await sim.status(order["sid"]) == "pending-loa"
        await sim.post(path, Email="new@example.com")
        await sim.post(path, Status="signing")
        await sim.advance(59)
        assert (await sim.get(path))["status"] == "signing"
        await sim.advance(1)
        assert (await sim.get(path))["status"] == "signed"
        mails = (await sim.ledger())["loa_mails"]
        assert [mail["email"] for mail in mails] == ["signer@example.com", "new@example.com"]
