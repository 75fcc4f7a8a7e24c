"""Each activity against the simulator: found, not doubled; failures that Temporal understands."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import twilio_client
from activities.authorization_documents import AuthorizationDocumentActivities
from activities.failures import application_error
from activities.hosted_number_orders import HostedNumberOrderActivities
from activities.verification import VerificationActivities
from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings
from hosted_numbers.steps import (
    CallPlacement,
    CodeSubmission,
    OrderDeletion,
    OrderLookup,
)
from hosted_numbers.twilio import (
    AuthenticationError,
    InvalidArgumentError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    RefusedError,
    ServerError,
    TwilioClient,
    TwilioError,
    UnknownOutcomeError,
    UnreadableAnswerError,
    backoff,
)
from tests.activities.running import letter, run, verified
from tests.orders import NUMBER, an_order
from tests.world import AUTH_TOKEN, Twilio
from workflows.policies import LONGEST_RETRY_AFTER

DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"


@pytest.mark.fault("F07")
async def test_create_finds_ours_before_any_other(twilio: Twilio) -> None:
    """A live order of ours is adopted; a failed one is not, and the number is ordered again."""
    orders = HostedNumberOrderActivities(twilio.twilio, "https://numbers.example.com")
    first = await run(orders.find_or_create, an_order())
    assert first.operator_url == "https://numbers.example.com"
    assert (await run(orders.find_or_create, an_order(), attempt=2)).sid == first.sid
    await twilio.tell(f"orders/{first.sid}", status="failed", failure_reason="idle")
    again = await run(orders.find_or_create, an_order())
    assert again.sid != first.sid


@pytest.mark.fault("F07")
async def test_create_whose_order_failed_before_anybody_heard_of_it(twilio: Twilio) -> None:
    """It is adopted by the next try; by another order of the number, later, it is not."""
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    path = "/HostedNumbers/HostedNumberOrders"
    began = datetime.now(UTC)
    now: dict[str, Any] = {"scheduled_time": began, "started_time": began}
    await twilio.fault("POST", path, "commit-then-drop", times=1)
    with pytest.raises(ApplicationError):
        await run(orders.find_or_create, an_order(), **now)
    [made] = (await twilio.ledger())["orders"]
    await twilio.tell(f"orders/{made['sid']}", status="failed", failure_reason="SMS-enabled")

    adopted = await run(orders.find_or_create, an_order(), attempt=2, **now)
    later = began + timedelta(minutes=1)
    other = await run(
        orders.find_or_create, an_order(), attempt=2, scheduled_time=later, started_time=later
    )

    assert (adopted.sid, adopted.status, adopted.previous_sid) == (made["sid"], "failed", None)
    assert other.sid != made["sid"]
    assert other.previous_sid == made["sid"]


async def test_create_that_is_refused_as_hosted_looks_once_more(twilio: Twilio) -> None:
    """22110 may be our own create, whose answer was lost and which the first look came before."""
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    path = "/HostedNumbers/HostedNumberOrders"
    existing = await twilio.twilio.hosted_number_orders.create(phone_number=NUMBER)
    empty = (
        '{"meta": {"key": "items", "next_page_url": null, "page": 0, "page_size": 50, "url": "",'
        ' "first_page_url": "", "previous_page_url": null}, "items": []}'
    )
    await twilio.fault("GET", path, "status", status=200, body=empty, times=1)
    assert (await run(orders.find_or_create, an_order())).sid == existing.sid
    number = "+12125550111"
    with pytest.raises(ApplicationError) as refused:
        await run(orders.find_or_create, an_order(phone_number=number))
    assert refused.value.non_retryable
    assert refused.value.details[0].code == 22110


async def test_delete_without_a_sid_takes_only_ours(twilio: Twilio) -> None:
    """An order that somebody else made for the number is left alone."""
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    other = await twilio.twilio.hosted_number_orders.create(phone_number=NUMBER)
    await run(orders.delete, OrderDeletion(phone_number=NUMBER))
    assert (await twilio.twilio.hosted_number_orders.fetch(other.sid)).sid == other.sid
    await run(orders.delete, OrderDeletion(phone_number=NUMBER, sid=other.sid))
    await run(orders.delete, OrderDeletion(phone_number=NUMBER, sid=other.sid), attempt=2)
    ours = await run(orders.find_or_create, an_order())
    await run(orders.delete, OrderDeletion(phone_number=NUMBER))
    ledger = await twilio.ledger()
    assert {order["sid"] for order in ledger["orders"] if order["deleted"]} == {other.sid, ours.sid}


async def test_look_takes_in_the_letter_while_it_is_out(twilio: Twilio) -> None:
    """The letter's status comes with the order's; one that is gone is no reason to fail."""
    orders = HostedNumberOrderActivities(twilio.twilio, None)
    sid = await verified(twilio)
    sent = await run(AuthorizationDocumentActivities(twilio.twilio).find_or_create, letter(sid))
    seen = await run(orders.fetch, OrderLookup(sid=sid))
    assert seen.authorization_document_sid == sent.authorization_document_sid
    assert seen.authorization_document_status == "signing"
    await twilio.sign_document(str(sent.authorization_document_sid), "canceled")
    known = OrderLookup(sid=sid, authorization_document_sid=sent.authorization_document_sid)
    assert (await run(orders.fetch, known)).authorization_document_status == "canceled"
    unknown = OrderLookup(sid=sid, authorization_document_sid="PX" + "0" * 32)
    assert (await run(orders.fetch, unknown)).authorization_document_status == "missing"


@pytest.mark.fault("F08")
async def test_letter_that_is_out_is_adopted(twilio: Twilio) -> None:
    """By the order itself, or among the signer's documents when the order does not name it."""
    documents = AuthorizationDocumentActivities(twilio.twilio)
    sid = await verified(twilio)
    first = await run(documents.find_or_create, letter(sid))
    assert await run(documents.find_or_create, letter(sid), attempt=2) == first
    order = await twilio.twilio.hosted_number_orders.fetch(sid)
    nameless = order.model_dump(mode="json") | {"signing_document_sid": None, "status": "verified"}
    for attempt in (1, 2):  # refused with 22101 at first, found by the list at once later
        await twilio.fault(
            "GET",
            "*/HostedNumberOrders/*",
            "status",
            status=200,
            body=json.dumps(nameless),
            times=1,
        )
        found = await run(documents.find_or_create, letter(sid), attempt=attempt)
        assert found.authorization_document_sid == first.authorization_document_sid
    assert len((await twilio.ledger())["loa_mails"]) == 1


