"""Record one history per ending: ``python tests/replay/record.py`` writes ``histories/<release>``.

Each release records its own and keeps those before it, so that ``test_replay`` shows that a worker
of today still understands every order that an older one began.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from hosted_numbers.contract import (  # noqa: E402
    Amendment,
    OrderChanged,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from tests.orders import NUMBER  # noqa: E402  # the path is set above
from tests.world import BINARIES, World, a_world, a_world_on  # noqa: E402

HISTORIES = Path(__file__).parent / "histories"


async def completed(world: World) -> None:
    """The plain way."""
    await world.sign(await world.verified())


async def wrong_code_and_second_call(world: World) -> None:
    """A wrong code, an expired one, a second call, the right one."""
    await world.start(call_when="asked")
    await world.until(waiting_for="verification-call")
    await world.orders.request_verification_call(NUMBER, VerificationCallRequest())
    waiting = await world.until(waiting_for="verification-code")
    await world.orders.submit_verification_code(NUMBER, VerificationCodeEntry(code="123456"))
    await world.pass_time(timedelta(minutes=11))
    await world.orders.request_verification_call(NUMBER, VerificationCallRequest(extension="1"))
    code = VerificationCodeEntry(code=await world.code(waiting))
    await world.orders.submit_verification_code(NUMBER, code)
    await world.sign(await world.until(waiting_for="signature", status="pending-loa"))


async def letter_amended(world: World) -> None:
    """The signer declines; the next one signs."""
    await world.sign(await world.verified(), "canceled")
    await world.until(waiting_for="operator")
    await world.orders.amend(NUMBER, Amendment(email="new@example.com"))
    await world.sign(await world.until(waiting_for="signature", status="pending-loa"))


async def failed(world: World) -> None:
    """Twilio fails the order at the carrier."""
    signing = await world.verified()
    await world.tell(f"orders/{signing.sid}", status="failed", failure_reason="SMS is enabled")


async def overdue(world: World) -> None:
    """Nobody signs, and the order's deadline passes."""
    await world.verified(deadline_days=1)
    await world.env.sleep(timedelta(days=1, minutes=1))


async def cancelled(world: World) -> None:
    """A person cancels through the API."""
    await world.verified()
    await world.orders.cancel(NUMBER)


async def cancelled_in_the_ui(world: World) -> None:
    """A person cancels the workflow in the Temporal UI."""
    await world.verified()
    await world.handle().cancel()


async def troubled(world: World) -> None:
    """Lost answers, wrong credentials, a vanished order: on hold, then cancelled."""
    await world.fault("*", "*", "status", status=401, times=1)
    await world.fault("POST", "/HostedNumbers/HostedNumberOrders/*", "commit-then-drop", times=1)
    await world.start()
    await world.env.sleep(timedelta(minutes=2))
    waiting = await world.until(waiting_for="verification-code")
    assert waiting.sid is not None
    await world.twilio.hosted_number_orders.delete(waiting.sid)
    await world.orders.order_changed(NUMBER, OrderChanged())
    await world.until(waiting_for="nothing")
    await world.env.sleep(timedelta(minutes=2))
    await world.until(waiting_for="operator")
    await world.orders.cancel(NUMBER)


async def continued_as_new(world: World) -> None:
    """A history that the server finds long, and the run after it."""
    signing = await world.verified()
    for _ in range(6):
        await world.orders.order_changed(NUMBER, OrderChanged())
        await world.orders.progress(NUMBER)
    await world.sign(signing)


SCENARIOS: list[Callable[[World], Awaitable[None]]] = [
    completed,
    wrong_code_and_second_call,
    letter_amended,
    failed,
    overdue,
    cancelled,
    cancelled_in_the_ui,
    troubled,
]


async def record() -> None:
    """Live every scenario and write its history down."""
    folder = HISTORIES / version("hosted-numbers")
    folder.mkdir(parents=True, exist_ok=True)
    for scenario in SCENARIOS:
        async with a_world() as world:
            await scenario(world)
            await _write(folder / f"{scenario.__name__}.json", world.handle())
    options = ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60"]
    async with (
        await WorkflowEnvironment.start_local(
            data_converter=pydantic_data_converter,
            dev_server_existing_path=str(BINARIES / "temporal"),
            dev_server_extra_args=options,
        ) as env,
        a_world_on(env) as world,
        world.working(),
    ):
        await continued_as_new(world)
        await world.handle().result()
        name = continued_as_new.__name__
        first = (await world.orders.page()).orders[-1].run_id
        handle = world.client.get_workflow_handle(world.handle().id, run_id=first)
        await _write(folder / f"{name}_before.json", handle)
        await _write(folder / f"{name}_after.json", world.handle())


async def _write(path: Path, handle: WorkflowHandle[Any, Any]) -> None:
    """Wait for the end of a run and write its history down."""
    for _ in range(200):
        if (await handle.describe()).close_time is not None:
            break
        await asyncio.sleep(0.05)
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
    asyncio.run(record())
