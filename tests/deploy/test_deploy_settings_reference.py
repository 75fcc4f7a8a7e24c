"""The reference of the settings: made from the model, complete, and as it is in the files."""

from pathlib import Path

import pytest

from deploy import settings_reference
from hosted_numbers.setting_readers import NEEDED, READERS
from hosted_numbers.settings import Settings


def test_every_setting_has_its_readers() -> None:
    """A new one is added to setting_readers.py; one that is gone goes there, too."""
    assert set(READERS) == set(Settings.model_fields)
    assert all(READERS.values())
    for process, needed in NEEDED.items():
        assert all(process in READERS[name] for name in needed)


def test_every_setting_is_described() -> None:
    """In the model, in whole sentences."""
    told = settings_reference.descriptions()
    assert set(told) == set(Settings.model_fields)
    assert all(words.endswith(".") for words in told.values())


def test_the_page_is_current() -> None:
    """Run make docs."""
    before = settings_reference.PAGE.read_text(encoding="utf-8")
    assert settings_reference.page(before) == before


def test_the_example_is_current() -> None:
    """Run make docs. It has every setting but the secrets, each with its default."""
    text = settings_reference.EXAMPLE.read_text(encoding="utf-8")
    assert settings_reference.example() == text
    for name, field in Settings.model_fields.items():
        assert (f"\n#{name.upper()}=" in text) is not settings_reference.is_secret(field)


def test_links_of_the_page_lead_somewhere() -> None:
    """Pages that descriptions name become links."""
    assert "([api](api.md))" in settings_reference.table()
    assert "(benchmarks.md#the-rate-of-a-task-queue)" in settings_reference.table()
    assert "docs/" not in settings_reference.table()


def test_make_docs_writes_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Around what people wrote on the page, which stays."""
    monkeypatch.setattr(settings_reference, "PAGE", tmp_path / "settings.md")
    monkeypatch.setattr(settings_reference, "EXAMPLE", tmp_path / "settings.env.example")
    text = f"before\n{settings_reference.BEGIN}\nold\n{settings_reference.END}\nafter\n"
    settings_reference.PAGE.write_text(text, encoding="utf-8")
    assert settings_reference.main() == 0
    written = settings_reference.PAGE.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "\nold\n" not in written
    assert settings_reference.EXAMPLE.read_text(encoding="utf-8") == settings_reference.example()


def test_a_setting_without_a_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person who adds one learns where to describe it."""
    monkeypatch.setitem(
        Settings.model_fields, "hosted_numbers_new", Settings.model_fields["public_base_url"]
    )
    with pytest.raises(ValueError, match=r"settings\.py says nothing of hosted_numbers_new"):
        settings_reference.descriptions()


def test_a_page_without_a_place_for_it_is_refused() -> None:
    """Rather than lose what it says."""
    with pytest.raises(ValueError, match="no place"):
        settings_reference.page("# What do I set?\n")
