"""Search attributes of an order: registered by one function, checked when a worker starts.

A worker must not run without them: upserting an attribute that the namespace does not know fails
the workflow task, which Temporal then repeats for ever.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import temporalio.api.enums.v1 as enums
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from hosted_numbers import contract
from hosted_numbers.errors import InvalidRequestError, SettingsError

STATUS: Final = SearchAttributeKey.for_keyword("HostedNumberStatus")
WAITING_FOR: Final = SearchAttributeKey.for_keyword("HostedNumberWaitingFor")
ORDER_SID: Final = SearchAttributeKey.for_keyword("HostedNumberOrderSid")
CUSTOMER: Final = SearchAttributeKey.for_keyword("HostedNumberCustomer")
BULK_IMPORT: Final = SearchAttributeKey.for_keyword("HostedNumberImport")
"""The bulk import that an order came with."""
DEADLINE: Final = SearchAttributeKey.for_datetime("HostedNumberDeadline")
SINCE: Final = SearchAttributeKey.for_datetime("HostedNumberSince")
"""Since when the order's status, and what it waits for, are what they are."""

PATIENCE: Final = timedelta(seconds=3)
_PAUSE: Final = timedelta(milliseconds=200)

UNQUOTABLE: Final = frozenset("'\"`\\")
"""Characters that a value to be searched for must not hold."""

_TYPES: Final[dict[str, enums.IndexedValueType.ValueType]] = {
    STATUS.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    WAITING_FOR.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    ORDER_SID.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    CUSTOMER.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    BULK_IMPORT.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    DEADLINE.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    SINCE.name: enums.IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


async def register(client: Client) -> list[str]:
    """Register what the namespace lacks and return the names that were added; safe to repeat."""
    missing = await unregistered(client)
    if missing:
        await add(client, missing)
    return missing


async def add(client: Client, names: Iterable[str] = tuple(_TYPES)) -> None:
    """Register these attributes, without a look at what is there."""
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes={name: _TYPES[name] for name in names}
        )
    )


async def unregistered(client: Client) -> list[str]:
    """The names that the namespace lacks, or has with another type."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return [name for name, type_ in _TYPES.items() if known.custom_attributes.get(name) != type_]


async def require(client: Client, patience: timedelta = PATIENCE) -> None:
    """Check that a worker may run in this namespace.

    Args:
        client: of Temporal.
        patience: how long a namespace may lack something, as one does that is just being set up.

    Raises:
        SettingsError: an attribute is missing, with the command that registers it; or Temporal
            does not show this namespace to us at all.
    """
    give_up = asyncio.get_running_loop().time() + patience.total_seconds()
    try:
        while missing := await unregistered(client):
            if asyncio.get_running_loop().time() >= give_up:
                break
            await asyncio.sleep(_PAUSE.total_seconds())
    except RPCError as error:
        raise SettingsError(
            f"Temporal does not show the namespace {client.namespace!r}: {error.status.name}.",
            "Correct TEMPORAL_NAMESPACE, or the rights of the profile's key.",
        ) from None
    if missing:
        raise SettingsError(
            f"The namespace {client.namespace!r} lacks search attributes: {', '.join(missing)}.",
            "Register them with: hosted-numbers setup",
        )


def at_start(customer: str | None, bulk_import: str | None = None) -> TypedSearchAttributes:
    """What an order is found by before its workflow has run."""
    pairs: list[SearchAttributePair[Any]] = [SearchAttributePair(WAITING_FOR, "nothing")]
    if customer is not None:
        pairs.append(SearchAttributePair(CUSTOMER, customer))
    if bulk_import is not None:
        pairs.append(SearchAttributePair(BULK_IMPORT, bulk_import))
    return TypedSearchAttributes(pairs)


def query(
    *,
    status: str | None = None,
    waiting_for: str | None = None,
    customer: str | None = None,
    open_only: bool = False,
) -> str:
    """A visibility query for orders.

    Raises:
        InvalidRequestError: a value holds a quote or a backslash. No order has such a value, and
            Temporal's query language has no reliable way to write one.
    """
    terms = [f"WorkflowType = {quoted(contract.WORKFLOW_TYPE)}"]
    wanted = {STATUS.name: status, WAITING_FOR.name: waiting_for, CUSTOMER.name: customer}
    terms += [f"{name} = {quoted(value)}" for name, value in wanted.items() if value is not None]
    if open_only:
        terms.append("ExecutionStatus = 'Running'")
    return " AND ".join(terms)


def quoted(value: str) -> str:
    """A value as a visibility query has it.

    Raises:
        InvalidRequestError: it holds a quote or a backslash.
    """
    if set(value) & UNQUOTABLE:
        raise InvalidRequestError(
            "A filter holds no quotes and no backslashes.", "Correct the filter and ask again."
        )
    return f"'{value}'"
