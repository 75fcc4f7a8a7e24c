"""What must never be written down: a whole life, and then a search through everything written."""

import re
from pathlib import Path

import pytest

from tests.end_to_end.product import Product

pytestmark = pytest.mark.processes

CONTACT = "+12025550188"
CANARIES = {
    "email": "canary.owner@canary.example.com",
    "contact_title": "Canarytitle",
    "contact_phone_number": CONTACT,
    "friendly_name": "Canaryname",
    "cc_emails": ["canary.office@canary.example.com"],
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

    assert "POST /v1/hosted-number-orders" in log
    assert re.findall(r"(?i)canary[a-z.]*", log) == []
    assert CONTACT not in log
    assert number not in log
    assert f"*{number[-4:]}" in log
    # a date, a port, a correlation id and the end of a masked number are digits too
    assert not re.search(rf"(?<![-.:*0-9a-f]){code}(?![-:0-9a-f])", log)
