"""``hosted-numbers notifications``: what each command prints, where, and how it exits."""

import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer

from hosted_numbers import temporal
from hosted_numbers.cli import notification_actions
from hosted_numbers.cli.notification_actions import moment
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.notification_records import (
    EventNotFoundError,
    Notifications,
    NotificationSummary,
)
from hosted_numbers.settings import Settings
from tests.cli.storied_orders import Run
from tests.orders import NUMBER

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def row(name: str, outcome: Any = "delivered") -> NotificationSummary:
    """One event of a list."""
    return NotificationSummary(
        event_id=f"a-run/{name}",
        type="order.completed",
        phone_number=NUMBER,
        outcome=outcome,
        started_at=NOON,
        ended_at=None if outcome == "on its way" else NOON,
        workflow_id=f"notification/a-run/{name}",
        run_id="1",
    )


class Recorded(Notifications):
    """Events in memory."""

    def __init__(self) -> None:
        self.rows = [row("3", "on its way"), row("2", "failed"), row("1")]
        self.asked: list[dict[str, Any]] = []
        self.sent: list[str] = []

    async def listed(self, **asked: Any) -> AsyncIterator[NotificationSummary]:
        """All of them, or the failed."""
        self.asked.append(asked)
        for each in self.rows:
            if not asked["failed"] or each.outcome == "failed":
                yield each

    async def send_again(self, event_id: str) -> bool:
        """Sent, unless it is on its way."""
        for each in self.rows:
            if each.event_id == event_id:
                self.sent.append(event_id)
                return each.outcome != "on its way"
        raise EventNotFoundError(f"No event {event_id!r} is known.", "See the list.")


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What every command reaches."""
    found = Recorded()

    async def connected() -> Notifications:
        return found

    monkeypatch.setattr(notification_actions, "connected", connected)
    return found


@pytest.mark.usefixtures("recorded")
def test_list_shows_each_event_on_a_line(run: Run) -> None:
    """With what came of it, and the command that mends it."""
    result = run("notifications", "list")
    assert result.exit_code == 0
    header, *lines = result.stdout.splitlines()
    assert header.split()[:4] == ["event", "number", "type", "outcome"]
    assert [line.split()[0] for line in lines] == ["a-run/3", "a-run/2", "a-run/1"]
    assert "on its way" in lines[0]
    assert "notifications replay EVENT" in result.stderr


def test_list_filters_and_speaks_json(run: Run, recorded: Recorded) -> None:
    """The range in UTC, whatever zone it was given in."""
    words = ["--failed", "--since", "2026-03-02T10:00+01:00", "--until", "2026-03-02T12:00"]
    result = run("notifications", "list", *words, "--output", "json")
    assert [each["event_id"] for each in json.loads(result.stdout)] == ["a-run/2"]
    since = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert recorded.asked == [{"since": since, "until": NOON, "failed": True}]


def test_list_says_when_there_is_more_or_nothing(run: Run, recorded: Recorded) -> None:
    """On stderr: it is no data."""
    result = run("notifications", "list", "--limit", "1")
    assert "more than these 1" in result.stderr
    assert len(result.stdout.splitlines()) == 2
    recorded.rows = []
    result = run("notifications", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No event matches" in result.stderr


def test_replay_sends_one_event_again(run: Run, recorded: Recorded) -> None:
    """Without a question: it is the same event, which receivers know by its id."""
    result = run("notifications", "replay", "a-run/1")
    assert (result.exit_code, result.stdout) == (0, "Sent again: a-run/1\n")
    assert recorded.sent == ["a-run/1"]


@pytest.mark.usefixtures("recorded")
def test_replay_leaves_alone_what_is_on_its_way(run: Run) -> None:
    """And says so."""
    result = run("notifications", "replay", "a-run/3")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Still on its way" in result.stderr


def test_replay_of_an_unknown_event_fails(run: Run, recorded: Recorded) -> None:
    """With the next step."""
    result = run("notifications", "replay", "a-run/9")
    assert result.exit_code == 1
    assert "See the list" in result.stderr
    assert recorded.sent == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "since when"),
        (["--failed"], "since when"),
        (["a-run/1", "--failed"], "both named"),
        (["a-run/1", "--since", "1h"], "both named"),
        (["--since", "yesterday"], "is no moment"),
        (["--since", "2d"], "--yes"),
    ],
)
def test_replay_of_what_is_not_meant_is_refused(
    run: Run, recorded: Recorded, words: list[str], said: str
) -> None:
    """An endless range, a mixture, words, and a range that nobody can be asked about."""
    result = run("notifications", "replay", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert recorded.sent == []


def test_replay_of_a_range_sends_the_oldest_first(run: Run, recorded: Recorded) -> None:
    """Each once, and tells of each."""
    result = run("notifications", "replay", "--since", "2d", "--yes")
    assert result.exit_code == 0
    assert recorded.sent == ["a-run/1", "a-run/2", "a-run/3"]
    assert result.stdout == "Sent again: a-run/1\nSent again: a-run/2\n"
    [asked] = recorded.asked
    assert asked["until"] - asked["since"] >= timedelta(days=2)


@pytest.mark.parametrize(("answer", "sent"), [("y\n", ["a-run/2"]), ("n\n", [])])
def test_replay_of_a_range_asks_with_its_size(
    run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, answer: str, sent: list[str]
) -> None:
    """A no sends nothing."""
    questions: list[str] = []

    def confirm(question: str, **_more: object) -> bool:
        questions.append(question)
        if answer != "y\n":
            raise typer.Abort
        return True

    monkeypatch.setattr(typer, "confirm", confirm)
    monkeypatch.setattr(notification_actions, "sys", Terminal)
    result = run("notifications", "replay", "--since", "2d", "--failed")
    assert questions == ["Send 1 events again?"]
    assert result.exit_code == (0 if sent else 1)
    assert recorded.sent == sent


class Terminal:
    """A ``sys`` at whose stdin a person sits."""

    class stdin:  # noqa: N801 - sys's own name
        """The terminal."""

        @staticmethod
        def isatty() -> bool:
            """It is one."""
            return True


def test_replay_of_an_empty_range_says_so(run: Run, recorded: Recorded) -> None:
    """Nobody is asked."""
    recorded.rows = []
    result = run("notifications", "replay", "--since", "2d")
    assert result.exit_code == 0
    assert "No event matches" in result.stderr


def test_replay_of_too_many_is_refused(
    run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken in parts."""
    monkeypatch.setattr(notification_actions, "MOST", 2)
    result = run("notifications", "replay", "--since", "2d", "--yes")
    assert result.exit_code == 2
    assert "--until" in result.stderr
    assert recorded.sent == []


@pytest.mark.parametrize("text", ["90m", "2h", "3d"])
def test_span_counts_back_from_now(text: str) -> None:
    """Minutes, hours and days."""
    span = {"90m": timedelta(minutes=90), "2h": timedelta(hours=2), "3d": timedelta(days=3)}[text]
    found = moment(text)
    assert found is not None
    assert timedelta(0) <= datetime.now(UTC) - found - span < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["", "2w", "-2h", "99999999d", "2026-13-01", "0001-01-01T00:00+10"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With examples of what is."""
    with pytest.raises(InvalidRequestError, match="no moment"):
        moment(text)


async def test_commands_reach_temporal_by_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is the one of the environment."""
    client = object()

    async def connect(_: Settings) -> object:
        return client

    monkeypatch.setattr(temporal, "connect", connect)
    found = await notification_actions.connected()
    assert found._client is client
    assert found._deadline == timedelta(seconds=4)
    assert sys.stdin is not None
