"""The connection to Temporal: the SDK's own profiles, the pydantic converter, patience.

Address, namespace, API key and TLS come from ``temporalio.envconfig``: the same TOML file and
``TEMPORAL_…`` variables as the ``temporal`` command line uses.
"""

import asyncio
import logging
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from hosted_numbers.errors import SettingsError, TemporalUnavailableError

_log = logging.getLogger(__name__)

CONNECT_DEADLINE = timedelta(seconds=10)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)


def address() -> str:
    """Where Temporal is sought, ``host:port``.

    Raises:
        SettingsError: the profile cannot be read.
    """
    return _config().get("target_host") or "localhost:7233"


async def connect(*, lazy: bool = False) -> Client:
    """A client by the profile of the environment.

    Args:
        lazy: connect with the first call, for a process that must start while Temporal is away.

    Raises:
        TemporalUnavailableError: Temporal does not answer at the address.
        SettingsError: the profile cannot be read.
    """
    config = _config()
    config["target_host"] = address()
    connecting = Client.connect(**config, data_converter=pydantic_data_converter, lazy=lazy)
    try:
        # not wait_for: until Python 3.12 it can swallow the signal that ends the process
        async with asyncio.timeout(CONNECT_DEADLINE.total_seconds()):
            return await connecting
    except (RuntimeError, TimeoutError) as error:
        _log.debug("Temporal's own words: %s", error)
        raise TemporalUnavailableError(
            f"Temporal does not answer at {address()}.",
            "Start it, or set TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) to where it is.",
        ) from None


async def connect_patiently(
    first_pause: timedelta = FIRST_PAUSE, longest_pause: timedelta = LONGEST_PAUSE
) -> Client:
    """A client, however long Temporal takes to come; each failed try is logged with the reason."""
    pause = first_pause
    while True:
        try:
            return await connect()
        except TemporalUnavailableError as error:
            _log.warning("%s Trying again in %.0f s.", error.reason, pause.total_seconds())
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, longest_pause)


async def has_worker(client: Client, task_queue: str) -> bool:
    """Whether a worker polls the task queue for workflows."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return bool(answer.pollers)


def _config() -> ClientConnectConfig:
    try:
        return ClientConfig.load_client_connect_config(config_file_strict=True)
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"The Temporal profile cannot be read: {error}.",
            "Correct the file that TEMPORAL_CONFIG_FILE names, or TEMPORAL_PROFILE.",
        ) from None
