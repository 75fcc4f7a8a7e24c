"""``hosted-numbers purge`` without Temporal: what is shown, asked, told, and how it exits."""

import json
from datetime import UTC, datetime

import pytest

from hosted_numbers.cli import purge_actions
from hosted_numbers.erasure.plan import Erased, Plan, Remainder, Target
from tests.cli.storied_orders import Run
from tests.orders import NUMBER

pytestmark = pytest.mark.security("S30")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TARGETS = (Target("event", "notification/1", "2"), Target("order", "hosted-number-order/1", "1"))
STAYS = Remainder("the order HR1 at Twilio", "it is deleted", "Ask Twilio.")


class Purges:
    """What the commands reach: one plan, one outcome."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found = Plan(NUMBER, NOON, TARGETS, 3, {"a": 1, "b": 2}, (STAYS,))
        self.pending: tuple[str, ...] = ()
        self.done: list[Plan] = []
        monkeypatch.setattr(purge_actions, "connected", self._connected)
        monkeypatch.setattr(purge_actions, "log_to_stderr", lambda _: None)

    async def _connected(self) -> "Purges":
        return self

    def erasure(self) -> "Purges":
        """Of one number."""
        return self

    async def plan(self, phone_number: str) -> Plan:
        """As it is told."""
        assert phone_number == NUMBER
        return self.found

    async def carry_out(self, plan: Plan) -> Erased:
        """Kept."""
        self.done.append(plan)
        return Erased(len(plan.targets), plan.files, 3, self.pending)


@pytest.fixture
def purges(monkeypatch: pytest.MonkeyPatch) -> Purges:
    return Purges(monkeypatch)


def test_what_goes_and_what_stays_is_shown_and_told(run: Run, purges: Purges) -> None:
    """Counts by kind; then what was deleted, and where else the number may stand."""
    result = run("purge", "number", NUMBER, "--yes")

    assert result.exit_code == 0, result.output
    assert purges.done == [purges.found]
    shown = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "events for the backend 1" in shown
    assert "lines of bulk imports 3" in shown
    assert "Stays: the order HR1 at Twilio, until it is deleted. Ask Twilio." in shown
    assert "Deleted: 2 workflows, 3 files, 3 lines." in result.stderr
    assert "backups" in result.stderr


def test_a_dry_run_deletes_nothing(run: Run, purges: Purges) -> None:
    """Also for programs."""
    table = run("purge", "number", NUMBER, "--dry-run")
    told = run("purge", "number", NUMBER, "--dry-run", "-o", "json")

    assert (table.exit_code, told.exit_code) == (0, 0)
    assert "dry run" in table.stderr
    found = json.loads(told.stdout)
    assert (found["deleted"], found["files"], found["rows"]) == (False, 3, 3)
    assert found["remains"][0]["then"] == "Ask Twilio."
    assert purges.done == []


def test_a_number_that_nobody_knows_is_done(run: Run, purges: Purges) -> None:
    """Exit 0, without a question."""
    purges.found = Plan(NUMBER, NOON, (), 0, {}, ())

    result = run("purge", "number", NUMBER)

    assert result.exit_code == 0
    assert f"Nothing is known of {NUMBER}" in result.stderr
    assert (purges.done, result.stdout) == ([], "")


def test_temporal_that_is_still_at_it_is_an_error(run: Run, purges: Purges) -> None:
    """Exit 1, and what is left by its id."""
    purges.pending = ("notification/1",)

    result = run("purge", "number", NUMBER, "--yes", "-o", "json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["pending"] == ["notification/1"]
    assert "still deleting: notification/1" in result.stderr


@pytest.mark.parametrize(
    ("typed", "words", "code"),
    [
        (NUMBER, [], 0),
        ("+15017122662", [], 2),
        (None, [], 2),
        (NUMBER, ["-o", "json"], 2),
    ],
    ids=["the number", "another", "nobody there", "a program"],
)
def test_the_number_is_typed_again(
    *,
    run: Run,
    purges: Purges,
    monkeypatch: pytest.MonkeyPatch,
    typed: str | None,
    words: list[str],
    code: int,
) -> None:
    """Nothing is deleted otherwise."""
    if typed is not None:
        monkeypatch.setattr(purge_actions, "_is_asked", lambda: True)

    result = run("purge", "number", NUMBER, *words, stdin=f"{typed}\n")

    assert result.exit_code == code, result.output
    assert len(purges.done) == (code == 0)


def test_a_malformed_number_is_refused(run: Run, purges: Purges) -> None:
    """Exit 2."""
    assert run("purge", "number", "5017122661", "--yes").exit_code == 2
    assert purges.done == []
