"""A bulk file in a browser, with JavaScript and without it."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.person import Person
from tests.end_to_end.product import Product, eventually, new_number
from tests.orders import an_order

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

HEADER = "phone_number,email,address_sid,contact_title,contact_phone_number,call_when"


def a_file(*numbers: str) -> bytes:
    """CSV with an order for each number, to be called when asked."""
    order = an_order()
    rest = [order.email, order.address_sid, order.contact_title, order.contact_phone_number]
    lines = [",".join([number, *rest, "asked"]) for number in numbers]
    return "\n".join([HEADER, *lines, ""]).encode()


@pytest.mark.parametrize("person", [True, False], ids=["script", "plain"], indirect=True)
async def test_file_is_checked_mended_and_imported(person: Person, product: Product) -> None:
    """A bad row is named by its line; the mended file's figures come to their end on the page."""
    page, numbers = person.page, [new_number(), new_number()]
    await person.imports(a_file("+15550000000", *numbers), "Only check the file")
    await person.sees_alert("1 of 3 rows are not right.")
    report = page.get_by_role("row").filter(has_text="phone_number")
    await expect(report.get_by_role("rowheader")).to_have_text("2")
    if person.script:  # axe is one
        assert await person.findings() == []

    await person.imports(a_file(*numbers), "Start the import")
    await expect(page).to_have_url(re.compile(r"/imports/[0-9a-f]{32}$"))
    await person.sees("The import has begun.")

    async def has_ended() -> bool:
        if not person.script:
            await page.get_by_role("link", name="Look again").click()
        return await person.heading("Every row was handled").is_visible()

    await eventually(has_ended)
    await person.sees("2 of 2 rows")
    if person.script:
        assert await person.findings() == []
    for number in numbers:
        await product.until(number, waiting_for="verification-call")
