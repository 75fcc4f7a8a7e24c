"""What the order routes answer, and the query that they take: explicit models, links added."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from hosted_numbers.contract import Message, Progress, WaitingFor
from hosted_numbers.formats import DialablePhoneNumber
from hosted_numbers.gateway.dependencies import Places
from hosted_numbers.order_lists import OrderSummary
from hosted_numbers.order_starts import StartedOrder

PATH = "/v1/hosted-number-orders"


class Links(BaseModel):
    """Where to look next."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    self_: Annotated[str, Field(alias="self", description="The order here, relative to this API")]
    events: str = Field(description="Its server-sent events, relative to this API")
    page: str = Field(description="The operator's page of the order")
    temporal_ui: str = Field(description="The order's page in the Temporal UI")

    @classmethod
    def of(cls, phone_number: str, where: Places) -> Self:
        """The links of a number's order."""
        return cls(
            self_=f"{PATH}/{phone_number}",
            events=f"{PATH}/{phone_number}/events",
            page=where.page(phone_number),
            temporal_ui=where.temporal_ui.page(phone_number),
        )


class OrderStarted(BaseModel):
    """The order that was started, or that was open already."""

    phone_number: str
    workflow_id: str
    run_id: str
    links: Links

    @classmethod
    def of(cls, order: StartedOrder, where: Places) -> Self:
        """The answer to a start; the same order sent again gets the same."""
        return cls(
            phone_number=order.phone_number,
            workflow_id=order.workflow_id,
            run_id=order.run_id,
            links=Links.of(order.phone_number, where),
        )


class OrderProgress(Progress):
    """Where an order stands, as the workflow tells it."""

    links: Links

    @classmethod
    def of(cls, progress: Progress, where: Places, customer: str | None = None) -> Self:
        """The workflow's own words and the links.

        Args:
            progress: what the workflow tells.
            where: where a person finds the order.
            customer: the only customer of whoever asks. The order before may have been another's,
                so it is left out for them.
        """
        before = None if customer else progress.previous_run_id
        told = dict(progress) | {"previous_run_id": before}
        return cls(**told, links=Links.of(progress.phone_number, where))


class OrderRow(BaseModel):
    """One order of a list, from Temporal's visibility store, which lags by a second or so."""

    model_config = ConfigDict(from_attributes=True)

    phone_number: str
    workflow_id: str
    run_id: str
    open: bool
    started_at: datetime
    closed_at: datetime | None
    status: str | None = Field(description="Twilio's")
    waiting_for: str | None
    sid: str | None
    customer: str | None
    deadline: datetime | None
    since: datetime | None = Field(description="Since when it stands and waits as it does")
    links: Links

    @classmethod
    def of(cls, summary: OrderSummary, where: Places) -> Self:
        """A row with its links."""
        return cls(**vars(summary), links=Links.of(summary.phone_number, where))


class OrderList(BaseModel):
    """A page of orders, newest first."""

    orders: list[OrderRow]
    next_cursor: str | None = Field(description="Send it as cursor for the next page; null: last")


class OrderQuery(BaseModel):
    """Which orders to list. An unknown parameter is refused: it would filter nothing."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[str | None, Field(max_length=64, description="Twilio's status")] = None
    waiting_for: WaitingFor | None = None
    customer: Annotated[str | None, Field(max_length=64, description="Your reference")] = None
    open: Annotated[bool, Field(description="Leave out the orders that have ended")] = False
    page_size: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: Annotated[str | None, Field(max_length=8000, description="next_cursor")] = None

    def for_customer(self, customer: str | None) -> Self:
        """The same list of one customer's orders alone, where there is one."""
        return self if customer is None else self.model_copy(update={"customer": customer})

    @property
    def filters(self) -> str:
        """What is listed, whatever the page."""
        return self.model_dump_json(exclude={"page_size", "cursor"})


class NoFields(Message):
    """An act that needs no further word: the body may be absent or an empty object."""

    model_config = ConfigDict(extra="forbid")


class Confirmation(Message):
    """The word that an act which cannot be undone is meant."""

    model_config = ConfigDict(extra="forbid")

    confirm: DialablePhoneNumber = Field(
        description="The number again, as E.164", examples=["+15017122661"]
    )
