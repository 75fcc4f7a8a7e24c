"""A real browser before the real product: Chromium of the system, driven by Playwright."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, StorageState, async_playwright

from deploy import local
from tests.browser.person import TELL_OF_VIOLATIONS, Person
from tests.end_to_end.conftest import deployment, number
from tests.end_to_end.product import Parts, Product

__all__ = ["browser", "cookies", "deployment", "number", "opened", "person", "product"]

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)

Opened = Callable[..., Awaitable[Person]]


def executable() -> str:
    """The system's browser; a test without one fails, as it would show nothing."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"No browser: install one of {', '.join(NAMES)} (apt install chromium)."
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def at_work(deployment: local.Deployment, parts: Parts) -> AsyncIterator[Product]:
    """The product with clients of its own."""
    key = {"Authorization": f"Bearer {deployment.secret('api-key')}"}
    async with (
        httpx.AsyncClient(
            base_url=deployment.url("gateway"), headers=key, trust_env=False, timeout=30
        ) as gateway,
        httpx.AsyncClient(
            base_url=deployment.url("simulator"), trust_env=False, timeout=30
        ) as simulator,
    ):
        yield Product(deployment, parts, gateway, simulator)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Started once; each person has a window with cookies of their own."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def product(deployment: tuple[local.Deployment, Parts]) -> AsyncIterator[Product]:
    """The product, whole."""
    deployment[1].check()
    async with at_work(*deployment) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def opened(product: Product, browser: Browser) -> AsyncIterator[Opened]:
    """Opens a window; afterwards the browser must not have complained of anything."""
    persons: list[Person] = []

    async def window(*, script: bool = True, **options: Any) -> Person:
        context = await browser.new_context(
            base_url=product.deployment.url("gateway"), java_script_enabled=script, **options
        )
        await context.add_init_script(TELL_OF_VIOLATIONS)
        persons.append(Person(await context.new_page(), product, script))
        return persons[-1]

    yield window
    for each in persons:
        await each.page.context.close()
    assert [trouble for each in persons for trouble in each.troubles] == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cookies(
    deployment: tuple[local.Deployment, Parts], browser: Browser
) -> AsyncIterator[StorageState]:
    """Those of a signed-in operator: passwords cannot be tried as often as there are tests."""
    context = await browser.new_context(base_url=deployment[0].url("gateway"))
    async with at_work(*deployment) as product:
        operator = Person(await context.new_page(), product)
        await operator.signs_in()
        await operator.sees("What needs a person now")
    yield await context.storage_state()
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def person(opened: Opened, cookies: StorageState, request: pytest.FixtureRequest) -> Person:
    """A signed-in operator; a parameter False switches JavaScript off."""
    return await opened(script=getattr(request, "param", True), storage_state=cookies)
