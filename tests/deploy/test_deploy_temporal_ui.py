"""The proxy before the local Temporal UI: it completes the UI's settings, and that is all."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from deploy import local, temporal_ui
from deploy.processes import free_port
from tests.end_to_end.product import eventually
from tests.listening import listening, port_of

GATEWAY = "http://127.0.0.1:8080"
SETTINGS = {"Version": "2", "Codec": {"Endpoint": "x", "PassAccessToken": False}}


@dataclass
class Ui:
    """What stands behind: it answers as it is told and keeps what it was asked.

    Attributes:
        port: where it listens.
        url: of the proxy before it.
        body: its answer; None lets it wait until whoever asks has gone.
        heads: what came, up to the body.
        bodies: what came then.
        gone: set when whoever asked has gone.
    """

    port: int = 0
    url: str = ""
    body: bytes | None = json.dumps(SETTINGS).encode()
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        announced = [line for line in head.lower().split("\r\n") if line.startswith("content-len")]
        if announced:
            self.bodies.append(await reader.readexactly(int(announced[0].partition(":")[2])))
        if self.body is None:
            await reader.read()
            self.gone.set()
        else:
            length = f"Content-Length: {len(self.body)}\r\n"
            start = "HTTP/1.1 200 OK\r\nX-Own: kept\r\nConnection: close\r\n"
            writer.write(f"{start}{length}\r\n".encode() + self.body)


@pytest.fixture
async def ui() -> AsyncIterator[Ui]:
    """A UI and the proxy before it."""
    found = Ui()
    async with listening(found.serve) as behind:
        found.port = port_of(behind)
        async with listening(temporal_ui.Proxy(found.port, GATEWAY).serve) as before:
            found.url = f"http://{before}"
            yield found


def asking(ui: Ui, **headers: str) -> httpx.AsyncClient:
    """A browser at the proxy."""
    return httpx.AsyncClient(base_url=ui.url, headers=headers, trust_env=False)


@pytest.mark.parametrize(
    ("host", "gateway"),
    [
        ("127.0.0.1:8233", GATEWAY),
        ("localhost:8233", "http://localhost:8080"),
        ("canary.example.com", GATEWAY),
    ],
)
async def test_the_uis_settings_name_the_gateway(ui: Ui, host: str, gateway: str) -> None:
    """With credentials, and what to do without them; by the name that the browser's cookie has."""
    async with asking(ui, Host=host) as http:
        answer = await http.get("/api/v1/settings?x=1")

    assert answer.json()["Version"] == "2"
    codec = answer.json()["Codec"]
    assert codec["Endpoint"] == f"{gateway}/codec"
    assert codec["IncludeCredentials"] is True
    assert codec["PassAccessToken"] is False
    assert codec["DefaultErrorLink"] == f"{gateway}/sign-in"
    assert "Sign in" in codec["DefaultErrorMessage"]
    assert answer.headers["x-own"] == "kept"
    assert f"host: {host}" in ui.heads[0].lower()
    assert "accept-encoding" not in ui.heads[0].lower()


@pytest.mark.parametrize("body", [b"", b"not found", b"[]", b"{}", b'{"Codec": 1}'])
async def test_other_settings_are_left_alone(ui: Ui, body: bytes) -> None:
    """A UI of another version may say other things."""
    ui.body = body
    async with asking(ui) as http:
        answer = await http.get("/api/v1/settings")

    assert answer.content == body


async def test_everything_else_passes_as_it_is(ui: Ui) -> None:
    """Bodies both ways, headers, and several requests one after the other."""
    ui.body = bytes(range(256)) * 4096
    sent = b"\x00\xff" * 100_000
    async with asking(ui, Cookie="_csrf=x") as http:
        for _ in range(2):
            answer = await http.post("/api/v1/namespaces?x=%2F", content=sent)
            assert answer.content == ui.body

    assert ui.bodies == [sent, sent]
    for head in ui.heads:
        assert head.startswith("POST /api/v1/namespaces?x=%2F HTTP/1.1\r\n")
        assert "cookie: _csrf=x" in head.lower()
        assert head.lower().count("connection: close") == 1
        assert "keep-alive" not in head.lower()


async def test_who_gives_up_waiting_leaves_nothing_behind(ui: Ui) -> None:
    """The UI asks for news and waits; a page that is left does not."""
    ui.body = None
    async with asking(ui) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/api/v1/news", timeout=httpx.Timeout(20, read=0.2))
    async with asyncio.timeout(20):
        await ui.gone.wait()


async def test_what_is_no_request_is_dropped(ui: Ui) -> None:
    """Half a head, or one without an end, reaches nobody."""
    host, port = "127.0.0.1", int(ui.url.rpartition(":")[2])
    for sent in (b"GET / HTTP/1.1\r\nHost:", b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(20):
            answer = await read_all(reader)
        assert answer in {b"", temporal_ui._refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)}
        writer.close()
    assert ui.heads == []


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """What came until the other side closed, however it did."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_ui_that_is_away_is_a_bad_gateway() -> None:
    """502, which the deployment waits through while Temporal starts."""
    proxy = temporal_ui.Proxy(free_port(), GATEWAY)
    async with listening(proxy.serve) as address, asking(Ui(url=f"http://{address}")) as http:
        answers = [await http.get(path) for path in ("/", "/api/v1/settings")]

    assert [answer.status_code for answer in answers] == [502, 502]


async def test_it_runs_as_a_process(ui: Ui) -> None:
    """On loopback, by the arguments that the deployment gives."""
    port = free_port()
    script = str(local.ROOT / "deploy" / "temporal_ui.py")
    arguments = ["--port", str(port), "--behind", str(ui.port), "--gateway", GATEWAY]
    process = await asyncio.create_subprocess_exec(sys.executable, script, *arguments)

    async def settings() -> dict[str, Any]:
        try:
            async with asking(Ui(url=f"http://127.0.0.1:{port}")) as http:
                found: dict[str, Any] = (await http.get(temporal_ui.SETTINGS)).json()
                return found
        except httpx.TransportError:
            return {}

    try:
        assert (await eventually(settings))["Codec"]["IncludeCredentials"]
    finally:
        process.kill()
        await process.wait()
