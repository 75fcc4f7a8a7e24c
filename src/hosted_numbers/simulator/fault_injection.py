"""Makes requests suffer the faults that are set: an ASGI middleware in front of Twilio's API."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hosted_numbers.simulator.connections import drop
from hosted_numbers.simulator.errors import HTTP_STATUS, TwilioError
from hosted_numbers.simulator.faults import FaultRule

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
Judge: TypeAlias = Callable[[Scope], FaultRule | None]
"""Says which rule a request suffers; called once for each request, before anything is done."""

_GARBAGE: Final = '{"sid": "HR'
_BODILESS: Final = frozenset({204, 304})
_CODES: Final = {status: code for code, status in HTTP_STATUS.items()} | {403: 20003}


class FaultInjection:
    """The middleware.

    Args:
        app: what answers a request that passes.
        judge: finds the rule that strikes.
        sleep: waits so many real seconds.
        cleared: waits until the faults are cleared.
    """

    def __init__(
        self, app: ASGIApp, *, judge: Judge, sleep: Sleep, cleared: Callable[[], Awaitable[None]]
    ) -> None:
        self._app = app
        self._judge = judge
        self._sleep = sleep
        self._cleared = cleared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it suffer."""
        rule = self._judge(scope) if scope["type"] == "http" else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        match rule.action:
            case "status":
                await _planned(rule)(scope, receive, send)
            case "drop":
                await drop(scope, receive)
            case "delay":
                await _first_of(self._sleep(rule.delay_seconds), self._cleared())
                await self._app(scope, receive, send)
            case _:
                answer = await self._answer(scope, receive)
                await self._spoil(rule, answer, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> "_Answer":
        answer = _Answer()
        await self._app(scope, receive, answer.take)
        return answer

    async def _spoil(
        self, rule: FaultRule, answer: "_Answer", scope: Scope, receive: Receive, send: Send
    ) -> None:
        body = bytes(answer.body)
        match rule.action:
            case "garbage" if answer.start["status"] not in _BODILESS:
                spoilt = _as_bytes(_GARBAGE if rule.body is None else rule.body)
                MutableHeaders(scope=answer.start)["content-length"] = str(len(spoilt))
                await send(answer.start)
                await send(_part(spoilt))
            case "slice":
                await send(answer.start)
                for index in range(len(body)):
                    await send(_part(body[index : index + 1], more=True))
                    await self._sleep(rule.delay_seconds)
                await send(_part(b""))
            case "truncate":
                await send(answer.start)
                await send(_part(body[: len(body) // 2], more=True))
                # what was written so far must leave before the connection is cut
                await self._sleep(0.01)
                await drop(scope, receive)
            case "commit-then-drop":
                await drop(scope, receive)
            case _:
                await send(answer.start)
                await send(_part(body))


class _Answer:
    """An answer that is held back."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


async def _first_of(*waits: Awaitable[None]) -> None:
    """Wait until the first of these is over."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _planned(rule: FaultRule) -> Response:
    status = rule.status if rule.status is not None else 500
    body: Any = rule.body
    if body is None:
        code = _CODES.get(status, 20500 if status >= 500 else 20001)  # noqa: PLR2004 - HTTP's 5xx
        body = TwilioError(code, f"Injected fault, HTTP status {status}").body() | {
            "status": status
        }
    if status in _BODILESS:
        return Response(status_code=status, headers=rule.headers)
    media_type = "text/html" if isinstance(body, str) else "application/json"
    return Response(_as_bytes(body), status, rule.headers, media_type)


def _as_bytes(body: Any) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
