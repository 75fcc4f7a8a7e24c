"""AuthorizationDocuments: what each method sends and what it refuses to send."""

from typing import Any

import pytest

from hosted_numbers.twilio import AuthorizationDocumentStatus, InvalidArgumentError
from tests.twilio.stand_in import (
    ADDRESS_SID,
    DOCUMENT_SID,
    DOCUMENTS,
    ORDER_SID,
    OTHER_ORDER_SID,
    StandIn,
    document,
    json_answer,
    order,
    page,
)

NEW: dict[str, Any] = {
    "hosted_number_order_sids": [ORDER_SID, OTHER_ORDER_SID],
    "address_sid": ADDRESS_SID,
    "email": "signer@example.com",
    "contact_title": "Owner",
    "contact_phone_number": "+15017122661",
}


async def test_create_sends_all_orders_and_the_signer() -> None:
    """The orders by repeated keys; who gets copies only where there is someone."""
    stand_in = StandIn(json_answer(document(), 201))
    async with stand_in.client() as twilio:
        created = await twilio.authorization_documents.create(**NEW)
    assert created.status is AuthorizationDocumentStatus.SIGNING
    assert (stand_in.request.method, stand_in.request.url.path) == ("POST", DOCUMENTS)
    assert stand_in.form == [
        ("HostedNumberOrderSids", ORDER_SID),
        ("HostedNumberOrderSids", OTHER_ORDER_SID),
        ("AddressSid", ADDRESS_SID),
        ("Email", "signer@example.com"),
        ("ContactTitle", "Owner"),
        ("ContactPhoneNumber", "+15017122661"),
    ]


async def test_create_sends_copies() -> None:
    """Several addresses by repeated keys."""
    stand_in = StandIn(json_answer(document(), 201))
    async with stand_in.client() as twilio:
        await twilio.authorization_documents.create(**NEW, cc_emails=["a@b.com", "c@d.com"])
    assert stand_in.form[-2:] == [("CcEmails", "a@b.com"), ("CcEmails", "c@d.com")]


@pytest.mark.parametrize(
    "argument",
    [
        {"hosted_number_order_sids": []},
        {"hosted_number_order_sids": ORDER_SID},
        {"hosted_number_order_sids": [ORDER_SID, DOCUMENT_SID]},
        {"address_sid": ""},
        {"email": " "},
        {"contact_title": ""},
        {"contact_phone_number": ""},
        {"cc_emails": "a@b.com"},
    ],
)
async def test_create_refuses_what_twilio_would(argument: dict[str, Any]) -> None:
    """A letter that would go nowhere is not sent."""
    stand_in = StandIn(json_answer(document(), 201))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError):
            await twilio.authorization_documents.create(**NEW | argument)
    assert stand_in.requests == []


async def test_fetch_reads_one_document() -> None:
    """The SID stands in the path."""
    stand_in = StandIn(json_answer(document(status="signed")))
    async with stand_in.client() as twilio:
        got = await twilio.authorization_documents.fetch(DOCUMENT_SID)
    assert got.status is AuthorizationDocumentStatus.SIGNED
    assert stand_in.request.method == "GET"
    assert stand_in.request.url.path == f"{DOCUMENTS}/{DOCUMENT_SID}"


async def test_update_sends_only_what_is_given() -> None:
    """Reopening is one parameter."""
    stand_in = StandIn(json_answer(document(status="opened")))
    async with stand_in.client() as twilio:
        got = await twilio.authorization_documents.update(
            DOCUMENT_SID, status=AuthorizationDocumentStatus.OPENED
        )
    assert got.status is AuthorizationDocumentStatus.OPENED
    assert (stand_in.request.method, stand_in.request.url.path) == (
        "POST",
        f"{DOCUMENTS}/{DOCUMENT_SID}",
    )
    assert stand_in.form == [("Status", "opened")]


async def test_update_sends_everything_in_twilios_names() -> None:
    """All seven parameters of the resource."""
    stand_in = StandIn(json_answer(document()))
    async with stand_in.client() as twilio:
        await twilio.authorization_documents.update(
            DOCUMENT_SID, **NEW, cc_emails=["a@b.com"], status="signing"
        )
    assert [name for name, _ in stand_in.form] == [
        "HostedNumberOrderSids",
        "HostedNumberOrderSids",
        "AddressSid",
        "Email",
        "ContactTitle",
        "ContactPhoneNumber",
        "CcEmails",
        "Status",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"hosted_number_order_sids": []},
        {"address_sid": ORDER_SID},
        {"email": ""},
        {"contact_title": " "},
        {"contact_phone_number": ""},
        {"cc_emails": []},
        {"status": AuthorizationDocumentStatus.SIGNED},
        {"status": "canceled"},
        {"status": "failed"},
        {"status": ""},
    ],
)
async def test_update_refuses_what_twilio_would(arguments: dict[str, Any]) -> None:
    """Above all a signature is not the caller's to set (22122)."""
    stand_in = StandIn(json_answer(document()))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError):
            await twilio.authorization_documents.update(DOCUMENT_SID, **arguments)
    assert stand_in.requests == []


async def test_list_filters_by_signer_and_status() -> None:
    """The reconciliation of a create whose outcome is unknown."""
    stand_in = StandIn(json_answer(page([document()])))
    async with stand_in.client() as twilio:
        documents = twilio.authorization_documents.list(
            email="a+b@example.com", status="signing", page_size=20
        )
        assert [each.sid async for each in documents] == [DOCUMENT_SID]
    assert stand_in.request.url.path == DOCUMENTS
    assert stand_in.request.url.query == b"PageSize=20&Email=a%2Bb%40example.com&Status=signing"


async def test_dependents_are_orders_without_url() -> None:
    """The way back from a document to its orders, page by page."""
    path = f"{DOCUMENTS}/{DOCUMENT_SID}/DependentHostedNumberOrders"
    dependents = [order(sid=sid) for sid in (ORDER_SID, OTHER_ORDER_SID)]
    for each in dependents:
        del each["url"]
    stand_in = StandIn(
        json_answer(page(dependents[:1], f"https://preview.twilio.com{path}?PageToken=x")),
        json_answer(page(dependents[1:])),
    )
    async with stand_in.client() as twilio:
        got = [
            each
            async for each in twilio.authorization_documents.dependent_hosted_number_orders(
                DOCUMENT_SID, status="verified", page_size=1
            )
        ]
    assert [(each.sid, each.url) for each in got] == [(ORDER_SID, None), (OTHER_ORDER_SID, None)]
    first, second = stand_in.requests
    assert first.url.path == second.url.path == path
    assert first.url.query == b"PageSize=1&Status=verified"


@pytest.mark.parametrize("sid", ["", ORDER_SID, f"{DOCUMENT_SID}/.."])
async def test_a_malformed_sid_never_enters_a_path(sid: str) -> None:
    """Fetch, update and the dependents refuse it before anything is sent."""
    stand_in = StandIn(json_answer(document()))
    async with stand_in.client() as twilio:
        documents = twilio.authorization_documents
        with pytest.raises(InvalidArgumentError):
            await documents.fetch(sid)
        with pytest.raises(InvalidArgumentError):
            await documents.update(sid, status="opened")
        with pytest.raises(InvalidArgumentError):
            documents.dependent_hosted_number_orders(sid)
    assert stand_in.requests == []
