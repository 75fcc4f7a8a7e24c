"""An HTTP server that answers each request at once with the same order.

It is as little of a server as can be, so that a client is what is measured. It reads requests by
their blank line and their Content-Length, and keeps the connection.
"""

import asyncio
import json
import re
import sys
from typing import Final

from deploy.processes import LOOPBACK

SID: Final = "HR" + "a" * 32

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


def answer() -> bytes:
    """The answer, head and body: an order of about a kilobyte, as Twilio's page shows one."""
    order = {
        "account_sid": "AC" + "1" * 32,
        "incoming_phone_number_sid": "PN" + "2" * 32,
        "address_sid": "AD" + "3" * 32,
        "signing_document_sid": "PX" + "4" * 32,
        "phone_number": "+15017122661",
        "capabilities": {"sms": True, "voice": False},
        "friendly_name": "The number of the front desk",
        "unique_name": "hosted-number-order/+15017122661",
        "status": "pending-verification",
        "failure_reason": "",
        "date_created": "2026-03-02T09:00:00Z",
        "date_updated": "2026-03-02T09:00:05Z",
        "verification_attempts": 1,
        "email": "owner@example.com",
        "cc_emails": ["one@example.com", "two@example.com"],
        "url": f"https://preview.twilio.com/HostedNumbers/HostedNumberOrders/{SID}",
        "verification_type": "phone-call",
        "verification_document_sid": None,
        "extension": "",
        "call_delay": 0,
        "verification_code": "123456",
        "verification_call_sids": ["CA" + "5" * 32],
        "sid": SID,
    }
    body = json.dumps(order).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Stub(asyncio.Protocol):
    """One connection."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._heard += data
        while (head := self._heard.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._heard, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._heard) < end:
                return
            self._heard = self._heard[end:]
            assert isinstance(self._transport, asyncio.Transport)  # noqa: S101 - TCP has no other
            self._transport.write(self._said)


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    said = answer()
    server = await asyncio.get_running_loop().create_server(lambda: Stub(said), LOOPBACK, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
