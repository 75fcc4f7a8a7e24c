"""Deploys under open orders: an upgrade, a bad release, the way back; with versions and without."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest
from temporalio.client import Client

from deploy import local
from deploy.processes import listening
from hosted_numbers import contract, temporal
from hosted_numbers.ids import order_workflow_id
from hosted_numbers.orders import HostedNumberOrders
from hosted_numbers.problem_reports import ProblemReports
from hosted_numbers.rollouts import rollout
from hosted_numbers.settings import Settings
from tests.end_to_end.product import (
    Finished,
    Parts,
    Product,
    a_deployment,
    eventually,
    new_number,
    replay,
    run,
    settled,
)
from tests.end_to_end.test_documents import a_bill, upload

pytestmark = [pytest.mark.processes, pytest.mark.timeout(420), pytest.mark.fault("F44")]

NAME: Final = "hosted-numbers"
PATIENCE: Final = 150.0
GOOD: Final = str(local.ROOT / "worker.py")
BAD: Final = str(Path(__file__).parent / "incompatible_worker.py")
OPEN: Final = f"WorkflowType = '{contract.WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"


@pytest.fixture
def deployment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[local.Deployment, Parts]]:
    """A deployment of the test's own, in which nobody signs by themselves."""
    with a_deployment(tmp_path_factory.mktemp("state"), people="reviewer") as running:
        yield running


@pytest.fixture
async def client(product: Product) -> AsyncIterator[Client]:
    """A client of the deployment's Temporal."""
    with settled(product.parts.at_temporal):
        yield await temporal.connect(Settings.read())


async def start_worker(
    product: Product, client: Client, script: str, build: str | None = None
) -> str:
    """Start a worker, of a version or of none, and wait until it polls; its name."""
    name = f"worker-{build}" if build else f"worker-{Path(script).stem}"
    version = {"TEMPORAL_DEPLOYMENT_NAME": NAME, "TEMPORAL_WORKER_BUILD_ID": build or ""}

    async def polls() -> bool:
        if build is None:  # Temporal still names the worker whose place it takes
            port = product.deployment.ports["worker-metrics"]
            return listening(port) and await temporal.has_worker(client, contract.TASK_QUEUE)
        found = await rollout(client, contract.TASK_QUEUE)
        return found is not None and found.newest == build

    metrics = () if build else ("worker-metrics",)  # those of several versions run side by side
    environment = product.deployment.environment("temporal", "twilio", "documents", *metrics)
    await product.parts.start(
        name, [sys.executable, script], environment | (version if build else {}), polls
    )
    return name


async def command(product: Product, *words: str) -> Finished:
    """A command of the operator's."""
    return await run(*words, environment=product.parts.at_temporal)


async def make_current(product: Product, client: Client, build: str) -> None:
    """As docs/deploys.md says."""
    version = ("--deployment-name", NAME, "--build-id", build)
    step = ("temporal", "worker", "deployment", "set-current-version")

    async def done() -> bool:  # the server takes a moment to know both task queues of a version
        return (await command(product, *step, *version, "--yes")).code == 0

    await eventually(done)

    async def holds() -> bool:
        found = await rollout(client, contract.TASK_QUEUE)
        return found is not None and found.current == build

    await eventually(holds)


async def open_orders(product: Product, count: int) -> list[tuple[str, str]]:
    """So many orders in four phases: what each waits for, and its number."""
    needs = ("verification-call", "verification-code", "document", "signature")
    orders = [(needs[at % len(needs)], new_number()) for at in range(count)]
    more: dict[str, dict[str, object]] = {
        "verification-call": {"call_when": "asked"},
        "document": {"verification_type": "phone-bill"},
    }
    for need, number in orders:
        await product.started(number, **more.get(need, {}))
    for need, number in orders:
        if need == "signature":
            await enter_code(product, number)
    for need, number in orders:
        await product.until(number, PATIENCE, waiting_for=need)
    return orders


async def enter_code(product: Product, number: str) -> None:
    """The owner heard the code."""
    waiting = await product.until(number, PATIENCE, waiting_for="verification-code")
    answer = await product.act(number, "verification-code", code=await product.heard_code(waiting))
    assert answer.json()["taken"], answer.text


