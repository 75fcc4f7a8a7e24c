"""Payloads in the Temporal UI: unreadable for a stranger, readable for the signed-in operator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from hosted_numbers.ids import order_workflow_id
from tests.end_to_end.product import Product

pytestmark = [
    pytest.mark.processes,
    pytest.mark.security("S15"),
    pytest.mark.asyncio(loop_scope="session"),
]

CANARY: Final = "owner@canary.example.com"
_DECODE: Final = """async url => {
  try {
    const answer = await fetch(url, {
      method: 'POST', credentials: 'include', body: '{"payloads": []}',
      headers: {'Content-Type': 'application/json', 'X-Namespace': 'default'},
    });
    return answer.status;
  } catch (error) {
    return error.name;
  }
}"""


@asynccontextmanager
async def window(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """A window whose complaints are the Temporal UI's own affair."""
    context = await browser.new_context(viewport={"width": 1280, "height": 1000}, **options)
    try:
        yield await context.new_page()
    finally:
        await context.close()


def shown_by_temporal(product: Product, number: str) -> str:
    """The page of an order in the Temporal UI."""
    workflow = quote(order_workflow_id(number), safe="")
    return f"{product.deployment.url('ui')}/namespaces/default/workflows/{workflow}"


async def test_an_order_is_read_in_the_temporal_ui_by_the_operator_alone(
    product: Product, browser: Browser, cookies: StorageState, number: str
) -> None:
    """A stranger sees ciphertext and the way to sign in; the operator the order and its words."""
    await product.started(number, email=CANARY)
    await product.until(number, waiting_for="verification-code")
    page_of_order = shown_by_temporal(product, number)

    async with window(browser) as stranger:
        await stranger.goto(page_of_order)
        sign_in = stranger.get_by_role("link", name="/sign-in")
        await expect(sign_in).to_be_visible()
        await expect(stranger.get_by_text("find_or_create").first).to_be_visible()
        address = await sign_in.get_attribute("href")
        assert address == f"{product.deployment.url('gateway')}/sign-in"
        assert CANARY not in await stranger.content()

    async with window(browser, storage_state=cookies) as operator:
        await operator.goto(page_of_order)
        await expect(operator.get_by_text(CANARY).first).to_be_visible()
        await expect(operator.get_by_text("Create the order at Twilio").first).to_be_visible()
        await expect(operator.get_by_role("link", name="/sign-in")).to_have_count(0)


async def test_no_other_page_reads_by_the_operators_cookie(
    product: Product, browser: Browser, cookies: StorageState
) -> None:
    """The simulator's pages are of the same site, so the cookie comes along: it does not help."""
    decode = f"{product.deployment.url('gateway')}/codec/decode"
    found = {}
    async with window(browser, storage_state=cookies) as operator:
        for part, path in (("ui", "/"), ("simulator", "/_simulator/ledger")):
            await operator.goto(product.deployment.url(part) + path)
            found[part] = await operator.evaluate(_DECODE, decode)

    assert found == {"ui": 200, "simulator": "TypeError"}
