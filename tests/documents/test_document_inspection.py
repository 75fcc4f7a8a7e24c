"""The check of a file: what is taken, what is refused and with which word."""

import io
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hosted_numbers.documents import inspection
from hosted_numbers.documents.inspection import inspect, limit_this_process
from hosted_numbers.documents.inspector import inspected
from hosted_numbers.errors import BlobStoreError, DocumentRefusedError
from tests.documents.files import (
    HTML,
    SVG,
    a_bomb_of_page_trees,
    a_locked_pdf,
    a_pdf,
    a_pdf_that_expands,
    a_pdf_with,
    an_image,
)

GOOD = {
    "one page": (a_pdf(), "application/pdf"),
    "fifty pages": (a_pdf(50), "application/pdf"),
    "expands a little": (a_pdf_that_expands(1_000_000), "application/pdf"),
    "opens at a page": (a_pdf_with({"/OpenAction": ["/Fit"]}), "application/pdf"),
    "goes to a page": (a_pdf_with({"/OpenAction": {"/S": "/GoTo", "/D": "x"}}), "application/pdf"),
    "links to the web": (
        a_pdf_with(page={"/Annots": [{"/A": {"/S": "/URI", "/URI": "https://example.com"}}]}),
        "application/pdf",
    ),
    "jpeg": (an_image("JPEG"), "image/jpeg"),
    "png": (an_image("PNG", mode="RGBA"), "image/png"),
}
BAD = {
    "html": (HTML, "document-type-unknown"),
    "svg": (SVG, "document-type-unknown"),
    "gif": (an_image("GIF"), "document-type-unknown"),
    "pdf behind html": (HTML + a_pdf(), "document-type-unknown"),
    "user password": (a_locked_pdf(user="canary"), "document-locked"),
    "owner password": (a_locked_pdf(), "document-locked"),
    "cut off pdf": (a_pdf(3)[:-200], "document-damaged"),
    "head of a pdf": (b"%PDF-1.7\n", "document-damaged"),
    "nested": (b"%PDF-1.7\n1 0 obj " + b"[" * 1_000_000, "document-damaged"),
    "page trees": (a_bomb_of_page_trees(), "document-damaged"),
    "no page": (a_pdf(0), "document-pages"),
    "51 pages": (a_pdf(51), "document-pages"),
    "script on opening": (
        a_pdf_with({"/OpenAction": {"/S": "/JavaScript", "/JS": "app.alert(1)"}}),
        "document-active",
    ),
    "web page on opening": (
        a_pdf_with({"/OpenAction": {"/S": "/URI", "/URI": "https://example.com"}}),
        "document-active",
    ),
    "named script": (a_pdf_with({"/Names": {"/JavaScript": {}}}), "document-active"),
    "web page on turning": (
        a_pdf_with(page={"/AA": {"/O": {"/S": "/URI", "/URI": "https://example.com"}}}),
        "document-active",
    ),
    "starts a program": (
        a_pdf_with(page={"/Annots": [{"/A": {"/S": "/GoTo", "/Next": [{"/S": "/Launch"}]}}]}),
        "document-active",
    ),
    "embedded files": (a_pdf_with({"/Names": {"/EmbeddedFiles": {}}}), "document-active"),
    "embedded file": (a_pdf_with({"/X": {"/Type": "/EmbeddedFile"}}), "document-active"),
    "attached file": (
        a_pdf_with(page={"/Annots": [{"/Subtype": "/FileAttachment"}]}),
        "document-active",
    ),
    "cut off jpeg": (an_image("JPEG", (400, 400))[:-200], "document-damaged"),
    "cut off png": (an_image("PNG", (400, 400))[:-40], "document-damaged"),
    "head of a png": (an_image("PNG")[:20], "document-damaged"),
    "41 megapixels": (an_image("PNG", (6_400, 6_400)), "document-too-many-pixels"),
    "400 megapixels": (an_image("PNG", (20_000, 20_000), "1"), "document-too-many-pixels"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_document_is_told_by_its_content(name: str) -> None:
    """A plain PDF, a JPEG, a PNG."""
    content, media_type = GOOD[name]

    assert inspect(io.BytesIO(content)) == media_type


@pytest.mark.fault("F43")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_refused_with_its_reason(name: str) -> None:
    """Each with a code of its own, a reason and a next step."""
    content, code = BAD[name]

    with pytest.raises(DocumentRefusedError) as refusal:
        inspect(io.BytesIO(content))

    assert refusal.value.code == code
    assert refusal.value.reason
    assert refusal.value.next_step


@pytest.mark.fault("F43")
def test_it_is_said_which_password_is_in_the_way() -> None:
    """A person can then take it off."""
    with pytest.raises(DocumentRefusedError, match="user"):
        inspect(io.BytesIO(a_locked_pdf(user="canary")))
    with pytest.raises(DocumentRefusedError, match="owner"):
        inspect(io.BytesIO(a_locked_pdf()))


@pytest.mark.parametrize("cause", [MemoryError, RecursionError])
def test_a_check_that_runs_out_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, cause: type[Exception]
) -> None:
    """Too complex, not a crash."""

    def run_out(_: object) -> None:
        raise cause

    monkeypatch.setattr(inspection, "_inspect_pdf", run_out)

    with pytest.raises(DocumentRefusedError) as refusal:
        inspect(io.BytesIO(a_pdf()))

    assert refusal.value.code == "document-too-complex"


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_the_verdict_is_one_json_object(kind: str) -> None:
    """On stdout, from the file on stdin; exit 0 either way."""
    done = subprocess.run(
        [sys.executable, "-m", inspection.__name__],
        input=a_pdf() if kind == "good" else HTML,
        capture_output=True,
        check=True,
    )

    assert done.stderr == b""
    verdict = json.loads(done.stdout)
    assert set(verdict) == ({"media_type"} if kind == "good" else {"code", "reason", "next_step"})


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the process would have limited itself to."""
    found: dict[str, int] = {}
    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE")
    kinds = {getattr(resource, name): name for name in names}

    def setrlimit(kind: int, most: tuple[int, int]) -> None:
        found[kinds[kind]] = most[0]
        if kinds[kind] == "RLIMIT_CPU":
            raise ValueError

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    return found


def test_it_takes_its_own_means_away(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]
) -> None:
    """Memory, time, files; a limit that the system does not know leaves the others."""
    monkeypatch.delattr(resource, "RLIMIT_AS")

    limit_this_process()

    assert limits == {
        "RLIMIT_CPU": inspection.CPU_SECONDS,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": 32,
        "RLIMIT_CORE": 0,
    }


def test_without_limits_it_still_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that has none."""
    monkeypatch.setitem(sys.modules, "resource", None)

    limit_this_process()

    assert "resource" not in vars(inspection)


@pytest.mark.parametrize("good", [True, False])
def test_its_own_process_ends_with_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    limits: dict[str, int],
    *,
    good: bool,
) -> None:
    """As the gateway starts it."""

    class Stdin:
        buffer = io.BytesIO(a_pdf() if good else HTML)

    monkeypatch.setattr(sys, "stdin", Stdin)

    inspection.main()

    assert limits
    assert ("media_type" in json.loads(capsys.readouterr().out)) is good


