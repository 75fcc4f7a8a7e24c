"""How the workflow of a letter's group is named and spoken to, and what it shows of itself.

A group is the orders that name the same ``loa_group``, signer and address: one person signs one
Letter of Authorization (Twilio's AuthorizationDocument) for all of them. Like in
``hosted_numbers.contract``, fields are only ever added, with defaults.
"""

import hashlib
import json
from datetime import datetime
from typing import Final

from pydantic import Field

from hosted_numbers import contract
from hosted_numbers.contract import HostedNumberOrderRequest, Message, TimelineEntry, WaitingFor

JOIN: Final = "join"
"""Signal: an order is verified and waits for the letter."""

LEAVE: Final = "leave"
"""Signal: an order has ended, or goes another way."""

# Each is an update, which answers, and a signal of the same name and model, which does not.
SEND_NOW: Final = "send_now"
RESUME: Final = contract.RESUME
AMEND: Final = contract.AMEND

PROGRESS: Final = contract.PROGRESS
READ_PROGRESS: Final = contract.READ_PROGRESS
"""Query and refused update, as for orders (docs/decisions/0005); they tell a ``LetterProgress``."""

PREFIX: Final = "authorization-document/"


def group_key(order: HostedNumberOrderRequest) -> str | None:
    """What an order's group is known by: its name and 8 hex digits; None without a group.

    The digits are those of a SHA-256 over whose letter it is and who signs it. So orders that name
    the same group but another signer, address or customer never share a letter.
    """
    if order.loa_group is None:
        return None
    signer = [
        order.customer,
        order.account_sid,
        order.address_sid,
        order.email,
        order.contact_title,
        order.contact_phone_number,
        list(order.cc_emails),
    ]
    digest = hashlib.sha256(json.dumps(signer).encode()).hexdigest()
    return f"{order.loa_group}/{digest[:8]}"


def group_workflow_id(key: str) -> str:
    """The workflow id of a group, by its key."""
    return PREFIX + key


class LetterFields(Message):
    """What a letter says, by Twilio's names (AuthorizationDocument page)."""

    address_sid: str
    email: str = Field(repr=False)
    contact_title: str = Field(repr=False)
    contact_phone_number: str = Field(repr=False)
    cc_emails: tuple[str, ...] = Field(default=(), repr=False)


class Joining(Message):
    """An order that waits for its letter."""

    phone_number: str
    sid: str = Field(description="Twilio's HostedNumberOrder, HR…")
    size: int | None = Field(default=None, description="How many orders the group will have")
    voided_document_sid: str | None = Field(
        default=None, description="The letter that it was on and that came to nothing"
    )


class Leaving(Message):
    """An order that no longer needs the letter, whether it had joined or not."""

    phone_number: str
    size: int | None = None


class SendNow(Message):
    """Send the letter to those who wait, without the others."""


class LetterAmendment(Message):
    """What to change about the group's letter. What is absent stays."""

    email: str | None = Field(default=None, repr=False)
    contact_title: str | None = Field(default=None, repr=False)
    contact_phone_number: str | None = Field(default=None, repr=False)
    address_sid: str | None = None
    cc_emails: tuple[str, ...] | None = Field(default=None, repr=False)

    def changes(self) -> dict[str, object]:
        """The fields to change, by name."""
        return {name: value for name, value in self if value is not None}


class LetterProgress(Message):
    """Where a group stands: the same in the query, the CLI and the workflow's result."""

    group: str = Field(description="Its key: the name and 8 hex digits")
    status: str = Field(
        description="gathering, sending, signing, signed, ended, or what is in the way: declined, "
        "failed, missing, withdrawn, refused, waiting"
    )
    document_sids: tuple[str, ...] = Field(default=(), description="Letters that are open, PX…")
    size: int | None = Field(default=None, description="How many orders it will have, if told")
    gathered: int = Field(default=0, description="Orders that wait for a letter to go out")
    out: int = Field(default=0, description="Orders on a letter that is not signed yet")
    signed: int = Field(default=0, description="Orders whose letter is signed")
    left: int = Field(default=0, description="Orders that ended, or went another way")
    waiting_for: WaitingFor
    reason: str
    next_step: str
    deadline: datetime | None = Field(default=None, description="By when, UTC")
    timeline: tuple[TimelineEntry, ...] = ()
