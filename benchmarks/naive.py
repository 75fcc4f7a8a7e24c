"""What one writes first, from samples: it works, and it is kept as a fair example of it.

An HTTP client per call, a loop that sleeps and polls, the sandbox as it comes. It is no straw man:
imports are passed through as the samples do, and no call is made twice.
"""

import asyncio
import os
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import httpx

QUEUE = "naive"
POLL = timedelta(seconds=1)
"""A second, so that a run ends soon; a minute or five would be usual."""

ORDERS = "/HostedNumbers/HostedNumberOrders"
LETTERS = "/HostedNumbers/AuthorizationDocuments"


async def _call(method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    login = (os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    async with httpx.AsyncClient(base_url=os.environ["TWILIO_BASE_URL"], auth=login) as client:
        answer = await client.request(method, path, data=form)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@activity.defn
async def create_order(number: str) -> dict[str, Any]:
    """Create the order at Twilio."""
    form = {"PhoneNumber": number, "SmsCapability": "true", "Email": "owner@example.com"}
    callback = os.environ["PUBLIC_BASE_URL"] + "/callbacks"
    return await _call("POST", ORDERS, form | {"StatusCallbackUrl": callback})


@activity.defn
async def start_verification(sid: str) -> dict[str, Any]:
    """Have Twilio call the number."""
    return await _call("POST", f"{ORDERS}/{sid}", {"Status": "pending-verification"})


@activity.defn
async def enter_code(sid: str, code: str) -> dict[str, Any]:
    """Hand in what was heard."""
    return await _call("POST", f"{ORDERS}/{sid}", {"VerificationCode": code})


@activity.defn
async def create_authorization(sid: str) -> dict[str, Any]:
    """Send the Letter of Authorization out."""
    form = {
        "HostedNumberOrderSids": sid,
        "AddressSid": "AD" + "0" * 32,
        "Email": "owner@example.com",
        "ContactTitle": "Chief Executive",
        "ContactPhoneNumber": "+15017122662",
    }
    return await _call("POST", LETTERS, form)


@activity.defn
async def fetch_order(sid: str) -> dict[str, Any]:
    """Look at the order."""
    return await _call("GET", f"{ORDERS}/{sid}")


@workflow.defn
class NaiveOrder:
    """One order."""

    def __init__(self) -> None:
        self._code: str | None = None

    @workflow.run
    async def run(self, number: str) -> str:
        """Live its life."""
        order = await self._do(create_order, number)
        sid = order["sid"]
        await self._until(sid, "received")
        await self._do(start_verification, sid)
        await self._until(sid, "pending-verification")
        await workflow.wait_condition(lambda: self._code is not None)
        await self._do(enter_code, sid, self._code)
        await self._do(create_authorization, sid)
        return await self._until(sid, "completed")

    async def _until(self, sid: str, status: str) -> str:
        while True:
            await asyncio.sleep(POLL.total_seconds())
            order = await self._do(fetch_order, sid)
            if order["status"] == status:
                return status

    async def _do(self, what: Any, *arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await workflow.execute_activity(
            what, args=arguments, start_to_close_timeout=timedelta(seconds=30)
        )
        return answer

    @workflow.signal
    def hear_code(self, code: str) -> None:
        """A person heard the code."""
        self._code = code


WORKFLOWS: list[type] = [NaiveOrder]
ACTIVITIES = [create_order, start_verification, enter_code, create_authorization, fetch_order]
