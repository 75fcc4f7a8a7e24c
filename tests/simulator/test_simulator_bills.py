"""Proving a number by a bill: who judges it, and what becomes of the order."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulator.workshop import (
    CALLBACK_URL,
    LOCKED_PDF,
    ORDERS,
    PDF,
    Workshop,
    a_config,
    a_workshop,
    until,
)

PACE = 10.0
RI = "RI" + "6" * 32


@pytest.fixture
async def reviewed() -> AsyncIterator[Workshop]:
    """A simulator with a reviewer who takes a pace for each bill."""
    async with a_workshop(a_config(pace=PACE, people={"reviewer"})) as sim:
        yield sim


async def received(sim: Workshop, phone_number: str = "+15017122661") -> str:
    """The SID of an order that is to be verified."""
    order = await sim.create(phone_number)
    await sim.advance(PACE)
    sid: str = order["sid"]
    return sid


async def submitted(sim: Workshop, document_sid: str, **form: Any) -> str:
    """The SID of an order whose number a bill is to prove."""
    order = await sim.create(**form)
    await sim.advance(PACE)
    await sim.attach(order["sid"], document_sid, Status="pending-verification")
    sid: str = order["sid"]
    return sid


async def document_status(sim: Workshop, sid: str) -> str:
    """What became of a bill."""
    papers = {each["sid"]: each["status"] for each in (await sim.ledger())["documents"]}
    status: str = papers[sid]
    return status


async def test_the_reviewer_approves(reviewed: Workshop) -> None:
    """The bill is under review for a pace, then it is approved and the order is verified."""
    bill = (await reviewed.upload())["sid"]
    sid = await submitted(reviewed, bill)
    assert await document_status(reviewed, bill) == "PENDING_REVIEW"
    await reviewed.advance(PACE - 1)
    assert await reviewed.status(sid) == "pending-verification"
    await reviewed.advance(1)
    order = await reviewed.fetch(sid)
    assert (order["status"], order["failure_reason"]) == ("verified", "")
    assert order["verification_document_sid"] == bill
    assert await document_status(reviewed, bill) == "APPROVED"
    [paper] = (await reviewed.ledger())["documents"]
    assert paper["order_sids"] == [sid]


async def test_callbacks_tell_the_verdict() -> None:
    """Each change that a bill brings about is called back like any other."""
    async with a_workshop(a_config(people={"reviewer"})) as sim:
        bill = (await sim.upload())["sid"]
        await submitted(sim, bill, phone_number="+12125550116", StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: len(sim.notes.sent) == 3)
        assert sim.notes.statuses == ["received", "pending-verification", "action-required"]


async def test_nobody_reviews_where_the_reviewer_waits_to_be_told(sim: Workshop) -> None:
    """A bill waits for the control path, which may say either spelling."""
    bill = (await sim.upload())["sid"]
    sid = await submitted(sim, bill)
    await sim.advance(86400)
    assert await sim.status(sid) == "pending-verification"
    decided = await sim.decide(bill, "APPROVED")
    assert (decided["sid"], decided["status"]) == (bill, "APPROVED")
    assert await sim.status(sid) == "verified"


async def test_a_bill_waits_until_verification_starts(reviewed: Workshop) -> None:
    """Attached to an order that is only received it is looked at when the customer starts."""
    bill = (await reviewed.upload())["sid"]
    order = await reviewed.create(VerificationType="phone-bill", VerificationDocumentSid=bill)
    await reviewed.advance(100 * PACE)
    assert await reviewed.status(order["sid"]) == "received"
    assert await document_status(reviewed, bill) == "DRAFT"
    await reviewed.call(order["sid"])
    await reviewed.advance(PACE)
    assert await reviewed.status(order["sid"]) == "verified"
    assert (await reviewed.ledger())["calls"] == []


async def test_a_rejected_bill(sim: Workshop) -> None:
    """The order needs action, with the reviewer's reason, until another bill comes."""
    bill = (await sim.upload())["sid"]
    sid = await submitted(sim, bill)
    path = f"{ORDERS}/{sid}"
    rejected = await sim.decide(bill, "rejected", failure_reason="Too old")
    assert (rejected["status"], rejected["failure_reason"]) == ("REJECTED", "Too old")
    order = await sim.fetch(sid)
    assert (order["status"], order["failure_reason"]) == ("action-required", "Too old")
    assert await sim.refused(path, Status="pending-verification") == 22112
    other = (await sim.upload())["sid"]
    both = {"VerificationDocumentSid": other, "Status": "pending-verification"}
    assert await sim.refused(path, **both) == 22112
    assert (await sim.update(sid, FriendlyName="x"))["status"] == "action-required"
    again = await sim.update(sid, VerificationDocumentSid=other)
    assert (again["status"], again["failure_reason"]) == ("pending-verification", "")
    await sim.decide(other, "approved")
    assert await sim.status(sid) == "verified"