@pytest.fixture
def file() -> Iterator[io.FileIO]:
    """A file of the operating system with a good document."""
    with tempfile.TemporaryFile(buffering=0) as found:
        found.write(a_pdf())
        yield found


async def test_a_document_is_checked_in_another_process(file: io.FileIO) -> None:
    """From its start, wherever the file stands."""
    assert await inspected(file) == "application/pdf"
    assert await inspected(file) == "application/pdf"


@pytest.mark.fault("F43")
@pytest.mark.skipif(sys.platform != "linux", reason="macOS knows no RLIMIT_AS")
def test_a_document_that_expands_beyond_measure_is_refused() -> None:
    """23 kB that become 900 MB: the check is refused the memory, and says so as a verdict."""
    # ru_maxrss would count in what the process that started this one had used
    code = (
        "import pathlib, sys; from hosted_numbers.documents import inspection; inspection.main();"
        "sys.stderr.write(pathlib.Path('/proc/self/status').read_text())"
    )

    done = subprocess.run(
        python(code), input=a_pdf_that_expands(900_000_000), capture_output=True, check=True
    )

    assert json.loads(done.stdout)["reason"]
    status = dict(line.split(":", 1) for line in done.stderr.decode().splitlines())
    assert int(status["VmHWM"].removesuffix("kB")) << 10 < inspection.MEMORY_BYTES


def python(code: str) -> tuple[str, ...]:
    """A command that runs some Python in place of the check."""
    return sys.executable, "-c", code


ODD_CHECKS = {
    "crash": ("import os; os.abort()", "document-check-crashed"),
    "exit": ("raise SystemExit(3)", "document-check-crashed"),
    "silence": ("pass", "document-check-crashed"),
    "nonsense": ("print('{')", "document-check-crashed"),
    "no verdict": ("print('{}')", "document-check-crashed"),
    "processor time": (
        "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)",
        "document-too-complex",
    ),
    "killed for memory": (
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "document-too-complex",
    ),
}


@pytest.mark.fault("F43")
@pytest.mark.parametrize("name", ODD_CHECKS)
async def test_a_check_that_ends_badly_is_a_refusal(file: io.FileIO, name: str) -> None:
    """Never an error of the gateway."""
    code, refused_as = ODD_CHECKS[name]

    with pytest.raises(DocumentRefusedError) as refusal:
        await inspected(file, command=python(code))

    assert refusal.value.code == refused_as


@pytest.mark.fault("F43")
async def test_a_check_that_hangs_is_ended(file: io.FileIO) -> None:
    """The process is gone, and the document refused."""
    hanging = python("import signal; print('{', flush=True); signal.pause()")

    with pytest.raises(DocumentRefusedError) as refusal:
        await inspected(file, command=hanging, patience=timedelta(milliseconds=500))

    assert refusal.value.code == "document-too-complex"


async def test_the_check_gets_no_secret(monkeypatch: pytest.MonkeyPatch, file: io.FileIO) -> None:
    """Of this process's variables, none that is ours or Twilio's."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    told = python("import json, os; print(json.dumps({'media_type': ' '.join(os.environ)}))")

    names = (await inspected(file, command=told)).split()

    assert "PYTHONPATH" in names
    assert not [name for name in names if name.startswith(("TWILIO", "HOSTED", "TEMPORAL"))]


async def test_a_check_that_cannot_be_started_is_no_fault_of_the_file(file: io.FileIO) -> None:
    """Whoever sent it is asked to try again."""
    with pytest.raises(BlobStoreError, match="again"):
        await inspected(file, command=("/nowhere/python",))
