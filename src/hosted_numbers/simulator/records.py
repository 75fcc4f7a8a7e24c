"""What is kept between two starts, and its JSON form."""

from typing import Final, TypeAlias

from pydantic import BaseModel, TypeAdapter

from hosted_numbers.simulator.authorization_documents import AuthorizationDocument
from hosted_numbers.simulator.callbacks import CallbackMode, CallbackSent, Delivery
from hosted_numbers.simulator.documents import Document
from hosted_numbers.simulator.events import CallPlaced, LoaMailed
from hosted_numbers.simulator.orders import Order
from hosted_numbers.simulator.supporting_documents import SupportingDocument


class Settings(BaseModel):
    """What the control paths set."""

    clock_offset_seconds: float = 0.0
    callback_mode: CallbackMode = "normal"


Kept: TypeAlias = (
    Order
    | AuthorizationDocument
    | Document
    | SupportingDocument
    | Delivery
    | CallPlaced
    | LoaMailed
    | CallbackSent
    | Settings
    | int
)

_ADAPTERS: Final[dict[str, TypeAdapter[Kept]]] = {
    kind: TypeAdapter(type_)
    for kind, type_ in {
        "order": Order,
        "authorization-document": AuthorizationDocument,
        "document": Document,
        "supporting-document": SupportingDocument,
        "delivery": Delivery,
        "call": CallPlaced,
        "loa-mail": LoaMailed,
        "callback": CallbackSent,
        "requests": int,
        "settings": Settings,
    }.items()
}


def to_json(kind: str, value: Kept) -> str:
    """The text of a record."""
    return _ADAPTERS[kind].dump_json(value).decode()


def from_json(kind: str, body: str) -> Kept:
    """The value that a record holds.

    Raises:
        KeyError: a kind that this version does not know.
        pydantic.ValidationError: a text that is not of its kind.
    """
    return _ADAPTERS[kind].validate_json(body)
