"""What must never be written down: a whole life, and then a search through everything written."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)

from hosted_numbers import temporal
from hosted_numbers.encryption import codec
from hosted_numbers.settings import Settings
from tests.bulk.files import a_row, as_csv
from tests.end_to_end.product import CREATE, ORDERS, Product, eventually, new_number, settled
from tests.end_to_end.test_documents import a_bill, upload
from tests.end_to_end.test_notifications import listening, told
from tests.orders import an_order

pytestmark = pytest.mark.processes

CONTACT = "+12025550188"
CANARIES = {
    "email": "canary.owner@canary.example.com",
    "contact_title": "Canarytitle",
    "contact_phone_number": CONTACT,
    "friendly_name": "Canaryname",
    "cc_emails": ["canary.office@canary.example.com"],
    "address_sid": "AD" + "ca" * 16,
}


def written(folder: Path) -> str:
    """Every log of the product's own processes."""
    logs = [folder / f"{name}.log" for name in ("gateway", "worker", "simulator")]
    return "\n".join(log.read_text(encoding="utf-8") for log in logs)


@pytest.mark.security("S22")
async def test_no_log_holds_what_is_personal(product: Product, number: str) -> None:
    """Neither names, e-mails and codes of an order that completed, nor a number in full."""
    await product.started(number, **CANARIES)
    waiting = await product.until(number, waiting_for="verification-code")
    code = await product.heard_code(waiting)
    assert (await product.act(number, "verification-code", code="00000")).status_code == 200
    await product.act(number, "amend", contact_title="Canarychange")
    await product.lives(number)

    log = written(product.deployment.state / "logs")

    assert "POST /v1/hosted-number-orders 201" in log
    assert re.findall(r"(?i)canary[a-z.]*", log) == []
    assert CONTACT not in log
    assert number not in log
    assert f"*{number[-4:]}" in log
    # a date, a port, a duration, a correlation id and the end of a masked number are digits too
    assert not re.search(rf"(?<![-.:*0-9a-f]){code}(?!\.?[-:0-9a-f])", log)


async def test_a_request_is_found_in_what_it_led_to(product: Product, number: str) -> None:
    """By its name: in the gateway's log, and in the worker's, through Temporal."""
    name = f"order-of-{number[-2:]}.test"
    order = an_order(phone_number=number).model_dump(exclude_defaults=True)
    answer = await product.gateway.post(ORDERS, json=order, headers={"X-Correlation-Id": name})
    assert answer.headers["x-correlation-id"] == name
    await product.until(number, waiting_for="verification-code")
    logs = product.deployment.state / "logs"

    for process, event in (
        ("gateway", "POST /v1/hosted-number-orders 201"),
        ("worker", "Activity done"),
    ):
        lines = (logs / f"{process}.log").read_text(encoding="utf-8").splitlines()
        found = [line for line in lines if f"correlation_id={name}" in line]
        assert any(event in line for line in found), process
    assert (await product.act(number, "cancel")).status_code == 200


REFUSED_BY_ITS_CARRIER = "+13235550117"
OF_AN_IMPORT = 9_917
ENCRYPTED = base64.b64encode(codec.ENCODING).decode()
# Temporal's own words: what can be searched for, and which patch or local activity a marker is of.
IN_THE_CLEAR = {"indexedFields", "patch-data", "data"}


