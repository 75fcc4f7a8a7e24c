"""What the routes are given: orders, the way of files, where to look, what signs callbacks."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from hosted_numbers.blobs import BlobStore
from hosted_numbers.bulk.imports import BulkImports
from hosted_numbers.documents.intake import Intake
from hosted_numbers.formats import DialablePhoneNumber
from hosted_numbers.gateway import echoes
from hosted_numbers.gateway.coalescing import Coalescing
from hosted_numbers.gateway.order_events import OrderEvents
from hosted_numbers.gateway.rate_limits import RateLimits
from hosted_numbers.gateway.webhook import Webhook
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders

# The key is checked by ``authentication`` before any route; here it is only described.
DESCRIBED_KEY: Final = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key, made by `hosted-numbers api-key`. What it may do are its scopes: "
    "`orders:read`, `orders:write`, `codes:write`, `bills:write`, `payloads:decode` (for the codec "
    "endpoint of Temporal's UI and command line), and `admin` for everything. Each operation names "
    "the one that it needs.",
)

PhoneNumber = Annotated[
    DialablePhoneNumber,
    Path(
        description="The number as E.164; the plus sign may be sent as %2B",
        examples=["+15017122661"],
        json_schema_extra={"pattern": r"^\+[1-9][0-9]{6,14}$"},
    ),
]


@dataclass(frozen=True)
class TemporalUi:
    """Where a person finds an order, or another workflow, in the Temporal UI."""

    base_url: str
    namespace: str

    def page(self, phone_number: str) -> str:
        """The page of the number's newest order."""
        return self.workflow(order_workflow_id(phone_number))

    def workflow(self, workflow_id: str) -> str:
        """The page of a workflow's newest run."""
        return f"{self._workflows}/{quote(workflow_id, safe='')}"

    def found(self, query: str) -> str:
        """The list of the workflows that a visibility query finds."""
        return f"{self._workflows}?{urlencode({'query': query})}"

    @property
    def _workflows(self) -> str:
        return f"{self.base_url}/namespaces/{self.namespace}/workflows"


@dataclass(frozen=True)
class Places:
    """Where a person finds an order: its page here, and the Temporal UI."""

    public_url: str
    temporal_ui: TemporalUi

    def page(self, phone_number: str) -> str:
        """The operator's page of the number's newest order."""
        return f"{self.public_url}/orders/{quote(phone_number, safe='')}"


def _orders(request: Request) -> HostedNumberOrders:
    orders: HostedNumberOrders = request.app.state.orders
    return orders


def _blobs(request: Request) -> BlobStore:
    blobs: BlobStore = request.app.state.blobs
    return blobs


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


def _imports(request: Request) -> BulkImports:
    imports: BulkImports = request.app.state.imports
    return imports


def _temporal_ui(request: Request) -> TemporalUi:
    ui: TemporalUi = request.app.state.temporal_ui
    return ui


def _webhook(request: Request) -> Webhook:
    webhook: Webhook = request.app.state.webhook
    return webhook


def _coalescing(request: Request) -> Coalescing:
    coalescing: Coalescing = request.app.state.coalescing
    return coalescing


def _echoes(request: Request) -> echoes.Echoes:
    found: echoes.Echoes = request.app.state.echoes
    return found


def _events(request: Request) -> OrderEvents:
    events: OrderEvents = request.app.state.events
    return events


def _limits(request: Request) -> RateLimits:
    limits: RateLimits = request.app.state.limits
    return limits


def _places(request: Request) -> Places:
    return Places(request.app.state.public_url, request.app.state.temporal_ui)


Orders = Annotated[HostedNumberOrders, Depends(_orders)]
Blobs = Annotated[BlobStore, Depends(_blobs)]
Files = Annotated[Intake, Depends(_intake)]
Imports = Annotated[BulkImports, Depends(_imports)]
Ui = Annotated[TemporalUi, Depends(_temporal_ui)]
Callbacks = Annotated[Webhook, Depends(_webhook)]
Hints = Annotated[Coalescing, Depends(_coalescing)]
Echoes = Annotated[echoes.Echoes, Depends(_echoes)]
Events = Annotated[OrderEvents, Depends(_events)]
Limits = Annotated[RateLimits, Depends(_limits)]
Where = Annotated[Places, Depends(_places)]
