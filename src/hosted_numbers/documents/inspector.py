"""The check of a file from outside: a process of its own, its verdict, and an end to both."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import BinaryIO, Final

from hosted_numbers.documents import inspection
from hosted_numbers.errors import BlobStoreError, DocumentRefusedError

_log = logging.getLogger(__name__)

PATIENCE: Final = timedelta(seconds=10)
_LONGEST_VERDICT: Final = 4_000
# The parsers of strangers' files are given no secret: of all variables, what Python itself needs.
_VARIABLES: Final = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT", "TMPDIR")
# -P: a file of the directory that this process stands in is never imported.
_COMMAND: Final = (sys.executable, "-P", "-m", inspection.__name__)
_OVER_ITS_LIMITS: Final = frozenset({-signal.SIGXCPU, -signal.SIGKILL})


async def inspected(
    file: BinaryIO, *, patience: timedelta = PATIENCE, command: tuple[str, ...] = _COMMAND
) -> str:
    """The media type of a good document, as found in its content.

    Args:
        file: an open file of the operating system; it is read from its start.
        patience: how long the check may take.
        command: what checks.

    Raises:
        DocumentRefusedError: the file is none that Twilio could take, or the check of it crashed,
            ran into its limits or took too long.
        BlobStoreError: this machine has no room for another process now.
    """
    file.seek(0)
    process = await _started(file, command)
    try:
        async with asyncio.timeout(patience.total_seconds()):
            assert process.stdout is not None  # noqa: S101 - it is a pipe, by the words above
            told = await process.stdout.read(_LONGEST_VERDICT)
            code = await process.wait()
    except TimeoutError:
        raise inspection.too_complex() from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code in _OVER_ITS_LIMITS:
        raise inspection.too_complex()
    return _media_type(told, code)


async def _started(file: BinaryIO, command: tuple[str, ...]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
        )
    except OSError as error:
        _log.warning("The check of a document cannot be started: %s", error.strerror)
        raise BlobStoreError(
            "The check of the file could not be started; nothing was kept.",
            "Send it again shortly.",
        ) from None


def _media_type(told: bytes, code: int) -> str:
    """What the verdict says.

    Raises:
        DocumentRefusedError: it is a refusal, or none at all.
    """
    try:
        verdict = json.loads(told) if code == 0 else {}
    except ValueError:
        verdict = {}
    if "media_type" in verdict:
        return str(verdict["media_type"])
    if "reason" in verdict:
        raise DocumentRefusedError(verdict["code"], verdict["reason"], verdict["next_step"])
    _log.warning(
        "The check of a document crashed with exit code %d", code, extra={"exit_code": code}
    )
    raise DocumentRefusedError(
        "document-check-crashed",
        "The check of the file crashed.",
        "Print the document to a new PDF and send that. If that is refused as well, have whoever "
        "runs the gateway try: python -m hosted_numbers.documents.inspection < FILE",
    )