async def live_on(product: Product, need: str, number: str) -> None:
    """People do what the order waits for, until it completes."""
    if need == "verification-call":
        assert (await product.act(number, "verification-call")).json()["taken"]
    if need in {"verification-call", "verification-code"}:
        await enter_code(product, number)
    if need == "document":
        assert (await upload(product, number, a_bill())).json()["taken"]
    signing = await product.until(number, PATIENCE, waiting_for="signature", status="pending-loa")
    letter = signing["authorization_document_sid"]
    answer = await product.simulator.post(
        f"/_simulator/authorization-documents/{letter}", json={"status": "signed"}
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    await product.until(number, PATIENCE, phase="completed")


async def all_live_on(product: Product, lives: list[tuple[str, str]]) -> None:
    """A few at a time: each is looked at ten times a second."""
    room = asyncio.Semaphore(8)

    async def one(need: str, number: str) -> None:
        async with room:
            await live_on(product, need, number)

    await asyncio.gather(*(one(*life) for life in lives))


async def each_once(product: Product, numbers: list[str]) -> None:
    """Twilio holds one completed order for each number, and mailed one letter for it."""
    ledger = await product.ledger()
    for number in numbers:
        orders = [each for each in ledger["orders"] if each["phone_number"] == number]
        assert [each["status"] for each in orders] == ["completed"], number
        sid = orders[0]["sid"]
        letters = [
            each["sid"] for each in ledger["authorization_documents"] if sid in each["order_sids"]
        ]
        mails = [each for each in ledger["loa_mails"] if each["document_sid"] in letters]
        assert (len(letters), len(mails)) == (1, 1), number
        assert len([each for each in ledger["calls"] if each["order_sid"] == sid]) <= 1, number


async def build_of(client: Client, number: str) -> str:
    """The build id of the worker that last went on with an order."""
    execution = await client.get_workflow_handle(order_workflow_id(number)).describe()
    info = execution.raw_description.workflow_execution_info.versioning_info
    return info.deployment_version.build_id


async def stand_still(client: Client, numbers: list[str]) -> None:
    """Each order is told something, and no task of it goes well, until all are reported."""
    orders, reports = HostedNumberOrders(client), ProblemReports(client, timedelta(seconds=10))
    for number in numbers:
        await orders.order_changed(number, contract.OrderChanged())

    async def all_reported() -> bool:
        return await reports.count() == len(numbers)

    await eventually(all_reported, PATIENCE)
    causes = {each.cause for each in (await reports.read()).some}
    assert len(causes) == 1
    assert "does not fit its history" in causes.pop()
    assert (await client.count_workflows(OPEN)).count == len(numbers)


async def healed(client: Client) -> None:
    """Nothing is reported any more."""
    reports = ProblemReports(client, timedelta(seconds=10))

    async def none() -> bool:
        return await reports.count() == 0

    await eventually(none, PATIENCE)


async def test_fifty_open_orders_outlive_an_upgrade_and_a_bad_release(
    product: Product, client: Client
) -> None:
    """They go on under build 2, stand still under build 3, and go on when 2 is current again."""
    await product.parts.end("worker")
    first = await start_worker(product, client, GOOD, "1")
    await make_current(product, client, "1")
    lives = await open_orders(product, 50)
    everything = [number for _, number in lives]

    await start_worker(product, client, GOOD, "2")
    await make_current(product, client, "2")
    assert await product.parts.dismiss(first) == 0
    upgraded = lives[:6]
    await all_live_on(product, upgraded)
    assert {await build_of(client, number) for _, number in upgraded} == {"2"}
    left = lives[len(upgraded) :]

    bad = await start_worker(product, client, BAD, "3")
    await make_current(product, client, "3")
    await stand_still(client, [number for _, number in left])
    doctor = await command(product, "hosted-numbers", "doctor")
    assert doctor.code == 1
    assert "stuck workflows" in doctor.out
    assert "docs/deploys.md" in doctor.err

    await make_current(product, client, "2")
    await product.parts.dismiss(bad)
    await healed(client)
    await all_live_on(product, left)
    await each_once(product, everything)
    await replay(product, everything)


async def test_bad_release_without_versions_is_healed_by_the_good_one(
    product: Product, client: Client
) -> None:
    """The bad worker takes the place of the good one, and the good one takes it back."""
    lives = await open_orders(product, 4)
    everything = [number for _, number in lives]
    await product.parts.end("worker")
    bad = await start_worker(product, client, BAD)
    await stand_still(client, everything)
    await product.parts.dismiss(bad)
    await product.parts.again("worker")
    await healed(client)
    await all_live_on(product, lives)
    await each_once(product, everything)
    await replay(product, everything)
