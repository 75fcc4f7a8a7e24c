"""What ``config show`` tells: each setting, its value or that it is set, and where it is from."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import typer
from pydantic import TypeAdapter
from rich.table import Table

from hosted_numbers import setting_files, temporal_profile
from hosted_numbers.cli.terminal import Output, plain, stdout
from hosted_numbers.setting_readers import READERS
from hosted_numbers.settings import Settings

SET: Final = "(set, not shown)"
_PATHS_ARE_SECRET: Final = frozenset({"hosted_numbers_notification_url"})


@dataclass(frozen=True)
class Effective:
    """One setting as it is.

    Attributes:
        variable: its name.
        value: as text; of a secret only that it is set; None where it is not set at all.
        source: ``environment``, ``file`` or ``default``; ``profile`` for what the SDK reads.
        readers: the processes that read it.
    """

    variable: str
    value: str | None
    source: str
    readers: tuple[str, ...]


def show(output: Output) -> None:
    """Print the settings, and end as a process with them would.

    Raises:
        SettingsError: they are wrong or, in production, unsafe; then nothing is printed.
    """
    found = [*_temporal(), *_ours(Settings.read())]
    if output is Output.JSON:
        typer.echo(TypeAdapter(list[dict[str, Any]]).dump_json([asdict(each) for each in found]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("variable", "value", "from", "read by"):
        table.add_column(column, overflow="fold")
    for each in found:
        value = "-" if each.value is None else each.value
        table.add_row(each.variable, plain(value), each.source, ", ".join(each.readers))
    stdout().print(table)


def _temporal() -> Iterator[Effective]:
    profile = temporal_profile.load()
    readers = ("worker", "gateway", "setup", "command line")
    shown = {
        "TEMPORAL_ADDRESS": temporal_profile.address(profile),
        "TEMPORAL_NAMESPACE": profile.get("namespace", "default"),
        "TEMPORAL_API_KEY": SET if profile.get("api_key") else None,
        "TEMPORAL_TLS": str(temporal_profile.uses_tls(profile)).lower(),
    }
    for variable, value in shown.items():
        yield Effective(variable, value, "profile", readers)


def _ours(settings: Settings) -> Iterator[Effective]:
    for name in Settings.model_fields:
        variable = name.upper()
        source = "default"
        if variable in os.environ:
            source = "environment"
        elif variable + setting_files.SUFFIX in os.environ and name in settings.model_fields_set:
            source = "file"
        yield Effective(variable, _shown(name, getattr(settings, name)), source, READERS[name])


def _shown(name: str, value: Any) -> str | None:
    if value is None or value == ():
        return None
    if name in _PATHS_ARE_SECRET:
        parts = urlsplit(str(value))
        return f"{parts.scheme}://{parts.hostname}/…"
    if name == "hosted_numbers_api_keys":
        return ", ".join(key.name for key in value)
    if hasattr(value, "get_secret_value") or _holds_secrets(value):
        return SET
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _holds_secrets(value: Any) -> bool:
    return isinstance(value, tuple) and any(hasattr(each, "get_secret_value") for each in value)
