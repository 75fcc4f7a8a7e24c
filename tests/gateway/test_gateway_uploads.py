"""Files over HTTP to a gateway in a process of its own: its memory, its limits, its sudden end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.files import a_pdf
from tests.gateway.server_process import ServedGateway


@pytest.fixture
def served(closed_port: int, tmp_path: Path) -> Iterator[ServedGateway]:
    """A gateway in a process of its own."""
    with ServedGateway(closed_port, tmp_path) as gateway:
        yield gateway


@pytest.mark.fault("F42")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_stays_flat_over_many_uploads(served: ServedGateway) -> None:
    """Twenty bills of 10 MB, and the process has grown by less than two of them."""
    bill = a_pdf(padding=9_990_000)
    assert served.upload(bill).status_code == 200
    before = served.resident_bytes()

    answers = [served.upload(bill).status_code for _ in range(20)]

    assert answers == [200] * 20
    assert served.resident_bytes() - before < 20_000_000


@pytest.mark.fault("F42")
def test_a_chunked_file_is_limited_on_the_wire(served: ServedGateway) -> None:
    """413 over a real connection."""
    answer = served.upload(iter([b"%PDF-", *[b"x" * 100_000] * 105]))

    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert served.files() == []


@pytest.mark.fault("F05")
def test_a_gateway_that_is_killed_during_an_upload_leaves_nothing(served: ServedGateway) -> None:
    """No half bill, neither in the store nor on the way to it; the next gateway takes a new one."""
    served.kill_during_upload(a_pdf(padding=5_000_000), after=2_000_000)
    assert served.files() == []

    served.start()

    assert served.upload(a_pdf()).status_code == 200
    assert len(served.files()) == 1
