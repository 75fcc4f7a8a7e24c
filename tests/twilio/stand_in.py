"""Answers in Twilio's shapes, and a stand-in that gives them and keeps what it was asked."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.datastructures import UploadFile
from starlette.requests import Request

from hosted_numbers.twilio import Credentials, TwilioClient, Upload

ACCOUNT_SID = "AC" + "1" * 32
ORDER_SID = "HR" + "a" * 32
OTHER_ORDER_SID = "HR" + "b" * 32
DOCUMENT_SID = "PX" + "c" * 32
ADDRESS_SID = "AD" + "d" * 32
UPLOADED_SID = "RD" + "f" * 32
NUMBER_SID = "PN" + "e" * 32
ORDERS = "/HostedNumbers/HostedNumberOrders"
DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"
SUPPORTING = "/v2/RegulatoryCompliance/SupportingDocuments"
BILL = Upload(b"%PDF-1.7 \r\n\0", "5c8f.pdf", "application/pdf")
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


def uploaded(**changes: Any) -> dict[str, Any]:
    """A document as an upload answers it, with changes."""
    return {
        "sid": UPLOADED_SID,
        "account_sid": ACCOUNT_SID,
        "document_type": "utility_bill",
        "version": 1,
        "status": "DRAFT",
        "date_created": "2023-11-02T19:21:32Z",
        "date_updated": "2023-11-02T19:21:32Z",
        "friendly_name": "March",
        "mime_type": "application/pdf",
        "failure_reason": None,
        "created_by": ACCOUNT_SID,
        "reviewer": None,
        "attributes": [{"name": "address_sids", "value": None}],
    } | changes


def supporting_document(**changes: Any) -> dict[str, Any]:
    """A supporting document as a create answers it, with changes."""
    return {
        "sid": UPLOADED_SID,
        "account_sid": ACCOUNT_SID,
        "friendly_name": "Registration",
        "mime_type": None,
        "status": "draft",
        "failure_reason": None,
        "errors": None,
        "type": "business_registration",
        "attributes": {"business_name": "Ann's shop"},
        "date_created": "2019-07-31T02:11:52Z",
        "date_updated": "2019-07-31T02:11:52Z",
        "url": f"https://numbers.twilio.com{SUPPORTING}/{UPLOADED_SID}",
    } | changes


def incoming_phone_number(**changes: Any) -> dict[str, Any]:
    """A phone number as a fetch answers it, with changes."""
    return {
        "sid": NUMBER_SID,
        "account_sid": ACCOUNT_SID,
        "phone_number": "+15017122661",
        "friendly_name": "Ann's shop",
        "capabilities": {"voice": False, "sms": True, "mms": False, "fax": False},
        "status": "in-use",
        "address_sid": ADDRESS_SID,
        "sms_url": "https://user:secret@example.com/sms",
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": "",
        "date_created": "Tue, 28 Mar 2017 20:06:39 +0000",
        "date_updated": "Tue, 28 Mar 2017 20:06:39 +0000",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers/{NUMBER_SID}.json",
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

    async def multipart(self) -> list[tuple[str, str | Upload]]:
        """The fields of the latest request's multipart form, read as the simulator would."""
        request = self.requests[-1]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.content, "more_body": False}

        headers = [(name.lower(), value) for name, value in request.headers.raw]
        scope = {"type": "http", "method": "POST", "headers": headers}
        async with Request(scope, receive).form() as form:
            return [(name, await _field(value)) for name, value in form.multi_items()]


async def _field(value: str | UploadFile) -> str | Upload:
    if isinstance(value, str):
        return value
    return Upload(await value.read(), value.filename or "", value.content_type or "")
