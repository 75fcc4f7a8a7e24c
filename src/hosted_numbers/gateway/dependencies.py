"""What the routes are given: orders, the way of files, where to look, what signs callbacks."""

from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from hosted_numbers.blobs import BlobStore
from hosted_numbers.documents.intake import Intake
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.validation import DialablePhoneNumber

# The key is checked by ``authentication`` before any route; here it is only described.
DESCRIBED_KEY: Final = HTTPBearer(auto_error=False, description="An API key")

PhoneNumber = Annotated[
    DialablePhoneNumber,
    Path(
        description="The number as E.164; the plus sign may be sent as %2B",
        examples=["+15017122661"],
    ),
]


@dataclass(frozen=True)
class TemporalUi:
    """Where a person finds an order in the Temporal UI."""

    base_url: str
    namespace: str

    def page(self, phone_number: str) -> str:
        """The page of the number's newest order."""
        workflow = quote(order_workflow_id(phone_number), safe="")
        return f"{self.base_url}/namespaces/{self.namespace}/workflows/{workflow}"


@dataclass(frozen=True)
class Webhook:
    """What the signature of a callback is computed from."""

    public_url: str
    auth_token: str = field(repr=False)


def _orders(request: Request) -> HostedNumberOrders:
    orders: HostedNumberOrders = request.app.state.orders
    return orders


def _blobs(request: Request) -> BlobStore:
    blobs: BlobStore = request.app.state.blobs
    return blobs


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


def _temporal_ui(request: Request) -> TemporalUi:
    ui: TemporalUi = request.app.state.temporal_ui
    return ui


def _webhook(request: Request) -> Webhook:
    webhook: Webhook = request.app.state.webhook
    return webhook


Orders = Annotated[HostedNumberOrders, Depends(_orders)]
Blobs = Annotated[BlobStore, Depends(_blobs)]
Files = Annotated[Intake, Depends(_intake)]
Ui = Annotated[TemporalUi, Depends(_temporal_ui)]
Callbacks = Annotated[Webhook, Depends(_webhook)]
