"""How a test runs an activity, and what it needs beforehand."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from temporalio.testing import ActivityEnvironment

from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.steps import AuthorizationChange, AuthorizationRequest
from tests.orders import NUMBER, an_order
from tests.world import Twilio

T = TypeVar("T")


async def run(
    activity: Callable[..., Awaitable[T]], *args: Any, attempt: int = 1, **info: Any
) -> T:
    """The activity as a worker runs it, on its first try or a later one."""
    env = ActivityEnvironment()
    env.info = replace(env.info, attempt=attempt, **info)
    return await env.run(activity, *args)


async def verified(twilio: Twilio, number: str = NUMBER) -> str:
    """An order at Twilio whose owner is verified; its SID."""
    order = await twilio.twilio.hosted_number_orders.create(phone_number=number)
    await twilio.tell(f"orders/{order.sid}", status="verified")
    return order.sid


def letter(sid: str, order: HostedNumberOrderRequest | None = None) -> AuthorizationRequest:
    """The letter of an order."""
    order = order or an_order()
    return AuthorizationRequest(
        sid=sid,
        address_sid=order.address_sid,
        email=order.email,
        contact_title=order.contact_title,
        contact_phone_number=order.contact_phone_number,
    )


def changed(sid: str, document_sid: str | None, **fields: object) -> AuthorizationChange:
    """The letter of an order that is out, with some fields changed."""
    whole = letter(sid).model_dump() | {"authorization_document_sid": document_sid} | fields
    return AuthorizationChange.model_validate(whole)