async def lives_of_all_kinds(product: Product) -> list[str]:
    """A wrong and a right code, bills, a letter for two, a file, refusals; the codes."""
    called, billed, *sharing = (new_number() for _ in range(4))
    hiccup = {"method": "POST", "path": CREATE, "action": "status", "status": 500, "times": 1}
    assert (await product.simulator.post("/_simulator/faults", json=hiccup)).status_code == 201
    await product.started(called, **CANARIES)
    await product.struck(1)
    await product.started(billed, verification_type="phone-bill", **CANARIES)
    for each in sharing:
        await product.started(each, loa_group="of two", loa_group_size=2, **CANARIES)
    row = as_csv(a_row(OF_AN_IMPORT, **CANARIES)).read()
    answer = await product.gateway.post(
        "/v1/bulk-imports", content=row, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 202, answer.text
    await product.started(REFUSED_BY_ITS_CARRIER, **CANARIES)
    waiting = await product.until(called, waiting_for="verification-code")
    codes = [await product.heard_code(waiting)]
    await product.act(called, "verification-code", code="00000")
    await product.act(called, "amend", contact_title="Canarychange")
    await product.until(billed, waiting_for="document")
    assert (await upload(product, billed, a_bill())).status_code == 200
    await product.until(billed, phase="completed")
    await asyncio.gather(*(product.lives(each) for each in (called, *sharing)))
    refused = await product.until(REFUSED_BY_ITS_CARRIER, waiting_for="verification-code")
    codes.append(await product.heard_code(refused))
    await product.act(REFUSED_BY_ITS_CARRIER, "verification-code", code=codes[-1])
    await product.until(REFUSED_BY_ITS_CARRIER, phase="failed")
    imported = str(a_row(OF_AN_IMPORT)["phone_number"])
    sid = (await product.at_twilio(imported))["sid"]
    reason = {"status": "failed", "failure_reason": "Canaryreason"}
    await product.simulator.post(f"/_simulator/orders/{sid}", json=reason)
    failed = await product.until(imported, phase="failed")
    assert "Canaryreason" in json.dumps(failed)
    return codes


async def kept_by_temporal(product: Product, since: datetime) -> list[dict[str, Any]]:
    """Each run since a moment as it is listed, and its history, as they are on the wire."""
    with settled(product.parts.at_temporal):
        client = await temporal.connect(Settings.read())
    listing = ListWorkflowExecutionsRequest(
        namespace=client.namespace, query=f"StartTime >= '{since.isoformat()}'", page_size=1000
    )
    listed = (await client.workflow_service.list_workflow_executions(listing)).executions
    found = []
    for run in listed:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace, execution=run.execution
        )
        answer = await client.workflow_service.get_workflow_execution_history(request)
        assert not answer.next_page_token
        found.append({"listed": MessageToDict(run), "history": MessageToDict(answer)})
    return found


def inside(value: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a message as JSON, with the name that it has."""
    if isinstance(value, dict):
        yield name, value
        for key, each in value.items():
            if key not in IN_THE_CLEAR:
                yield from inside(each, key)
    for each in value if isinstance(value, list) else ():
        yield from inside(each, name)


def bytes_of(folder: Path, names: str) -> bytes:
    """What the files beneath a folder that match hold, one after another."""
    return b"".join(each.read_bytes() for each in sorted(folder.rglob(names)) if each.is_file())


@pytest.mark.security("S10")
@pytest.mark.security("S11")
@pytest.mark.security("S12")
@pytest.mark.security("S13")
@pytest.mark.timeout(300)
async def test_nothing_personal_is_written_in_the_clear(product: Product) -> None:
    """Not in histories, lists, memos, the database, the blob store, nor in any process's log."""
    since = datetime.now(UTC)
    with listening() as receiver:
        async with told(product, receiver):
            codes = await lives_of_all_kinds(product)

            async def heard() -> bool:
                return "order.failed" in receiver.of(REFUSED_BY_ITS_CARRIER)

            await eventually(heard)

    async def all_listed() -> list[dict[str, Any]]:
        found = await kept_by_temporal(product, since)
        types = {each["listed"]["type"]["name"] for each in found}
        return found if types >= {"BulkImport", "HostedNumberOrder", "Notification"} else []

    kept = await eventually(all_listed)
    objects = list(inside(kept))
    payloads = [each for _, each in objects if "encoding" in each.get("metadata", {})]
    assert len(payloads) > 100
    assert {each["metadata"]["encoding"] for each in payloads} == {ENCRYPTED}
    ours = {"failure", "lastFailure", "cause"}
    failures = [o for name, o in objects if name in ours and "serverFailureInfo" not in o]
    assert failures
    assert {each.get("message") for each in failures} == {"Encoded failure"}

    state = product.deployment.state
    on_disk = {
        "database": bytes_of(state, "temporal.db*"),
        "logs": bytes_of(state / "logs", "*.log"),
        "blobs": bytes_of(state / "blobs", "*"),
        "wire": json.dumps(kept).encode(),
    }
    assert REFUSED_BY_ITS_CARRIER.encode() in on_disk["database"]  # the search finds what is there
    assert on_disk["blobs"]
    personal = [CONTACT, str(CANARIES["address_sid"]), *(f'"code":"{code}"' for code in codes)]
    for where, written_there in on_disk.items():
        assert re.findall(rb"(?i)canary[a-z.]*", written_there) == [], where
        assert b"%PDF" not in written_there, where
        assert [each for each in personal if each.encode() in written_there] == [], where
