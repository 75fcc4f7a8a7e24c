"""The pages for everybody: by keyboard alone, in both themes, by the rules of axe-core."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.browser.person import Person
from tests.end_to_end.product import Product

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
async def test_pages_are_accessible(
    opened: Opened, product: Product, number: str, theme: str, width: int
) -> None:
    """No serious finding on any page, its folded parts open, with errors in its forms."""
    await product.started(number)
    await product.until(number, waiting_for="verification-code")
    person = await opened(color_scheme=theme, viewport={"width": width, "height": 900})
    findings: dict[str, list[str]] = {}

    async def look(name: str) -> None:
        await person.page.evaluate(
            "document.querySelectorAll('details').forEach(each => each.open = true)"
        )
        findings[name] = await person.findings()
        too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        if await person.page.evaluate(too_wide):
            findings[name].append("wider than the window")

    await person.goes("/sign-in")
    await look("sign-in")
    await person.signs_in()
    await expect(person.heading("Overview")).to_be_visible()
    order = f"/orders/{number}"
    for path in ("/", order, f"{order}/cancel", "/new", "/imports", "/docs", "/no"):
        await person.goes(path)
        await look(path)
    await person.goes("/new")
    await person.page.evaluate("document.querySelector('form.long').noValidate = true")
    await person.presses("Start the order")
    await person.sees_alert("Something in the form is not right.")
    await look("mistyped order")
    await person.goes(f"/orders/{number}")
    await person.page.get_by_label("Code heard on the call").fill("12a")
    await person.presses("Enter the code")
    await person.sees("A verification code is 4 to 10 digits")
    await look("mistyped code")
    assert {name: found for name, found in findings.items() if found} == {}


async def test_keyboard_alone_enters_a_code(person: Person, product: Product, number: str) -> None:
    """The skip link comes first; a few tabs later stands the field of the form that acts."""
    page = person.page
    await product.started(number)
    code = await product.heard_code(await product.until(number, waiting_for="verification-code"))
    await person.goes(f"/orders/{number}")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    field = page.get_by_label("Code heard on the call")
    for _ in range(6):
        await page.keyboard.press("Tab")
        if await field.evaluate("each => each === document.activeElement"):
            break
    await expect(field).to_be_focused()
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")
    await expect(person.heading("Enter the code")).to_be_hidden()
    await product.until(number, phase="completed")


async def test_refused_form_has_the_focus_on_what_is_wrong(
    person: Person, product: Product, number: str
) -> None:
    """A screen reader begins there."""
    await product.started(number, call_when="asked")
    await product.until(number, waiting_for="verification-call")
    await person.goes(f"/orders/{number}")
    await person.page.get_by_text("Change the order").click()
    await person.presses("Change it")
    await expect(person.page.get_by_role("alert")).to_be_focused()
    await person.sees_alert("Name at least one field to change.")
