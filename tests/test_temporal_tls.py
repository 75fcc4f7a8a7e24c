"""TLS to Temporal, with real certificates in front of a real server: who is believed, who not."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from hosted_numbers import temporal
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.settings import Settings
from tests.listening import listening, port_of
from tests.world import a_dev_server

pytestmark = pytest.mark.security("S16")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whose certificates are believed."""
    return trustme.CA()


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own way to Temporal counts."""
    for name in os.environ:
        if name.startswith("TEMPORAL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)


@dataclass
class Proxy:
    """What ends TLS before a server.

    Attributes:
        port: where it listens.
        believed: connections that got through their handshake.
    """

    port: int
    believed: int = 0


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@contextlib.asynccontextmanager
async def in_front_of(address: str, context: ssl.SSLContext) -> AsyncIterator[Proxy]:
    """A proxy before the server at an address."""
    host, _, port = address.rpartition(":")
    context.set_alpn_protocols(["h2"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.believed += 1
        answers, to_server = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(_pass_on(reader, to_server), _pass_on(answers, writer))
        finally:
            to_server.transport.abort()

    async with listening(serve, context=context) as here:
        proxy = Proxy(port_of(here))
        yield proxy


def served_by(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """The TLS of a server with this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def believes(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, folder: Path) -> None:
    """Have the client believe this authority, and no other."""
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(file))


async def test_who_is_believed_and_who_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> None:
    """A known authority and the right host; whoever else stands in between gets nothing.

    The SDK checks the host even where TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is set.
    """
    believes(monkeypatch, authority, tmp_path)
    good, other = authority.issue_cert("localhost"), authority.issue_cert("temporal.internal")
    async with await a_dev_server() as server:
        address = server.client.service_client.config.target_host
        async with in_front_of(address, served_by(good)) as proxy:
            monkeypatch.setenv("TEMPORAL_ADDRESS", f"localhost:{proxy.port}")
            assert await (await temporal.connect(Settings.read())).service_client.check_health()
            assert proxy.believed
        async with in_front_of(address, served_by(other)) as proxy:
            monkeypatch.setenv("TEMPORAL_ADDRESS", f"localhost:{proxy.port}")
            monkeypatch.setenv("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true")
            await is_refused(monkeypatch, proxy)
            monkeypatch.setenv("TEMPORAL_TLS_SERVER_NAME", "temporal.internal")
            assert await (await temporal.connect(Settings.read())).service_client.check_health()
            monkeypatch.delenv("TEMPORAL_TLS_SERVER_NAME")
        stranger = trustme.CA().issue_cert("localhost")
        async with in_front_of(address, served_by(stranger)) as proxy:
            monkeypatch.setenv("TEMPORAL_ADDRESS", f"localhost:{proxy.port}")
            await is_refused(monkeypatch, proxy)


async def is_refused(monkeypatch: pytest.MonkeyPatch, proxy: Proxy) -> None:
    """No handshake comes to its end, and the person learns which settings decide."""
    with monkeypatch.context() as patched:
        patched.setattr(temporal, "CONNECT_DEADLINE", timedelta(seconds=3))
        with pytest.raises(TemporalUnavailableError) as refused:
            await temporal.connect(Settings.read())
    assert proxy.believed == 0
    assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in refused.value.next_step


async def test_our_own_certificate_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> None:
    """To a server that asks for one; without it there is no connection."""
    believes(monkeypatch, authority, tmp_path)
    ours = authority.issue_cert("worker.example.com")
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "certificate.pem"))
    context = served_by(authority.issue_cert("localhost"))
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    async with await a_dev_server() as server:
        address = server.client.service_client.config.target_host
        async with in_front_of(address, context) as proxy:
            monkeypatch.setenv("TEMPORAL_ADDRESS", f"localhost:{proxy.port}")
            with monkeypatch.context() as patched:
                patched.setattr(temporal, "CONNECT_DEADLINE", timedelta(seconds=3))
                with pytest.raises(TemporalUnavailableError):
                    await temporal.connect(Settings.read())
            monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(tmp_path / "certificate.pem"))
            monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(tmp_path / "key.pem"))
            assert await (await temporal.connect(Settings.read())).service_client.check_health()
