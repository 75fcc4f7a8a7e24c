"""``hosted-numbers``: the command line.

Its modules import what is heavy only once a command needs it, so that ``--help`` is quick, and so
that a command asks for no extra but its own.
"""

import gc
import sys
from typing import Final

from hosted_numbers.process import leave

_ALLOCATIONS: Final = 20_000
"""Between two collections, in place of 700: hardly anything of what is imported is garbage, and to
look through it again and again takes a tenth of a process's start."""


def main() -> None:
    """Run the command line; without its extra, say what to install."""
    gc.set_threshold(_ALLOCATIONS)
    try:
        from hosted_numbers.cli.application import application  # noqa: PLC0415 - may be missing
    except ModuleNotFoundError as error:
        if error.name not in {"rich", "typer"}:
            raise
        sys.stderr.write(
            "The command line needs more packages: pip install 'hosted-numbers[cli]'\n"
        )
        sys.exit(1)
    try:
        application()
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else 0)
