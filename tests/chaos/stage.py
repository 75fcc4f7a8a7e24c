"""The product as processes on free ports, with a fault proxy on each way between two parts."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from temporalio.client import Client

from deploy import local
from deploy.processes import LOOPBACK, DeploymentError, free_port
from hosted_numbers import sweeps, temporal
from hosted_numbers.settings import Settings
from tests.chaos.callback_watch import CallbackWatch
from tests.chaos.collector import Collector, a_collector
from tests.chaos.evidence import Outage
from tests.chaos.plan import LINKS
from tests.chaos.proxy import Proxy
from tests.end_to_end.product import Parts

PACE: Final = 0.3
"""Seconds that each of Twilio's steps takes."""

SWEEP: Final = timedelta(seconds=10)
"""The quickest that the settings take: a run has minutes, not weeks."""

HASTY_WORKER: Final = [sys.executable, "-m", "tests.chaos.hasty_worker"]

_GENEROUS: Final = {
    "HOSTED_NUMBERS_RATE_LIMIT_STARTS": "100000/minute",
    "HOSTED_NUMBERS_RATE_LIMIT_CODES": "60/minute",
    "HOSTED_NUMBERS_RATE_LIMIT_UPLOADS": "200/hour",
}
"""Guessing and flooding are not what a fault run is about."""

_TRIES: Final = 3


@dataclass
class ProxiedParts(Parts):
    """Processes whose settings lead through the proxies.

    Attributes:
        links: the proxy of each way, by name.
        settings: more for each part.
        environments: what each part was last started with.
    """

    links: Mapping[str, Proxy] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    environments: dict[str, Mapping[str, str]] = field(default_factory=dict)

    async def start(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        """Start a part with the proxies' addresses in place of the other parts' own."""
        ways = {
            "TEMPORAL_ADDRESS": f"{name}-temporal",
            "TWILIO_BASE_URL": f"{name}-simulator",
            "PUBLIC_BASE_URL": "simulator-gateway",
        }
        led = dict(environment)
        for setting, way in ways.items():
            if setting in led and way in self.links:
                address = f"{LOOPBACK}:{self.links[way].port}"
                led[setting] = address if setting == "TEMPORAL_ADDRESS" else f"http://{address}"
        led |= self.settings.get(name, {})
        if name == "worker":
            command, led["PYTHONPATH"] = HASTY_WORKER, str(local.ROOT)
        self.environments[name] = led
        await super().start(name, command, led, ready)


@dataclass
class Stage:
    """A run's product.

    Attributes:
        deployment: where everything is.
        parts: its processes.
        links: the proxies.
        swept: whether the status sweep is at work.
        gateway: a backend's way in, through its proxy, with an API key.
        simulator: Twilio's side, around the proxies.
        temporal: a client of its own, around the proxies.
        callbacks: how they were answered.
        metrics: where parts tell their figures, if they do.
        traces: of worker and gateway.
        outages: when a part was down.
        crashes: parts that ended by themselves.
    """

    deployment: local.Deployment
    parts: ProxiedParts
    links: Mapping[str, Proxy]
    swept: bool
    gateway: httpx.AsyncClient
    simulator: httpx.AsyncClient
    temporal: Client
    callbacks: CallbackWatch
    metrics: Mapping[str, str]
    traces: Collector
    outages: list[Outage] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    async def killed(self, part: str, down: float) -> None:
        """``kill -9`` a part, and start it again after a while.

        Raises:
            DeploymentError: it does not come up again.
        """
        began = time.monotonic()
        self.parts.kill(part)
        await asyncio.sleep(down)
        again = time.monotonic()
        await self._again(part)
        if part == "temporal":
            await set_pace(self.temporal, swept=self.swept)
        ended = time.monotonic()
        self.outages.append(Outage(part, began, ended, killed=True, gone_until=again))

    async def _again(self, part: str) -> None:
        for tries_left in reversed(range(_TRIES)):
            try:
                await self.parts.again(part)
            except DeploymentError:
                # slow, not gone: the others load as well; what still runs would hold its port
                with contextlib.suppress(KeyError):
                    self.parts.kill(part)
                if not tries_left:
                    raise
            else:
                return


async def set_pace(client: Client, *, swept: bool) -> None:
    """Have the status sweep come, or not at all, whatever the deployment chose."""
    while True:
        with contextlib.suppress(Exception):  # Temporal has just been started
            await sweeps.ensure(client, SWEEP if swept else sweeps.NONE)
            return
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def a_stage(state: Path, *, swept: bool, seed: int) -> AsyncIterator[Stage]:
    """Everything up; afterwards no process is left, whatever happened.

    Args:
        state: the folder of databases, logs and secrets.
        swept: whether the status sweep looks for all orders.
        seed: of the luck in toxics.

    Raises:
        DeploymentError: a part does not come up.
    """
    ports = {name: free_port() for name in local.PORTS}
    where = local.Deployment(state, ports, keep=True, people="none", pace=PACE)
    watch = CallbackWatch()
    links = {
        name: Proxy(
            name,
            ports[name.rpartition("-")[2]],
            seed,
            watch.saw if name == "simulator-gateway" else None,
        )
        for name in LINKS
    }
    metrics = {name: f"{LOOPBACK}:{ports[f'{name}-metrics']}" for name in ("worker", "gateway")}
    async with contextlib.AsyncExitStack() as stack:
        traces = stack.enter_context(a_collector())
        settings: dict[str, dict[str, str]] = {
            name: {"HOSTED_NUMBERS_OTLP_ENDPOINT": traces.endpoint} for name in metrics
        }
        settings["worker"]["HOSTED_NUMBERS_SWEEP_SECONDS"] = (
            f"{SWEEP.total_seconds():.0f}" if swept else "0"
        )
        settings["gateway"] |= _GENEROUS
        parts = ProxiedParts(
            state / "logs",
            patience=60.0,
            at_temporal=where.environment("temporal"),
            links=links,
            settings=settings,
        )
        try:
            for link in links.values():
                await stack.enter_async_context(link.running())
            await local._start(where, parts)
            client = await temporal.connect(Settings.read())
            await set_pace(client, swept=swept)
            gateway = await stack.enter_async_context(
                _http(links["client-gateway"].port, where.secret("api-key"))
            )
            simulator = await stack.enter_async_context(_http(ports["simulator"]))
            simulator.auth = _account(where)
            yield Stage(
                *(where, parts, links, swept, gateway, simulator, client, watch),
                metrics=metrics,
                traces=traces,
            )
        finally:
            parts.stop()


def _http(port: int, key: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(
        base_url=f"http://{LOOPBACK}:{port}",
        headers=headers,
        trust_env=False,
        timeout=30,
        limits=httpx.Limits(max_connections=90, max_keepalive_connections=40),
    )


def _account(where: local.Deployment) -> httpx.BasicAuth:
    twilio: Mapping[str, Any] = where.environment("twilio")
    return httpx.BasicAuth(twilio["TWILIO_ACCOUNT_SID"], twilio["TWILIO_AUTH_TOKEN"])
