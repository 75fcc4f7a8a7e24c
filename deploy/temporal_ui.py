"""The Temporal UI of a local deployment, with the settings that the dev server has no flags for.

The dev server can be told where payloads are decoded, but neither to have the browser send the
operator's cookie along, nor what to say where that is missing; the UI's own server can be told
both (``TEMPORAL_CODEC_INCLUDE_CREDENTIALS``, ``TEMPORAL_CODEC_DEFAULT_ERROR_MESSAGE``). So this
stands before the UI and passes everything on as it is, except for one answer: the UI's settings,
which it completes. Nothing but the standard library is needed, so it is there at once.
"""

import argparse
import asyncio
import contextlib
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

LOOPBACK: Final = "127.0.0.1"
SETTINGS: Final = "/api/v1/settings"
_MESSAGE: Final = "Sign in to the operator's pages in this browser, then reload, to read payloads:"
_PIECE: Final = 65_536
_LARGEST_HEAD: Final = 65_536


class Proxy:
    """Stands before one Temporal UI.

    Args:
        behind: the port of the UI on this machine.
        gateway: the base URL of the gateway that decodes.
    """

    def __init__(self, behind: int, gateway: str) -> None:
        self._behind = behind
        self._gateway = gateway

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one request; a connection has but one, which both ends are told."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await self._pass_on(reader, writer)
            except asyncio.LimitOverrunError:
                writer.write(_refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
                await writer.drain()
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        path = first.split(" ")[1].partition("?")[0] if first.count(" ") == 2 else ""  # noqa: PLR2004 - method, path, version
        dropped = {"connection", "keep-alive"}
        if path == SETTINGS:
            dropped.add("accept-encoding")
        kept = [line for line in lines if line.partition(":")[0].strip().lower() not in dropped]
        try:
            answers, ui = await asyncio.open_connection(LOOPBACK, self._behind)
        except ConnectionError:
            writer.write(_refusal(HTTPStatus.BAD_GATEWAY))
            await writer.drain()
            return
        try:
            ui.write("\r\n".join([first, *kept, "Connection: close", "", ""]).encode("latin-1"))
            await ui.drain()
            if path == SETTINGS:
                writer.write(self._completed(await answers.read(), _host(lines)))
                await writer.drain()
            else:
                await _both_ways(reader, ui, answers, writer)
        finally:
            ui.close()

    def _completed(self, answer: bytes, host: str) -> bytes:
        """The UI's settings with those of the codec endpoint; any other answer as it is."""
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        try:
            settings: dict[str, Any] = json.loads(body)
            settings["Codec"] |= self.codec(host)
        except (ValueError, KeyError, TypeError):
            return answer
        body = json.dumps(settings).encode()
        kept = [line for line in lines if not line.lower().startswith(b"content-length:")]
        length = f"Content-Length: {len(body)}".encode()
        return b"\r\n".join([first, *kept, length, b"", body])

    def codec(self, host: str) -> dict[str, Any]:
        """What the UI is to know of the codec endpoint.

        Args:
            host: by what name the browser knows this machine: its cookies go by that name.
        """
        gateway = self._gateway.replace(f"//{LOOPBACK}:", f"//{host}:")
        return {
            "Endpoint": f"{gateway}/codec",
            "IncludeCredentials": True,
            "DefaultErrorMessage": _MESSAGE,
            "DefaultErrorLink": f"{gateway}/sign-in",
        }


def _host(lines: Sequence[str]) -> str:
    """The machine's name in a request: ``localhost``, or the address."""
    named = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("host:")]
    return "localhost" if named and named[0].partition(":")[0] == "localhost" else LOOPBACK


async def _both_ways(
    browser: asyncio.StreamReader,
    to_ui: asyncio.StreamWriter,
    ui: asyncio.StreamReader,
    to_browser: asyncio.StreamWriter,
) -> None:
    """Copy until the UI has answered, or the browser gave up waiting for it."""
    copies = [
        asyncio.create_task(_copy(browser, to_ui)),
        asyncio.create_task(_copy(ui, to_browser)),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in copies:
            each.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        target.write(piece)
        await target.drain()


def _refusal(status: HTTPStatus) -> bytes:
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Content-Length: 0", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode()


async def serve(port: int, behind: int, gateway: str) -> None:
    """Serve on loopback until the process ends."""
    server = await asyncio.start_server(
        Proxy(behind, gateway).serve, LOOPBACK, port, limit=_LARGEST_HEAD
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="temporal_ui.py", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="to listen on")
    parser.add_argument("--behind", type=int, required=True, help="where the UI itself listens")
    parser.add_argument("--gateway", required=True, help="the base URL of the gateway")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.behind, arguments.gateway))


if __name__ == "__main__":
    main()
