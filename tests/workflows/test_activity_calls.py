"""What the workflow makes of an activity's failure."""

import pytest
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    TimeoutError,  # noqa: A004 - Temporal's name for it
    TimeoutType,
)

from hosted_numbers.steps import Trouble
from workflows.activity_calls import trouble


def wrapped(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="worker",
        activity_type="place_verification_call",
        activity_id="1",
        retry_state=None,
    )
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (wrapped(ApplicationError("no", {"kind": "refused", "code": 22123})), "refused"),
        (ApplicationError("no", {"kind": "not-found", "code": 20404}), "not-found"),
        (wrapped(ApplicationError("a bug")), "internal"),
        (wrapped(ApplicationError("a bug", "of ours", type="ValueError")), "internal"),
        (
            wrapped(
                TimeoutError("late", type=TimeoutType.START_TO_CLOSE, last_heartbeat_details=[])
            ),
            "unreachable",
        ),
    ],
)
def test_failure_becomes_trouble(error: FailureError, kind: str) -> None:
    """Twilio's refusals keep their code; a bug of ours and a lost worker are told apart."""
    assert trouble(error).kind == kind
    assert isinstance(trouble(error), Trouble)
