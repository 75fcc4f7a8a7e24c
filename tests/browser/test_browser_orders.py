"""Orders from nothing to their end in a browser, with JavaScript and without it."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opened
from tests.browser.person import LOOKS, Person
from tests.documents.files import a_locked_pdf, a_pdf
from tests.end_to_end.product import Product, eventually

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]

BOTH = pytest.mark.parametrize("person", [True, False], ids=["script", "plain"], indirect=True)
HOSTED = "The number is hosted on Twilio and ready for SMS."


async def moves_to(person: Person, heading: str) -> None:
    """The page comes to show a heading: by itself, or where nothing runs in it, looked at again."""
    if person.script:
        await expect(person.heading(heading)).to_be_visible()
        return

    async def stands_there() -> bool:
        await person.page.get_by_role("link", name="Look again").click()
        return await person.heading(heading).is_visible()

    await eventually(stands_there)


async def completes(person: Person, number: str) -> None:
    """The page comes to show that the number is hosted."""
    if not person.script:
        await person.product.until(number, phase="completed")
        await person.goes(f"/orders/{number}")
    await person.sees(HOSTED)


@BOTH
async def test_order_lives_by_a_code(person: Person, product: Product, number: str) -> None:
    """Started by the form, called, a wrong code, the right one, hosted."""
    page = person.page
    await person.orders(number)
    await expect(page).to_have_url(re.compile(rf"/orders/(\+|%2B){number[1:]}$"))
    await person.sees("The order was started.")
    await moves_to(person, "Enter the code")
    await person.sees("Code to key into the ringing phone")

    progress = await product.until(number, waiting_for="verification-code")
    code = await product.heard_code(progress)
    wrong = "0000" if code != "0000" else "1111"
    await page.get_by_label("Code heard on the call").fill(wrong)
    await person.presses("Enter the code")
    await person.sees_alert(re.compile("wrong|not the code|does not", re.IGNORECASE))
    if person.script:  # it stays, though the page has looked at the order again meanwhile
        async with page.expect_response(f"**/orders/{number}", timeout=LOOKS):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await person.sees_alert(re.compile("wrong|not the code|does not", re.IGNORECASE))
    await expect(page.get_by_label("Code heard on the call")).to_have_value("")
    await page.get_by_label("Code heard on the call").fill(code)
    await person.presses("Enter the code")
    await completes(person, number)
    await expect(person.heading("Give the number back")).to_have_count(0)
    await expect(page.get_by_text("Give the number back")).to_be_visible()


async def test_page_moves_without_being_loaded_again(
    person: Person, product: Product, number: str
) -> None:
    """Each step of the order appears on the open page, which says so to whoever cannot see it."""
    page = person.page
    await product.started(number, call_when="asked")
    await product.until(number, waiting_for="verification-call")
    await person.goes(f"/orders/{number}")
    await page.evaluate("window.untouched = true")
    await expect(person.heading("Have the number called")).to_be_visible()
    assert (await product.act(number, "verification-call")).status_code == 200
    await expect(person.heading("Enter the code")).to_be_visible()
    await expect(page.locator("#news")).to_contain_text(f"Twilio called {number}")
    code = await product.heard_code(await product.until(number, status="pending-verification"))
    assert (await product.act(number, "verification-code", code=code)).json()["taken"]
    await person.sees(HOSTED)
    assert await page.evaluate("window.untouched")


async def test_overview_moves_without_being_loaded_again(
    person: Person, product: Product, number: str
) -> None:
    """An order that a backend starts appears in the list."""
    await person.goes("/")
    await person.page.evaluate("window.untouched = true")
    await product.started(number, call_when="asked")
    row = person.page.locator("#pressing").get_by_text(number)
    await expect(row).to_be_visible()
    assert await person.page.evaluate("window.untouched")
    await row.click()
    await expect(person.heading(number)).to_be_visible()


async def test_what_somebody_types_is_left_alone(
    person: Person, product: Product, number: str
) -> None:
    """The order moves on around it, and the form says so."""
    page = person.page
    await product.started(number, call_when="asked")
    await product.until(number, waiting_for="verification-call")
    await person.goes(f"/orders/{number}")
    await page.get_by_text("Change the order").click()
    await page.get_by_label("Title of the signer").fill("Managing director")
    assert (await product.act(number, "verification-call")).status_code == 200
    await expect(person.heading("Enter the code")).to_be_visible()
    await person.sees("The order has moved on while you type.")
    await expect(page.get_by_label("Title of the signer")).to_have_value("Managing director")


@BOTH
async def test_order_lives_by_a_bill(person: Person, product: Product, number: str) -> None:
    """A locked PDF is refused with why, a good one is taken, the number is hosted."""
    await product.started(number, verification_type="phone-bill")
    await product.until(number, waiting_for="document")
    await person.goes(f"/orders/{number}")
    await expect(person.heading("Hand in a document")).to_be_visible()
    await person.hands_in("locked.pdf", a_locked_pdf(user="secret"))
    await person.sees_alert("password")
    await person.hands_in("bill.pdf", a_pdf(padding=200_000))
    await completes(person, number)


async def test_file_that_is_too_large_is_not_even_sent(
    person: Person, product: Product, number: str
) -> None:
    """The page says so at once."""
    await product.started(number, verification_type="phone-bill")
    await product.until(number, waiting_for="document")
    await person.goes(f"/orders/{number}")
    await person.hands_in("scan.pdf", a_pdf(padding=10_000_000))
    await person.sees("The file is larger than 10 MB.")
    assert (await product.progress(number) or {})["waiting_for"] == "document"


@BOTH
async def test_order_is_cancelled_after_a_second_thought(
    person: Person, product: Product, number: str
) -> None:
    """Asked, kept, asked again, cancelled."""
    page = person.page
    await product.started(number, call_when="asked")
    await product.until(number, waiting_for="verification-call")
    await person.goes(f"/orders/{number}")
    for answer in ("Keep it", "Cancel the order"):
        await page.get_by_text("Cancel the order", exact=True).click()
        await page.get_by_role("link", name="Cancel the order …").click()
        await expect(person.heading("Cancel this order?")).to_be_visible()
        role = "link" if answer == "Keep it" else "button"
        await page.get_by_role(role, name=answer, exact=True).click()  # type: ignore[arg-type] # one of its words
        await expect(person.heading(number)).to_be_visible()
    await product.until(number, phase="cancelled")
    await person.goes(f"/orders/{number}")
    await person.sees("The order was cancelled.")


@pytest.mark.security("S4")
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_operator_signs_in_and_out(opened: Opened, *, script: bool) -> None:
    """A wrong password, the right one, back to the page that was wanted; out, and no way back."""
    person = await opened(script=script)
    await person.goes("/new")
    await person.signs_in("not the password")
    await person.sees_alert("That is not the password.")
    await person.signs_in()
    await expect(person.heading("New order")).to_be_visible()
    [cookie] = await person.page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("session", True, "Lax")
    await person.presses("Sign out")
    await expect(person.heading("Sign in")).to_be_visible()
    await person.goes("/")
    await expect(person.heading("Sign in")).to_be_visible()


@pytest.mark.security("S5")
async def test_another_site_cannot_act(person: Person, product: Product, number: str) -> None:
    """Its form is sent by the operator's browser, which says where it comes from."""
    await product.started(number, call_when="asked")
    await product.until(number, waiting_for="verification-call")
    gateway = product.deployment.url("gateway")
    evil = f'<form method="post" action="{gateway}/orders/{number}/cancel"><button>Win</button>'
    await person.page.route(
        "http://evil.test/", lambda route: route.fulfill(body=evil, content_type="text/html")
    )
    await person.goes("http://evil.test/")
    await person.presses("Win")
    await person.sees(
        re.compile("This was not sent from a page of this gateway|You are signed out")
    )
    assert (await product.progress(number) or {})["phase"] == "verification"
