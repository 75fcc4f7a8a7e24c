"""Settings that stand in files: ``TWILIO_AUTH_TOKEN_FILE`` in place of ``TWILIO_AUTH_TOKEN``."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from hosted_numbers.errors import SettingsError

SUFFIX: Final = "_FILE"


def contents(fields: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """What the files named by ``…_FILE`` variables hold, by field; one trailing newline goes.

    Args:
        fields: the settings, in lower case.
        environment: of the process.

    Raises:
        SettingsError: a file cannot be read, or a variable and its file are both set.
    """
    found = {}
    for field in fields:
        path = environment.get(field.upper() + SUFFIX)
        if path is None:
            continue
        if field.upper() in environment:
            raise SettingsError(
                f"{field.upper()} and {field.upper()}{SUFFIX} are both set.", "Unset one of them."
            )
        try:
            found[field] = Path(path).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SettingsError(
                f"The file of {field.upper()}{SUFFIX} cannot be read: {why}.",
                "Correct the path or its permissions.",
            ) from None
    return found
