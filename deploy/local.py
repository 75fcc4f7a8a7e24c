"""The whole product on this machine: Temporal dev server, simulator, worker and gateway.

``python -m deploy.local dev`` runs it until Ctrl-C, with its state in ``.local/`` or in the folder
that HOSTED_NUMBERS_STATE names; ``python -m deploy.local demo`` lets a few orders live their lives
and ends.
"""

import argparse
import asyncio
import contextlib
import fcntl
import functools
import gc
import hashlib
import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import temporal_ui
from deploy.processes import (
    LOOPBACK,
    OURS,
    DeploymentError,
    Processes,
    free_port,
    listening,
    temporal_binary,
)
from hosted_numbers.cli.lazily import lazily
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.gateway.pages.passwords import hashed
from hosted_numbers.process import cancel_on_sigterm, leave

# What takes long to import is loaded while the processes start, which takes them longer still.
if TYPE_CHECKING:
    from deploy import demo as demonstration
    from deploy import readiness
    from hosted_numbers.encryption import ring_file
    from hosted_numbers.encryption.key_ring import KeyRing
else:
    demonstration, readiness = lazily("deploy.demo"), lazily("deploy.readiness")
    ring_file = lazily("hosted_numbers.encryption.ring_file")

ROOT = Path(__file__).parent.parent
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
PORTS = {"temporal": 7233, "ui": 8233, "gateway": 8080, "simulator": 8081}
PORTS |= {"worker-metrics": 9464, "gateway-metrics": 9465}
_HIGHEST_PORT = 65_535
REPORTED_SOON = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"
"""A workflow that stands still is reported after ten seconds, and not after a minute."""


@dataclass(frozen=True)
class Deployment:
    """Where everything is.

    Attributes:
        state: the folder of databases, logs and secrets.
        ports: of ``temporal``, ``ui``, ``gateway`` and ``simulator``; and of the metrics of the
            worker and the gateway, ``worker-metrics`` and ``gateway-metrics``.
        keep: whether orders survive a restart.
        people: who acts by themselves in the simulator.
        pace: seconds that each of Twilio's and these people's steps takes.
        swept: whether the status sweep looks for all orders; otherwise each looks for itself.
    """

    state: Path
    ports: dict[str, int]
    keep: bool
    people: str
    pace: float
    swept: bool = True

    def url(self, name: str) -> str:
        """The base URL of a part."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def blobs(self) -> str:
        """The blob store of the orders' files."""
        return (self.state / "blobs").as_uri()

    def secret(self, name: str) -> str:
        """A secret of this deployment: made once, kept in a file that only its owner reads."""
        path = self.state / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32), encoding="utf-8")
        return path.read_text(encoding="utf-8").strip()

    @property
    def encryption_keys(self) -> Path:
        """The ring of keys of this deployment: made once, in a file that only its owner reads."""
        path = self.state / "encryption-keys"
        if not path.exists():
            ring_file.make(path)
        return path

    def key_ring(self) -> "KeyRing":
        """The same, read."""
        return ring_file.read(self.encryption_keys)

    def environment(self, *parts: str) -> dict[str, str]:
        """The settings of a process, secrets only for those that need them."""
        key = hashlib.sha256(self.secret("api-key").encode()).hexdigest()
        password = self.secret("operator-password")
        password_hash = hashed(password, random=True) if "gateway" in parts else ""
        settings = {
            # a profile of the person at the keyboard may lead to a cluster that is somebody's
            "temporal": {
                "TEMPORAL_ADDRESS": f"{LOOPBACK}:{self.ports['temporal']}",
                "TEMPORAL_CONFIG_FILE": os.devnull,
                # whoever reads what Temporal keeps needs the keys
                "HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE": str(self.encryption_keys),
            },
            "twilio": {
                "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": self.secret("twilio-auth-token")[:32],
                "TWILIO_BASE_URL": self.url("simulator"),
                "PUBLIC_BASE_URL": self.url("gateway"),
            },
            "documents": {"HOSTED_NUMBERS_BLOB_STORE": self.blobs},
            "gateway": {
                "HOSTED_NUMBERS_API_KEYS": key,
                "HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH": password_hash,
                "HOSTED_NUMBERS_TEMPORAL_UI_URL": self.url("ui"),
                "HOSTED_NUMBERS_CODEC_ORIGINS": ",".join(
                    f"http://{host}:{self.ports['ui']}" for host in (LOOPBACK, "localhost")
                ),
            },
            "worker-metrics": self._metrics("worker-metrics"),
            "gateway-metrics": self._metrics("gateway-metrics"),
        }
        return {name: value for part in parts for name, value in settings[part].items()}

    def _metrics(self, name: str) -> dict[str, str]:
        port = self.ports.get(name)
        return {"HOSTED_NUMBERS_METRICS_ADDRESS": f"{LOOPBACK}:{port}"} if port else {}


