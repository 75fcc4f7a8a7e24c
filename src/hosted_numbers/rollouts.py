"""Which version of the workers takes the work of a task queue, where deploys are versioned.

Workers of a version that nobody made current are given nothing, however many of them poll.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    ListWorkerDeploymentsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers.temporal import is_there
from hosted_numbers.temporal_calls import TemporalCalls

_DEADLINE: Final = timedelta(seconds=4)
_DEPLOYMENTS: Final = 50
"""Of a namespace that are looked at for ours."""

_VERSIONS: Final = 5
"""Of each of them, the newest."""

_UNKNOWING: Final = {RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED}
_VERSIONED: Final = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED


@dataclass(frozen=True)
class Rollout:
    """How the versions of one Worker Deployment share the work of a task queue.

    Attributes:
        deployment: its name.
        newest: the build id that came last.
        current: the build id that takes the work; None where workers without a version do.
        polls: whether a worker that takes the work is there.
        ramping: the build id that takes some of it, None where none does.
        percentage: how much of it that is, 0 to 100.
    """

    deployment: str
    newest: str
    current: str | None
    polls: bool
    ramping: str | None = None
    percentage: float = 0.0


async def rollout(client: Client, task_queue: str) -> Rollout | None:
    """How the work is shared; None where no worker of the queue ever had a version.

    None as well where the server, or the rights of the profile's key, know of no versions.

    Raises:
        TemporalUnavailableError: Temporal does not answer in time.
        RPCError: it does not let this through.
    """
    calls = TemporalCalls(client, _DEADLINE)
    try:
        newest = await _newest(client, calls, task_queue)
    except RPCError as error:
        if error.status in _UNKNOWING:
            return None
        raise
    if newest is None:
        return None
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await calls.within(
        client.workflow_service.describe_task_queue(request, timeout=_DEADLINE)
    )
    routing = answer.versioning_info
    current = routing.current_deployment_version.build_id or None
    share = routing.ramping_version_percentage
    return Rollout(
        newest.deployment_name,
        newest.build_id,
        current,
        any(_build(poller) == current for poller in answer.pollers if is_there(poller)),
        (routing.ramping_deployment_version.build_id or None) if share else None,
        share,
    )


def _build(poller: PollerInfo) -> str | None:
    """The build id of a worker that polls, None where it has no version."""
    options = poller.deployment_options
    return options.build_id if options.worker_versioning_mode == _VERSIONED else None


async def _newest(
    client: Client, calls: TemporalCalls, task_queue: str
) -> WorkerDeploymentVersion | None:
    """The newest version whose workers poll, or polled, the queue."""
    listing = ListWorkerDeploymentsRequest(namespace=client.namespace, page_size=_DEPLOYMENTS)
    listed = await calls.within(
        client.workflow_service.list_worker_deployments(listing, timeout=_DEADLINE)
    )
    known = await asyncio.gather(
        *(_versions(client, calls, each.name) for each in listed.worker_deployments)
    )
    for version in (version for versions in known for version in versions):
        if await _serves(client, calls, version, task_queue):
            return version
    return None


async def _versions(
    client: Client, calls: TemporalCalls, name: str
) -> list[WorkerDeploymentVersion]:
    """The last versions of a deployment, the newest first; the list of deployments lags far."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
    try:
        answer = await calls.within(
            client.workflow_service.describe_worker_deployment(request, timeout=_DEADLINE)
        )
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:  # it has just been deleted
            return []
        raise
    summaries = sorted(
        answer.worker_deployment_info.version_summaries,
        key=lambda each: each.create_time.ToNanoseconds(),
        reverse=True,
    )
    return [each.deployment_version for each in summaries[:_VERSIONS]]


async def _serves(
    client: Client, calls: TemporalCalls, version: WorkerDeploymentVersion, task_queue: str
) -> bool:
    request = DescribeWorkerDeploymentVersionRequest(
        namespace=client.namespace, deployment_version=version
    )
    try:
        answer = await calls.within(
            client.workflow_service.describe_worker_deployment_version(request, timeout=_DEADLINE)
        )
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return False
        raise
    return any(each.name == task_queue for each in answer.version_task_queues)
