"""From an HTTP answer to the error of the tree that it stands for."""

import copy
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hosted_numbers.twilio import (
    AuthenticationError,
    AuthorizationDocument,
    Document,
    HostedNumberOrder,
    IncomingPhoneNumber,
    InvalidArgumentError,
    NotFoundError,
    NotSentError,
    Outcome,
    RateLimitedError,
    RefusedError,
    ServerError,
    SupportingDocument,
    TwilioError,
    UnknownOutcomeError,
    UnreadableAnswerError,
)
from hosted_numbers.twilio.answers import Answer, decoded, error_in, retry_after
from hosted_numbers.twilio.error_codes import MEANINGS
from tests.twilio.stand_in import ORDER_SID, StandIn, json_answer, order

CANARY = "canary@example.com"


def ordinary(code: object, status: int = 400) -> dict[str, object]:
    return {"code": code, "message": CANARY, "more_info": CANARY, "status": status}


async def failure(answer: httpx.Response) -> TwilioError:
    """The error that fetching an order ends in."""
    async with StandIn(answer).client() as twilio:
        with pytest.raises(TwilioError) as caught:
            await twilio.hosted_number_orders.fetch(ORDER_SID)
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind", "outcome"),
    [
        (400, 22110, RefusedError, Outcome.ANSWERED),
        (409, 22112, RefusedError, Outcome.ANSWERED),
        (400, 20003, AuthenticationError, Outcome.ANSWERED),
        (400, 10001, AuthenticationError, Outcome.ANSWERED),
        (400, 10002, AuthenticationError, Outcome.ANSWERED),
        (404, 70051, AuthenticationError, Outcome.ANSWERED),
        (401, 20003, AuthenticationError, Outcome.ANSWERED),
        (403, 22110, AuthenticationError, Outcome.ANSWERED),
        (404, 20404, NotFoundError, Outcome.ANSWERED),
        (429, 20429, RateLimitedError, Outcome.NOT_SENT),
        (408, 20003, UnknownOutcomeError, Outcome.UNKNOWN),
        (500, 20500, ServerError, Outcome.UNKNOWN),
        (503, 20503, ServerError, Outcome.UNKNOWN),
        (599, 20429, ServerError, Outcome.UNKNOWN),
        (302, 20404, UnreadableAnswerError, Outcome.UNKNOWN),
        (304, 20404, UnreadableAnswerError, Outcome.UNKNOWN),
    ],
)
async def test_the_http_status_decides_and_the_code_is_kept(
    status: int, code: int, kind: type[TwilioError], outcome: Outcome
) -> None:
    """Each answer is exactly one kind of error, whatever its body claims the status to be."""
    error = await failure(json_answer(ordinary(code, status=200), status))
    assert type(error) is kind
    assert (error.status, error.code, error.outcome) == (status, code, outcome)
    assert error.operation == "fetch HostedNumberOrder"


def test_outcomes_that_need_no_answer() -> None:
    """What never left the process can be sent again; a refused argument is a ValueError too."""
    assert InvalidArgumentError.outcome is NotSentError.outcome is Outcome.NOT_SENT
    assert issubclass(InvalidArgumentError, ValueError)


@pytest.mark.parametrize(
    "body",
    [
        ordinary(22110),
        ordinary("22110"),
        {"message": CANARY, "code": 22110, "user_error": True, "http_status_code": 400},
        {"type": "about:blank", "title": CANARY, "status": 400, "code": 22110, "errors": []},
    ],
)
async def test_all_error_shapes_carry_the_code(body: dict[str, object]) -> None:
    """Ordinary, Documents API and RFC 9457 bodies are read alike, and no body is quoted."""
    error = await failure(json_answer(body, 400))
    assert error.code == 22110
    assert MEANINGS[22110] in str(error)
    assert CANARY not in str(error)


@pytest.mark.fault("F12")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"null",
        b"[1]",
        b'{"code": true}',
        b'{"code": null}',
        b'{"code": "many"}',
        b'{"code": 5}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"code": ' + b"9" * 5_000 + b"}",
    ],
)
@pytest.mark.parametrize(("status", "kind"), [(400, RefusedError), (502, ServerError)])
async def test_a_body_without_a_code_is_no_trouble(
    content: bytes, status: int, kind: type[TwilioError]
) -> None:
    """HTML of a proxy, nonsense and nothing leave the code None; the status still counts."""
    error = await failure(httpx.Response(status, content=content))
    assert type(error) is kind
    assert error.code is None
    assert str(error) == f"fetch HostedNumberOrder: HTTP {status}"


