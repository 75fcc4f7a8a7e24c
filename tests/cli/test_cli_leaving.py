"""How the command line ends: at once, with its exit code, whatever a call left in the air."""

import os
import sys

import pytest

from hosted_numbers import cli
from hosted_numbers.errors import TemporalUnavailableError
from tests.cli.storied_orders import StoriedOrders
from tests.gateway.orders_in_memory import NUMBER


class Gone(BaseException):
    """The process would have ended here."""


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes of processes that ended."""
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        raise Gone

    monkeypatch.setattr(os, "_exit", end)
    return codes


def test_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ended: list[int]
) -> None:
    """Exit code 0, with everything written."""
    monkeypatch.setattr(sys, "argv", ["hosted-numbers", "--version"])

    with pytest.raises(Gone):
        cli.main()

    assert ended == [0]
    assert capsys.readouterr().out.startswith("hosted-numbers ")


def test_failed(orders: StoriedOrders, monkeypatch: pytest.MonkeyPatch, ended: list[int]) -> None:
    """Exit code 1 after a call to Temporal that may still be in the air."""
    orders.story = [TemporalUnavailableError("No.", "Wait.")]
    monkeypatch.setattr(sys, "argv", ["hosted-numbers", "order", "show", NUMBER])

    with pytest.raises(Gone):
        cli.main()

    assert ended == [1]


def test_wrong_usage(monkeypatch: pytest.MonkeyPatch, ended: list[int]) -> None:
    """Exit code 2."""
    monkeypatch.setattr(sys, "argv", ["hosted-numbers", "dance"])

    with pytest.raises(Gone):
        cli.main()

    assert ended == [2]
