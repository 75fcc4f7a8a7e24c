"""The operations page: every command on it exists, every file and every setting that it names."""

import re
from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from hosted_numbers.cli.application import application
from hosted_numbers.setting_readers import TEMPORAL
from hosted_numbers.settings import Settings
from tests.deploy.kit import DEPLOY, ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def commands() -> Iterator[list[str]]:
    """What follows ``hosted-numbers`` on the page, word by word."""
    command = r"(?<![\w./-])(?<!--namespace )(?:venv/bin/)?hosted-numbers ([a-z][^`|>#\n)&]*)"
    for line in re.findall(command, PAGE):
        words = line.split()
        if re.fullmatch("[a-z-]+", words[0]) and words[0] != "and":
            yield words


def known(name: str) -> bool:
    """Whether the command line has a command of that name."""
    return name in getattr(get_command(application), "commands", {})


def test_every_command_exists() -> None:
    """With its sub-command and its options."""
    seen = {words[0] for words in commands()}
    assert {"api-key", "config", "doctor", "gateway", "operator-password", "order", "setup"} <= seen
    for words in commands():
        assert known(words[0]), words
        of = [word for word in words[:2] if re.fullmatch(r"[a-z-]+", word)]
        told = CliRunner().invoke(application, [*of, "--help"], env={"COLUMNS": "200"})
        if told.exit_code:  # the second word was an argument
            told = CliRunner().invoke(application, [of[0], "--help"], env={"COLUMNS": "200"})
        assert told.exit_code == 0, words
        for option in (word for word in words if word.startswith("--")):
            assert option in told.stdout, words


def test_every_word_of_make_exists() -> None:
    """Those that the page tells to run."""
    words = set(re.findall(r"(?:^|`|&& )make ([a-z]+)\b", PAGE, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"image", "wheel"} <= words
    assert not [word for word in words if not re.search(rf"^{word}:", makefile, re.MULTILINE)]


def test_every_setting_exists() -> None:
    """As a variable, or as the file of one, or as one of compose's own."""
    named = set(re.findall(r"\b(?:HOSTED_NUMBERS|TWILIO|TEMPORAL|PUBLIC)_[A-Z_]+\b", PAGE))
    refused = {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"}
    example = (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8")
    of_compose = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    for name in named - set(TEMPORAL) - refused - of_compose:
        assert name.removesuffix("_FILE").lower() in Settings.model_fields or (
            name.lower() in Settings.model_fields
        ), name


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?<=[ `(])(?!deploy/hosted-)deploy/[\w./-]+\w", PAGE)))
)
def test_every_file_exists(path: str) -> None:
    """But those that the page tells to make."""
    made = {"deploy/.env", "deploy/secrets", "deploy/settings.env"}
    if not path.startswith(tuple(made)):
        assert (ROOT / path).exists()
    assert DEPLOY.is_dir()
