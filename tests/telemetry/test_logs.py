"""How a line of the log looks, whoever wrote it."""

import io
import json
import logging
import re
import sys
import threading
import warnings
from typing import Any

import pytest

from hosted_numbers.settings import Settings
from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.keys import KEYS
from hosted_numbers.telemetry.logs import write_log


class Written:
    """What a process has written."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        """All of it."""
        return self._stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        """Line by line."""
        return [json.loads(line) for line in self.text.splitlines()]

    def only(self) -> dict[str, Any]:
        """The one line that there is."""
        [line] = self.lines()
        return line


@pytest.fixture
def log() -> Written:
    """The log of a worker, as JSON."""
    logging.getLogger().handlers.clear()  # pytest's own would be closed
    stream = io.StringIO()
    write_log("json", "worker", stream)
    return Written(stream)


@pytest.mark.security("S22")
def test_a_line_is_json_in_utc_with_its_keys(log: Written) -> None:
    """One event a line; what was written with it and what is bound stand beside it."""
    with context.bound(correlation_id="call-17"):
        logging.getLogger("hosted_numbers.test").warning(
            "Rate limit of %s reached", "codes", extra={"limit": "codes", "status": 429}
        )

    line = log.only()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "warning",
        "event": "Rate limit of codes reached",
        "logger": "hosted_numbers.test",
        "process": "worker",
        "correlation_id": "call-17",
        "limit": "codes",
        "status": 429,
    }


@pytest.mark.security("S22")
def test_unknown_keys_are_dropped(log: Written) -> None:
    """The list of keys is all that there is; a key of a number takes no text."""
    logging.getLogger("x").info(
        "Known",
        extra={
            "email": "canary@example.com",
            "payload": {"code": "918273"},
            "status": "918273",
            "count": True,
            "order": 15017122661,
            "outcome": "done",
        },
    )

    line = log.only()
    assert set(line) <= set(KEYS)
    assert line["outcome"] == "done"
    assert not {"status", "count", "order"} & set(line)
    assert "canary" not in log.text
    assert "918273" not in log.text
    assert "2661" not in log.text


@pytest.mark.security("S22")
def test_what_is_personal_is_masked_in_every_text(log: Written) -> None:
    """In the event, in its arguments and in its keys."""
    logging.getLogger("x").info(
        "Sent to %s", "owner@example.com", extra={"order": "+15017122661", "kind": "code 918273"}
    )

    line = log.only()
    assert line["event"] == "Sent to (e-mail)"
    assert line["order"] == "********2661"
    assert line["kind"] == "code ******"


@pytest.mark.security("S22")
def test_nobody_writes_a_second_line(log: Written) -> None:
    """A line break within an event is no end of the line."""
    logging.getLogger("x").info("one\n%s", '{"event": "forged"}')

    assert log.only()["event"] == 'one\\n{"event": "forged"}'


@pytest.mark.security("S22")
def test_an_exception_is_told_by_type_and_place(log: Written) -> None:
    """Neither its message nor its locals: they may hold what a person sent."""

    def parse(secret: str) -> int:
        return int(secret)

    try:
        try:
            parse("canary@example.com")
        except ValueError as error:
            raise RuntimeError("canary 918273") from error
    except RuntimeError:
        logging.getLogger("x").exception("It broke")

    line = log.only()
    assert line["error"] == "RuntimeError < ValueError"
    assert line["place"].startswith(f"{__name__}.test_an_exception_is_told_by_type_and_place line ")
    assert "canary" not in log.text


def test_libraries_are_written_by_the_same_rules(log: Written) -> None:
    """What Temporal says of where it is comes as keys; httpx's lines with URLs are left out."""
    logging.getLogger("httpx").info("HTTP Request: GET https://x.test/?PhoneNumber=+15017122661")
    logging.getLogger("temporalio.workflow").warning(
        "Slow",
        extra={
            "temporal_workflow": {
                "workflow_id": "hosted-number-order/+15017122661",
                "workflow_type": "HostedNumberOrder",
                "namespace": "default",
                "attempt": 2,
            }
        },
    )
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)

    temporal, warned = log.lines()
    assert temporal["workflow_id"] == "hosted-number-order/********2661"
    assert temporal["workflow_type"] == "HostedNumberOrder"
    assert temporal["attempt"] == 2
    assert "namespace" not in temporal
    assert warned["logger"] == "py.warnings"


def test_what_nobody_caught_is_a_line_too(log: Written) -> None:
    """The traceback that Python prints would hold the message."""
    sys.excepthook(ValueError, ValueError("canary"), None)

    def fail() -> None:
        raise KeyError("canary")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    assert [line["error"] for line in log.lines()] == ["ValueError", "KeyError"]
    assert "canary" not in log.text


def test_ctrl_c_is_python_s_own_business(log: Written, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no error of the process."""
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert log.text == ""
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_people_read_the_same_on_a_terminal(log: Written) -> None:
    """The event first, then its keys; masked as well."""
    stream = io.StringIO()
    write_log("console", "gateway", stream)
    logging.getLogger("x").info("Told %s", "+15017122661", extra={"outcome": "told"})

    assert re.fullmatch(
        r"\S+Z \[info *\] Told \*{8}2661 \[x\] process=gateway outcome=told\n", stream.getvalue()
    )
    assert log.text == ""


@pytest.mark.parametrize(
    ("environment", "log_format"),
    [
        ({}, "console"),
        ({"HOSTED_NUMBERS_ENV": "production"}, "json"),
        ({"HOSTED_NUMBERS_ENV": "production", "HOSTED_NUMBERS_LOG_FORMAT": "console"}, "console"),
        ({"HOSTED_NUMBERS_LOG_FORMAT": "json"}, "json"),
    ],
)
def test_production_writes_for_machines(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], log_format: str
) -> None:
    """Development for people, unless the setting says otherwise."""
    for name in ("HOSTED_NUMBERS_ENV", "HOSTED_NUMBERS_LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings.read().log_format() == log_format


def test_keys_are_bound_for_a_while() -> None:
    """Inner ones go before outer ones; None takes one away; afterwards all is as before."""
    with context.bound(correlation_id="a", attempt=1):
        with context.bound(correlation_id=None, attempt=2):
            assert dict(context.current()) == {"attempt": 2}
            assert context.correlation_id() is None
        assert context.correlation_id() == "a"
    assert dict(context.current()) == {}
