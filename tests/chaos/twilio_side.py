"""What happens on Twilio's side: phones ring, people sign and review, somebody deletes an order.

It goes straight to the simulator, around every fault but its death: these people use no network of
ours.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import httpx

_PAUSE: Final = 0.2
_ORDERS: Final = "/HostedNumbers/HostedNumberOrders"


@dataclass(frozen=True)
class TwilioSide:
    """The people there.

    Attributes:
        http: leads to the simulator, with the account's credentials.
    """

    http: httpx.AsyncClient

    async def heard_code(self, sid: str) -> str | None:
        """What the phone says; None where it does not ring, or the order is gone."""
        answer = await self.tell("GET", f"orders/{sid}/call")
        code: str | None = answer.json().get("verification_code")
        return code

    async def keyed(self, sid: str, digits: str) -> None:
        """The person at the ringing phone keys digits."""
        await self.tell("POST", f"orders/{sid}/call", digits=digits)

    async def moves(self, sid: str, status: str, reason: str | None = None) -> None:
        """Twilio moves an order."""
        await self.tell("POST", f"orders/{sid}", status=status, failure_reason=reason)

    async def signer(self, document_sid: str, status: str) -> None:
        """The signer signs, or does not; one that has decided already stays with that."""
        await self.tell("POST", f"authorization-documents/{document_sid}", status=status)

    async def reviewer(self, kind: str, sid: str, status: str) -> None:
        """The reviewer decides on a bill or on a supporting document."""
        reason = "The bill is older than 30 days" if status == "rejected" else None
        await self.tell("POST", f"{kind}/{sid}", status=status, failure_reason=reason)

    async def vanishes(self, sid: str) -> bool:
        """Somebody deletes an order in Twilio's console; whether that was possible."""
        answer = await self._sent("DELETE", f"{_ORDERS}/{sid}", None)
        return answer.status_code == httpx.codes.NO_CONTENT

    async def set_faults(self, rules: list[dict[str, Any]]) -> None:
        """Have requests suffer, and no others."""
        await self._sent("DELETE", "/_simulator/faults", None)
        for rule in rules:
            (await self.tell("POST", "faults", **rule)).raise_for_status()

    async def struck(self) -> dict[str, int]:
        """How often which fault struck since they were set."""
        found: dict[str, int] = {}
        for fault in (await self.tell("GET", "faults")).json()["faults"]:
            name = fault["action"]
            if name == "status":
                name = f"status-{fault['status']}"
            found[name] = found.get(name, 0) + int(fault["struck"])
        return found

    async def callbacks(self, mode: str) -> None:
        """Choose how callbacks travel."""
        (await self.tell("POST", "callbacks", mode=mode)).raise_for_status()

    async def ledger(self) -> dict[str, Any]:
        """What really happened."""
        ledger: dict[str, Any] = (await self.tell("GET", "ledger")).json()
        return ledger

    async def tell(self, method: str, path: str, /, **body: object) -> httpx.Response:
        """A control path, whatever it answers, as soon as the simulator does."""
        given = {name: value for name, value in body.items() if value is not None}
        return await self._sent(method, f"/_simulator/{path}", given or None)

    async def _sent(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        while True:
            try:
                return await self.http.request(method, path, json=body)
            except httpx.TransportError:
                await asyncio.sleep(_PAUSE)
