"""Orders that live in memory, and settings with which the gateway starts."""

import hashlib
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI
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
from hosted_numbers.errors import IdempotencyKeyReusedError, OrderAlreadyOpenError
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.order_lists import (
    STATUSES,
    OrderLists,
    OrderPage,
    OrderSummary,
    Pressing,
    StatusCount,
)
from hosted_numbers.order_starts import StartedOrder
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.problem_reports import SHOWN, Problem, ProblemReports, Problems
from hosted_numbers.settings import Settings
from hosted_numbers.temporal_calls import not_found

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
        self.named: dict[str, str | None] = {}
        self.taken: set[tuple[str, str, str | None]] = set()
        self.acts: list[tuple[str, str, Message]] = []
        self.hints: list[tuple[str, OrderChanged]] = []
        self.queries: list[dict[str, object]] = []
        self.statuses: dict[str, str] = {}
        self.stood = timedelta(0)
        self.failure: Exception | None = None
        self.refusal: Exception | None = None
        self.phase: Phase = "verification"
        self.previous_run_id: str | None = None
        self.up = True
        self.lists: ListsInMemory = ListsInMemory(self)
        self.problems: ProblemsInMemory = ProblemsInMemory()

    @property
    def untouched(self) -> bool:
        """Whether nothing was started, changed, hinted or asked."""
        return not (self.open or self.acts or self.hints or self.queries)

    async def start(
        self,
        order: HostedNumberOrderRequest,
        *,
        idempotency: str | None = None,
        bulk_import: str | None = None,
    ) -> StartedOrder:
        """Keep it, unless another is kept."""
        del bulk_import
        self.fail()
        known = self.open.setdefault(order.phone_number, order)
        workflow_id = order_workflow_id(order.phone_number)
        if known is order:
            self.named[order.phone_number] = idempotency
        replayed = known is not order and idempotency is not None
        replayed = replayed and self.named.get(order.phone_number) == idempotency
        if known != order:
            if replayed:
                raise IdempotencyKeyReusedError
            raise OrderAlreadyOpenError(order.phone_number, workflow_id)
        return StartedOrder(
            order.phone_number,
            workflow_id,
            "run-1",
            created=known is order,
            replayed=replayed,
        )

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
            previous_run_id=self.previous_run_id,
        )

    async def submit_verification_code(
        self, phone_number: str, entry: VerificationCodeEntry, *, idempotency: str | None = None
    ) -> Answer:
        """Kept."""
        return self._take("code", phone_number, entry, idempotency)

    async def request_verification_call(
        self,
        phone_number: str,
        request: VerificationCallRequest,
        *,
        idempotency: str | None = None,
    ) -> Answer:
        """Kept."""
        return self._take("call", phone_number, request, idempotency)

    async def provide_document(
        self, phone_number: str, provided: ProvidedDocument, *, idempotency: str | None = None
    ) -> Answer:
        """Kept, unless it is refused."""
        if self.refusal is not None:
            raise self.refusal
        return self._take("bill", phone_number, provided, idempotency)

    async def offboard(self, phone_number: str, *, idempotency: str | None = None) -> Answer:
        """Kept."""
        return self._take("offboard", phone_number, Message(), idempotency)

    async def amend(
        self, phone_number: str, amendment: Amendment, *, idempotency: str | None = None
    ) -> Answer:
        """Kept."""
        return self._take("amend", phone_number, amendment, idempotency)

    async def resume(self, phone_number: str, *, idempotency: str | None = None) -> Answer:
        """Kept."""
        return self._take("resume", phone_number, Message(), idempotency)

    async def cancel(self, phone_number: str, *, idempotency: str | None = None) -> Answer:
        """Kept."""
        return self._take("cancel", phone_number, Message(), idempotency)

    async def order_changed(self, phone_number: str, hint: OrderChanged) -> bool:
        """Kept while the order is open."""
        self.fail()
        if phone_number not in self.open:
            return False
        self.hints.append((phone_number, hint))
        return True

    async def summary(self, phone_number: str) -> OrderSummary | None:
        """An open order in the status of ``statuses``, since just now."""
        self.fail()
        if phone_number not in self.open:
            return None
        now = datetime.now(UTC)
        return OrderSummary(
            phone_number=phone_number,
            workflow_id=order_workflow_id(phone_number),
            run_id="run-1",
            open=True,
            started_at=now,
            closed_at=None,
            status=self.statuses.get(phone_number),
            waiting_for="nothing",
            sid=None,
            customer=None,
            deadline=None,
            since=now - self.stood,
        )

    async def customer_of(self, phone_number: str) -> str | None:
        """As the order says."""
        self._known(phone_number)
        return self.open[phone_number].customer

    async def reachable(self, within: timedelta | None = None) -> bool:
        """As it is told."""
        del within
        return self.up

    def _take(
        self, name: str, phone_number: str, message: Message, idempotency: str | None
    ) -> Answer:
        self._known(phone_number)
        if idempotency is None or (name, phone_number, idempotency) not in self.taken:
            self.acts.append((name, phone_number, message))
            self.taken.add((name, phone_number, idempotency))
        return Answer(taken=True, reason=f"{name} taken.", next_step="Wait.", attempts_left=2)

    def _known(self, phone_number: str) -> None:
        self.fail()
        if phone_number not in self.open:
            raise not_found(phone_number)

    def fail(self) -> None:
        """Raise what it is told to."""
        if self.failure is not None:
            raise self.failure


