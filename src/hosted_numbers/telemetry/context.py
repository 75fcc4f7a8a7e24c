"""What every line of the log tells that is written while something is done: for whom, and why.

It holds where ``asyncio`` carries context variables: in the task that bound it, and in the tasks
and threads that this one starts.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

from hosted_numbers.telemetry.masking import without_personal_data

CORRELATION_ID: Final = "correlation_id"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_BOUND: Final[ContextVar[Mapping[str, str | int]]] = ContextVar(
    "hosted_numbers_log", default=MappingProxyType({})
)


@contextmanager
def bound(**keys: str | int | None) -> Iterator[None]:
    """Add keys (``keys.KEYS``) to each line that is written inside; None takes one away."""
    now = {**_BOUND.get(), **keys}
    token = _BOUND.set({name: value for name, value in now.items() if value is not None})
    try:
        yield
    finally:
        _BOUND.reset(token)


def current() -> Mapping[str, str | int]:
    """The keys that are bound."""
    return _BOUND.get()


def correlation_id() -> str | None:
    """The name of the request that is the cause of what is done; None where none is known."""
    found = _BOUND.get().get(CORRELATION_ID)
    return None if found is None else str(found)


def is_name(text: str) -> bool:
    """Whether a request may be called so: nobody writes into the log by it, nor what is masked."""
    return bool(_NAME.fullmatch(text)) and without_personal_data(text) == text
