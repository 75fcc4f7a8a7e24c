"""The stories of the demo: the backend that sends each order, and the people who help it."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pikepdf

ORDERS = "/v1/hosted-number-orders"
_SOONEST, _LOOK = 0.05, 0.2
"""Seconds between two looks: at first it may be a matter of a moment."""


class NotAsScriptedError(Exception):
    """The product answered something else than the script says."""


def _a_page() -> bytes:
    """A document of one empty page: the simulated reviewer does not read."""
    page = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(page)
    return page.getvalue()


@dataclass
class People:
    """The backend and the people around one order.

    Attributes:
        number: the order's phone number.
        progress: what the API last said of it.
        doing: what the people are doing, for the table.
    """

    gateway: httpx.AsyncClient
    simulator: httpx.AsyncClient
    number: str
    progress: dict[str, Any] = field(default_factory=dict)
    doing: str = ""

    async def order(self, **fields: Any) -> None:
        """The backend sends the order, with some fields of its own."""
        self.doing = "sends the order"
        answer = await self.gateway.post(
            ORDERS,
            json={
                "phone_number": self.number,
                "email": "owner@example.com",
                "address_sid": "AD" + "0" * 32,
                "contact_title": "Chief Executive",
                "contact_phone_number": "+15017122662",
                "customer": "demo",
                **fields,
            },
        )
        answer.raise_for_status()

    async def until(self, waiting_for: str, phase: str | None = None) -> None:
        """Look at the order's progress until it waits for something, or is in a phase."""
        pause = _SOONEST
        while True:
            await self.look()
            if self.progress.get("phase") == phase or (
                phase is None and self.progress.get("waiting_for") == waiting_for
            ):
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LOOK)

    async def look(self) -> None:
        """What the API says of the order now."""
        answer = await self.gateway.get(f"{ORDERS}/{self.number}")
        answer.raise_for_status()
        self.progress = answer.json()

    async def act(self, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A person's act through the API; its answer."""
        answer = await self.gateway.post(f"{ORDERS}/{self.number}/{what}", json=body or {})
        answer.raise_for_status()
        taken: dict[str, Any] = answer.json()
        return taken

    async def provide(self, type_: str = "utility_bill") -> None:
        """A person uploads a document.

        Raises:
            NotAsScriptedError: it was not taken.
        """
        self.doing = f"uploads the {type_.replace('_', ' ')}"
        answer = await self.gateway.post(
            f"{ORDERS}/{self.number}/documents",
            params={"type": type_},
            content=_a_page(),
            headers={"Content-Type": "application/pdf"},
        )
        answer.raise_for_status()
        if not answer.json()["taken"]:
            raise NotAsScriptedError(answer.json()["reason"])

    async def enter(self, code: str, *, taken: bool) -> None:
        """A person enters a code, and is told that it is right, or wrong, as the script says.

        Raises:
            NotAsScriptedError: the answer is another one.
        """
        answer = await self.act("verification-code", {"code": code})
        if answer["taken"] is not taken:
            raise NotAsScriptedError(answer["reason"])

    async def heard_code(self) -> str:
        """The person picks up the phone and listens to the code."""
        self.doing = "picks up the phone"
        answer = await self.simulator.get(f"/_simulator/orders/{self.progress['sid']}/call")
        answer.raise_for_status()
        return str(answer.json()["verification_code"])


async def verified(people: People, **fields: Any) -> None:
    """The owner of a number that was ordered picks up, hears the code and enters it."""
    await people.order(**fields)
    await people.until("verification-code")
    code = await people.heard_code()
    people.doing = "enters the code"
    await people.enter(code, taken=True)


async def carried(people: People) -> None:
    """The carrier does its part."""
    people.doing = "waits for the carrier"
    await people.until("", phase="completed")


async def plain(people: People) -> None:
    """A code, a signature, the carrier."""
    await verified(people)
    await carried(people)


async def wrong_code_first(people: People) -> None:
    """The owner mistypes the code once."""
    await people.order()
    await people.until("verification-code")
    code = await people.heard_code()
    people.doing = "mistypes the code"
    wrong = str((int(code) + 1) % 10000).zfill(4)
    await people.enter(wrong, taken=False)
    await asyncio.sleep(1)
    people.doing = "enters the right code"
    await people.enter(code, taken=True)
    await carried(people)


async def sms_enabled(people: People) -> None:
    """Twilio finds that the number has SMS somewhere else."""
    await people.order()
    people.doing = "waits for Twilio"
    await people.until("", phase="failed")


async def signer_declines(people: People) -> None:
    """The signer declines the first letter; the right person signs the second."""
    await verified(people)
    people.doing = "waits for the signature"
    await people.until("operator")
    people.doing = "amends who signs"
    await people.act("amend", {"email": "director@example.com", "contact_title": "Director"})
    await carried(people)


async def bill_rejected(people: People) -> None:
    """Ownership is proven by a bill: the first is not the owner's, the second is."""
    await people.order(verification_type="phone-bill")
    await people.until("document")
    await people.provide()
    people.doing = "waits for the review"
    await people.until("document")
    await people.provide()
    await carried(people)


async def line_out_of_reach(people: People) -> None:
    """Twilio cannot call the line, so a bill proves who owns it."""
    await people.order()
    people.doing = "waits for the call"
    await people.until("verification-call")
    await people.provide()
    await carried(people)


async def papers_and_a_correction(people: People) -> None:
    """A supporting document is needed; later the carrier wants a correction, and gets it."""
    document = {
        "type": "business_registration",
        "attributes": {"address_sids": ["AD" + "0" * 32], "business_name": "Example Inc."},
        "with_file": True,
    }
    await verified(people, supporting_documents=[document])
    await people.until("document")
    await people.provide("business_registration")
    people.doing = "waits for the carrier"
    await people.until("operator")
    people.doing = "writes to Twilio's support"
    await asyncio.sleep(1)
    answer = await people.simulator.post(
        f"/_simulator/orders/{people.progress['sid']}", json={"status": "carrier-processing"}
    )
    answer.raise_for_status()
    await carried(people)


async def mind_changed(people: People) -> None:
    """The business changes its mind while the code waits."""
    await people.order()
    await people.until("verification-code")
    people.doing = "changes its mind"
    await people.act("cancel")
    await people.until("", phase="cancelled")


@dataclass(frozen=True)
class Script:
    """One order of the demo: its number, its story, and how it must end."""

    number: str
    story: Callable[[People], Awaitable[None]]
    ending: str
    letters: int


SCRIPTS = (
    Script("+15017122661", plain, "completed", letters=1),
    Script("+14155550123", wrong_code_first, "completed", letters=1),
    Script("+12125550110", sms_enabled, "failed", letters=0),
    Script("+16135550113", signer_declines, "completed", letters=2),
    Script("+13125550116", bill_rejected, "completed", letters=1),
    Script("+12065550115", line_out_of_reach, "completed", letters=1),
    Script("+16045550112", papers_and_a_correction, "completed", letters=1),
    Script("+17185550124", mind_changed, "cancelled", letters=0),
)
