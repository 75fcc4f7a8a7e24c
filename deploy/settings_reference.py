"""The settings as a page and as a file to copy, made from the model: ``make docs``.

The model's own words, defaults and readers are the only place where a setting is described, so the
table in docs/settings.md and deploy/settings.env.example cannot tell another story.
"""

import ast
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from hosted_numbers.setting_readers import READERS, TEMPORAL
from hosted_numbers.settings import Settings

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "settings.md"
EXAMPLE: Final = ROOT / "deploy" / "settings.env.example"
BEGIN: Final = "<!-- made by make docs: describe settings in settings.py -->"
END: Final = "<!-- end -->"
_WIDTH: Final = 98
_HEAD: Final = """\
# Every setting that is no secret, to copy to settings.env and change. What the compose file sets
# itself is not read from there. Made by make docs.
"""
_EVERYBODY: Final = 5


def descriptions() -> dict[str, str]:
    """What the model says of each field, in one line.

    Raises:
        ValueError: it says nothing of one.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(Settings)))
    (model,) = tree.body
    assert isinstance(model, ast.ClassDef)  # noqa: S101 - it is the source of a class
    found = {}
    for field, text in zip(model.body, model.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        match text:
            case ast.Expr(value=ast.Constant(value=str(words))):
                found[field.target.id] = " ".join(words.split())
    if silent := sorted(set(Settings.model_fields) - set(found)):
        raise ValueError(f"settings.py says nothing of {', '.join(silent)}")
    return {name: found[name] for name in Settings.model_fields}


def is_secret(field: FieldInfo) -> bool:
    """Whether a field's value is not to be seen: a secret by its type, or the keys' digests."""
    return "SecretStr" in repr(field.annotation) or "ApiKey" in repr(field.annotation)


def default(field: FieldInfo) -> str | None:
    """A field's default as the variable has it; None where it is unset without one."""
    value = field.default
    if field.default_factory is not None or value is None or value == ():
        return None
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(str(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def table() -> str:
    """The table of all settings, as Markdown."""
    told = descriptions()
    rows = [
        "| variable | who reads it | meaning | default |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | all but the simulator | {_linked(words)} | |"
            for name, words in TEMPORAL.items()
        ),
    ]
    for name, field in Settings.model_fields.items():
        shown = default(field)
        secret = " *Secret.*" if is_secret(field) else ""
        rows.append(
            f"| `{name.upper()}` | {_listed(READERS[name])} | {_linked(told[name])}{secret} "
            f"| {f'`{shown}`' if shown else ''} |"
        )
    return "\n".join(rows).replace(" |  |", " | |")


def page(before: str) -> str:
    """The page with its table made anew.

    Raises:
        ValueError: the page has no place for it.
    """
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for the table: {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


def example() -> str:
    """All settings that are no secrets, each as a comment with its default."""
    told = descriptions()
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        if is_secret(field):
            continue
        words = f"{told[name].replace('``', '')} ({_listed(READERS[name])})"
        lines = textwrap.wrap(words, _WIDTH, break_on_hyphens=False)
        parts.append("".join(f"# {line}\n" for line in lines) + _assignment(name, field))
    return "\n".join(parts)


def _assignment(name: str, field: FieldInfo) -> str:
    return f"#{name.upper()}={default(field) or ''}\n"


def _listed(readers: tuple[str, ...]) -> str:
    return "all" if len(readers) == _EVERYBODY else ", ".join(readers)


def _linked(words: str) -> str:
    """Markdown of a docstring: code, and pages as links."""
    words = words.replace("``", "`").replace("|", "\\|")
    return re.sub(r"docs/(([a-z-]+)\.md(#[a-z-]+)?)", r"[\2](\1)", words)


def main() -> int:
    """Write the page and the example; exit code 0."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
