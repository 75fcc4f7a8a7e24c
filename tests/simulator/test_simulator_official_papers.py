"""Twilio's own Python client, unchanged, with supporting documents and incoming phone numbers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.simulator.workshop import NUMBER


@pytest.fixture
def papers(client: Client) -> Any:
    return client.numbers.v2.regulatory_compliance.supporting_documents


def a_paper(papers: Any, name: str = "Registration") -> Any:
    return papers.create(
        friendly_name=name,
        type="business_registration",
        attributes={"business_name": "Twilio", "issue_date": "2019-11-15"},
    )


def test_a_supporting_document(papers: Any) -> None:
    """Create, fetch, update, delete: what the client sends is understood, and the answer parsed."""
    paper = a_paper(papers)
    assert paper.sid.startswith("RD")
    assert (paper.status, paper.type) == ("draft", "business_registration")
    assert paper.attributes == {"business_name": "Twilio", "issue_date": "2019-11-15"}
    assert (paper.mime_type, paper.failure_reason, paper.errors) == (None, None, None)
    assert isinstance(paper.date_created, datetime)
    assert papers(paper.sid).fetch().friendly_name == "Registration"
    changed = papers(paper.sid).update(friendly_name="New", attributes={"a": 1})
    assert (changed.friendly_name, changed.attributes) == ("New", {"a": 1})
    assert papers(paper.sid).delete() is True
    with pytest.raises(TwilioRestException) as refusal:
        papers(paper.sid).fetch()
    assert (refusal.value.status, refusal.value.code) == (404, 20404)


def test_lists(papers: Any) -> None:
    """Lists, limits, streams and pages, though the key is another one than in the preview API."""
    sids = [a_paper(papers, f"paper {index}").sid for index in range(7)]
    assert [paper.sid for paper in papers.list()] == sids
    assert [paper.sid for paper in papers.list(limit=5000)] == sids
    assert [paper.sid for paper in papers.stream(limit=5, page_size=2)] == sids[:5]
    page = papers.page(page_size=4)
    assert [paper.sid for paper in page.next_page()] == sids[4:]


def test_refusals(papers: Any, control: Callable[..., None]) -> None:
    """The client's exception carries Twilio's code."""
    with pytest.raises(TwilioRestException) as refusal:
        papers.create(friendly_name="", type="business_registration")
    assert refusal.value.code == 22211
    paper = a_paper(papers)
    control(f"supporting-documents/{paper.sid}", status="pending-review")
    with pytest.raises(TwilioRestException) as refusal:
        papers(paper.sid).update(friendly_name="New")
    assert refusal.value.code == 22209
    with pytest.raises(TwilioRestException) as refusal:
        papers(paper.sid).delete()
    assert (refusal.value.status, refusal.value.code) == (400, 21646)
    control(f"supporting-documents/{paper.sid}", status="rejected", failure_reason="Illegible")
    rejected = papers(paper.sid).fetch()
    assert (rejected.failure_reason, rejected.errors) == ("Illegible", [{"code": 18001}])
    assert papers(paper.sid).delete() is True


def test_off_boarding(client: Client, control: Callable[..., None]) -> None:
    """The number of a completed order is fetched, deleted once, and free to be hosted again."""
    orders = client.preview.hosted_numbers.hosted_number_orders
    order = orders.create(
        phone_number=NUMBER, sms_capability=True, sms_url="https://example.com/sms"
    )
    number = client.incoming_phone_numbers(order.incoming_phone_number_sid)
    with pytest.raises(TwilioRestException) as refusal:
        number.delete()
    assert (refusal.value.status, refusal.value.code) == (400, 22121)
    control(f"orders/{order.sid}", status="completed")
    fetched = number.fetch()
    assert (fetched.phone_number, fetched.sms_url) == (NUMBER, "https://example.com/sms")
    assert (fetched.status, fetched.origin) == ("in-use", "hosted")
    assert isinstance(fetched.date_created, datetime)
    assert number.delete() is True
    with pytest.raises(TwilioRestException) as refusal:
        number.fetch()
    assert refusal.value.status == 404
    assert orders(order.sid).fetch().status == "completed"
    assert orders.create(phone_number=NUMBER, sms_capability=True).status == "received"
