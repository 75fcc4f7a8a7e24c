"""The log of a process: one event a line, in UTC, by structlog's processors, on stderr.

Everybody writes with the standard library's ``logging``: this package because a backend that
installs it shall find its events in its own log, the SDK, uvicorn and the rest because they do. How
a line looks is decided here alone, where a process of ours begins; keys come as ``extra``.

An exception is told by its type and the place where it rose, never by its message or its locals:
those may hold what a person sent.
"""

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, TextIO, TypeAlias

import structlog
from pydantic_core import to_json
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from hosted_numbers.telemetry import context
from hosted_numbers.telemetry.exceptions import type_and_place
from hosted_numbers.telemetry.keys import ALWAYS, NUMBERS, TEXTS
from hosted_numbers.telemetry.masking import without_personal_data

LogFormat: TypeAlias = Literal["console", "json"]

_NUMBERS: Final = frozenset(NUMBERS)
_TEXTS: Final = frozenset({"event", *TEXTS}) - {"key_id"}
_SAFE: Final = frozenset({*ALWAYS, "key_id"}) - _TEXTS
"""What is ours whole: no person's words are in it, and a key's id must be told as it is."""
_OF_TEMPORAL: Final = {
    "temporal_workflow": {"workflow_id", "run_id", "workflow_type", "attempt", "task_queue"},
    "temporal_activity": {"workflow_id", "workflow_type", "attempt", "task_queue"},
    "temporal_log": {"workflow_id", "run_id", "task_queue"},
}
"""What the SDK's loggers and its core say beside a line, and which of it is taken."""

_log = logging.getLogger(__name__)


def write_log(log_format: LogFormat, process: str, stream: TextIO | None = None) -> None:
    """Have everything that this process logs written to ``stream``, stderr by default.

    Args:
        log_format: ``json`` for machines, ``console`` for people.
        process: what the process is called in each line.
        stream: where lines go.
    """
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter(log_format, process, colours=target.isatty()))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # httpx would write each URL, and a list's filters, which are personal, stand in the URL
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def formatter(log_format: LogFormat, process: str, *, colours: bool = False) -> logging.Formatter:
    """What makes a line of a record, whoever wrote it."""
    write: Callable[[WrappedLogger, str, EventDict], Any]
    if log_format == "json":
        write = structlog.processors.JSONRenderer(_json)
    else:
        write = structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=0)
    return ProcessorFormatter(
        foreign_pre_chain=[ExtraAdder(allow={*TEXTS, *NUMBERS, *_OF_TEMPORAL})],
        processors=[_of_record(process), _allowed, write],
    )


def _of_record(process: str) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    """What a record says of itself, and what is bound where it was written."""

    def tell(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        record: logging.LogRecord = event.pop("_record")
        event.pop("_from_structlog")
        moment = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "timestamp": f"{moment.isoformat(timespec='milliseconds')[:-6]}Z",
            "level": record.levelname.lower(),
            "event": event.pop("event"),
            "logger": record.name,
            "process": process,
            **context.current(),
        }
        for name, taken in _OF_TEMPORAL.items():
            found: Any = event.pop(name, None) or {}
            fields: Mapping[str, Any] = getattr(found, "fields", found)  # the core has an object
            told |= {key: value for key, value in fields.items() if key in taken}
        exc_info = event.pop("exc_info", None)
        told |= event
        if isinstance(exc_info, tuple) and exc_info[1] is not None:
            told |= type_and_place(exc_info[1])
        return told

    return tell


def _allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The keys that a line may have, masked."""
    told: EventDict = {}
    for key, value in event.items():
        if key in _TEXTS:
            if isinstance(value, str):
                told[key] = without_personal_data(value)
        elif key in _NUMBERS:
            if isinstance(value, int | float) and not isinstance(value, bool):
                told[key] = value
        elif key in _SAFE:
            told[key] = value
    return told


def _json(event: EventDict, **_: object) -> str:
    """Much faster than the standard library's; text that ends a line is escaped before."""
    return to_json(event).decode()


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    _log.critical("The process ends by an error that it does not know", exc_info=error)


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    _log.critical("A thread ends by an error that it does not know", exc_info=arguments.exc_value)
