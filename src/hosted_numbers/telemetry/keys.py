"""The keys that a line of the log may have. What is not here is dropped, whoever wrote it.

A key with a number takes nothing but a number, so that a code cannot stand where a count belongs.
Texts are masked on their way out (``masking``). To log something new, add its key here, and say in
docs/telemetry.md what it holds.
"""

from typing import Final

ALWAYS: Final = ("timestamp", "level", "event", "logger", "process")
"""What each line has."""

TEXTS: Final = (
    "correlation_id",
    "order",
    "workflow_type",
    "workflow_id",
    "run_id",
    "activity",
    "task_queue",
    "operation",
    "method",
    "route",
    "principal",
    "scope",
    "limit",
    "kind",
    "outcome",
    "code",
    "key_id",
    "namespace",
    "twilio_request_id",
    "error",
    "place",
)

NUMBERS: Final = (
    "attempt",
    "status",
    "twilio_code",
    "duration_ms",
    "pause_seconds",
    "count",
    "exit_code",
)

KEYS: Final = (*ALWAYS, *TEXTS, *NUMBERS)
"""All, in the order in which a line has them."""