class ProblemsInMemory(ProblemReports):
    """As many problems as it is told."""

    def __init__(self) -> None:
        self.known: tuple[Problem, ...] = ()

    async def read(self, limit: int = SHOWN) -> Problems:
        """The first of them."""
        return Problems(len(self.known), self.known[:limit])


class ListsInMemory(OrderLists):
    """Lists of the orders in memory; ``queries`` keeps what was asked."""

    def __init__(self, orders: OrdersInMemory) -> None:
        self._of = orders
        self.more: bytes | None = None

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
        asked: dict[str, object] = {
            "status": status,
            "waiting_for": waiting_for,
            "customer": customer,
            "open_only": open_only,
            "page_size": page_size,
            "cursor": cursor,
        }
        return OrderPage(self._rows(asked), self.more)

    async def find(self, text: str, page_size: int = 50) -> OrderPage:
        """The orders whose number holds the text."""
        rows = self._rows({"find": text, "page_size": page_size})
        return OrderPage(tuple(row for row in rows if text in row.phone_number), self.more)

    async def census(self) -> tuple[StatusCount, ...]:
        """All of them stand at received."""
        rows = self._rows({"census": True})
        counts = {"received": len(rows)}
        return tuple(
            StatusCount(
                each, counts.get(each or "", 0), rows[0] if each in counts and rows else None
            )
            for each in (None, *STATUSES)
        )

    async def of_import(self, import_id: str) -> dict[str, int]:
        """The same always."""
        del import_id
        return {"received": 3, "completed": 2}

    async def pressing(self, limit: int = 50) -> Pressing:
        """All of them need a person."""
        rows = self._rows({"pressing": limit})
        return Pressing(rows[:limit], len(rows))

    async def changed(
        self, since: datetime, customer: str | None = None
    ) -> tuple[OrderSummary, ...]:
        """All of them, each time."""
        return self._rows({"changed": since, "customer": customer})

    def _rows(self, asked: dict[str, object]) -> tuple[OrderSummary, ...]:
        self._of.fail()
        self._of.queries.append(asked)
        wanted = asked.get("customer")
        return tuple(
            _summary(number, order.customer)
            for number, order in self._of.open.items()
            if wanted is None or order.customer == wanted
        )


def _summary(number: str, customer: str | None) -> OrderSummary:
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
        customer=customer,
        deadline=None,
        since=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
    )


def settings_of_gateway(**changes: object) -> Settings:
    """Settings with which the gateway starts."""
    return Settings.model_validate(
        {
            "hosted_numbers_api_keys": hashlib.sha256(KEY.encode()).hexdigest(),
            "hosted_numbers_blob_store": "memory:///",
            "public_base_url": PUBLIC,
            "twilio_auth_token": SecretStr(TOKEN),
            **changes,
        }
    )


def backend(app: FastAPI, key: str = KEY) -> httpx.AsyncClient:
    """A client with an API key, in the gateway's process."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://gateway.test",
        headers={"Authorization": f"Bearer {key}"},
    )
