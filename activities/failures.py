"""The one place where errors of our clients become failures that Temporal understands."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from hosted_numbers.delivery import DeliveryError, GoneError
from hosted_numbers.steps import Trouble, TroubleKind
from hosted_numbers.twilio import (
    AuthenticationError,
    InvalidArgumentError,
    NotFoundError,
    RefusedError,
    TwilioError,
)
from workflows.policies import (
    LONGEST_NOTIFICATION_PAUSE,
    LONGEST_RETRY_AFTER,
    NOTIFICATION_PAUSES,
)


@contextmanager
def twilio_failures() -> Iterator[None]:
    """Turn the errors of Twilio's client that leave this block into failures of the activity."""
    try:
        yield
    except TwilioError as error:
        raise application_error(error) from None


def application_error(error: TwilioError) -> ApplicationError:
    """The failure that tells Temporal whether to try again, when, and the workflow why.

    What was surely not sent or has an unknown outcome is tried again, by activities that look
    before they write; a known answer is not. The message is the client's, built from codes alone.
    """
    kind = _kind(error)
    delay = _retry_after(error)
    trouble = Trouble(
        kind=kind,
        code=error.code,
        status=error.status,
        retry_after=delay.total_seconds() if delay else None,
    )
    return ApplicationError(
        str(error),
        trouble,
        type=kind,
        non_retryable=kind != "unreachable",
        next_retry_delay=delay,
        category=ApplicationErrorCategory.BENIGN
        if kind == "unreachable"
        else ApplicationErrorCategory.UNSPECIFIED,
    )


def _kind(error: TwilioError) -> TroubleKind:
    match error:
        case AuthenticationError():
            return "credentials"
        case NotFoundError():
            return "not-found"
        case RefusedError() | InvalidArgumentError():
            return "refused"
        case _:
            return "unreachable"


def _retry_after(error: TwilioError) -> timedelta | None:
    """Retry-After, cut to a sane length and drawn out, so that not all orders return at once."""
    if error.retry_after is None:
        return None
    return min(error.retry_after, LONGEST_RETRY_AFTER) * _spread()


@contextmanager
def delivery_failures() -> Iterator[None]:
    """Turn a notification that was not taken into a failure of the activity, and say when next."""
    try:
        yield
    except DeliveryError as error:
        raise delivery_failure(error, activity.info().attempt) from None


def delivery_failure(error: DeliveryError, attempt: int) -> ApplicationError:
    """The failure of a delivery: tried again by the schedule of Standard Webhooks, 410 is not.

    Args:
        error: what came of this try.
        attempt: which one it was, from 1.
    """
    gone = isinstance(error, GoneError)
    last = attempt > len(NOTIFICATION_PAUSES)
    return ApplicationError(
        error.reason,
        type=type(error).__name__,
        non_retryable=gone,
        next_retry_delay=None if gone or last else _next_pause(error, attempt),
        category=ApplicationErrorCategory.UNSPECIFIED
        if gone or last
        else ApplicationErrorCategory.BENIGN,
    )


def _next_pause(error: DeliveryError, attempt: int) -> timedelta:
    pause = NOTIFICATION_PAUSES[attempt - 1] * _spread()
    asked = min(error.retry_after or timedelta(0), LONGEST_NOTIFICATION_PAUSE)
    return max(pause, asked)


def _spread() -> float:
    return random.uniform(1.0, 1.1)  # noqa: S311 - it spreads load, and guards nothing
