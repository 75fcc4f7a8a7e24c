"""One cheap look at Twilio: whether the credentials work there, and what time it is.

For people who set an installation up; orders never need it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from hosted_numbers.twilio.client import Credentials, TwilioClient
from hosted_numbers.twilio.errors import TwilioError


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        refusal: why the list of orders was not shown; None where it was.
        ahead: how far our clock is before Twilio's, to a second; None where no answer told.
    """

    refusal: TwilioError | None
    ahead: timedelta | None


class _Dated(httpx.AsyncBaseTransport):
    """Notes the time that the last answer was sent at."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.ahead: timedelta | None = None
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        try:
            sent = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            return answer
        self.ahead = datetime.now(UTC) - sent.replace(tzinfo=sent.tzinfo or UTC)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


async def look(
    credentials: Credentials,
    base_url: str | None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Look:
    """List one order at most, which changes nothing.

    Args:
        credentials: those to try.
        base_url: in place of Twilio's hosts, for the simulator.
        transport: in place of httpx's own, in tests.
    """
    own = transport or httpx.AsyncHTTPTransport(trust_env=False)
    dated = _Dated(own)
    async with TwilioClient(credentials, base_url=base_url, transport=dated) as twilio:
        try:
            async for _ in twilio.hosted_number_orders.list(page_size=1):
                break
        except TwilioError as error:
            return Look(error, dated.ahead)
    return Look(None, dated.ahead)
