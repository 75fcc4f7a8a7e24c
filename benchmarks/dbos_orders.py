"""The same order on DBOS with SQLite: five API calls as steps, three messages, our own client.

DBOS lives inside an application's process, so this process is application and engine in one. It is
told over a line what the gateway of a product would be told over HTTP. Messages are looked for ten
times a second in place of once (DBOS's default), which is to its favour.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from benchmarks.line import Caller, listening
from benchmarks.outside import an_order
from hosted_numbers.process import run_process
from hosted_numbers.twilio import Credentials, TwilioClient

IN, OUT, DATABASE = "BENCHMARK_IN", "BENCHMARK_OUT", "BENCHMARK_DATABASE"
"""Variables: where this process listens, where it tells what ended, and its SQLite file."""

TOPICS = ("received", "pending-verification", "completed")
"""The callbacks that the order waits for; with the second comes the code that a person heard."""

_PATIENCE = 600.0


def _twilio() -> TwilioClient:
    if not _CLIENTS:
        account = os.environ["TWILIO_ACCOUNT_SID"]
        login = Credentials.account(account, os.environ["TWILIO_AUTH_TOKEN"])
        _CLIENTS.append(TwilioClient(login, base_url=os.environ["TWILIO_BASE_URL"]))
    return _CLIENTS[0]


_CLIENTS: list[TwilioClient] = []


@DBOS.step()
async def create_order(number: str) -> str:
    """Create the order at Twilio; its SID."""
    order = await _twilio().hosted_number_orders.create(
        phone_number=number,
        unique_name=number,
        email="owner@example.com",
        status_callback_url=os.environ["PUBLIC_BASE_URL"] + "/callbacks",
    )
    return str(order.sid)


@DBOS.step()
async def place_call(sid: str) -> str:
    """Have Twilio call the number."""
    order = await _twilio().hosted_number_orders.update(sid, status="pending-verification")
    return str(order.status)


@DBOS.step()
async def submit_code(sid: str, code: str) -> str:
    """Hand in what was heard."""
    order = await _twilio().hosted_number_orders.update(sid, verification_code=code)
    return str(order.status)


@DBOS.step()
async def send_letter(sid: str, number: str) -> str:
    """Send the Letter of Authorization out."""
    order = an_order(number)
    letter = await _twilio().authorization_documents.create(
        hosted_number_order_sids=[sid],
        address_sid=order.address_sid,
        email=order.email,
        contact_title=order.contact_title,
        contact_phone_number=order.contact_phone_number,
    )
    return str(letter.sid)


@DBOS.step()
async def look(sid: str) -> str:
    """Look at the order."""
    return str((await _twilio().hosted_number_orders.fetch(sid)).status)


@DBOS.workflow()
async def live(number: str) -> str:
    """One order from its start to ``completed``."""
    sid = await create_order(number)
    await DBOS.recv_async(TOPICS[0], _PATIENCE)
    await place_call(sid)
    code = await DBOS.recv_async(TOPICS[1], _PATIENCE)
    await submit_code(sid, code)
    await send_letter(sid, number)
    await DBOS.recv_async(TOPICS[2], _PATIENCE)
    return await look(sid)


async def serve() -> None:
    """Run orders as the line says, until told to end."""
    config: DBOSConfig = {
        "name": "benchmark",
        "system_database_url": f"sqlite:///{os.environ[DATABASE]}",
        "log_level": "ERROR",
        "notification_listener_polling_interval_sec": 0.1,
    }
    DBOS(config=config)
    DBOS.launch()
    out = Caller(Path(os.environ[OUT]))
    under_way: set[asyncio.Task[None]] = set()

    async def start(number: str) -> None:
        with SetWorkflowID(number):
            handle = await DBOS.start_workflow_async(live, number)
        out.say(ended=number, status=await handle.get_result())

    def hear(words: dict[str, Any]) -> None:
        number = words["number"]
        told = words.get("topic")
        act = DBOS.send_async(number, words["message"], told) if told else start(number)
        task = asyncio.ensure_future(act)
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    try:
        async with listening(Path(os.environ[IN]), hear):
            out.say(ready=True)
            await asyncio.Event().wait()
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    run_process("dbos", serve)
