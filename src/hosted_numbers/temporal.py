"""The connection to Temporal: the SDK's own profiles, the encrypting converter, patience.

Address, namespace, API key and TLS come from ``temporalio.envconfig``: the same TOML file and
``TEMPORAL_…`` variables as the ``temporal`` command line uses.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, Interceptor
from temporalio.common import HeaderCodecBehavior

from hosted_numbers import temporal_profile
from hosted_numbers.converter import converter_of
from hosted_numbers.encryption.key_ring import KeyRing
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.telemetry.correlation import Correlation

_log = logging.getLogger(__name__)

CONNECT_DEADLINE = timedelta(seconds=10)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)
_DEFAULT_NAMESPACE = "default"
_GONE_AFTER: Final = timedelta(minutes=2)
"""A worker asks once a minute at least; the other minute is for clocks that differ."""


class KeySettings(Protocol):
    """What of ``settings.Settings`` it takes to connect; loading all of those takes long."""

    def key_ring(self) -> KeyRing | None:
        """The keys to encrypt with; None where there are none.

        Raises:
            SettingsError: they are no ring, or there must be some.
        """


def address() -> str:
    """Where Temporal is sought, ``host:port``.

    Raises:
        SettingsError: the profile cannot be read.
    """
    return temporal_profile.address(temporal_profile.load())


async def connect(
    settings: KeySettings, *, lazy: bool = False, interceptors: Sequence[Interceptor] = ()
) -> Client:
    """A client by the profile of the environment, which encrypts where the settings name keys.

    Args:
        settings: of the process, for its ring of keys.
        lazy: connect with the first call, for a process that must start while Temporal is away.
        interceptors: see what is sent, beside the one that carries correlation ids.

    Raises:
        TemporalUnavailableError: Temporal does not answer at the address.
        SettingsError: the profile or the ring of keys cannot be read, or production has no keys.
    """
    return await _connected(settings.key_ring(), interceptors, lazy=lazy)


async def _connected(
    keys: KeyRing | None, interceptors: Sequence[Interceptor], *, lazy: bool = False
) -> Client:
    config = temporal_profile.load()
    config["target_host"] = temporal_profile.address(config)
    connecting = Client.connect(
        **config,
        data_converter=converter_of(keys, config.get("namespace") or _DEFAULT_NAMESPACE),
        lazy=lazy,
        interceptors=[*interceptors, Correlation()],
        header_codec_behavior=HeaderCodecBehavior.CODEC,
    )
    try:
        # not wait_for: until Python 3.12 it can swallow the signal that ends the process
        async with asyncio.timeout(CONNECT_DEADLINE.total_seconds()):
            return await connecting
    except (RuntimeError, TimeoutError) as error:
        _log.debug("Temporal's own words: %s", error)
        raise TemporalUnavailableError(
            f"Temporal does not answer at {config['target_host']}.",
            temporal_profile.advice(config),
        ) from None


async def connect_patiently(
    settings: KeySettings,
    first_pause: timedelta = FIRST_PAUSE,
    longest_pause: timedelta = LONGEST_PAUSE,
    *,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """A client, however long Temporal takes to come; each failed try is logged with the reason.

    Raises:
        SettingsError: as ``connect`` does.
    """
    keys = settings.key_ring()
    pause = first_pause
    while True:
        try:
            client = await _connected(keys, interceptors)
        except TemporalUnavailableError as error:
            seconds = pause.total_seconds()
            _log.warning(
                "%s Trying again in %.0f s.",
                error.reason,
                seconds,
                extra={"pause_seconds": seconds},
            )
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, longest_pause)
        else:
            warn_without_keys(settings)
            return client


def warn_without_keys(settings: KeySettings) -> None:
    """Say in a long-running process's log that it encrypts nothing, where that is so."""
    if settings.key_ring() is None:
        _log.warning(
            "No HOSTED_NUMBERS_ENCRYPTION_KEYS: what Temporal and the blob store keep is not "
            "encrypted. Make a ring with: hosted-numbers encryption-keys new"
        )


async def has_worker(client: Client, task_queue: str) -> bool:
    """Whether a worker polls the task queue for workflows."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return any(is_there(poller) for poller in answer.pollers)


def is_there(poller: PollerInfo) -> bool:
    """Whether a worker still asks for tasks; Temporal names it for minutes after it has ended."""
    asked = poller.last_access_time.ToDatetime(UTC)
    return datetime.now(UTC) - asked < _GONE_AFTER
