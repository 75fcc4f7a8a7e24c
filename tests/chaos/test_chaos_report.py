"""What a run tells of itself: the verdict, the command that repeats it, figures and a picture."""

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos import report
from tests.chaos.__main__ import arguments, verdict
from tests.chaos.checker import Violation
from tests.chaos.report import Course

PNG = b"\x89PNG\r\n"


def heard() -> tuple[Console, io.StringIO]:
    """A terminal, and what is written to it."""
    text = io.StringIO()
    return Console(file=text, width=120), text


def test_a_failure_prints_the_command_that_repeats_it() -> None:
    """With its seed, sizes and faults; the exit code is 1."""
    console, text = heard()
    command = report.command(3, 2000, 30, 2.5)
    code = verdict([Violation("I1", "+12125550120: 2 live orders [at] Twilio")], command, console)
    assert code == 1
    assert "I1  +12125550120: 2 live orders [at] Twilio" in text.getvalue()
    assert "make chaos SEED=3 ORDERS=2000 KILLS=30 FAULTS=2.5" in text.getvalue()


def test_many_violations_do_not_flood_the_terminal() -> None:
    """The first ones are shown, the report has all."""
    console, text = heard()
    assert verdict([Violation("I2", f"order {each}") for each in range(100)], "", console) == 1
    assert text.getvalue().count("I2") == 40
    assert "60 more" in text.getvalue()


def test_no_violation_is_success() -> None:
    """And nothing else is."""
    console, text = heard()
    assert verdict([], "", console) == 0
    assert "I1 to I8 hold." in text.getvalue()


def test_the_report_is_written_as_figures_and_as_a_picture(tmp_path: Path) -> None:
    """Also of a run that came to nothing."""
    course = Course(
        moments=[0.0, 1.0, 2.0],
        states=[Counter({"ordering": 3}), Counter({"carrier": 3}), Counter({"completed": 3})],
        kills=[(0.5, "worker")],
        bursts=[(0.2, 0.9, "worker-simulator", "latency"), (1, 1.5, "gateway-temporal", "down")],
        healed=1.7,
    )
    summary = {"command": report.command(1, 200, 3, None), "endings": Counter({"completed": 3})}
    figures, picture = report.write(tmp_path / "new", summary, course)
    assert json.loads(figures.read_text())["endings"] == {"completed": 3}
    assert json.loads(figures.read_text())["command"] == "make chaos SEED=1 ORDERS=200 KILLS=3"
    assert picture.read_bytes().startswith(PNG)
    _, empty = report.write(tmp_path, summary, Course())
    assert empty.read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--orders", "0"], "ORDERS"),
        (["--orders", "5000"], "ORDERS"),
        (["--kills", "-1"], "KILLS"),
        (["--percent", "50"], "FAULTS"),
        (["--seed", "one"], "--seed"),
    ],
)
def test_wrong_sizes_are_refused_by_their_name(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, before anything is started."""
    with pytest.raises(SystemExit) as left:
        arguments(words)
    assert left.value.code == 2
    assert said in capsys.readouterr().err
