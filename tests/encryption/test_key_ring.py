"""Key rings: what is one, what is none, and a key that comes later."""

import base64
from datetime import UTC, datetime

import pytest

from hosted_numbers.encryption import key_ring
from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import SettingsError, UnknownEncryptionKeyError

OLD = Key("old", b"o" * 32)
NEW = Key("new", b"n" * 32)


def test_a_ring_of_lines_or_commas_writes_with_its_first_key() -> None:
    """Comments and empty lines are left out."""
    for text in (f"{NEW}\n{OLD}\n", f" {NEW} , {OLD}", f"# since May\n\n{NEW}\n# before\n{OLD}"):
        ring = KeyRing(text)
        assert list(ring.keys) == ["new", "old"]
        assert ring.current.secret == NEW.secret
        assert ring.key("old").secret == OLD.secret


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no key"),
        ("# nothing", "no key"),
        ("sesame", "key 1 is no id"),
        (f"{OLD}\nnew:{base64.b64encode(b'short').decode()}", "key 2 is no id"),
        (f"näh:{base64.b64encode(b'x' * 32).decode()}", "key 1 is no id"),
        ("new:!!!!", "key 1 is no id"),
        (f"{OLD}\n{OLD}", "two keys have the id old"),
    ],
)
def test_what_is_no_ring_is_refused_without_telling_it(text: str, reason: str) -> None:
    """The message says which key, and how to make one; nothing of what was given."""
    with pytest.raises(SettingsError) as refused:
        KeyRing(text)
    assert reason in str(refused.value)
    assert "encryption-keys new" in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.security("S18")
def test_a_key_shows_its_id_alone() -> None:
    """In a debugger's or a log's words; as text it is a line of a ring."""
    key = Key.new(datetime(2026, 5, 1, tzinfo=UTC))
    assert key.id.startswith("2026-05-01-")
    assert repr(key) == f"Key({key.id!r})"
    assert KeyRing(str(key)).current.secret == key.secret


@pytest.mark.fault("F47")
def test_a_key_that_was_added_to_the_file_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at again, at most once a second."""
    texts = [str(OLD)]
    now = [100.0]
    asked = []

    def reread() -> str:
        asked.append(now[-1])
        return texts[-1]

    monkeypatch.setattr(key_ring, "monotonic", lambda: now[-1])
    ring = KeyRing(texts[0], reread)
    now.append(102.0)
    with pytest.raises(UnknownEncryptionKeyError, match="The encryption key new is not among"):
        ring.key("new")
    texts.append(f"{OLD}\n{NEW}")
    with pytest.raises(UnknownEncryptionKeyError):
        ring.key("new")
    now.append(103.0)
    assert ring.key("new").secret == NEW.secret
    assert asked == [102.0, 103.0]


def test_an_id_of_no_known_form_is_not_repeated() -> None:
    """What stands in a stranger's payload could be anything."""
    with pytest.raises(UnknownEncryptionKeyError) as unknown:
        KeyRing(str(OLD)).key("<script>\n")
    assert "script" not in str(unknown.value)


@pytest.mark.fault("F47")
def test_a_file_that_cannot_be_read_again_costs_no_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Gone or spoiled, it is the log that says so; what was on the ring stays, and stays first."""
    now = [100.0]
    texts: list[str | OSError] = [FileNotFoundError(), "sesame", f"{NEW}"]

    def reread() -> str:
        text = texts.pop(0)
        if isinstance(text, OSError):
            raise text
        return text

    monkeypatch.setattr(key_ring, "monotonic", lambda: now[-1])
    ring = KeyRing(str(OLD), reread)
    for moment in (102.0, 104.0):
        now.append(moment)
        with pytest.raises(UnknownEncryptionKeyError):
            ring.key("new")
    assert caplog.text.count("cannot be read again") == 2
    assert "sesame" not in caplog.text
    now.append(106.0)
    assert ring.key("new").secret == NEW.secret
    assert list(ring.keys) == ["old", "new"]
    assert ring.current.id == "old"
