"""The image, as its Dockerfile says it: what goes in, what stays out, who runs it."""

import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.kit import DEPLOY, ROOT

DOCKERFILE = DEPLOY / "Dockerfile"

pytestmark = pytest.mark.security("S26", "S27")


class Instruction(NamedTuple):
    """One instruction: its word and what follows."""

    word: str
    rest: str


def instructions() -> list[Instruction]:
    """The Dockerfile's, without comments, long lines joined."""
    lines = [
        line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")
    ]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in whole if line.strip()]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage."""
    found: list[list[Instruction]] = []
    for each in instructions():
        if each.word == "FROM":
            found.append([])
        if found:
            found[-1].append(each)
    return found


def test_it_knows_its_instructions() -> None:
    """Nothing is misspelt, and nothing fetched from an address."""
    known = {"ARG", "CMD", "COPY", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "USER", "WORKDIR"}
    assert {each.word for each in instructions()} <= known
    assert "http" not in " ".join(each.rest for each in instructions())


def test_both_stages_stand_on_one_base_that_can_be_pinned() -> None:
    """By an argument that takes a digest, and that names a whole version and system until then."""
    [argument] = [each for each in instructions() if each.rest.startswith("PYTHON_IMAGE=")]
    assert re.fullmatch(
        r"PYTHON_IMAGE=python:3\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", argument.rest
    )
    assert [stage[0].rest.split()[0] for stage in stages()] == ["${PYTHON_IMAGE}"] * 2
    assert "imagetools inspect" in DOCKERFILE.read_text()


def test_it_is_run_by_a_number_that_is_not_root() -> None:
    """And the last word on that is in the last stage."""
    users = [each.rest for each in stages()[-1] if each.word == "USER"]
    assert users == ["10001:10001"]
    after = stages()[-1][[each.word for each in stages()[-1]].index("USER") :]
    assert not any(each.word in {"RUN", "COPY"} for each in after)


def test_packages_are_pinned_and_not_built() -> None:
    """Hashes for all from the index, wheels alone, and no index at all for our own."""
    build = [each.rest for each in stages()[0] if " install " in each.rest]
    locked, ours = build
    assert {"--require-hashes", "--only-binary"} <= set(locked.split())
    assert locked.endswith("-r /build/requirements.lock")
    assert {"--no-deps", "--no-index"} <= set(ours.split())
    assert "--hash=sha256:" in (ROOT / "requirements.lock").read_text()


def test_what_installs_and_compiles_stays_behind() -> None:
    """The last stage has no pip, and gets its packages from the first."""
    last = stages()[-1]
    assert any("pip uninstall --yes" in each.rest for each in last if each.word == "RUN")
    assert not any(re.search(r"\b(apt|apk|gcc|make|curl)\b", each.rest) for each in last)
    copied = [each.rest for each in last if each.word == "COPY"]
    assert copied
    assert all(each.startswith("--from=build ") for each in copied)


def test_a_read_only_tree_is_enough() -> None:
    """All is compiled beforehand, and nothing is written beside it."""
    assert any("compileall" in each.rest and "unchecked-hash" in each.rest for each in stages()[0])
    environment = " ".join(each.rest for each in stages()[-1] if each.word == "ENV")
    assert "PYTHONDONTWRITEBYTECODE=1" in environment
    assert "TMPDIR=/tmp" in environment


def test_what_is_copied_exists_and_is_let_through() -> None:
    """And nothing else reaches the builder: no .git, no .local, no secrets."""
    sources = [
        source
        for each in stages()[0]
        if each.word == "COPY"
        for source in shlex.split(each.rest)[:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_through = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert let_through == set(sources)
    assert {"requirements.lock", "workflows", "activities", "worker.py"} <= set(sources)
    assert all((ROOT / source).exists() for source in sources if "*" not in source)


def test_no_secret_is_baked_in() -> None:
    """No argument, variable or file is named like one."""
    words = re.compile(r"secret|token|password|api_?key", re.IGNORECASE)
    assert not [each for each in instructions() if words.search(each.rest)]


def test_its_commands_exist() -> None:
    """The worker by default; the rest is the wheel's one command."""
    [command] = [each.rest for each in stages()[-1] if each.word == "CMD"]
    assert command == '["python", "worker.py"]'
    assert os.access(ROOT / "worker.py", os.R_OK)
    assert 'hosted-numbers = "hosted_numbers.cli:main"' in (ROOT / "pyproject.toml").read_text()


def test_make_builds_it_from_the_wheel() -> None:
    """The one that was released, not one that the builder makes by itself."""
    makefile = (ROOT / "Makefile").read_text()
    assert "image: wheel" in makefile
    assert "--file deploy/Dockerfile" in makefile
    assert Path(DEPLOY / "Dockerfile").exists()
