"""What Prometheus finds: every metric that a dashboard or an alert names, and nothing personal."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle

from hosted_numbers import contract, temporal
from hosted_numbers.settings import Settings
from hosted_numbers.sweeps import SCHEDULE_ID
from tests.end_to_end.product import Product, eventually, new_number, settled
from tests.end_to_end.test_notifications import listening, told
from tests.promql import alert_expressions, metric_names, panel_expressions

pytestmark = pytest.mark.processes

DEPLOY = Path(__file__).parents[2] / "deploy"
CANARIES = {
    "email": "canary.owner@canary.example.com",
    "contact_title": "Canarytitle",
    "contact_phone_number": "+12025550188",
    "customer": "reference-of-a-customer",  # searched by, so in the clear at Temporal
}
REFUSED = "+12125550111"
"""Twilio has it already."""
SOMEBODY_WAITS = re.compile(
    r'^hosted_numbers_orders{status="pending-verification",waiting_for="verification-code"} [1-9]',
    re.MULTILINE,
)
"""The orders are counted now and then, so this comes a while after the order stands there."""
SERIES = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? \S+$", re.MULTILINE)


async def scraped(product: Product, *parts: str) -> str:
    """The metrics of the parts: ``worker-metrics``, ``gateway-metrics``."""
    found = []
    async with httpx.AsyncClient(trust_env=False, timeout=20) as prometheus:
        for name in parts:
            answer = await prometheus.get(product.deployment.url(name) + "/metrics")
            assert answer.status_code == 200
            found.append(answer.text)
    return "\n".join(found)


@asynccontextmanager
async def an_unknown_workflow(client: Client) -> AsyncIterator[WorkflowHandle[None, None]]:
    """A workflow that no worker knows, so that its tasks fail until somebody ends it."""
    handle: WorkflowHandle[None, None] = await client.start_workflow(
        "NobodyKnowsIt", id="nobody-knows-it", task_queue=contract.TASK_QUEUE
    )
    try:
        yield handle
    finally:
        await handle.terminate()


def value_of(series: str, text: str) -> float:
    """What a scrape says of a series; 0 where it has none, as nothing was counted yet."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_every_metric_that_is_named_is_there(product: Product) -> None:
    """After a few lives, a failure, a refusal, a person who waits, and a wrong password."""
    wanted = metric_names(panel_expressions(DEPLOY) + alert_expressions(DEPLOY))
    completed, waiting = new_number(), new_number()
    before = await scraped(product, "gateway-metrics")
    with listening() as receiver, settled(product.parts.at_temporal):
        client = await temporal.connect(Settings.read())
        async with told(product, receiver), an_unknown_workflow(client):
            await product.started(completed, **CANARIES)
            waits = await product.until(completed, waiting_for="verification-code")
            code = await product.heard_code(waits)
            await product.lives(completed)
            await product.started(waiting, **CANARIES)
            await product.until(waiting, waiting_for="verification-code")
            await product.started(REFUSED)
            await product.until(REFUSED, waiting_for="operator")
            await product.gateway.post("/callbacks/twilio", data={"PhoneNumber": waiting})
            await product.gateway.post(
                "/sign-in",
                data={"password": "canary-password"},
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            await client.get_schedule_handle(SCHEDULE_ID).trigger()

            async def complete() -> str:
                text = await scraped(product, "worker-metrics", "gateway-metrics")
                named = {name for name, _ in SERIES.findall(text)}
                return text if wanted <= named and SOMEBODY_WAITS.search(text) else ""

            text = await eventually(complete)
            for number in (waiting, REFUSED):
                assert (await product.act(number, "cancel")).status_code == 200

    for canary in (
        "canary",
        "Canarytitle",
        "reference-of",
        completed,
        waiting,
        REFUSED[1:],
        "5550188",
        "HR0",
    ):
        assert canary not in text, canary
    # a moment, and the bound of a bucket, may hold any digits
    assert not re.search(rf'="(?:[^"]*[^0-9."])?{code}(?![0-9.])', text)
    assert not re.search(r'"[A-Z]{2}[0-9a-f]{32}"', text)
    for counted in (
        'hosted_numbers_callbacks_total{outcome="forged"}',
        'hosted_numbers_sign_ins_total{outcome="wrong-password"}',
    ):
        assert value_of(counted, text) == value_of(counted, before) + 1, counted
    assert re.search(r"hosted_numbers_twilio_requests_total{[^}]*twilio_code=\"22110\"", text)
    assert re.search(r"hosted_numbers_holds_total{[^}]*reason=", text)