async def test_letter_that_was_declined_is_not_adopted(twilio: Twilio) -> None:
    """A dead document lives in the signer's list; a new one goes out."""
    documents = AuthorizationDocumentActivities(twilio.twilio)
    sid = await verified(twilio)
    first = await run(documents.find_or_create, letter(sid))
    await twilio.sign_document(str(first.authorization_document_sid), "canceled")
    second = await run(documents.find_or_create, letter(sid), attempt=2)
    assert second.authorization_document_sid != first.authorization_document_sid


async def test_letter_for_an_order_that_is_not_verified_is_refused(twilio: Twilio) -> None:
    """22101, and no document of the signer's names the order: a person is needed."""
    order = await twilio.twilio.hosted_number_orders.create(phone_number=NUMBER)
    with pytest.raises(ApplicationError) as refused:
        await run(AuthorizationDocumentActivities(twilio.twilio).find_or_create, letter(order.sid))
    assert refused.value.details[0].code == 22101


@pytest.mark.fault("F10")
async def test_code_after_the_fact_is_read_off_the_order(twilio: Twilio) -> None:
    """22114 on an order that is verified means that the first try was right; else it was not."""
    verification = VerificationActivities(twilio.twilio)
    order = await twilio.twilio.hosted_number_orders.create(phone_number=NUMBER)
    early = await run(verification.submit_code, CodeSubmission(sid=order.sid, code="1234"))
    assert early.code_accepted is False
    called = await run(verification.place_call, CallPlacement(sid=order.sid, extension="1w2"))
    assert called.calls_placed == 1
    right = CodeSubmission(sid=order.sid, code=str(called.verification_code))
    assert (await run(verification.submit_code, right)).code_accepted
    assert (await run(verification.submit_code, right, attempt=2)).code_accepted
    with pytest.raises(ApplicationError, match="20404"):
        await run(verification.submit_code, CodeSubmission(sid="HR" + "0" * 32, code="1234"))


@pytest.mark.parametrize(
    ("error", "kind", "retried"),
    [
        (AuthenticationError("no", status=401, code=20003), "credentials", False),
        (NotFoundError("no", status=404, code=20404), "not-found", False),
        (RefusedError("no", status=400, code=22109), "refused", False),
        (InvalidArgumentError("no"), "refused", False),
        (NotSentError("no"), "unreachable", True),
        (RateLimitedError("no", status=429), "unreachable", True),
        (UnknownOutcomeError("no"), "unreachable", True),
        (ServerError("no", status=503), "unreachable", True),
        (UnreadableAnswerError("no", status=200), "unreachable", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, TwilioError) else str(value),
)
@pytest.mark.fault("F13")
def test_each_error_becomes_a_failure_that_temporal_understands(
    error: TwilioError, kind: str, *, retried: bool
) -> None:
    """What has a known answer is not tried again; what is passing is no alarm."""
    failure = application_error(error)
    assert failure.type == kind
    assert failure.non_retryable is not retried
    assert (failure.category == ApplicationErrorCategory.BENIGN) is retried
    assert failure.details[0].code == error.code


@pytest.mark.fault("F11")
@pytest.mark.parametrize(("asked", "waited"), [(30, 30), (86400, 900)])
def test_retry_after_is_honoured_up_to_a_quarter_of_an_hour(asked: int, waited: int) -> None:
    """An absurd one must not park an order for a day."""
    error = RateLimitedError("no", status=429, retry_after=timedelta(seconds=asked))
    failure = application_error(error)
    assert failure.next_retry_delay is not None
    assert waited <= failure.next_retry_delay.total_seconds() <= waited * 1.1
    assert failure.details[0].retry_after == failure.next_retry_delay.total_seconds()
    assert failure.category == ApplicationErrorCategory.BENIGN
    assert not failure.non_retryable


@pytest.mark.fault("F11")
def test_orders_do_not_return_all_in_the_same_instant() -> None:
    """Each draws its wait out by a little of its own; the cap does not make them equal again."""
    error = RateLimitedError("no", status=429, retry_after=timedelta(days=1))
    delays = {application_error(error).next_retry_delay for _ in range(50)}
    assert len(delays) > 40


@pytest.mark.fault("F11")
def test_the_client_holds_back_no_longer_than_orders_wait() -> None:
    """An order that has waited as long as it may would else find the client still silent."""
    assert backoff.LONGEST_ASKED == LONGEST_RETRY_AFTER


async def test_client_of_a_worker_comes_from_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Complete credentials make a client; half of them name what is missing."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
        twilio_client(Settings.read())
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", AUTH_TOKEN)
    async with twilio_client(Settings.read()) as client:
        assert isinstance(client, TwilioClient)
