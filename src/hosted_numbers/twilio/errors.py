"""What can go wrong with a call to Twilio, as one tree.

The question that a caller must answer after a failure is whether Twilio did the thing. So every
error has an ``outcome``, and the tree is cut along it::

    TwilioError                      .outcome .status .code .request_id .retry_after .operation
    ├── InvalidArgumentError         NOT_SENT  refused here, nothing left the process (a ValueError)
    ├── NotSentError                 NOT_SENT  no connection: refused, DNS, connect or pool timeout
    ├── RateLimitedError             NOT_SENT  429 (20429), never processed; or held back here
    ├── UnknownOutcomeError          UNKNOWN   deadline, read or write error, reset, 408
    │   ├── ServerError              UNKNOWN   5xx
    │   └── UnreadableAnswerError    UNKNOWN   an answer that makes no sense, a redirect
    └── RefusedError                 ANSWERED  any other 4xx, with Twilio's code
        ├── AuthenticationError      ANSWERED  401, 403, or code 20003, 10001, 10002, 70051
        ├── NotFoundError            ANSWERED  404
        └── UploadFailedError        ANSWERED  201 for a document that has nothing in it

NOT_SENT may be sent again freely. After UNKNOWN a read may be repeated, but a write must first be
looked for, as Twilio has no idempotency key. ANSWERED stands until something is changed.

Messages are built from the operation, the HTTP status and Twilio's code, never from bodies or
arguments: those hold e-mail addresses and codes, and messages end up in logs and histories.
"""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """Whether a failed call took effect at Twilio."""

    NOT_SENT = "not-sent"
    UNKNOWN = "unknown"
    ANSWERED = "answered"


class TwilioError(Exception):
    """The root of the tree; only its subclasses are raised.

    Attributes:
        outcome: whether the call took effect at Twilio; a constant of the class.
        operation: what was tried, for instance ``"create HostedNumberOrder"``; None where an
            argument was refused before there was an operation.
        status: the HTTP status of the answer, None where there was no answer.
        code: Twilio's error code (https://www.twilio.com/docs/api/errors), None where the answer
            had none.
        request_id: Twilio's name for the request, to quote to their support.
        retry_after: how long Twilio asks to wait, never negative, not capped. Where it says 429 and
            no time, or the client holds a call back: until when the client holds all back.
    """

    outcome: ClassVar[Outcome] = Outcome.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        code: int | None = None,
        request_id: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after


class InvalidArgumentError(TwilioError, ValueError):
    """An argument that Twilio would surely refuse; nothing left the process."""

    outcome = Outcome.NOT_SENT


class NotSentError(TwilioError):
    """No connection to Twilio came about, so the request was surely not sent."""

    outcome = Outcome.NOT_SENT


class RateLimitedError(TwilioError):
    """429: too many requests (20429), "never processed and always safe to retry".

    ``status`` is None where the client held the call back itself, as an earlier one was told so.
    """

    outcome = Outcome.NOT_SENT


class UnknownOutcomeError(TwilioError):
    """The request may or may not have taken effect: look before a write is sent again."""

    outcome = Outcome.UNKNOWN


class ServerError(UnknownOutcomeError):
    """5xx: Twilio, or something before it, broke; the write may have happened all the same."""


class UnreadableAnswerError(UnknownOutcomeError):
    """An answer that is no JSON, lacks what every such answer has, or is a redirect."""


class RefusedError(TwilioError):
    """4xx: Twilio understood the request and did not do it; ``code`` says why."""

    outcome = Outcome.ANSWERED


class AuthenticationError(RefusedError):
    """The credentials or the account are at fault (20003, 10001, 10002, 70051), not the order."""


class NotFoundError(RefusedError):
    """404 (20404): no such resource, or the account has no access to the preview API."""


class UploadFailedError(RefusedError):
    """201 with an empty ``mime_type``: nothing of the upload arrived, and the document is useless.

    ``code`` is None. Source: https://www.twilio.com/docs/phone-numbers/documents-api
    """
