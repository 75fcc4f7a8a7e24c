"""How long the namespace keeps what has ended: beyond that, Temporal forgets an order."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.enums.v1 import ArchivalState
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from hosted_numbers.temporal_calls import TemporalCalls


@dataclass(frozen=True)
class NamespaceRetention:
    """What the namespace says of it.

    Attributes:
        kept: how long a workflow's history outlives its end.
        archived: whether histories are then copied to an archive, which nothing here reaches.
    """

    kept: timedelta
    archived: bool


async def namespace_retention(
    client: Client, deadline: timedelta = timedelta(seconds=4)
) -> NamespaceRetention:
    """The retention of the client's namespace.

    Raises:
        TemporalUnavailableError: Temporal does not answer in time.
        RPCError: it does not show the namespace to this profile.
    """
    described = await TemporalCalls(client, deadline).within(
        client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=deadline
        )
    )
    config = described.config
    return NamespaceRetention(
        kept=config.workflow_execution_retention_ttl.ToTimedelta(),
        archived=config.history_archival_state == ArchivalState.ARCHIVAL_STATE_ENABLED,
    )