@contextlib.asynccontextmanager
async def running(deployment: Deployment) -> AsyncIterator[Processes]:
    """Everything, up and ready; stopped on the way out, whatever happened."""
    processes = Processes(deployment.state / "logs")
    try:
        await _start(deployment, processes)
        yield processes
    finally:
        processes.stop()


async def _start(deployment: Deployment, processes: Processes) -> None:
    command = str(Path(sys.executable).parent / "hosted-numbers")
    database = ["--db-filename", str(deployment.state / "temporal.db")] if deployment.keep else []
    state = ["--state", str(deployment.state / "simulator.db")] if deployment.keep else []
    ports = deployment.ports
    behind = free_port()  # where the Temporal UI itself is: see temporal_ui.py
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(deployment.environment("temporal"))
    server = [temporal_binary(), "server", "start-dev", "--log-level", "warn", "--ip", LOOPBACK]
    server += ["--port", str(ports["temporal"]), "--ui-port", str(behind), *database]
    server += ["--ui-codec-endpoint", deployment.url("gateway") + "/codec"]
    server += ["--dynamic-config-value", "matching.enableFairness=true"]  # see priorities.py
    server += ["--dynamic-config-value", REPORTED_SOON]
    ui = [sys.executable, str(ROOT / "deploy" / "temporal_ui.py"), "--port", str(ports["ui"])]
    ui += ["--behind", str(behind), "--gateway", deployment.url("gateway")]
    simulator = [command, "simulator", "--port", str(ports["simulator"])]
    simulator += ["--people", deployment.people, "--pace", str(deployment.pace), *state]
    clock = deployment.url("simulator") + "/_simulator/clock"
    ready = deployment.url("gateway") + "/health/ready"

    @functools.cache
    def seen() -> "readiness.Readiness":  # what it needs is loaded when it is first asked
        worker = ports["worker-metrics"]
        return readiness.Readiness(ports["temporal"], worker, deployment, swept=deployment.swept)

    await asyncio.gather(  # the worker and the gateway wait for Temporal, and take longer to import
        processes.start(
            "temporal",
            server,
            {},
            lambda: seen().temporal_is_set_up(),
        ),
        processes.start(
            "temporal-ui",
            ui,
            {},
            lambda: readiness.answers(deployment.url("ui") + temporal_ui.SETTINGS),
        ),
        processes.start(
            "simulator",
            simulator,
            deployment.environment("twilio"),
            lambda: readiness.answers(clock),
        ),
        processes.start(
            "worker",
            [sys.executable, str(ROOT / "worker.py")],
            deployment.environment("temporal", "twilio", "documents", "worker-metrics"),
            lambda: seen().worker_polls(),
        ),
        processes.start(
            "gateway",
            [command, "gateway", "--port", str(ports["gateway"])],
            deployment.environment("temporal", "twilio", "documents", "gateway", "gateway-metrics"),
            lambda: readiness.answers(ready),
        ),
    )


def _dev_ports() -> dict[str, int]:
    try:
        offset = int(os.environ.get("PORT_OFFSET", "0"))
    except ValueError:
        raise DeploymentError("PORT_OFFSET is a whole number, such as 100.") from None
    ports = {name: port + offset for name, port in PORTS.items()}
    if not all(0 < port <= _HIGHEST_PORT for port in ports.values()):
        raise DeploymentError(f"PORT_OFFSET={offset} leads to ports that do not exist.")
    taken = [f"{port} ({name})" for name, port in ports.items() if listening(port)]
    if taken:
        raise DeploymentError(
            f"Something listens already on port {', '.join(taken)}. End it, or move all "
            "ports: make dev PORT_OFFSET=100"
        )
    return ports


