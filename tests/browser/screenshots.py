"""The pictures of the documentation: ``python -m tests.browser.screenshots``.

A deployment of its own is started with a few orders at different points of their lives; each page
is taken in both themes.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser

from deploy import local
from tests.browser.conftest import at_work, chromium
from tests.browser.person import Person, picture
from tests.documents.files import a_pdf
from tests.end_to_end.product import ORDERS, Parts, Product, a_deployment

THEMES: Final = ("light", "dark")
SHOWN: Final = "+12125550140"
LARGEST: Final = 200_000  # bytes
_REGISTRATION: Final = {"type": "business_registration", "with_file": True}


async def lives(product: Product) -> None:
    """Orders at different points of their lives."""
    await product.started(SHOWN, customer="Harbour Dental")
    await product.started("+14155550141", verification_type="phone-bill", customer="Elm Books")
    await product.started("+16135550142", call_when="asked", customer="Maple Bakery")
    await product.started("+17085550115", customer="Lakeside Motors")
    await product.started("+12125550143", supporting_documents=[_REGISTRATION])
    await product.started("+12125550144", customer="Harbour Dental")
    await product.started("+15015550145", verification_type="phone-bill", customer="Old Mill Inn")
    await product.lives("+12125550144")
    await product.until("+15015550145", waiting_for="document")
    bill = await product.gateway.post(
        f"{ORDERS}/+15015550145/documents",
        content=a_pdf(),
        headers={"Content-Type": "application/pdf"},
    )
    assert bill.status_code == 200, bill.text
    await product.until("+15015550145", phase="completed")
    for number in ("+12125550143", SHOWN):
        progress = await product.until(number, waiting_for="verification-code")
        if number != SHOWN:
            code = await product.heard_code(progress)
            await product.act(number, "verification-code", code=code)
    await product.until("+12125550143", status="verified")
    await product.until("+17085550115", waiting_for="verification-call")


async def taken(browser: Browser, product: Product, theme: str) -> None:
    """Every page in one theme."""
    context = await browser.new_context(
        base_url=product.deployment.url("gateway"),
        color_scheme=theme,  # type: ignore[arg-type] # one of THEMES
        viewport={"width": 1180, "height": 820},
    )
    person = Person(await context.new_page(), product)
    await person.goes("/sign-in")
    await _take(person, f"sign-in-{theme}")
    await person.signs_in()
    await person.sees("What needs a person now")
    for name, path in (("overview", "/"), ("order", f"/orders/{SHOWN}"), ("new-order", "/new")):
        await person.goes(path)
        await _take(person, f"{name}-{theme}", whole=name != "overview")
    await context.close()


async def _take(person: Person, name: str, *, whole: bool = False) -> None:
    path = picture(name)
    path.parent.mkdir(exist_ok=True)
    await person.page.screenshot(path=path, full_page=whole)
    size = path.stat().st_size
    assert size < LARGEST, f"{name} has {size} bytes"
    print(f"{path.name}  {size} bytes")  # noqa: T201 - talks to the person at the terminal


async def main(deployment: local.Deployment, parts: Parts) -> None:
    """Take them all."""
    async with at_work(deployment, parts) as product, chromium() as browser:
        await lives(product)
        for theme in THEMES:
            await taken(browser, product, theme)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(prefix="hosted-numbers-") as folder,
        a_deployment(Path(folder)) as (where, processes),
    ):
        asyncio.run(main(where, processes))
