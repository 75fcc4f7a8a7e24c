"""Answers in Twilio's shapes, and a stand-in that gives them and keeps what it was asked."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import httpx

from hosted_numbers.twilio import Credentials, TwilioClient

ACCOUNT_SID = "AC" + "1" * 32
ORDER_SID = "HR" + "a" * 32
OTHER_ORDER_SID = "HR" + "b" * 32
DOCUMENT_SID = "PX" + "c" * 32
ADDRESS_SID = "AD" + "d" * 32
ORDERS = "/HostedNumbers/HostedNumberOrders"
DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"
CREDENTIALS = Credentials.account(ACCOUNT_SID, "secret-token")


def order(**changes: Any) -> dict[str, Any]:
    """An order as a bare create answers it, with changes."""
    return {
        "sid": ORDER_SID,
        "account_sid": ACCOUNT_SID,
        "incoming_phone_number_sid": "PN" + "e" * 32,
        "address_sid": None,
        "signing_document_sid": None,
        "phone_number": "+15017122661",
        "capabilities": {"sms": True, "voice": False},
        "friendly_name": None,
        "unique_name": None,
        "email": None,
        "cc_emails": [],
        "status": "received",
        "failure_reason": "",
        "date_created": "2017-03-28T20:06:39Z",
        "date_updated": "2017-03-28T20:06:39Z",
        "verification_attempts": 0,
        "verification_type": "phone-call",
        "verification_document_sid": None,
        "extension": None,
        "call_delay": 0,
        "verification_code": None,
        "verification_call_sids": None,
        "url": f"https://preview.twilio.com{ORDERS}/{ORDER_SID}",
    } | changes


def document(**changes: Any) -> dict[str, Any]:
    """A document as a create answers it, with changes."""
    url = f"https://preview.twilio.com{DOCUMENTS}/{DOCUMENT_SID}"
    return {
        "sid": DOCUMENT_SID,
        "address_sid": ADDRESS_SID,
        "status": "signing",
        "email": "signer@example.com",
        "cc_emails": ["copy@example.com"],
        "date_created": "2017-03-28T20:06:39Z",
        "date_updated": "2017-03-28T20:06:39Z",
        "url": url,
        "links": {"dependent_hosted_number_orders": f"{url}/DependentHostedNumberOrders"},
    } | changes


def page(items: Sequence[dict[str, Any]], next_page_url: str | None = None) -> dict[str, Any]:
    """One page of a list."""
    return {"meta": {"key": "items", "page": 0, "next_page_url": next_page_url}, "items": items}


def json_answer(body: object, status: int = 200) -> httpx.Response:
    """An answer with a JSON body."""
    return httpx.Response(status, json=body)


class StandIn:
    """Gives the prepared answers one after the other; the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Keep the request and give the next answer."""
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, base_url: str | None = None) -> TwilioClient:
        """A client that talks to this stand-in."""
        return TwilioClient(
            CREDENTIALS, base_url=base_url, transport=httpx.MockTransport(self.answer)
        )

    @property
    def request(self) -> httpx.Request:
        """The only request."""
        (request,) = self.requests
        return request

    @property
    def form(self) -> list[tuple[str, str]]:
        """The pairs of the only request's form."""
        assert self.request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        return parse_qsl(self.request.content.decode(), keep_blank_values=True, strict_parsing=True)
