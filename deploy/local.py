"""The whole product on this machine: Temporal dev server, simulator, worker and gateway.

``python -m deploy.local dev`` runs it until Ctrl-C, with its state in ``.local/`` or in the folder
that HOSTED_NUMBERS_STATE names; ``python -m deploy.local demo`` lets a few orders live their lives
and ends.
"""

import argparse
import asyncio
import contextlib
import fcntl
import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from temporalio.service import RPCError

from deploy.demo import run_demo
from deploy.processes import (
    LOOPBACK,
    DeploymentError,
    Processes,
    free_port,
    listening,
    temporal_binary,
)
from hosted_numbers import contract, search_attributes, temporal
from hosted_numbers.errors import HostedNumbersError
from hosted_numbers.gateway.pages.passwords import hashed
from hosted_numbers.process import cancel_on_sigterm, leave

ROOT = Path(__file__).parent.parent
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
PORTS = {"temporal": 7233, "ui": 8233, "gateway": 8080, "simulator": 8081}
_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Deployment:
    """Where everything is.

    Attributes:
        state: the folder of databases, logs and secrets.
        ports: of ``temporal``, ``ui``, ``gateway`` and ``simulator``.
        keep: whether orders survive a restart.
        people: who acts by themselves in the simulator.
        pace: seconds that each of Twilio's and these people's steps takes.
    """

    state: Path
    ports: dict[str, int]
    keep: bool
    people: str
    pace: float

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

    def environment(self, *parts: str) -> dict[str, str]:
        """The settings of a process, secrets only for those that need them."""
        key = hashlib.sha256(self.secret("api-key").encode()).hexdigest()
        password = hashed(self.secret("operator-password")) if "gateway" in parts else ""
        settings = {
            # a profile of the person at the keyboard may lead to a cluster that is somebody's
            "temporal": {
                "TEMPORAL_ADDRESS": f"{LOOPBACK}:{self.ports['temporal']}",
                "TEMPORAL_CONFIG_FILE": os.devnull,
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
                "HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH": password,
                "HOSTED_NUMBERS_TEMPORAL_UI_URL": self.url("ui"),
            },
        }
        return {name: value for part in parts for name, value in settings[part].items()}


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
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        del os.environ[name]
    os.environ.update(deployment.environment("temporal"))
    server = [temporal_binary(), "server", "start-dev", "--log-level", "warn", "--ip", LOOPBACK]
    server += ["--port", str(ports["temporal"]), "--ui-port", str(ports["ui"]), *database]
    await processes.start("temporal", server, {}, _temporal_is_up)
    await search_attributes.register(await temporal.connect())
    simulator = [command, "simulator", "--port", str(ports["simulator"])]
    simulator += ["--people", deployment.people, "--pace", str(deployment.pace), *state]
    ledger = deployment.url("simulator") + "/_simulator/ledger"
    ready = deployment.url("gateway") + "/health/ready"
    await asyncio.gather(
        processes.start(
            "simulator", simulator, deployment.environment("twilio"), lambda: _answers(ledger)
        ),
        processes.start(
            "worker",
            [sys.executable, str(ROOT / "worker.py")],
            deployment.environment("temporal", "twilio", "documents"),
            _worker_polls,
        ),
        processes.start(
            "gateway",
            [command, "gateway", "--port", str(ports["gateway"])],
            deployment.environment("temporal", "twilio", "documents", "gateway"),
            lambda: _answers(ready),
        ),
    )


async def _temporal_is_up() -> bool:
    try:
        await search_attributes.unregistered(await temporal.connect())
    except (HostedNumbersError, RPCError):
        return False
    return True


async def _worker_polls() -> bool:
    client = await temporal.connect()
    return await temporal.has_worker(client, contract.TASK_QUEUE)


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(url, timeout=1)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


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
            f"Something listens already on port {', '.join(taken)}. End it, or move all four "
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
  Temporal UI     {deployment.url("ui")}/namespaces/default/workflows
  API and docs    {gateway}/docs
  Simulator       {deployment.url("simulator")}/_simulator/ledger
  API key         {state}/api-key
  Logs            {state}/logs

Sign in to the operator's pages and start an order there; or, from here, send one, watch it wait
for its code, hear the code, hand it in:

  export TEMPORAL_ADDRESS={LOOPBACK}:{address} HOSTED_NUMBERS_BLOB_STORE={deployment.blobs}
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
        deployment = Deployment(
            Path(folder), ports, keep=False, people="signer,reviewer", pace=pace
        )
        print("Starting Temporal, the simulator of Twilio, a worker and the gateway …", flush=True)
        async with running(deployment) as processes:
            print(f"  Temporal UI   {deployment.url('ui')}/namespaces/default/workflows")
            print(f"  API and docs  {deployment.url('gateway')}/docs")
            print(f"  Operator      {deployment.url('gateway')}/")
            print(f"  Password      {deployment.secret('operator-password')}\n", flush=True)
            went_well = await run_demo(
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
