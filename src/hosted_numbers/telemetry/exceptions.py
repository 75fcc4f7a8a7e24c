"""What the log tells of an exception: never its message, which may hold what a person sent."""

from types import TracebackType
from typing import Final

_FRAMES: Final = 5


def type_and_place(error: BaseException) -> dict[str, str]:
    """The keys ``error`` and ``place`` of a line of the log.

    Returns:
        The type of the exception and of those that led to it, the last one first; and the
        innermost five calls, the one that raised it first.
    """
    types = [type(error).__qualname__]
    cause = error
    while (cause := cause.__cause__ or cause.__context__) and len(types) < _FRAMES:  # type: ignore[assignment] # ends at None
        types.append(type(cause).__qualname__)
    return {"error": " < ".join(types), "place": _place(error.__traceback__)}


def _place(traceback: TracebackType | None) -> str:
    calls: list[str] = []
    while traceback is not None:
        frame = traceback.tb_frame
        module = frame.f_globals.get("__name__", "?")
        calls.append(f"{module}.{frame.f_code.co_name} line {traceback.tb_lineno}")
        traceback = traceback.tb_next
    return " < ".join(reversed(calls[-_FRAMES:]))
