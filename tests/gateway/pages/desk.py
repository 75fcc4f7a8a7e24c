"""An operator at the pages: orders that stand as a test says, clients as browsers send."""

import html
import re
from typing import Any, Final

import argon2
import httpx
from fastapi import FastAPI

from hosted_numbers.contract import Answer, Message, Progress
from tests.gateway.orders_in_memory import NUMBER, OrdersInMemory, settings_of_gateway

PASSWORD: Final = "correct horse battery staple"
# Cheap on purpose: what is tested is not the cost.
ITS_HASH: Final = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
BASE: Final = "https://numbers.example.com"
BROWSER: Final = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}
ORDER_PAGE: Final = f"/orders/{NUMBER}"


class Orders(OrdersInMemory):
    """Orders that stand as they are told, and answer acts as they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.stands: dict[str, Any] = {}
        self.verdict: Answer | None = None

    async def progress(self, phone_number: str) -> Progress:
        """As it is told."""
        return (await super().progress(phone_number)).model_copy(update=self.stands)

    def _take(
        self, name: str, phone_number: str, message: Message, idempotency: str | None
    ) -> Answer:
        if self.refusal is not None:
            raise self.refusal
        answer = super()._take(name, phone_number, message, idempotency)
        return self.verdict or answer


def settings(**changes: object) -> Any:
    """Settings of a gateway whose operator has a password."""
    return settings_of_gateway(
        **({"hosted_numbers_operator_password_hash": ITS_HASH, "public_base_url": BASE} | changes)
    )


def browser(app: FastAPI, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    """A browser: it keeps cookies, does not follow redirects by itself."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 50_000)),
        base_url=app.state.desk.public_url,
        headers=BROWSER | headers,
    )


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    """Send the sign-in form."""
    return await client.post("/sign-in", data={"password": password})


async def token(client: httpx.AsyncClient) -> str:
    """The token of this session's forms."""
    found = re.search(r'name="token" value="([^"]+)"', (await client.get("/new")).text)
    assert found
    return found[1]


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form of ours with its token."""
    return await client.post(path, data={"token": await token(client), **fields})


def words(answer: httpx.Response) -> str:
    """What a person reads on a page, on one line."""
    main = answer.text.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())
