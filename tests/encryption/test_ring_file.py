"""The file of a ring: made once, rotated in two steps, whole at every moment."""

import os
import stat
from pathlib import Path

import pytest

from hosted_numbers.encryption import ring_file
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import InvalidRequestError, SettingsError

FIRST, SECOND = Key("first", b"1" * 32), Key("second", b"2" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ring of one key."""
    file = tmp_path / "ring"
    file.write_text(f"# of May\n{FIRST}\n")
    file.chmod(0o640)
    return file


def beside(path: Path) -> list[str]:
    """What stands in the file's folder, itself included."""
    return [each.name for each in path.parent.iterdir()]


def test_a_ring_is_made_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    """What stood there may be all that opens somebody's orders."""
    path = tmp_path / "ring"
    key = ring_file.make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ring_file.read(path).current.secret == key.secret
    with pytest.raises(InvalidRequestError, match="is there already"):
        ring_file.make(path)
    assert list(ring_file.read(path).keys) == [key.id]
    with pytest.raises(InvalidRequestError, match="cannot be written"):
        ring_file.make(tmp_path / "nowhere" / "ring")


@pytest.mark.security("S11")
@pytest.mark.fault("F47")
def test_a_rotation_adds_then_promotes_and_takes_nothing_away(path: Path) -> None:
    """A new key is read with before anybody writes with it; comments and rights stay."""
    added = ring_file.add(path)
    ring = ring_file.read(path)
    assert list(ring.keys) == ["first", added.id]
    assert ring.current.id == "first"
    for _ in range(2):
        ring_file.promote(path, added.id)
        ring = ring_file.read(path)
        assert list(ring.keys) == [added.id, "first"]
        assert ring.current.secret == added.secret
    assert "# of May" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert beside(path) == ["ring"]


def test_keys_between_commas_are_rotated_too(path: Path) -> None:
    """As they stand in a variable."""
    path.write_text(f"{FIRST}, {SECOND}")
    added = ring_file.add(path)
    ring_file.promote(path, "second")
    assert list(ring_file.read(path).keys) == ["second", "first", added.id]


def test_a_link_to_a_ring_stays_a_link(path: Path, tmp_path: Path) -> None:
    """The file behind it is replaced."""
    link = tmp_path / "link"
    link.symlink_to(path)
    added = ring_file.add(link)
    assert link.is_symlink()
    assert added.id in ring_file.read(path).keys


def test_what_cannot_be_rotated_is_left_as_it_is(path: Path, tmp_path: Path) -> None:
    """A key that is not there, a file that is no ring, another rotation under way."""
    before = path.read_text()
    with pytest.raises(InvalidRequestError, match="It has first"):
        ring_file.promote(path, "second")
    (tmp_path / ".ring.new").write_text("of another rotation")
    with pytest.raises(InvalidRequestError, match="another rotation"):
        ring_file.add(path)
    assert path.read_text() == before
    for content in (b"sesame", b"\xff\xfe"):
        (tmp_path / "none").write_bytes(content)
        with pytest.raises(SettingsError) as refused:
            ring_file.add(tmp_path / "none")
        assert "sesame" not in str(refused.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        ring_file.read(tmp_path / "missing")


def test_a_full_disk_leaves_the_ring_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half written takes its place, nor stays beside it."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidRequestError, match="No space left"):
        ring_file.add(path)
    monkeypatch.undo()
    assert beside(path) == ["ring"]
    assert KeyRing(path.read_text()).current.id == "first"
    monkeypatch.setattr(Path, "replace", lambda *_: full(0))
    with pytest.raises(InvalidRequestError, match="No space left"):
        ring_file.add(path)
    assert beside(path) == ["ring"]
