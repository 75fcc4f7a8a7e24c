"""What came of a start: a new order, the same one that is open, or one that was asked for before.

The memo of an order's workflow holds what it was started with, as hashes: its fingerprint, and the
idempotency key that the caller named the request by. So a start that is sent again finds its order,
open or ended, whichever process it reaches.
"""

import hashlib
from dataclasses import dataclass, field

from temporalio.client import WorkflowExecutionDescription

from hosted_numbers import contract
from hosted_numbers.contract import HostedNumberOrderRequest
from hosted_numbers.errors import IdempotencyKeyReusedError, OrderAlreadyOpenError


@dataclass(frozen=True)
class StartedOrder:
    """The answer to a start; the same for the same order sent again, but for how it came about."""

    phone_number: str
    workflow_id: str
    run_id: str
    created: bool = field(compare=False)
    """False when this very order was open already."""
    replayed: bool = field(default=False, compare=False)
    """True when it was started before under the same idempotency key."""


def as_request(order: HostedNumberOrderRequest) -> HostedNumberOrderRequest:
    """The wire model of an order, whichever strict twin it came in as."""
    return HostedNumberOrderRequest.model_validate(order.model_dump())


def fingerprint(order: HostedNumberOrderRequest) -> str:
    """SHA-256 over the order's own words; defaults left out, so that new fields change nothing."""
    text = as_request(order).model_dump_json(exclude_defaults=True)
    return hashlib.sha256(text.encode()).hexdigest()


def named(idempotency: str | None, what: str) -> str | None:
    """What one of the caller's requests is known by at Temporal, if they named it."""
    return idempotency and hashlib.sha256(f"{idempotency}\0{what}".encode()).hexdigest()


def memo_of_key(idempotency: str | None) -> dict[str, str]:
    """What of the key goes into a workflow's memo."""
    return {} if idempotency is None else {contract.IDEMPOTENCY_MEMO: idempotency}


async def started_under(
    idempotency: str | None,
    execution: WorkflowExecutionDescription,
    order: HostedNumberOrderRequest,
) -> StartedOrder | None:
    """The answer to a start that was sent before, if this execution is what came of it.

    Raises:
        IdempotencyKeyReusedError: it came of another order.
    """
    if (
        idempotency is None
        or await execution.memo_value(contract.IDEMPOTENCY_MEMO, None) != idempotency
    ):
        return None
    if await execution.memo_value(contract.FINGERPRINT_MEMO, "") != fingerprint(order):
        raise IdempotencyKeyReusedError
    return StartedOrder(
        order.phone_number, execution.id, _first_run_id(execution), created=False, replayed=True
    )


async def already_open(
    idempotency: str | None,
    execution: WorkflowExecutionDescription,
    order: HostedNumberOrderRequest,
) -> StartedOrder:
    """The answer to a start that met an open order.

    Raises:
        IdempotencyKeyReusedError: it was started under the same key, and is another order.
        OrderAlreadyOpenError: it is another order.
    """
    if found := await started_under(idempotency, execution, order):
        return found
    if await execution.memo_value(contract.FINGERPRINT_MEMO, "") != fingerprint(order):
        raise OrderAlreadyOpenError(order.phone_number, execution.id)
    return StartedOrder(order.phone_number, execution.id, _first_run_id(execution), created=False)


def _first_run_id(execution: WorkflowExecutionDescription) -> str:
    """The run that the order began with; a long order goes on in further ones."""
    return execution.raw_info.first_run_id or execution.run_id
