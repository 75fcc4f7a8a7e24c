"""The one place that sends a request and says what became of it.

It never retries and follows no redirect: whoever calls knows whether a repetition is safe, and the
credentials go to the configured origin only.

It drives httpx's transports rather than its client. A client would write each URL to the log, and
a list's filters, which are personal, stand in the URL; it would look for proxies and ``.netrc`` in
the environment, which must not decide who sees the credentials; and it costs more than the request.
"""

import asyncio
import base64
import time
from importlib.metadata import version
from typing import Final, NoReturn
from urllib.parse import urlsplit

import httpx

from hosted_numbers.twilio.answers import Answer, error_in
from hosted_numbers.twilio.backoff import Backoff
from hosted_numbers.twilio.calls import Call, Observer, route_of, unobserved
from hosted_numbers.twilio.errors import (
    InvalidArgumentError,
    NotSentError,
    RateLimitedError,
    TwilioError,
    UnknownOutcomeError,
    UnreadableAnswerError,
)
from hosted_numbers.twilio.transports import Transports
from hosted_numbers.twilio.turns import Turns
from hosted_numbers.twilio.uploads import Multipart, Upload

USER_AGENT: Final = f"hosted-numbers/{version('hosted-numbers')}"

_FORM: Final = "application/x-www-form-urlencoded"
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)


class Connection:
    """A bounded number of connections to one origin, with credentials, opened when needed.

    Args:
        origin: ``https://host`` or ``http://host:port``, nothing behind it.
        username: of HTTP Basic authentication.
        password: of HTTP Basic authentication.
        deadline: seconds that one call may take in all, from waiting for its turn to the last byte
            of the answer; finite and positive.
        max_connections: how many calls may be under way at once; further ones wait, and are served
            in the order in which they came.
        backoff: of the origin; connections to the same one share it.
        transports: what carries the calls. They belong to whoever made them: once they are closed,
            each call is a NotSentError.
        observer: is told of each call that is tried.

    Raises:
        InvalidArgumentError: ``origin`` or ``max_connections`` makes no sense.
    """

    def __init__(
        self,
        origin: str,
        *,
        username: str,
        password: str,
        deadline: float,
        max_connections: int,
        backoff: Backoff,
        transports: Transports,
        observer: Observer = unobserved,
    ) -> None:
        self._origin = _checked_origin(origin)
        self._deadline = deadline
        # httpx's read and write timeouts start anew with each chunk, so a server that trickles
        # would never meet them: the deadline around the call is the bound. Not getting a
        # connection has a limit of its own, since then the request was surely not sent.
        patience = deadline / 2
        self._extensions = {"timeout": httpx.Timeout(None, connect=patience).as_dict()}
        basic = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Authorization": f"Basic {basic}",
            "User-Agent": USER_AGENT,
        }
        self._headers = httpx.Headers(headers)
        self._form_headers = httpx.Headers(headers | {"Content-Type": _FORM})
        self._backoff = backoff
        self._transports = transports
        self._observer = observer
        self._turns = Turns(max_connections, patience, transports)

    async def send(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: str = "",
        form: str | None = None,
        multipart: Multipart | None = None,
    ) -> Answer:
        """Send one request and return its answer, which is 2xx.

        Args:
            operation: what is tried, for messages.
            method: the HTTP method.
            path: from the origin on, with a leading slash.
            query: encoded, without the question mark.
            form: an encoded form to send as the body.
            multipart: a form with a file to send as the body.

        Raises:
            NotSentError: there was no connection.
            UnknownOutcomeError: the request may or may not have taken effect.
            RateLimitedError: Twilio answered 429 to this call, or to an earlier one, for which all
                calls to this host are held back.
            RefusedError: Twilio answered another 4xx.
            InvalidArgumentError: the query makes the URL longer than one can be.
        """
        self._check_that_it_may_go(operation)
        try:
            request = httpx.Request(
                method,
                f"{self._origin}{path}?{query}" if query else f"{self._origin}{path}",
                content=form,
                data=multipart.fields if multipart else None,
                files=_files(multipart.file) if multipart else None,
                headers=self._headers if form is None else self._form_headers,
                extensions=self._extensions,
            )
        except httpx.InvalidURL as error:
            raise InvalidArgumentError(
                f"{operation}: a filter is too long for a URL", operation=operation
            ) from error
        begun = time.perf_counter()

        def tell(status: int | None, error: TwilioError | None = None) -> None:
            seconds = time.perf_counter() - begun
            self._observer(Call(operation, method, route_of(path), seconds, status, error))

        try:
            answer = await self._answered(operation, request)
        except TwilioError as error:
            held_back = isinstance(error, RateLimitedError) and error.status is None
            if not held_back:
                tell(error.status, error)
            raise
        tell(answer.status)
        return answer

    async def _answered(self, operation: str, request: httpx.Request) -> Answer:
        answer, sent_in = await self._exchanged(operation, request)
        refusal = error_in(answer, operation)
        if isinstance(refusal, RateLimitedError):
            self._backoff.limited(sent_in, refusal.retry_after)
            refusal.retry_after = refusal.retry_after or self._backoff.left() or None
        else:
            self._backoff.went_through(sent_in)
        if refusal:
            raise refusal
        return answer

    def _check_that_it_may_go(self, operation: str) -> None:
        if self._transports.closed:
            raise NotSentError(f"{operation}: the client is closed", operation=operation)
        if pause := self._backoff.left():
            raise RateLimitedError(
                f"{operation}: not sent, as Twilio asked for a pause",
                operation=operation,
                retry_after=pause,
            )

    async def _exchanged(self, operation: str, request: httpx.Request) -> tuple[Answer, int]:
        try:
            async with asyncio.timeout(self._deadline), self._turns.one() as transport:
                self._check_that_it_may_go(operation)  # again, as it may have waited for its turn
                sent_in = self._backoff.round
                response = await transport.handle_async_request(request)
                try:
                    content = await response.aread()
                finally:
                    await response.aclose()
        except _NOT_SENT as error:
            raise NotSentError(
                f"{operation}: no connection ({type(error).__name__})", operation=operation
            ) from error
        except TimeoutError:
            _raise_unknown(operation, f"no answer within {self._deadline:g} s")
        except httpx.DecodingError:
            raise UnreadableAnswerError(
                f"{operation}: the answer cannot be decompressed", operation=operation
            ) from None
        # OSError, as TLS errors come without httpx's wrapping in places.
        except (httpx.HTTPError, OSError) as error:
            _raise_unknown(operation, f"the connection broke ({type(error).__name__})")
        return Answer(response.status_code, response.headers, content), sent_in


def _files(upload: Upload) -> dict[str, tuple[str, bytes, str]]:
    return {"File": (upload.filename, upload.content, upload.media_type)}


def _raise_unknown(operation: str, why: str) -> NoReturn:
    # Without a cause: a protocol error quotes the bytes that it could not read.
    raise UnknownOutcomeError(f"{operation}: {why}", operation=operation) from None


def _checked_origin(origin: str) -> str:
    try:
        parts = urlsplit(origin)
        bare = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and parts.port != 0  # also raises ValueError for a port that is none
            and "@" not in parts.netloc
            and not (parts.path.strip("/") or parts.query or parts.fragment)
        )
    except ValueError:
        bare = False
    if not bare:
        raise InvalidArgumentError(
            "base_url must be http or https with a host and perhaps a port, nothing else"
        )
    return origin.rstrip("/")
