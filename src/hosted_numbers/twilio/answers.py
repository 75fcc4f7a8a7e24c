"""Reading an HTTP answer: a model where it is good, an error of the tree where it is not.

The HTTP status is the truth and the body only adds Twilio's code, since a body may be a proxy's
HTML, and its shape differs from host to host.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, TypeVar

from pydantic import BaseModel, Field, ValidationError

from hosted_numbers.twilio.error_codes import CREDENTIALS, MEANINGS, RATE_LIMITED
from hosted_numbers.twilio.errors import (
    AuthenticationError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServerError,
    TwilioError,
    UnknownOutcomeError,
    UnreadableAnswerError,
)

Model = TypeVar("Model", bound=BaseModel)

_REQUEST_ID_HEADERS: Final = ("twilio-request-id", "x-twilio-request-id")
_REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_KINDS: Final[Mapping[int, type[TwilioError]]] = {
    HTTPStatus.UNAUTHORIZED: AuthenticationError,
    HTTPStatus.FORBIDDEN: AuthenticationError,
    HTTPStatus.REQUEST_TIMEOUT: UnknownOutcomeError,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimitedError,
}
_SECONDS = re.compile(r"[0-9]{1,9}")  # up to 31 years, more than a timedelta could overflow on


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end.

    Attributes:
        status: the HTTP status.
        headers: looked up by names in lower case.
        content: the body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """Twilio's name for the request, None where it is absent or not one."""
        for header in _REQUEST_ID_HEADERS:
            value = self.headers.get(header, "")
            if _REQUEST_ID.fullmatch(value):
                return value
        return None


def error_in(answer: Answer, operation: str) -> TwilioError | None:
    """Return the error that an answer's status stands for, None for 2xx."""
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    code = _code_in(answer.content)
    kind = _kind_of(status, code)
    words = [f"{operation}: HTTP {status}"]
    if code is not None:
        meaning = MEANINGS.get(code)
        words.append(f"Twilio error {code}" + (f" ({meaning})" if meaning else ""))
    return kind(
        ", ".join(words),
        operation=operation,
        status=status,
        code=code,
        request_id=answer.request_id,
        retry_after=retry_after(answer.headers),
    )


def decoded(answer: Answer, operation: str, model: type[Model]) -> Model:
    """Read a good answer's body as ``model``.

    Raises:
        UnreadableAnswerError: it is no JSON or not such a resource. The message names the fields
            that are wrong and holds nothing of the body.
    """
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['type']}"
            for problem in error.errors(include_url=False, include_context=False)[:5]
        )
    # Raised outside of the except clause: pydantic's error holds the body, and must not travel
    # along as the context of ours.
    raise unreadable(answer, operation, f"is no {model.__name__} ({problems})")


def unreadable(answer: Answer, operation: str, why: str) -> UnreadableAnswerError:
    """Make the error for an answer whose status is good and whose body is not."""
    return UnreadableAnswerError(
        f"{operation}: the answer (HTTP {answer.status}) {why}",
        operation=operation,
        status=answer.status,
        request_id=answer.request_id,
    )


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the server asks to wait (RFC 9110, section 10.2.3).

    Seconds, or a date, which counts from the answer's own ``Date`` so that a wrong clock here does
    no harm. A date in the past is zero. Anything else is None. Long waits are kept: the caller
    knows its cap.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=int(value))
    moment = _http_date(value)
    if moment is None:
        return None
    now = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return max(moment - now, timedelta(0))


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _kind_of(status: int, code: int | None) -> type[TwilioError]:
    if kind := _KINDS.get(status):
        return kind
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError
    if status < HTTPStatus.BAD_REQUEST:
        return UnreadableAnswerError
    if code in CREDENTIALS:
        return AuthenticationError
    if code == RATE_LIMITED:
        return RateLimitedError
    return NotFoundError if status == HTTPStatus.NOT_FOUND else RefusedError


class _ErrorBody(BaseModel):
    """What the three error shapes have in common.

    Ordinary resources send ``code, message, more_info, status``, the Documents API ``message, code,
    user_error, http_status_code, params``, and RFC 9457 ``type, title, status, code, detail,
    errors``.
    """

    code: int = Field(ge=10_000, le=999_999)


def _code_in(content: bytes) -> int | None:
    try:
        return _ErrorBody.model_validate_json(content).code
    except ValidationError:
        return None
