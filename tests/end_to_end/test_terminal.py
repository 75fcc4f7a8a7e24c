"""The view of people at a terminal: Temporal's own command line, and ours."""

import asyncio
import base64
import json
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from hosted_numbers.encryption import codec
from hosted_numbers.settings import Settings
from hosted_numbers.temporal import connect
from tests.end_to_end.product import Finished, Product, eventually, run, settled

pytestmark = pytest.mark.processes

ORDER = [
    "--email",
    "owner@example.com",
    "--address-sid",
    "AD" + "0" * 32,
    "--contact-title",
    "Owner",
    "--contact-phone-number",
    "+15017122662",
]


async def temporal(product: Product, *words: str) -> str:
    """What ``temporal workflow …`` says."""
    where = ["--address", f"127.0.0.1:{product.deployment.ports['temporal']}"]
    done = await run("temporal", "workflow", *words, *where, environment={})
    assert done.code == 0, done.err
    return done.out


async def listed(product: Product, query: str) -> list[dict[str, Any]]:
    """The workflows that a query finds, once Temporal's list, which lags, shows one."""

    async def look() -> list[dict[str, Any]]:
        said = await temporal(product, "list", "--query", query, "--output", "json")
        return list(json.loads(said))

    return await eventually(look)


async def current_details(product: Product, workflow: str) -> str:
    """What the workflow tells of itself, as the UI shows it to whoever has the keys."""
    with settled(product.parts.at_temporal):
        client = await connect(Settings.read())
    handle = client.get_workflow_handle(workflow)
    told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(told.current_details)


async def orders(product: Product, *words: str) -> Finished:
    """What ``hosted-numbers order …`` says."""
    environment = product.deployment.environment("temporal")
    return await run("hosted-numbers", "order", *words, environment=environment)


@pytest.mark.security("S14")
async def test_temporals_own_command_line_shows_and_moves_an_order(
    product: Product, number: str
) -> None:
    """It is found by what it waits for and moved by a plain signal; its words need the keys."""
    workflow = f"hosted-number-order/{number}"
    await product.started(number, customer="acme")
    waiting = await product.until(number, waiting_for="verification-code")

    found = await listed(
        product,
        "HostedNumberWaitingFor = 'verification-code' AND HostedNumberCustomer = 'acme' AND "
        f"HostedNumberStatus = 'pending-verification' AND HostedNumberOrderSid = '{waiting['sid']}'"
        " AND HostedNumberDeadline > '2020-01-01T00:00:00Z'",
    )
    assert [(each["execution"]["workflowId"], each["type"]["name"]) for each in found] == [
        (workflow, "HostedNumberOrder")
    ]
    told = json.loads(await temporal(product, "metadata", "-w", workflow, "--output", "json"))
    (sealed,) = told["queryResult"]["payloads"]
    assert base64.b64decode(sealed["metadata"]["encoding"]) == codec.ENCODING
    page = await current_details(product, workflow)
    assert page.startswith(f"### {number}: pending-verification")
    assert "- Next: Enter the code that was heard" in page
    here = f"{product.deployment.url('gateway')}/orders/{number.replace('+', '%2B')}"
    assert f"({here})" in page
    assert "owner@example.com" not in page

    code = json.dumps({"code": await product.heard_code(waiting)})
    name = ["--name", "submit_verification_code"]
    assert code.split('"')[-2] not in page
    await temporal(product, "signal", "-w", workflow, *name, "--input", code)
    await product.until(number, phase="completed")
    page = await current_details(product, workflow)
    assert f"{number}: completed" in page
    assert "Act on this order" not in page


async def test_order_commands_bring_an_order_to_its_end(product: Product, number: str) -> None:
    """Data on stdout, words on stderr, exit 0; a refusal is exit 1, wrong words are exit 2."""
    created = await orders(
        product, "create", "--phone-number", number, *ORDER, "--call-when", "asked", "-o", "json"
    )
    assert created.code == 0, created.err
    assert json.loads(created.out)["workflow_id"] == f"hosted-number-order/{number}"
    await product.until(number, waiting_for="verification-call")
    watching = asyncio.create_task(orders(product, "watch", number, "--output", "json"))
    called = await orders(product, "call", number, "-o", "json")
    assert (called.code, json.loads(called.out)["taken"]) == (0, True), called.err

    shown = await orders(product, "show", number, "--output", "json")
    progress = json.loads(shown.out)
    assert (shown.code, progress["waiting_for"]) == (0, "verification-code")
    code = await product.heard_code(progress)
    wrong, right = str((int(code) + 1) % 10**4).zfill(4), code
    refused = await orders(product, "code", number, wrong, "-o", "json")
    assert (refused.code, json.loads(refused.out)["taken"]) == (1, False)
    taken = await orders(product, "code", number, right, "-o", "json")
    assert (taken.code, json.loads(taken.out)["taken"]) == (0, True)

    watched = await watching
    seen = [json.loads(line)["phase"] for line in watched.out.splitlines()]
    assert (watched.code, seen[0], seen[-1]) == (0, "verification", "completed")
    late, unknown = await asyncio.gather(
        orders(product, "cancel", number, "--yes"), orders(product, "show", "+12125550999")
    )
    assert (late.code, unknown.code) == (1, 1)
    assert "has ended" in late.err or "ended at" in late.err
    assert "No order is known" in unknown.err


async def test_order_is_listed_and_cancelled_from_the_terminal(
    product: Product, number: str
) -> None:
    """A list by filters, as JSON; a cancelled order is deleted at Twilio, and its watch exits 1."""
    await product.started(number, customer="to-be-cancelled")
    await product.until(number, waiting_for="verification-code")
    mine = ["list", "--open", "--customer", "to-be-cancelled", "--output", "json"]

    async def rows_of_list() -> list[dict[str, Any]]:
        return list(json.loads((await orders(product, *mine)).out))

    rows = await eventually(rows_of_list)
    assert [(row["phone_number"], row["open"]) for row in rows] == [(number, True)]
    nonsense, cancelled = await asyncio.gather(
        orders(product, "code", number, "12a4"), orders(product, "cancel", number, "--yes")
    )
    assert (nonsense.code, cancelled.code) == (2, 0), (nonsense, cancelled)
    assert (await orders(product, "watch", number)).code == 1
    at_twilio = [o for o in (await product.ledger())["orders"] if o["phone_number"] == number]
    assert [each["deleted"] for each in at_twilio] == [True]
