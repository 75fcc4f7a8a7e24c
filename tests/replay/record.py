"""Record one history per scenario: ``python tests/replay/record.py`` fills ``histories/<release>``.

They are recorded without encryption, so that a person can read what changed between two releases.
Each release records its own and keeps those before it, so that ``test_replay`` shows that a worker
of today still understands every order that an older one began. Another folder may be named, and
behind it the histories to record, where not all of them are new.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from hosted_numbers.converter import DATA_CONVERTER  # noqa: E402  # the path is set above, for all
from hosted_numbers.delivery import GoneError  # noqa: E402
from tests.receiver import Inbox  # noqa: E402
from tests.replay.scenarios import (  # noqa: E402
    EVENTS,
    LONG,
    SCENARIOS,
    SLOW,
    SWEPT,
    TOLD,
    Scenario,
    notification_undelivered,
)
from tests.replay.scenarios_of_many import MANY  # noqa: E402
from tests.world import a_dev_server, a_world, a_world_on, eventually  # noqa: E402

HISTORIES = Path(__file__).parent / "histories"
SHORT_HISTORY = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60"]


async def record(folder: Path, names: Sequence[str] = ()) -> None:
    """Live every scenario, or those of these histories, and write them down."""

    def wanted(scenarios: Sequence[Scenario], suffix: str = "") -> list[Scenario]:
        return [each for each in scenarios if not names or f"{each.__name__}{suffix}" in names]

    for scenario in wanted(SCENARIOS):
        await _live(scenario, folder / f"{scenario.__name__}.json")
    for scenario in wanted(SLOW):
        await _live(scenario, folder / f"{scenario.__name__}.json", pace=10_000_000)
    for scenario in wanted(TOLD, "_told"):
        await _live(scenario, folder / f"{scenario.__name__}_told.json", Inbox())
    for scenario in wanted(EVENTS):
        gone = GoneError("The receiver answered 410.")
        inbox = Inbox(always=gone if scenario is notification_undelivered else None)
        await _live(scenario, folder / f"{scenario.__name__}.json", inbox)
    for scenario in wanted(SWEPT):
        sweep = AtWork()
        await _live(scenario, folder / f"{scenario.__name__}.json", sweep=sweep, pace=10_000_000)
    for scenario in wanted(MANY):
        await _live_among_many(scenario, folder / f"{scenario.__name__}.json")
    for scenario in wanted(LONG):
        await _live_long(scenario, folder)


async def _live(
    scenario: Scenario, path: Path, receiver: Inbox | None = None, **config: Any
) -> None:
    async with a_world(receiver, converter=DATA_CONVERTER, **config) as world:
        handle = await scenario(world) or world.handle()
        await _write(path, handle)


class AtWork:
    """A sweep, as a worker knows of it."""

    async def alive(self) -> bool:
        """It looks for all orders."""
        return True


async def _live_among_many(scenario: Scenario, path: Path) -> None:
    async with (
        await a_dev_server(converter=DATA_CONVERTER) as env,
        a_world_on(env) as world,
        world.working(),
    ):
        handle = await scenario(world) or world.handle()
        await handle.result()
        await _write(path, handle)


async def _live_long(scenario: Scenario, folder: Path) -> None:
    async with (
        await a_dev_server(*SHORT_HISTORY, converter=DATA_CONVERTER) as env,
        a_world_on(env) as world,
        world.working(),
    ):
        await scenario(world)
        await world.handle().result()
        runs = [row async for row in world.client.list_workflows(f"WorkflowId = '{_id(world)}'")]
        first = world.client.get_workflow_handle(_id(world), run_id=runs[-1].run_id)
        await _write(folder / f"{scenario.__name__}_before.json", first)
        await _write(folder / f"{scenario.__name__}_after.json", world.handle())


def _id(world: Any) -> str:
    return str(world.handle().id)


async def _write(path: Path, handle: WorkflowHandle[Any, Any]) -> None:
    """Wait for the end of a run and write its history down."""

    async def closed() -> bool:
        return (await handle.describe()).close_time is not None

    await eventually(closed)
    history = json.loads((await handle.fetch_history()).to_json())
    text = json.dumps(_impersonal(history), separators=(",", ":"))
    await asyncio.to_thread(path.write_text, text, encoding="utf-8")


def _impersonal(value: Any) -> Any:
    """Without what names this machine: identities and stack traces."""
    if isinstance(value, dict):
        kept = {name: _impersonal(inner) for name, inner in value.items() if name != "stackTrace"}
        return {name: "worker" if name == "identity" else v for name, v in kept.items()}
    if isinstance(value, str) and f"@{socket.gethostname()}" in value:
        return "worker"
    if isinstance(value, list):
        return [_impersonal(inner) for inner in value]
    return value


if __name__ == "__main__":
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else HISTORIES / version("hosted-numbers")
    named.mkdir(parents=True, exist_ok=True)
    asyncio.run(record(named, sys.argv[2:]))
