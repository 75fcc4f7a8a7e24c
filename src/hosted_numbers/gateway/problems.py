"""Errors as RFC 9457 ``application/problem+json``: what is wrong, and the next step.

A problem is built from our own words alone. What was sent is never repeated in it: a body may hold
a code or an e-mail, and answers end up in other people's logs.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from hosted_numbers.bulk.checking import Complaint

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = {"Retry-After": "5"}
# What is left unread on the connection must not be taken for the next request.
CLOSE: Final = {"Connection": "close"}


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str = Field(examples=["phone_number"])
    message: str = Field(description="What is wrong with it, never its value")


class ProblemDetails(BaseModel):
    """An error as RFC 9457 has it, with a code for programs and a next step for people."""

    type: str = Field(examples=["urn:hosted-numbers:problem:order-not-found"])
    title: str = Field(description="The same wherever the code is")
    status: int = Field(description="HTTP status")
    detail: str = Field(description="What is wrong, in a sentence")
    code: str = Field(description="Stable name for programs", examples=["order-not-found"])
    next_step: str = Field(description="What to do now")
    correlation_id: str = Field(description="Names this request in the gateway's log")
    errors: list[FieldError] | None = Field(default=None, description="Each field, with 422")
    rows: list[Complaint] | None = Field(
        default=None, description="Each row of the file that is wrong, with bulk-file-refused"
    )
    phone_number: str | None = Field(default=None, description="With order-already-open")
    workflow_id: str | None = Field(default=None, description="With order-already-open")


class Problem(Exception):  # noqa: N818 - RFC 9457's noun; it is an answer before it is an error
    """An answer other than success, before it is told which request it belongs to.

    Args:
        status: HTTP status.
        code: stable name for programs.
        title: the same wherever the code is.
        detail: one sentence on what is wrong, without anything that was sent.
        next_step: one sentence on what to do.
        headers: HTTP headers to send with it.
        members: further members of ``ProblemDetails``, by name.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str,
        next_step: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.next_step = next_step
        self.headers = headers
        self.members = members

    def response(self, scope: Scope) -> Response:
        """The answer to the request of ``scope``."""
        details = ProblemDetails(
            type=f"urn:hosted-numbers:problem:{self.code}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            code=self.code,
            next_step=self.next_step,
            correlation_id=correlation_id(scope),
            **self.members,
        )
        return JSONResponse(
            details.model_dump(mode="json", exclude_none=True),
            status_code=self.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request from within a layer that is not FastAPI's."""
        await self.response(scope)(scope, receive, send)


def body_too_slow() -> Problem:
    """The answer to a body that does not arrive, or too slowly."""
    return Problem(
        408,
        "body-too-slow",
        "The body did not arrive in time",
        detail="The body was announced and did not arrive.",
        next_step="Send the request again; nothing was started or changed.",
        headers=CLOSE,
    )


def correlation_id(scope: Scope) -> str:
    """The name of a request in logs and answers, as ``envelope`` gave it."""
    return str(scope.get("state", {}).get("correlation_id", ""))
