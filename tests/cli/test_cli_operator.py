"""``hosted-numbers operator-password``: the hash of a password that is kept nowhere."""

import argon2
import pytest

from hosted_numbers.cli import operator_commands
from tests.cli.storied_orders import Run

PASSWORD = "correct horse battery staple"


def test_hash_of_a_password_from_stdin(run: Run) -> None:
    """One line on stdout, argon2id with a salt of its own; the password is not in it."""
    first, second = (run("operator-password", "--stdin", stdin=f"{PASSWORD}\n") for _ in range(2))
    assert first.exit_code == 0
    assert argon2.PasswordHasher().verify(first.stdout.strip(), PASSWORD)
    assert first.stdout.startswith("$argon2id$")
    assert first.stdout != second.stdout
    assert PASSWORD not in first.output
    assert "HOSTED_NUMBERS_OPERATOR_PASSWORD_HASH" in first.stderr


@pytest.mark.parametrize("password", ["", "short", "x" * 1001], ids=["none", "short", "long"])
def test_password_of_a_bad_length_is_refused(run: Run, password: str) -> None:
    """Exit 2, nothing on stdout."""
    result = run("operator-password", "--stdin", stdin=f"{password}\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "12 to 1000 characters" in result.stderr


def test_nobody_to_ask_is_said(run: Run) -> None:
    """In a pipe it does not wait for a person."""
    result = run("operator-password", stdin=f"{PASSWORD}\n")
    assert result.exit_code == 2
    assert "--stdin" in result.stderr


@pytest.mark.parametrize(("again", "code"), [(PASSWORD, 0), ("something else", 2)])
def test_person_is_asked_twice(
    run: Run, monkeypatch: pytest.MonkeyPatch, again: str, code: int
) -> None:
    """Without echo; two different ones are refused."""
    typed = iter([PASSWORD, again])
    monkeypatch.setattr(operator_commands, "is_a_person_there", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    result = run("operator-password")
    assert result.exit_code == code
    assert PASSWORD not in result.output
    assert result.stdout.startswith("$argon2id$") is (code == 0)
