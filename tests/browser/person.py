"""A person at a browser, and what the browser complained of meanwhile."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import ConsoleMessage, Error, FilePayload, Locator, Page, expect

from tests.end_to_end.product import Product

LOOKS: Final = 20_000  # milliseconds that a look may take, on a busy machine
expect.set_options(timeout=LOOKS)
OWNER: Final = {
    "E-mail of the owner": "owner@example.com",
    "Title of the signer": "Owner",
    "Phone of the signer": "+15017122662",
    "Address of the owner": "AD" + "0" * 32,
}
TELL_OF_VIOLATIONS: Final = (
    "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective))"
)
# A refused form is answered 4xx, which the browser notes as an error of the page.
_REFUSED: Final = re.compile(r"Failed to load resource: .* status of 4(01|03|04|09|22) ")
_SEVERE: Final = frozenset({"serious", "critical"})


@dataclass
class Person:
    """One person at one browser window.

    Attributes:
        page: the window.
        product: what they use.
        script: whether JavaScript is on.
        troubles: what the browser complained of.
    """

    page: Page
    product: Product
    script: bool = True
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to the browser's complaints."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._failed)

    async def goes(self, path: str) -> None:
        """Open a page of ours."""
        await self.page.goto(path)

    async def signs_in(self, password: str | None = None) -> None:
        """Fill in the form, where it is not open already."""
        if "/sign-in" not in self.page.url:
            await self.goes("/")
        right = self.product.deployment.secret("operator-password")
        await self.page.get_by_label("Operator's password").fill(password or right)
        await self.presses("Sign in")

    async def presses(self, name: str) -> None:
        """Press a button, by its whole name."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def orders(self, number: str) -> None:
        """Fill in a new order and send it."""
        await self.goes("/new")
        for label, value in {"Number to host": number, **OWNER}.items():
            await self.page.get_by_label(label).fill(value)
        await self.presses("Start the order")

    async def hands_in(self, name: str, content: bytes) -> None:
        """Choose a file and send it."""
        file = FilePayload(name=name, mimeType="application/pdf", buffer=content)
        await self.page.get_by_label("File").set_input_files([file])
        await self.presses("Hand it in")

    async def imports(self, content: bytes, button: str) -> None:
        """Choose a bulk file and press a button of its form."""
        await self.goes("/imports")
        file = FilePayload(name="orders.csv", mimeType="text/csv", buffer=content)
        await self.page.get_by_label("File").set_input_files([file])
        await self.presses(button)

    async def sees(self, words: str | re.Pattern[str], *, patience: float = LOOKS) -> None:
        """Wait until it stands there, for whoever looks."""
        shown = self.page.get_by_text(words).filter(visible=True).first
        await expect(shown).to_be_visible(timeout=patience)

    async def sees_alert(self, words: str | re.Pattern[str]) -> None:
        """Wait for what is wrong."""
        await expect(self.page.get_by_role("alert")).to_contain_text(words)

    def heading(self, name: str) -> Locator:
        """A heading, by its whole name."""
        return self.page.get_by_role("heading", name=name, exact=True)

    async def findings(self) -> list[str]:
        """What axe-core finds seriously wrong with this page."""
        found: Mapping[str, Any] = (await Axe().run(self.page)).response
        return [
            f"{each['id']}: {json.dumps([node['target'] for node in each['nodes']])}"
            for each in found["violations"]
            if each["impact"] in _SEVERE
        ]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _REFUSED.search(f"{message.text} "):
            self.troubles.append(message.text)

    def _failed(self, error: Error) -> None:
        self.troubles.append(str(error))


def picture(name: str) -> Path:
    """Where a picture for the documentation stands."""
    return Path(__file__).parents[2] / "docs" / "images" / f"{name}.png"
