"""Orders that live in memory, and settings with which the gateway starts."""

import hashlib
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from hosted_numbers.contract import (
    Amendment,
    Answer,
    HostedNumberOrderRequest,
    Message,
    OrderChanged,
    Phase,
    Progress,
    ProvidedDocument,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import OrderAlreadyOpenError, OrderNotFoundError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders, OrderPage, OrderSummary, StartedOrder
from hosted_numbers.settings import Settings

KEY = "key-of-the-test"
TOKEN = "12345678901234567890123456789012"
PUBLIC = "https://numbers.example.com"
NUMBER = "+15017122661"
ORDERS = "/v1/hosted-number-orders"
ORDER = {
    "phone_number": NUMBER,
    "email": "owner@canary.example.com",
    "address_sid": "AD" + "1" * 32,
    "contact_title": "Owner",
    "contact_phone_number": "+15017122662",
}


class OrdersInMemory(HostedNumberOrders):
    """The same methods without Temporal: it keeps what it was asked, and raises what it is told."""

    def __init__(self) -> None:
        self.open: dict[str, HostedNumberOrderRequest] = {}
        self.acts: list[tuple[str, str, Message]] = []
        self.hints: list[tuple[str, OrderChanged]] = []
        self.queries: list[dict[str, object]] = []
        self.failure: Exception | None = None
        self.refusal: Exception | None = None
        self.phase: Phase = "verification"
        self.up = True
        self.more: bytes | None = None

    @property
    def untouched(self) -> bool:
        """Whether nothing was started, changed, hinted or asked."""
        return not (self.open or self.acts or self.hints or self.queries)

    async def start(self, order: HostedNumberOrderRequest) -> StartedOrder:
        """Keep it, unless another is kept."""
        self._fail()
        known = self.open.setdefault(order.phone_number, order)
        workflow_id = order_workflow_id(order.phone_number)
        if known != order:
            raise OrderAlreadyOpenError(order.phone_number, workflow_id)
        return StartedOrder(order.phone_number, workflow_id, "run-1", created=known is order)

    async def progress(self, phone_number: str) -> Progress:
        """It waits for the code."""
        self._known(phone_number)
        return Progress(
            phone_number=phone_number,
            phase=self.phase,
            waiting_for="verification-code",
            reason="It waits for the code.",
            next_step="Enter the code.",
            attempts_left=2,
            verification_code="0471",
        )

    async def submit_verification_code(
        self, phone_number: str, entry: VerificationCodeEntry
    ) -> Answer:
        """Kept."""
        return self._take("code", phone_number, entry)

    async def request_verification_call(
        self, phone_number: str, request: VerificationCallRequest
    ) -> Answer:
        """Kept."""
        return self._take("call", phone_number, request)

    async def provide_document(self, phone_number: str, provided: ProvidedDocument) -> Answer:
        """Kept, unless it is refused."""
        if self.refusal is not None:
            raise self.refusal
        return self._take("bill", phone_number, provided)

    async def offboard(self, phone_number: str) -> Answer:
        """Kept."""
        return self._take("offboard", phone_number, Message())

    async def amend(self, phone_number: str, amendment: Amendment) -> Answer:
        """Kept."""
        return self._take("amend", phone_number, amendment)

    async def resume(self, phone_number: str) -> Answer:
        """Kept."""
        return self._take("resume", phone_number, Message())

    async def cancel(self, phone_number: str) -> Answer:
        """Kept."""
        return self._take("cancel", phone_number, Message())

    async def order_changed(self, phone_number: str, hint: OrderChanged) -> bool:
        """Kept while the order is open."""
        self._fail()
        if phone_number not in self.open:
            return False
        self.hints.append((phone_number, hint))
        return True

    async def page(
        self,
        *,
        status: str | None = None,
        waiting_for: str | None = None,
        customer: str | None = None,
        open_only: bool = False,
        page_size: int = 50,
        cursor: bytes | None = None,
    ) -> OrderPage:
        """One row for each order."""
        self._fail()
        self.queries.append(
            {
                "status": status,
                "waiting_for": waiting_for,
                "customer": customer,
                "open_only": open_only,
                "page_size": page_size,
                "cursor": cursor,
            }
        )
        return OrderPage(tuple(_summary(number) for number in self.open), self.more)

    async def reachable(self, within: timedelta | None = None) -> bool:
        """As it is told."""
        del within
        return self.up

    def _take(self, name: str, phone_number: str, message: Message) -> Answer:
        self._known(phone_number)
        self.acts.append((name, phone_number, message))
        return Answer(taken=True, reason=f"{name} taken.", next_step="Wait.", attempts_left=2)

    def _known(self, phone_number: str) -> None:
        self._fail()
        if phone_number not in self.open:
            raise OrderNotFoundError(f"No order is known for {phone_number}.", "Start one.")

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def _summary(number: str) -> OrderSummary:
    return OrderSummary(
        phone_number=number,
        workflow_id=order_workflow_id(number),
        run_id="run-1",
        open=True,
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        closed_at=None,
        status="received",
        waiting_for="nothing",
        sid=None,
        customer="customer-4711",
        deadline=None,
    )


def settings_of_gateway(**changes: object) -> Settings:
    """Settings with which the gateway starts."""
    return Settings.model_validate(
        {
            "hosted_numbers_api_keys": (hashlib.sha256(KEY.encode()).hexdigest(),),
            "hosted_numbers_blob_store": "memory:///",
            "public_base_url": PUBLIC,
            "twilio_auth_token": SecretStr(TOKEN),
            **changes,
        }
    )
