"""What Twilio's problems mean for people: every row of the tables is found, and names who acts."""

import re

import pytest

from hosted_numbers import playbook
from hosted_numbers.playbook import play, triage
from hosted_numbers.steps import Trouble

ACTS = re.compile(r"\b(write|provide|ask|talk|correct|have|amend|nobody)\b", re.IGNORECASE)

PROBLEMS = [
    ("22100: maximum verification attempts reached", "calls-used-up"),
    ("Too many attempts", "calls-used-up"),
    ("22118", "bill"),
    ("The bill is not readable", "bill"),
    ("The verification document was refused", "bill"),
    ("The LOA does not name the owner", "letter"),
    ("Wrong signature on the letter of authorisation", "letter"),
    ("22109", "address"),
    ("21629: address validation failed", "address"),
    ("The address is not the owner's", "address"),
    ("22110", "hosted-elsewhere"),
    ("The number is already hosted", "hosted-elsewhere"),
    ("SMS-enabled with another provider", "hosted-elsewhere"),
    ("The losing carrier rejected the request", "carrier"),
    ("Porting is under way", "carrier"),
    ("The sun stood too low", "unknown"),
    ("", "unknown"),
    (None, "unknown"),
]


@pytest.mark.parametrize(("words", "kind"), PROBLEMS)
@pytest.mark.fault("F36")
def test_a_problem_is_told_by_twilios_words(words: str | None, kind: str) -> None:
    """Each is explained, says who acts, and how; words nobody knows are Twilio's own to mend."""
    found = triage(words)
    assert found.kind == kind
    assert found.means.endswith(".")
    assert ACTS.search(found.next_step)


def test_every_kind_of_problem_is_shown_above() -> None:
    """No row of the table goes without an example."""
    rows = {row.kind for _, row in playbook._PROBLEMS}
    assert rows | {"unknown"} == {kind for _, kind in PROBLEMS}


@pytest.mark.parametrize("code", sorted(playbook._BY_CODE))
def test_a_refusal_names_its_code_and_a_next_step(code: int) -> None:
    """Whoever reads it can look the code up in Twilio's catalogue, and knows what to do."""
    told = play(Trouble(kind="refused", code=code, status=400))
    assert f"(Twilio {code})" in told.reason
    assert told.next_step.endswith(".")


@pytest.mark.parametrize(
    ("trouble", "creating", "says"),
    [
        (Trouble(kind="refused", code=29999), False, "(Twilio 29999)"),
        (Trouble(kind="refused", status=400), False, "refused this step."),
        (Trouble(kind="credentials", code=20003), False, "credentials. (Twilio 20003)"),
        (Trouble(kind="credentials", status=403), False, "credentials."),
        (Trouble(kind="unreachable", status=503), False, "does not answer"),
        (Trouble(kind="internal"), False, "of our own"),
        (Trouble(kind="not-found", code=20404), False, "no longer knows the order"),
        (Trouble(kind="not-found", code=20404), True, "does not exist for this account"),
    ],
)
def test_a_trouble_without_a_row_is_told_by_its_kind(
    trouble: Trouble, *, creating: bool, says: str
) -> None:
    """There are words for every kind of trouble, with or without a code."""
    told = play(trouble, creating=creating)
    assert says in told.reason
    assert told.next_step
