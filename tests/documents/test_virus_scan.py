"""The virus scanner: what it finds is refused, and without its verdict nothing is kept."""

import io
import logging
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from hosted_numbers.blobs import BlobStore
from hosted_numbers.documents.intake import Intake
from hosted_numbers.documents.kinds import BILL_BYTES
from hosted_numbers.documents.virus_scan import VirusScanner, connector
from hosted_numbers.errors import DocumentRefusedError, VirusScannerError
from tests.documents.clamd import EICAR, Clamd
from tests.documents.files import a_pdf, in_pieces
from tests.orders import NUMBER

pytestmark = pytest.mark.security("S9")

SHORT = timedelta(milliseconds=300)
"""How long a scanner may take of which a test knows that it never answers."""


@pytest.fixture
def clamd() -> Clamd:
    """A daemon that does its work."""
    return Clamd()


async def taken_in(store: BlobStore, address: str, content: bytes) -> str:
    """A file that was scanned and kept; its name."""
    intake = Intake(store, scanner=VirusScanner(address))
    kept = await intake.take_in(in_pieces(content), phone_number=NUMBER, most_bytes=BILL_BYTES)
    return kept.blob


def kept_in(directory: Path) -> list[Path]:
    """Every file of the store."""
    return [each for each in directory.rglob("*") if each.is_file()]


async def test_a_clean_file_is_kept_once_the_scanner_has_seen_all_of_it(
    store: BlobStore, clamd: Clamd
) -> None:
    """In many pieces."""
    content = a_pdf(padding=1_000_000)

    async with clamd.listening() as address:
        blob = await taken_in(store, address, content)

    assert clamd.seen == [content]
    assert await store.read(blob) == content


async def test_what_the_scanner_finds_is_refused(
    store: BlobStore, directory: Path, clamd: Clamd, caplog: pytest.LogCaptureFixture
) -> None:
    """A good PDF with something bad in it: nothing of it is kept, and the log says what it was."""
    async with clamd.listening() as address:
        with pytest.raises(DocumentRefusedError) as refusal:
            await taken_in(store, address, a_pdf() + EICAR)

    assert refusal.value.code == "document-infected"
    assert "scan" in refusal.value.next_step
    assert "Eicar-Test-Signature" in caplog.text
    assert kept_in(directory) == []


async def test_what_is_no_document_never_reaches_the_scanner(
    store: BlobStore, clamd: Clamd
) -> None:
    """Our own check comes first."""
    async with clamd.listening() as address:
        with pytest.raises(DocumentRefusedError) as refusal:
            await taken_in(store, address, EICAR)

    assert refusal.value.code != "document-infected"
    assert clamd.seen == []


async def test_a_scanner_may_listen_in_the_file_system(
    store: BlobStore, clamd: Clamd, tmp_path: Path
) -> None:
    """As it does by default where it runs on the same machine."""
    async with clamd.listening(tmp_path / "clamd.sock") as address:
        assert await VirusScanner(address).answers()
        await taken_in(store, address, a_pdf())

    assert len(clamd.seen) == 1


@pytest.mark.parametrize(
    "clamd",
    [
        Clamd(says=b"stream: Heuristics.Limits.Exceeded ERROR"),
        Clamd(says=b"stream: OKAY"),
        Clamd(says=b"nonsense\nstream: OK"),
        Clamd(says=b"\xff\xfe\x00"),
        Clamd(says=b"stream: OK", ends=False),
        Clamd(says=b"x" * 100_000),
    ],
    ids=["an error", "nearly", "two lines", "no text", "broken off", "endless"],
)
async def test_without_a_verdict_nothing_is_kept(
    store: BlobStore, directory: Path, clamd: Clamd, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever else the scanner says is no verdict, and breaks no line of the log."""
    async with clamd.listening() as address:
        with pytest.raises(VirusScannerError):
            await taken_in(store, address, a_pdf())

    assert kept_in(directory) == []
    [line] = [each for each in caplog.records if "virus scanner" in each.getMessage()]
    assert line.levelno == logging.WARNING
    assert "\n" not in line.getMessage()


async def test_a_scanner_that_takes_less_than_a_bill_says_so_in_the_log(
    store: BlobStore, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It stops reading in the middle; the next step names what is to be set."""
    async with Clamd(most=100_000).listening() as address:
        with pytest.raises(VirusScannerError, match="StreamMaxLength"):
            await taken_in(store, address, a_pdf(padding=9_000_000))

    assert kept_in(directory) == []
    assert "virus scanner" in caplog.text


async def test_a_scanner_that_is_away_stops_uploads(store: BlobStore, directory: Path) -> None:
    """A closed port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(VirusScannerError):
        await taken_in(store, address, a_pdf())

    assert kept_in(directory) == []
    assert not await VirusScanner(address).answers()


async def test_a_scanner_that_never_answers_is_given_up() -> None:
    """Its deadline covers those who wait for their turn, too."""
    async with Clamd(sleeps=True).listening() as address:
        scanner = VirusScanner(address, SHORT)
        for _ in range(6):
            with pytest.raises(VirusScannerError):
                await scanner.check(io.BytesIO(a_pdf()))
        assert not await scanner.answers()


@pytest.mark.parametrize(
    "address",
    ["clamd", "clamd:", "clamd:0", "clamd:70000", ":3310", "unix:", "unix:here", "http://clamd:1"],
)
def test_an_address_is_a_host_and_a_port_or_a_path(address: str) -> None:
    """Anything else is refused when the process starts."""
    with pytest.raises(ValueError, match="host:port"):
        connector(address)


def test_without_an_address_there_is_no_scanner() -> None:
    """It is optional; an IPv6 address stands in brackets."""
    assert VirusScanner.at(None) is None
    assert VirusScanner.at("[::1]:3310") is not None
