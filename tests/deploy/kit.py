"""What the deploy kit gives each of our processes, read from its files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.settings_reference import is_secret
from hosted_numbers.setting_readers import NEEDED, READERS, TEMPORAL, Process
from hosted_numbers.settings import Settings

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
_CLOUDS: Final = ("AWS_", "AZURE_", "GOOGLE_")


@dataclass(frozen=True)
class Given:
    """What one process is given.

    Attributes:
        process: which.
        environment: its variables; None for a value that is taken over from outside.
        files: the paths of its secrets.
    """

    process: Process
    environment: Mapping[str, str | None]
    files: frozenset[str] = field(default_factory=frozenset)

    def settings(self) -> set[str]:
        """The settings that it is given, as variables without ``_FILE``."""
        return {_of_a_file(name) for name in self.environment}

    def complaints(self) -> Iterator[str]:
        """What is wrong with it, in words."""
        yield from self._not_read()
        yield from self._open_secrets()
        for name in NEEDED[self.process]:
            if name.upper() not in self.settings():
                yield f"{name.upper()} is missing"
        if not {"TEMPORAL_ADDRESS", "TEMPORAL_CONFIG_FILE"} & self.settings():
            yield "no way to Temporal"

    def _not_read(self) -> Iterator[str]:
        for name in self.settings():
            if name in TEMPORAL or name.startswith(_CLOUDS):
                continue
            if name.lower() not in READERS:
                yield f"{name} is no setting"
            elif self.process not in READERS[name.lower()]:
                yield f"{name} is not read by the {self.process}"

    def _open_secrets(self) -> Iterator[str]:
        for name, value in self.environment.items():
            model = Settings.model_fields.get(_of_a_file(name).lower())
            if model is None or not is_secret(model):
                continue
            if name == _of_a_file(name):
                yield f"{name} is a secret in the open"
            elif value not in self.files:
                yield f"{name} is a file that is not there"


def _of_a_file(name: str) -> str:
    """The variable that a file stands for: TEMPORAL_CONFIG_FILE and the like are no such files."""
    bare = name.removesuffix("_FILE")
    return bare if bare.lower() in Settings.model_fields else name


def documents(path: Path) -> list[dict[str, Any]]:
    """The documents of a YAML file."""
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


def assignments(path: Path) -> dict[str, str]:
    """What a file of ``NAME=value`` lines sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