async def test_a_rejected_bill_is_never_judged_again(reviewed: Workshop) -> None:
    """22118 for it on any order, and for an expired one; the control path answers 409."""
    bill = (await reviewed.upload())["sid"]
    sid = await submitted(reviewed, bill, phone_number="+12125550116")
    await reviewed.advance(PACE)
    stuck = await reviewed.fetch(sid)
    assert stuck["status"] == "action-required"
    assert stuck["failure_reason"] == "Bill rejected: the name on it is not the owner's"
    path = f"{ORDERS}/{sid}"
    bill_again = {"VerificationType": "phone-bill", "VerificationDocumentSid": bill}
    assert await reviewed.refused(path, **bill_again) == 22118
    assert await reviewed.refused(path, VerificationType="phone-bill") == 22118
    fresh = {"PhoneNumber": "+15017122669", "SmsCapability": "true", **bill_again}
    assert await reviewed.refused(ORDERS, **fresh) == 22118
    for status in ("approved", "rejected", "expired"):
        answer = await reviewed.http.post(f"/_simulator/documents/{bill}", json={"status": status})
        assert answer.status_code == 409
    await reviewed.control(f"orders/{sid}", {"status": "pending-verification"})
    await reviewed.advance(100 * PACE)
    assert await reviewed.status(sid) == "pending-verification"
    assert await reviewed.refused(path, Status="pending-verification") == 22118


async def test_fate_16_takes_the_second_bill(reviewed: Workshop) -> None:
    """The first is rejected, the following is approved."""
    sid = await submitted(reviewed, (await reviewed.upload())["sid"], phone_number="+12125550116")
    await reviewed.advance(PACE)
    assert await reviewed.status(sid) == "action-required"
    await reviewed.attach(sid, (await reviewed.upload())["sid"])
    await reviewed.advance(PACE)
    assert await reviewed.status(sid) == "verified"


async def test_one_bill_for_two_numbers(reviewed: Workshop) -> None:
    """One verdict moves both orders; a later order is verified by what was approved."""
    bill = (await reviewed.upload())["sid"]
    sids = [await submitted(reviewed, bill, phone_number=f"+1501712266{n}") for n in range(2)]
    await reviewed.advance(PACE)
    assert [await reviewed.status(sid) for sid in sids] == ["verified", "verified"]
    late = await submitted(reviewed, bill, phone_number="+12125550116")
    await reviewed.advance(PACE)
    assert await reviewed.status(late) == "verified"


async def test_an_approved_bill_needs_no_reviewer(sim: Workshop) -> None:
    """It was looked at before; the order is verified a pace after it is attached."""
    bill = (await sim.upload())["sid"]
    await sim.decide(bill, "pending-review")
    await sim.decide(bill, "approved")
    sid = await submitted(sim, bill)
    assert await sim.status(sid) == "verified"


async def test_an_expired_bill() -> None:
    """Approved, then expired before it was applied: the order needs another one."""
    async with a_workshop(a_config(pace=PACE)) as sim:
        bill = (await sim.upload())["sid"]
        await sim.decide(bill, "approved")
        sid = await submitted(sim, bill)
        expired = await sim.decide(bill, "expired")
        assert (expired["status"], expired["failure_reason"]) == ("EXPIRED", None)
        order = await sim.fetch(sid)
        assert order["status"] == "action-required"
        assert "expired" in order["failure_reason"]
        other = {"PhoneNumber": "+15017122669", "SmsCapability": "true"}
        assert await sim.refused(ORDERS, **other, VerificationDocumentSid=bill) == 22118


async def test_a_locked_bill() -> None:
    """The reviewer cannot read it, and says so."""
    config = a_config(pace=PACE, people={"reviewer"}, accept_locked_documents=True)
    async with a_workshop(config) as sim:
        sid = await received(sim)
        bill = (await sim.upload(LOCKED_PDF))["sid"]
        await sim.attach(sid, bill, Status="pending-verification")
        await sim.advance(PACE)
        order = await sim.fetch(sid)
        assert order["status"] == "action-required"
        assert "password" in order["failure_reason"]


