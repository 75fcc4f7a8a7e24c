"""Whether the parts of a local deployment are up, seen from outside.

They are asked ten times a second while all of them load, on a machine that has no time to spare. So
a port is tried first, which costs next to nothing, and what asks is made once.
"""

import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.processes import listening
from hosted_numbers import contract, search_attributes, sweeping, sweeps, temporal
from hosted_numbers.errors import HostedNumbersError

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""All is plain http here. A context that loads certificates takes longer than the question."""


class Readiness:
    """What is known of one deployment's Temporal.

    Args:
        port: where Temporal listens; the environment says the same.
        worker: where the worker serves its metrics.
        settings: for its keys.
        swept: whether the status sweep shall run there.
    """

    def __init__(
        self, port: int, worker: int, settings: temporal.KeySettings, *, swept: bool
    ) -> None:
        self._port = port
        self._worker = worker
        self._settings = settings
        self._pace = sweeping.EVERY if swept else sweeps.NONE
        self._client: Client | None = None

    async def temporal_is_set_up(self) -> bool:
        """Whether Temporal is there; then it is set up as the deployment asks for."""
        if not listening(self._port):
            return False
        try:
            client = await temporal.connect(self._settings)
            await search_attributes.register(client)
            await sweeps.ensure(client, self._pace)
        except (HostedNumbersError, RPCError):
            return False
        self._client = client
        return True

    async def worker_polls(self) -> bool:
        """Whether the worker is there and asks Temporal, once that is set up, for orders' tasks.

        Temporal names one that has ended for minutes, so a new one is seen by its port: from then
        on it also ends in order when it is told to.
        """
        if self._client is None or not listening(self._worker):
            return False
        try:
            return await temporal.has_worker(self._client, contract.TASK_QUEUE)
        except (HostedNumbersError, RPCError):
            return False


async def answers(url: str) -> bool:
    """Whether a server of this machine answers 200."""
    if not listening(urlsplit(url).port or 0):
        return False
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        try:
            return (await client.get(url, timeout=1)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
