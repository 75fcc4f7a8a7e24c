"""``hosted-numbers letter``: what each command prints, where, and how it exits."""

import json
from datetime import UTC, datetime

import pytest

from hosted_numbers import temporal
from hosted_numbers.cli import letter_actions
from hosted_numbers.contract import Answer, TimelineEntry
from hosted_numbers.errors import RefusedError
from hosted_numbers.letter_groups.client import LetterGroupNotFoundError, LetterGroups
from hosted_numbers.letter_groups.contract import LetterAmendment, LetterProgress
from hosted_numbers.settings import Settings
from tests.cli.storied_orders import Run
from tests.letter_groups import KEY
from tests.orders import DOCUMENT_SID

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TAKEN = Answer(taken=True, reason="Taken. The letter is out.", next_step="The signer signs.")
HELD = LetterProgress(
    group=KEY,
    status="declined",
    document_sids=(DOCUMENT_SID,),
    size=3,
    out=3,
    waiting_for="operator",
    reason="The signer declined the Letter of Authorization.",
    next_step="Talk to the signer.",
    deadline=NOON,
    timeline=(TimelineEntry(at=NOON, what="Letter 1 is out for signature, for 3 orders."),),
)


class Recorded(LetterGroups):
    """Groups in memory."""

    def __init__(self) -> None:
        self.shown = HELD
        self.answer = TAKEN
        self.acts: list[tuple[str, str, LetterAmendment | None]] = []

    async def progress(self, group: str) -> LetterProgress:
        """The one that there is."""
        if group == "nowhere":
            raise LetterGroupNotFoundError("No group is known.", "Check the name.")
        return self.shown

    async def send_now(self, group: str) -> Answer:
        """Sent."""
        self.acts.append(("send", group, None))
        return self.answer

    async def resume(self, group: str) -> Answer:
        """Nothing to resume."""
        raise RefusedError("The group is not on hold.", f"Look at {group}.")

    async def amend(self, group: str, amendment: LetterAmendment) -> Answer:
        """Amended."""
        self.acts.append(("amend", group, amendment))
        return self.answer


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What every command reaches."""
    found = Recorded()

    async def connected() -> LetterGroups:
        return found

    monkeypatch.setattr(letter_actions, "connected", connected)
    return found


@pytest.mark.usefixtures("groups")
def test_show(run: Run) -> None:
    """Where it stands, who does what, what happened, and the command that helps."""
    shown = run("letter", "show", "spring")
    assert shown.exit_code == 0
    for word in (KEY, "declined", "operator", "0 waiting, 3 out", "orders of 3", DOCUMENT_SID):
        assert word in shown.stdout
    assert "2026-03-02 12:00:00 UTC" in shown.stdout
    assert f"letter resume '{KEY}'" in shown.stderr


def test_show_of_a_group_that_goes_on_by_itself(run: Run, groups: Recorded) -> None:
    """No command is suggested, and what is not known is left out."""
    groups.shown = LetterProgress(
        group=KEY, status="gathering", waiting_for="nothing", reason="They wait.", next_step="None."
    )
    shown = run("letter", "show", "spring")
    assert shown.stderr == ""
    assert "LOA at Twilio" not in shown.stdout


@pytest.mark.usefixtures("groups")
def test_show_as_json(run: Run) -> None:
    """The whole progress, for programs."""
    assert json.loads(run("letter", "show", KEY, "-o", "json").stdout)["status"] == "declined"


@pytest.mark.usefixtures("groups")
def test_what_is_in_the_way_is_told(run: Run) -> None:
    """The reason, the next step and exit 1; exit 2 where the words are wrong."""
    missing, refused = run("letter", "show", "nowhere"), run("letter", "resume", "spring")
    assert (missing.exit_code, refused.exit_code) == (1, 1)
    assert "No group is known." in missing.stderr
    assert "not on hold" in refused.stderr
    assert run("letter", "amend", "spring").exit_code == 2
    wrong = run("letter", "amend", "spring", "--email", "nobody")
    assert wrong.exit_code == 2
    assert "email" in wrong.stderr


def test_acts(run: Run, groups: Recorded) -> None:
    """What came of it, and where to look."""
    sent = run("letter", "send", "spring 2026")
    assert sent.stdout.strip() == "Taken. The letter is out. The signer signs."
    assert "letter show 'spring 2026'" in sent.stderr
    words = ("--email", "right@example.com", "--cc-email", "cc@example.com")
    amended = run("letter", "amend", "spring", *words, "-o", "json")
    assert json.loads(amended.stdout)["taken"]
    asked = LetterAmendment(email="right@example.com", cc_emails=("cc@example.com",))
    assert groups.acts[0] == ("send", "spring 2026", None)
    assert groups.acts[1][2] is not None
    assert groups.acts[1][2].changes() == asked.changes()


def test_an_act_that_is_not_taken_fails(run: Run, groups: Recorded) -> None:
    """Exit 1."""
    groups.answer = TAKEN.model_copy(update={"taken": False})
    assert run("letter", "send", "spring").exit_code == 1


async def test_the_groups_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By Temporal's profile, with the deadlines of the settings."""
    asked: list[str] = []

    async def connect(_: Settings) -> None:
        asked.append("client")

    monkeypatch.setattr(temporal, "connect", connect)
    assert isinstance(await letter_actions.connected(), LetterGroups)
    assert asked == ["client"]