@pytest.mark.parametrize("sid", ["RD" + "9" * 32, "RI1"])
async def test_bills_that_are_none(sim: Workshop, sid: str) -> None:
    """22118 for what was never uploaded, on create and on update; nothing changes."""
    new = {"PhoneNumber": "+15017122669", "SmsCapability": "true"}
    assert await sim.refused(ORDERS, **new, VerificationDocumentSid=sid) == 22118
    order = await sim.create()
    path = f"{ORDERS}/{order['sid']}"
    bill = {"VerificationType": "phone-bill", "VerificationDocumentSid": sid}
    assert await sim.refused(path, **bill, FriendlyName="x") == 22118
    assert await sim.fetch(order["sid"]) == order


async def test_an_empty_bill_proves_nothing(sim: Workshop) -> None:
    """A failed upload has a SID all the same: 22118."""
    empty, order = await sim.upload(b""), await sim.create()
    path = f"{ORDERS}/{order['sid']}"
    assert await sim.refused(path, VerificationDocumentSid=empty["sid"]) == 22118


async def test_a_supporting_document_is_no_bill(sim: Workshop) -> None:
    """The two APIs keep their documents apart."""
    other = await sim.post(
        "/v2/RegulatoryCompliance/SupportingDocuments", FriendlyName="x", Type="utility_bill"
    )
    order = await sim.create()
    path = f"{ORDERS}/{order['sid']}"
    assert await sim.refused(path, VerificationDocumentSid=other["sid"]) == 22118


async def test_an_identity_document(sim: Workshop) -> None:
    """Any RI SID is taken as a bill, judged by its SID, and once rejected never again."""
    sid = await submitted(sim, RI)
    [paper] = (await sim.ledger())["documents"]
    assert paper == {
        "sid": RI,
        "document_type": "phone-bill",
        "status": "PENDING_REVIEW",
        "mime_type": "",
        "size": 0,
        "sha256": None,
        "order_sids": [sid],
    }
    await sim.decide(RI, "rejected")
    assert await sim.status(sid) == "action-required"
    assert await sim.refused(f"{ORDERS}/{sid}", VerificationDocumentSid=RI) == 22118
    assert (await sim.attach(sid, "RI" + "7" * 32))["status"] == "pending-verification"


async def test_strict_document_sids() -> None:
    """By the letter of Twilio's page only an RI SID will do."""
    async with a_workshop(a_config(strict_document_sids=True)) as sim:
        bill, order = (await sim.upload())["sid"], await sim.create()
        assert await sim.refused(f"{ORDERS}/{order['sid']}", VerificationDocumentSid=bill) == 22118
        assert (await sim.update(order["sid"], VerificationDocumentSid=RI))["sid"]


async def test_a_bill_silences_the_phone() -> None:
    """A call's code is dead once a bill is to prove the number, and the owner keys nothing."""
    async with a_workshop(a_config(pace=PACE, people={"owner"})) as sim:
        sid = await received(sim)
        code = (await sim.call(sid))["verification_code"]
        attached = await sim.attach(sid, (await sim.upload())["sid"])
        assert attached["status"] == "pending-verification"
        assert attached["verification_code"] is None
        assert (await sim.control(f"orders/{sid}/call"))["ringing"] is False
        assert await sim.refused(f"{ORDERS}/{sid}", VerificationCode=code) == 22114
        await sim.advance(100 * PACE)
        assert await sim.status(sid) == "pending-verification"


async def test_a_call_in_place_of_a_bill(reviewed: Workshop) -> None:
    """Whoever turns to a call is not verified by the bill any more."""
    bill = (await reviewed.upload())["sid"]
    sid = await submitted(reviewed, bill)
    await reviewed.update(sid, VerificationType="phone-call")
    await reviewed.advance(100 * PACE)
    assert await reviewed.status(sid) == "pending-verification"
    code = (await reviewed.call(sid))["verification_code"]
    await reviewed.decide(bill, "rejected")
    assert (await reviewed.update(sid, VerificationCode=code))["status"] == "verified"


