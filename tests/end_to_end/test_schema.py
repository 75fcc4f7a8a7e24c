"""Schemathesis asks the gateway as its description says, and worse; it must answer as it says."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.processes import _inherited
from tests.end_to_end.product import Product
from tests.world import BINARIES

pytestmark = [pytest.mark.processes, pytest.mark.timeout(720)]

SEED = "4"
CASES = 2_000
PATIENCE = 600
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
UNLIMITED = {
    "HOSTED_NUMBERS_RATE_LIMIT_STARTS": "100000/minute",
    "HOSTED_NUMBERS_RATE_LIMIT_CODES": "100000/minute",
    "HOSTED_NUMBERS_RATE_LIMIT_UPLOADS": "100000/minute",
    "HOSTED_NUMBERS_RATE_LIMIT_IMPORTS": "100000/minute",
    # What an order takes its time over is promised, so that a case takes no longer than this.
    "HOSTED_NUMBERS_ANSWER_DEADLINE_SECONDS": "1",
}


@pytest.fixture
async def unlimited(product: Product) -> AsyncIterator[Product]:
    """The product with a gateway that does not count: 429 would hide every other answer."""
    await product.parts.end("gateway")
    await product.parts.again("gateway", **UNLIMITED)
    yield product
    await product.parts.end("gateway")
    await product.parts.again("gateway")


async def test_the_gateway_answers_as_it_is_described(
    unlimited: Product, number: str, tmp_path: Path
) -> None:
    """No server error, no undocumented status or type, no answer of another form.

    Event streams are left out: they do not end while their order is open.
    """
    await unlimited.started(number)
    await unlimited.until(number, waiting_for="verification-code")
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(f'[parameters]\n"path.phone_number" = "{number}"\n')
    code, report = await schemathesis(
        tmp_path,
        *("--config-file", str(configuration)),
        "run",
        unlimited.deployment.url("gateway") + "/openapi.json",
        *("--header", f"Authorization: Bearer {unlimited.deployment.secret('api-key')}"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing"),
        *("--exclude-path-regex", "/events$"),
        *("--max-examples", "125"),
        *("--seed", SEED),
        *("--request-timeout", "15"),
    )
    assert code == 0, report
    [cases] = re.findall(r"([\d,]+) generated", report)
    assert int(cases.replace(",", "")) >= CASES, report


async def schemathesis(folder: Path, *words: str) -> tuple[int, str]:
    """Run it to its end: its exit code and what it reports."""
    process = await asyncio.create_subprocess_exec(
        str(BINARIES / "schemathesis"),
        *words,
        cwd=folder,
        env={**_inherited(), "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            report, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, report.decode()