def _state() -> Path:
    folder = Path(os.environ.get("HOSTED_NUMBERS_STATE", ROOT / ".local")).absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Two Temporal servers on one file would spoil it, whatever their ports."""
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeploymentError(
                f"Another 'make dev' runs on {state}. End it, or give this one a folder of its own "
                "with HOSTED_NUMBERS_STATE."
            ) from None
        yield


async def dev() -> None:
    """Run everything until Ctrl-C; the next time it continues where it was."""
    cancel_on_sigterm()
    deployment = Deployment(_state(), _dev_ports(), keep=True, people="signer,reviewer", pace=2)
    print("Starting Temporal, the simulator of Twilio, a worker and the gateway …", flush=True)
    with _alone(deployment.state):
        await _dev(deployment)


async def _dev(deployment: Deployment) -> None:
    async with running(deployment) as processes:
        deployment.secret("api-key")
        print(_welcome(deployment), flush=True)
        while True:
            processes.check()
            await asyncio.sleep(1)


def _welcome(deployment: Deployment) -> str:
    gateway, address = deployment.url("gateway"), deployment.ports["temporal"]
    state = deployment.state
    state = state.relative_to(ROOT) if state.is_relative_to(ROOT) else state
    return f"""
  Operator        {gateway}/  (the password stands in {state}/operator-password)
  Temporal UI     {deployment.url("ui")}/namespaces/default/workflows  (sign in above first)
  API and docs    {gateway}/docs
  Simulator       {deployment.url("simulator")}/_simulator/ledger
  API key         {state}/api-key
  Keys            {state}/encryption-keys (without it nobody reads the orders)
  Logs            {state}/logs
  Metrics         {deployment.url("worker-metrics")}/metrics of the worker
                  {deployment.url("gateway-metrics")}/metrics of the gateway

Sign in to the operator's pages and start an order there; or, from here, send one, watch it wait
for its code, hear the code, hand it in:

  export TEMPORAL_ADDRESS={LOOPBACK}:{address} HOSTED_NUMBERS_BLOB_STORE={deployment.blobs}
  export HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE={shlex.quote(str(deployment.encryption_keys))}
  .venv/bin/hosted-numbers order create --phone-number +15017122661 \\
      --email owner@example.com --address-sid AD{"0" * 32} \\
      --contact-title Owner --contact-phone-number +15017122662
  .venv/bin/hosted-numbers order show +15017122661
  .venv/bin/hosted-numbers order code +15017122661

Ctrl-C stops everything; the next 'make dev' continues where it was.
"""


async def demo(*, hold: bool, pace: float) -> bool:
    """Let the demo's orders live; whether each ended as its script says."""
    cancel_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="hosted-numbers-") as folder:
        ports = {name: free_port() for name in PORTS}
        # what no callback tells, a sweep finds within minutes: an order finds it in 15 seconds
        deployment = Deployment(
            Path(folder), ports, keep=False, people="signer,reviewer", pace=pace, swept=False
        )
        print("Starting Temporal, the simulator of Twilio, a worker and the gateway …", flush=True)
        # loaded once the processes have begun to load themselves
        asyncio.get_running_loop().call_later(0.2, lambda: demonstration.run_demo)
        async with running(deployment) as processes:
            print(f"  Temporal UI   {deployment.url('ui')}/namespaces/default/workflows")
            print("                (readable in a browser where the operator has signed in)")
            print(f"  API and docs  {deployment.url('gateway')}/docs")
            print(f"  Operator      {deployment.url('gateway')}/")
            print(f"  Password      {deployment.secret('operator-password')}\n", flush=True)
            went_well = await demonstration.run_demo(
                gateway=deployment.url("gateway"),
                simulator=deployment.url("simulator"),
                api_key=deployment.secret("api-key"),
                check=processes.check,
            )
            if hold:
                print("\nEverything stays up until Ctrl-C.", flush=True)
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            return went_well


def main() -> int:
    """Run what the command line asks for; the exit code says whether it went well."""
    parser = argparse.ArgumentParser(prog="local.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("dev", help="run everything until Ctrl-C")
    demo_parser = commands.add_parser("demo", help="let a few orders live their lives, and end")
    demo_parser.add_argument("--hold", action="store_true", help="keep everything up afterwards")
    demo_parser.add_argument("--pace", type=float, default=1.0, help="seconds a step takes")
    arguments = parser.parse_args()
    gc.set_threshold(20_000)  # hardly anything of what is still to be loaded is garbage
    try:
        if arguments.command == "dev":
            asyncio.run(dev())
        return 0 if asyncio.run(demo(hold=arguments.hold, pace=arguments.pace)) else 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0 if arguments.command == "dev" else 130
    except (DeploymentError, HostedNumbersError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    leave(main())