async def test_the_same_bill_sent_twice_is_one_bill(reviewed: Workshop) -> None:
    """A repeated request does not set the reviewer back."""
    bill = (await reviewed.upload())["sid"]
    sid = await submitted(reviewed, bill)
    await reviewed.advance(PACE / 2)
    await reviewed.attach(sid, bill)
    await reviewed.call(sid)
    await reviewed.advance(PACE / 2)
    assert await reviewed.status(sid) == "verified"
    [paper] = (await reviewed.ledger())["documents"]
    assert paper["order_sids"] == [sid]


async def test_another_bill_before_the_verdict(reviewed: Workshop) -> None:
    """The later one counts, and gets its own pace."""
    one, two = (await reviewed.upload())["sid"], (await reviewed.upload())["sid"]
    sid = await submitted(reviewed, one)
    await reviewed.advance(PACE / 2)
    await reviewed.attach(sid, two)
    await reviewed.decide(one, "rejected")
    assert await reviewed.status(sid) == "pending-verification"
    await reviewed.advance(PACE)
    assert await reviewed.status(sid) == "verified"
    assert await document_status(reviewed, two) == "APPROVED"


async def test_calls_that_are_used_up(sim: Workshop) -> None:
    """After 22100 a bill is the way on; a further call is not."""
    order = await sim.create()
    sid, path = order["sid"], f"{ORDERS}/{order['sid']}"
    for _ in range(3):
        await sim.call(sid)
    assert await sim.refused(path, Status="pending-verification") == 22100
    assert await sim.refused(path, Status="pending-verification") == 22112
    bill = (await sim.upload())["sid"]
    named = await sim.update(sid, VerificationDocumentSid=bill)
    assert named["status"] == "action-required"
    attached = await sim.update(sid, VerificationType="phone-bill")
    assert attached["status"] == "pending-verification"
    back = {"VerificationType": "phone-call", "Status": "pending-verification"}
    assert await sim.refused(path, **back) == 22100
    await sim.attach(sid, bill)
    await sim.decide(bill, "approved")
    assert await sim.status(sid) == "verified"


async def test_a_bill_does_not_help_at_the_carrier(sim: Workshop) -> None:
    """An order that needs action for another reason stays where it is."""
    order, document = await sim.pending_loa("+12125550112")
    await sim.control(f"authorization-documents/{document['sid']}", {"status": "signed"})
    bill = (await sim.upload())["sid"]
    assert (await sim.attach(order["sid"], bill))["status"] == "action-required"
    await sim.decide(bill, "approved")
    assert await sim.status(order["sid"]) == "action-required"


async def test_a_verdict_after_the_order_is_gone(sim: Workshop) -> None:
    """A deleted or failed order is not moved."""
    bill = (await sim.upload())["sid"]
    gone = await submitted(sim, bill)
    failed = await submitted(sim, bill, phone_number="+15017122662")
    await sim.http.delete(f"{ORDERS}/{gone}")
    await sim.control(f"orders/{failed}", {"status": "failed"})
    await sim.decide(bill, "rejected")
    orders = {each["sid"]: each["status"] for each in (await sim.ledger())["orders"]}
    assert orders == {gone: "pending-verification", failed: "failed"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"documents/{'RD' + '0' * 32}", {"status": "approved"}, 404),
        ("documents/{sid}", {"status": "expired"}, 409),
        ("documents/{sid}", {"status": "draft"}, 422),
        ("documents/{sid}", {"status": "provisionally-approved"}, 422),
        ("documents/{sid}", {"status": None}, 422),
        ("documents/{sid}", {"status": "approved", "reason": "x"}, 422),
    ],
)
async def test_verdicts_that_are_none(
    sim: Workshop, path: str, body: dict[str, Any], status: int
) -> None:
    """404, 409, 422, each with a sentence."""
    bill = (await sim.upload())["sid"]
    answer = await sim.http.post(f"/_simulator/{path.format(sid=bill)}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert await document_status(sim, bill) == "DRAFT"


async def test_the_reviewer_acts_after_the_answer() -> None:
    """At pace 0 too, nobody judges within a request."""
    async with a_workshop(a_config(people={"reviewer"}, accept_locked_documents=True)) as sim:
        order = await sim.create()
        bill = (await sim.upload(PDF))["sid"]
        attached = await sim.attach(order["sid"], bill, Status="pending-verification")
        assert attached["status"] == "pending-verification"
        assert await sim.status(order["sid"]) == "verified"
        assert (await sim.upload(LOCKED_PDF))["status"] == "DRAFT"