async def test_an_unknown_code_is_carried_without_words() -> None:
    """A code that is not in the catalogue here is still the caller's to see."""
    error = await failure(json_answer(ordinary(99999), 400))
    assert error.code == 99999
    assert str(error) == "fetch HostedNumberOrder: HTTP 400, Twilio error 99999"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Twilio-Request-Id": "RQ12ab"}, "RQ12ab"),
        ({"x-twilio-request-id": "RQ12ab"}, "RQ12ab"),
        ({"Twilio-Request-Id": "a b", "X-Twilio-Request-Id": "RQ1"}, "RQ1"),
        ({"Twilio-Request-Id": "x" * 65}, None),
        ({}, None),
    ],
)
async def test_the_request_id_is_kept(headers: dict[str, str], expected: str | None) -> None:
    """Twilio's support asks for it; what does not look like one is dropped."""
    assert (await failure(httpx.Response(500, headers=headers))).request_id == expected
    assert (await failure(httpx.Response(200, headers=headers))).request_id == expected


DATE = "Tue, 28 Mar 2017 20:06:39 GMT"


@pytest.mark.fault("F11")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", timedelta(0)),
        (" 7 ", timedelta(seconds=7)),
        ("86400", timedelta(days=1)),
        ("999999999", timedelta(seconds=999_999_999)),
        ("Tue, 28 Mar 2017 20:08:39 GMT", timedelta(minutes=2)),
        ("Tue, 28 Mar 2017 20:08:39 -0000", timedelta(minutes=2)),
        ("Tue, 28 Mar 2017 20:00:00 GMT", timedelta(0)),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 400, None),
        ("soon", None),
        ("3, 4", None),
        ("Tue, 99 Foo 2017 20:08:39 GMT", None),
        ("", None),
    ],
)
async def test_retry_after_is_read_strictly(value: str, expected: timedelta | None) -> None:
    """Seconds, or a date against the answer's own clock; never negative, garbage is None."""
    headers = {"retry-after": value, "date": DATE}
    assert retry_after(headers) == expected


@pytest.mark.fault("F11")
@pytest.mark.parametrize("headers", [{}, {"date": "now"}])
def test_a_retry_date_without_a_date_counts_from_now(headers: dict[str, str]) -> None:
    """Without the server's clock there is only ours."""
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    wait = retry_after({"retry-after": later, **headers})
    assert wait is not None
    assert timedelta(minutes=9) < wait <= timedelta(minutes=10)


@pytest.mark.fault("F11")
@pytest.mark.parametrize("status", [429, 503])
async def test_errors_carry_the_wait_that_twilio_asks_for(status: int) -> None:
    """The caller caps it; the client only reports it."""
    error = await failure(httpx.Response(status, headers={"Retry-After": "86400"}))
    assert error.retry_after == timedelta(days=1)


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"status": "received"}',
        b'{"sid": 5, "status": "received"}',
        b"<html>",
    ],
)
async def test_a_good_status_with_a_bad_body_is_an_unknown_outcome(content: bytes) -> None:
    """The write may have happened, though its answer cannot be read."""
    error = await failure(httpx.Response(201, content=content))
    assert type(error) is UnreadableAnswerError
    assert error.outcome is Outcome.UNKNOWN
    assert error.status == 201


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    "model",
    [
        HostedNumberOrder,
        AuthorizationDocument,
        Document,
        SupportingDocument,
        IncomingPhoneNumber,
    ],
)
@given(content=st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_no_body_brings_the_reading_down(model: type[BaseModel], content: bytes) -> None:
    """Any bytes at all are a model or an UnreadableAnswerError, and never anything else."""
    with pytest.raises(UnreadableAnswerError):
        decoded(Answer(200, {}, content), "fetch", model)
    assert isinstance(error_in(Answer(400, {}, content), "fetch"), RefusedError)


async def test_an_unreadable_answer_names_fields_and_shows_no_values() -> None:
    """The message says what was wrong; neither it nor what hangs on it holds the body."""
    body = order(status=None, email=CANARY, cc_emails=CANARY)
    error = await failure(json_answer(body))
    assert "status" in str(error)
    assert "cc_emails" in str(error)
    assert CANARY not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_errors_survive_pickling_and_copying() -> None:
    """An error that crosses a process boundary keeps what it knows."""
    error = error_in(Answer(429, {"retry-after": "3"}, b'{"code": 20429}'), "list")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301  # made here
        assert type(twin) is RateLimitedError
        assert (twin.status, twin.code, twin.operation) == (429, 20429, "list")
        assert twin.retry_after == timedelta(seconds=3)


def test_answers_do_not_show_their_body() -> None:
    """An Answer in a log line is harmless."""
    assert CANARY not in repr(Answer(200, {}, CANARY.encode()))
