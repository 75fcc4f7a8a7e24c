"""What the workflow of a group asks its activities, and what they answer: slim, like for orders."""

from typing import Final, TypeAlias

from pydantic import Field

from hosted_numbers.contract import Message
from hosted_numbers.letter_groups.contract import LetterFields
from hosted_numbers.steps import Trouble

FIND_OR_CREATE_LETTER: Final = "find_or_create_shared_authorization_document"
FETCH_LETTER: Final = "fetch_shared_authorization_document"
REOPEN_LETTER: Final = "reopen_shared_authorization_document"
RESEND_LETTER: Final = "resend_shared_authorization_document"
TELL_ORDERS: Final = "tell_orders_of_authorization_document"


class LetterRequest(LetterFields):
    """Send one letter out for many orders."""

    number: int = Field(description="Which letter of the group it is")
    order_sids: tuple[str, ...] = Field(description="HR…, all that it shall authorise")
    emails: tuple[str, ...] = Field(
        default=(), repr=False, description="To whom earlier tries may have sent it"
    )
    in_doubt: bool = Field(default=False, description="An earlier try may have sent it")


class LetterLookup(Message):
    """Fetch, or withdraw, a letter that is out."""

    number: int
    document_sid: str


class LetterChange(LetterFields):
    """Send a withdrawn letter again, as it shall be."""

    number: int
    document_sid: str
    order_sids: tuple[str, ...]


class LetterNews(Message):
    """Have these orders look at Twilio."""

    phone_numbers: tuple[str, ...]
    status: str | None = Field(
        default=None, description="An order that Twilio has there already need not look"
    )


class LetterSnapshot(Message):
    """What Twilio says of a group's letter at one moment."""

    sid: str | None = Field(default=None, description="PX…; None where no order could be on it")
    status: str | None = Field(
        default=None, description="Twilio's, or missing where it does not find the document"
    )
    left_out: tuple[str, ...] = Field(
        default=(), description="Orders that cannot be on it: HR…, not verified any more"
    )
    left_over: tuple[str, ...] = Field(
        default=(), description="Orders that are not on it, but may be on another one"
    )


LetterOutcome: TypeAlias = LetterSnapshot | Trouble | None
"""What a step of a group came to; None where nothing is told."""
