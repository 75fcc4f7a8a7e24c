"""``hosted-numbers encryption-keys``: made, rotated, listed, looked for."""

import json
from collections import Counter
from pathlib import Path

import pytest

from hosted_numbers.cli import ring_actions
from hosted_numbers.encryption import ring_file
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.encryption.usage import Usage
from hosted_numbers.settings import Settings
from tests.cli.storied_orders import Run

VARIABLE = "HOSTED_NUMBERS_ENCRYPTION_KEYS"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of this machine's own."""
    for name in (VARIABLE, f"{VARIABLE}_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ring of two keys."""
    file = tmp_path / "ring"
    file.write_text(f"{Key('new', b'n' * 32)}\n{Key('old', b'o' * 32)}\n")
    return file


@pytest.mark.security("S11")
def test_a_new_ring_is_printed_or_written(run: Run, tmp_path: Path) -> None:
    """The secret goes to stdout, or into a file that is then not shown, and never over a ring."""
    printed = run("encryption-keys", "new")
    assert printed.exit_code == 0
    assert len(KeyRing(printed.stdout).keys) == 1
    path = tmp_path / "ring"
    written = run("encryption-keys", "new", "--file", str(path))
    assert written.exit_code == 0
    assert list(ring_file.read(path).keys) == [written.stdout.strip()]
    assert path.read_text().partition(":")[2].strip() not in written.output
    again = run("encryption-keys", "new", "--file", str(path))
    assert again.exit_code == 2
    assert "is there already" in again.stderr


@pytest.mark.security("S11")
def test_a_rotation_says_its_next_step(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Add, bring it everywhere, promote, restart, look whether the old one is needed."""
    monkeypatch.setenv(f"{VARIABLE}_FILE", str(path))
    added = run("encryption-keys", "rotate")
    key_id = added.stdout.strip()
    assert f"--promote {key_id}" in added.stderr
    assert ring_file.read(path).current.id == "new"
    promoted = run("encryption-keys", "rotate", "--promote", key_id)
    assert promoted.exit_code == 0
    assert "restart" in promoted.stderr
    assert "list --file" in promoted.stderr
    assert list(ring_file.read(path).keys) == [key_id, "new", "old"]
    assert run("encryption-keys", "rotate", "--promote", "other").exit_code == 2


def test_a_rotation_needs_a_file(run: Run) -> None:
    """Wrong usage, exit 2; a ring in a variable is changed where that is set."""
    refused = run("encryption-keys", "rotate")
    assert refused.exit_code == 2
    assert "--file PATH" in refused.stderr


@pytest.mark.security("S18")
def test_keys_are_listed_by_their_ids_alone(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file, or from the variable."""
    text = path.read_text()
    listed = run("encryption-keys", "list", "--file", str(path))
    monkeypatch.setenv(VARIABLE, text)
    of_variable = run("encryption-keys", "list")
    for found in (listed, of_variable):
        assert found.exit_code == 0
        assert "writes and reads" in found.stdout
        assert "old" in found.stdout
        assert text.partition(":")[2][:10] not in found.output
    monkeypatch.delenv(VARIABLE)
    none = run("encryption-keys", "list")
    assert none.exit_code == 2
    assert "There is no ring of keys" in none.stderr


@pytest.mark.fault("F47")
def test_what_still_needs_a_key_is_counted(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is needed and not there is an error, with its id."""
    found = Usage(Counter(old=3), Counter(new=1), Counter(new=7))

    async def looked(_: Settings) -> Usage:
        return found

    monkeypatch.setattr(ring_actions, "_looked", looked)
    words = ["encryption-keys", "list", "--file", str(path), "--in-use"]
    rows = json.loads(run(*words, "-o", "json").stdout)
    assert [
        (row["id"], row["writes"], row["workflows"], row["schedules"], row["files"]) for row in rows
    ] == [("new", True, 0, 1, 7), ("old", False, 3, 0, 0)]
    found.files["lost"] = 2
    missing = run(*words)
    assert missing.exit_code == 1
    assert "lost" in missing.stdout
    assert "Not on this ring, and needed: lost" in missing.stderr
