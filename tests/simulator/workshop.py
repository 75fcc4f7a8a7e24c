"""A simulator in process, with a clock that stands still and a sender that only takes notes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from hosted_numbers.simulator.app import create_app
from hosted_numbers.simulator.callbacks import Outgoing
from hosted_numbers.simulator.clock import Clock
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.simulator.runtime import Simulator

ACCOUNT_SID = "AC" + "1" * 32
AUTH_TOKEN = "12345678901234567890123456789012"
AUTH = (ACCOUNT_SID, AUTH_TOKEN)
ADDRESS_SID = "AD" + "2" * 32
NUMBER = "+15017122661"
BASE_URL = "http://simulator.test:8081"
ORDERS = "/HostedNumbers/HostedNumberOrders"
DOCUMENTS = "/HostedNumbers/AuthorizationDocuments"
UPLOADS = "/v1/Documents"
SUPPORTING = "/v2/RegulatoryCompliance/SupportingDocuments"
EPOCH = 1_700_000_000.0
CALLBACK_URL = "http://127.0.0.1:9/twilio/status?order=1"

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
LOCKED_PDF = PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 2 0 R")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 32

JSON = dict[str, Any]


def a_config(**changes: Any) -> SimulatorConfig:
    """A simulator where Twilio acts at once and nobody acts by themselves."""
    return SimulatorConfig(
        **{"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "pace": 0.0, **changes}
    )


@dataclass
class Notebook:
    """A sender of callbacks that writes them down and answers what it was told to."""

    outcomes: list[str] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    async def __call__(self, request: Outgoing) -> str:
        """Write a callback down."""
        self.sent.append(request)
        return self.outcomes.pop(0) if self.outcomes else "200"

    @property
    def statuses(self) -> list[str]:
        """The statuses of the POST callbacks, in the order in which they came."""
        return [request.form["Status"] for request in self.sent]


class Workshop:
    """What a test does to a simulator, in the words of its two APIs."""

    def __init__(self, http: httpx.AsyncClient, simulator: Simulator, notes: Notebook) -> None:
        self.http = http
        self.simulator = simulator
        self.notes = notes

    async def get(self, path: str, **params: Any) -> JSON:
        """Fetch something that must be there."""
        answer = await self.http.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    async def post(self, path: str, **form: Any) -> JSON:
        """Send a form that must be taken."""
        answer = await self.http.post(path, data=form)
        assert answer.status_code in {200, 201}, answer.text
        done: JSON = answer.json()
        return done

    async def refused(self, path: str, **form: Any) -> int:
        """Twilio's code for a POST that is refused with HTTP status 400."""
        answer = await self.http.post(path, data=form)
        assert answer.status_code == 400, answer.text
        assert answer.json()["status"] == 400
        code: int = answer.json()["code"]
        return code

    async def control(self, path: str, body: Mapping[str, Any] | None = None) -> JSON:
        """Ask a control path, or with a body tell it something."""
        if body is None:
            answer = await self.http.get(f"/_simulator/{path}")
        else:
            answer = await self.http.post(f"/_simulator/{path}", json=body)
        assert answer.is_success, answer.text
        told: JSON = answer.json()
        return told

    async def ledger(self) -> JSON:
        """What really happened."""
        return await self.control("ledger")

    async def create(self, phone_number: str = NUMBER, **form: Any) -> JSON:
        """Order the hosting of a number."""
        return await self.post(ORDERS, PhoneNumber=phone_number, SmsCapability="true", **form)

    async def fetch(self, sid: str) -> JSON:
        """An order as it is now."""
        return await self.get(f"{ORDERS}/{sid}")

    async def status(self, sid: str) -> str:
        """An order's status now."""
        status: str = (await self.fetch(sid))["status"]
        return status

    async def update(self, sid: str, **form: Any) -> JSON:
        """Change an order."""
        return await self.post(f"{ORDERS}/{sid}", **form)

    async def call(self, sid: str, **form: Any) -> JSON:
        """Ask for a verification call."""
        return await self.update(sid, Status="pending-verification", **form)

    async def verified(self, phone_number: str = NUMBER, **form: Any) -> JSON:
        """An order that has come as far as ``verified``."""
        order = await self.create(phone_number, **form)
        called = await self.call(order["sid"])
        return await self.update(order["sid"], VerificationCode=called["verification_code"])

    async def document(self, *order_sids: str, **form: Any) -> JSON:
        """Mail an LOA for these orders."""
        return await self.post(DOCUMENTS, **a_document(*order_sids, **form))

    async def pending_loa(self, phone_number: str = NUMBER) -> tuple[JSON, JSON]:
        """An order out for signature, and its document."""
        order = await self.verified(phone_number)
        document = await self.document(order["sid"])
        return await self.fetch(order["sid"]), document

    async def upload(self, content: bytes = PDF, **fields: str) -> JSON:
        """Upload a bill that must be taken."""
        answer = await self.http.post(
            UPLOADS,
            data={"document_type": "utility_bill", **fields},
            files={"File": ("bill.pdf", content)},
        )
        assert answer.status_code == 201, answer.text
        document: JSON = answer.json()
        return document

    async def attach(self, sid: str, document_sid: str, **form: Any) -> JSON:
        """Attach a bill to an order in place of a call."""
        return await self.update(
            sid, VerificationType="phone-bill", VerificationDocumentSid=document_sid, **form
        )

    async def decide(self, document_sid: str, status: str, **body: Any) -> JSON:
        """Let the reviewer decide on a bill."""
        return await self.control(f"documents/{document_sid}", {"status": status, **body})

    async def advance(self, seconds: float) -> None:
        """Let the simulator's clock jump."""
        await self.control("clock", {"advance_seconds": seconds})


def a_document(*order_sids: str, **form: Any) -> JSON:
    """The form of an AuthorizationDocument."""
    return {
        "HostedNumberOrderSids": list(order_sids),
        "AddressSid": ADDRESS_SID,
        "Email": "signer@example.com",
        "ContactTitle": "Chief Executive",
        "ContactPhoneNumber": "+15017122662",
        **form,
    }


@contextlib.asynccontextmanager
async def a_workshop(
    config: SimulatorConfig | None = None,
    *,
    client: tuple[str, int] = ("127.0.0.1", 50000),
    **app_options: Any,
) -> AsyncIterator[Workshop]:
    """Run a simulator in process."""
    notes = Notebook()
    options: dict[str, Any] = {
        "clock": Clock(real_time=lambda: EPOCH),
        "sender": notes,
    }
    app = create_app(config or a_config(), **{**options, **app_options})
    simulator: Simulator = app.state.simulator
    transport = httpx.ASGITransport(app, client=client)
    async with (
        simulator.running(),
        httpx.AsyncClient(transport=transport, base_url=BASE_URL, auth=AUTH) as http,
    ):
        yield Workshop(http, simulator, notes)


async def until(condition: Callable[[], bool]) -> None:
    """Let the background work until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is awaited sets no event
            await asyncio.sleep(0)
